"""The only door to jaxlib's MLIR bindings.

`mlir.ir` is the module of MLIR's core classes; `mlir.hlo`, `mlir.chlo`, `mlir.func` and `mlir.sdy` are the op builders
of the dialects, `mlir.passes` has MLIR's own passes. They are imported when first used: programs that are in the cache
never need them.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

_MODULES = {
    "ir": "jaxlib.mlir.ir",
    "hlo": "jaxlib.mlir.dialects.stablehlo",
    "chlo": "jaxlib.mlir.dialects.chlo",
    "func": "jaxlib.mlir.dialects.func",
    "sdy": "jaxlib.mlir.dialects.sdy",
    "passes": "jaxlib.mlir.passmanager",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")  # as hloc.runtime.xla has it: whoever loads the library first
    module = import_module(_MODULES[name])
    globals()[name] = module
    return module


def create_context() -> Any:
    """An MLIR context with StableHLO, CHLO, func and Shardy loaded."""
    ir, ext = __getattr__("ir"), import_module("jaxlib.mlir._mlir_libs._jax_mlir_ext")
    context = ir.Context()
    registry = ir.DialectRegistry()
    ext.register_dialects(registry)
    context.append_dialect_registry(registry)
    for dialect in ("hlo", "chlo", "sdy"):
        __getattr__(dialect).register_dialect(context)
    context.load_all_available_dialects()
    return context
