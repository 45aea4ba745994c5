"""hloc: plain Python/NumPy functions, compiled to StableHLO and run by XLA.

    @hloc.compile
    def f(x): ...

Importing this package is light: the compiler is loaded at the first compilation, jaxlib at the first call.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hloc.api import CompiledFunction as CompiledFunction
    from hloc.api import compile as compile
    from hloc.artefact.function import Artefact as Artefact
    from hloc.artefact.loading import load as load
    from hloc.autodiff import checkpoint as checkpoint
    from hloc.autodiff import custom_jvp as custom_jvp
    from hloc.autodiff import custom_vjp as custom_vjp
    from hloc.autodiff import grad as grad
    from hloc.autodiff import hessian as hessian
    from hloc.autodiff import hvp as hvp
    from hloc.autodiff import jacfwd as jacfwd
    from hloc.autodiff import jacrev as jacrev
    from hloc.autodiff import jvp as jvp
    from hloc.autodiff import linearize as linearize
    from hloc.autodiff import stop_gradient as stop_gradient
    from hloc.autodiff import value_and_grad as value_and_grad
    from hloc.autodiff import vjp as vjp
    from hloc.batching import vectorize as vectorize
    from hloc.batching import vmap as vmap
    from hloc.diagnostics.errors import AliasError as AliasError
    from hloc.diagnostics.errors import CompileError as CompileError
    from hloc.diagnostics.errors import DTypeError as DTypeError
    from hloc.diagnostics.errors import IndexBoundsError as IndexBoundsError
    from hloc.diagnostics.errors import InternalError as InternalError
    from hloc.diagnostics.errors import MissingAttributeError as MissingAttributeError
    from hloc.diagnostics.errors import MissingKeyError as MissingKeyError
    from hloc.diagnostics.errors import ShapeError as ShapeError
    from hloc.diagnostics.errors import SourceError as SourceError
    from hloc.diagnostics.errors import StaticValueError as StaticValueError
    from hloc.diagnostics.errors import UndefinedNameError as UndefinedNameError
    from hloc.diagnostics.errors import UnsupportedError as UnsupportedError
    from hloc.inspection import Compiled as Compiled
    from hloc.inspection import Explanation as Explanation
    from hloc.inspection import Lowered as Lowered
    from hloc.profiling import profile as profile
    from hloc.runtime.array import Array as Array
    from hloc.runtime.array import array as array
    from hloc.runtime.devices import Device as Device
    from hloc.runtime.devices import default_device as default_device
    from hloc.runtime.devices import devices as devices
    from hloc.runtime.errors import ArtefactError as ArtefactError
    from hloc.runtime.errors import DeviceError as DeviceError
    from hloc.runtime.errors import ExecutionError as ExecutionError
    from hloc.runtime.exchange import device_put as device_put
    from hloc.runtime.exchange import from_dlpack as from_dlpack

_HOME = {
    "AliasError": "hloc.diagnostics.errors",
    "Array": "hloc.runtime.array",
    "Artefact": "hloc.artefact.function",
    "ArtefactError": "hloc.runtime.errors",
    "CompileError": "hloc.diagnostics.errors",
    "Compiled": "hloc.inspection",
    "CompiledFunction": "hloc.api",
    "DTypeError": "hloc.diagnostics.errors",
    "Device": "hloc.runtime.devices",
    "DeviceError": "hloc.runtime.errors",
    "ExecutionError": "hloc.runtime.errors",
    "Explanation": "hloc.inspection",
    "IndexBoundsError": "hloc.diagnostics.errors",
    "InternalError": "hloc.diagnostics.errors",
    "Lowered": "hloc.inspection",
    "MissingAttributeError": "hloc.diagnostics.errors",
    "MissingKeyError": "hloc.diagnostics.errors",
    "ShapeError": "hloc.diagnostics.errors",
    "SourceError": "hloc.diagnostics.errors",
    "StaticValueError": "hloc.diagnostics.errors",
    "UndefinedNameError": "hloc.diagnostics.errors",
    "UnsupportedError": "hloc.diagnostics.errors",
    "array": "hloc.runtime.array",
    "checkpoint": "hloc.autodiff",
    "compile": "hloc.api",
    "custom_jvp": "hloc.autodiff",
    "custom_vjp": "hloc.autodiff",
    "default_device": "hloc.runtime.devices",
    "device_put": "hloc.runtime.exchange",
    "devices": "hloc.runtime.devices",
    "from_dlpack": "hloc.runtime.exchange",
    "grad": "hloc.autodiff",
    "hessian": "hloc.autodiff",
    "hvp": "hloc.autodiff",
    "jacfwd": "hloc.autodiff",
    "jacrev": "hloc.autodiff",
    "jvp": "hloc.autodiff",
    "linearize": "hloc.autodiff",
    "load": "hloc.artefact.loading",
    "profile": "hloc.profiling",
    "stop_gradient": "hloc.autodiff",
    "value_and_grad": "hloc.autodiff",
    "vectorize": "hloc.batching",
    "vjp": "hloc.autodiff",
    "vmap": "hloc.batching",
}
__all__ = [
    "AliasError",
    "Array",
    "Artefact",
    "ArtefactError",
    "CompileError",
    "Compiled",
    "CompiledFunction",
    "DTypeError",
    "Device",
    "DeviceError",
    "ExecutionError",
    "Explanation",
    "IndexBoundsError",
    "InternalError",
    "Lowered",
    "MissingAttributeError",
    "MissingKeyError",
    "ShapeError",
    "SourceError",
    "StaticValueError",
    "UndefinedNameError",
    "UnsupportedError",
    "array",
    "checkpoint",
    "compile",
    "custom_jvp",
    "custom_vjp",
    "default_device",
    "device_put",
    "devices",
    "from_dlpack",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "load",
    "profile",
    "stop_gradient",
    "value_and_grad",
    "vectorize",
    "vjp",
    "vmap",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value
