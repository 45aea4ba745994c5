"""Compiled programs, device arrays, devices and the persistent cache.

Takes StableHLO and options and knows nothing of the compiler. Importing this package imports neither jaxlib nor
NumPy: each name below is loaded at first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hloc.runtime.array import Array as Array
    from hloc.runtime.array import array as array
    from hloc.runtime.array import from_dlpack as from_dlpack
    from hloc.runtime.compile import compile_stablehlo as compile_stablehlo
    from hloc.runtime.errors import ArgumentError as ArgumentError
    from hloc.runtime.errors import DeviceError as DeviceError
    from hloc.runtime.errors import ExecutionError as ExecutionError
    from hloc.runtime.errors import HlocRuntimeError as HlocRuntimeError
    from hloc.runtime.errors import JaxlibVersionError as JaxlibVersionError
    from hloc.runtime.errors import XlaCompileError as XlaCompileError
    from hloc.runtime.executable import Executable as Executable
    from hloc.runtime.executable import Memory as Memory
    from hloc.runtime.executable import Signature as Signature
    from hloc.runtime.options import BuildOptions as BuildOptions
    from hloc.runtime.xla import Backend as Backend
    from hloc.runtime.xla import backend as backend

_HOME = {
    "ArgumentError": "errors",
    "Array": "array",
    "Backend": "xla",
    "BuildOptions": "options",
    "DeviceError": "errors",
    "Executable": "executable",
    "ExecutionError": "errors",
    "HlocRuntimeError": "errors",
    "JaxlibVersionError": "errors",
    "Memory": "executable",
    "Signature": "executable",
    "XlaCompileError": "errors",
    "array": "array",
    "backend": "xla",
    "compile_stablehlo": "compile",
    "from_dlpack": "array",
}
__all__ = [
    "ArgumentError",
    "Array",
    "Backend",
    "BuildOptions",
    "DeviceError",
    "Executable",
    "ExecutionError",
    "HlocRuntimeError",
    "JaxlibVersionError",
    "Memory",
    "Signature",
    "XlaCompileError",
    "array",
    "backend",
    "compile_stablehlo",
    "from_dlpack",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
