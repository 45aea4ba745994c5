"""Compiled programs, device arrays, devices and the persistent cache.

Takes StableHLO and options and knows nothing of the compiler. Importing this package imports neither jaxlib nor
NumPy: each name below is loaded at first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hloc.runtime.array import Array as Array
    from hloc.runtime.cache import Cache as Cache
    from hloc.runtime.compile import compile_or_load as compile_or_load
    from hloc.runtime.compile import compile_stablehlo as compile_stablehlo
    from hloc.runtime.compile import load_program as load_program
    from hloc.runtime.compile import program_key as program_key
    from hloc.runtime.compile import store_program as store_program
    from hloc.runtime.entries import Entry as Entry
    from hloc.runtime.errors import ArgumentError as ArgumentError
    from hloc.runtime.errors import ArtefactError as ArtefactError
    from hloc.runtime.errors import ArtefactWarning as ArtefactWarning
    from hloc.runtime.errors import CacheWarning as CacheWarning
    from hloc.runtime.errors import DeviceError as DeviceError
    from hloc.runtime.errors import ExecutionError as ExecutionError
    from hloc.runtime.errors import ForkError as ForkError
    from hloc.runtime.errors import HlocRuntimeError as HlocRuntimeError
    from hloc.runtime.errors import JaxlibVersionError as JaxlibVersionError
    from hloc.runtime.errors import XlaCompileError as XlaCompileError
    from hloc.runtime.exchange import from_dlpack as from_dlpack
    from hloc.runtime.executable import Executable as Executable
    from hloc.runtime.executable import Memory as Memory
    from hloc.runtime.executable import Signature as Signature
    from hloc.runtime.options import BuildOptions as BuildOptions
    from hloc.runtime.xla import Backend as Backend
    from hloc.runtime.xla import backend as backend

_HOME = {
    "ArgumentError": "errors",
    "Array": "array",
    "ArtefactError": "errors",
    "ArtefactWarning": "errors",
    "Backend": "xla",
    "BuildOptions": "options",
    "Cache": "cache",
    "CacheWarning": "errors",
    "DeviceError": "errors",
    "Entry": "entries",
    "Executable": "executable",
    "ExecutionError": "errors",
    "ForkError": "errors",
    "HlocRuntimeError": "errors",
    "JaxlibVersionError": "errors",
    "Memory": "executable",
    "Signature": "executable",
    "XlaCompileError": "errors",
    "backend": "xla",
    "compile_or_load": "compile",
    "compile_stablehlo": "compile",
    "from_dlpack": "exchange",
    "load_program": "compile",
    "program_key": "compile",
    "store_program": "compile",
}
__all__ = [
    "ArgumentError",
    "Array",
    "ArtefactError",
    "ArtefactWarning",
    "Backend",
    "BuildOptions",
    "Cache",
    "CacheWarning",
    "DeviceError",
    "Entry",
    "Executable",
    "ExecutionError",
    "ForkError",
    "HlocRuntimeError",
    "JaxlibVersionError",
    "Memory",
    "Signature",
    "XlaCompileError",
    "backend",
    "compile_or_load",
    "compile_stablehlo",
    "from_dlpack",
    "load_program",
    "program_key",
    "store_program",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
