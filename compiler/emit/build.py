"""Which options XLA gets for a program."""

from __future__ import annotations

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


def build_options(module: Module, options: EmitOptions) -> BuildOptions:
    """Compile options for a prepared module. In strict mode, nothing that may move a product next to a sum."""
    if options.platform != "cpu" or not options.tune or options.strict:
        return BuildOptions()
    return BuildOptions(extra=dict(VERSIONING_FLAGS))
