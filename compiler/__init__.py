"""hloc: plain Python/NumPy functions, compiled to StableHLO and run by XLA.

    @hloc.compile
    def f(x): ...

Importing this package is light: the compiler is loaded at the first compilation, jaxlib at the first call.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hloc.api import Compiled as Compiled
    from hloc.api import CompiledFunction as CompiledFunction
    from hloc.api import Explanation as Explanation
    from hloc.api import Lowered as Lowered
    from hloc.api import compile as compile
    from hloc.diagnostics.errors import CompileError as CompileError
    from hloc.runtime.array import Array as Array

_HOME = {
    "Array": "hloc.runtime.array",
    "CompileError": "hloc.diagnostics.errors",
    "Compiled": "hloc.api",
    "CompiledFunction": "hloc.api",
    "Explanation": "hloc.api",
    "Lowered": "hloc.api",
    "compile": "hloc.api",
}
__all__ = ["Array", "CompileError", "Compiled", "CompiledFunction", "Explanation", "Lowered", "compile"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value
