"""Which options XLA gets for a program."""

from __future__ import annotations

from hloc.emit.context import jaxlib_version
from hloc.emit.options import EmitOptions
from hloc.ir.core import Module
from hloc.runtime.options import BuildOptions

VERSIONING_FLAGS = (
    ("-enable-loop-versioning-licm", "true"),
    ("-licm-versioning-invariant-threshold", "0"),
    ("-licm-versioning-max-depth-threshold", "10"),
    ("-runtime-memory-check-threshold", "100"),
)
"""LLVM: check at run time that the arrays of an innermost counted loop do not overlap; keep scalars in registers."""


KEEP_BARRIERS = {"xla_disable_hlo_passes": "cse_barrier_expander"}
"""XLA: leave barriers in until code generation. Before jaxlib 0.11 they go before fusion, and their order with them."""


def build_options(module: Module, options: EmitOptions) -> BuildOptions:
    """Compile options for a prepared module."""
    if options.platform != "cpu":
        return BuildOptions()
    overrides = KEEP_BARRIERS if jaxlib_version() < (0, 11) else {}
    return BuildOptions(overrides, dict(VERSIONING_FLAGS) if options.tune else {})
