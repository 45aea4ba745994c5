"""Which options XLA gets for a program."""

from __future__ import annotations

from hloc.emit.loops import Loop
from hloc.emit.options import EmitOptions
from hloc.ir.core import Block, Module, walk
from hloc.runtime.options import BuildOptions

VERSIONING_FLAGS = {
    "-enable-loop-versioning-licm": "true",
    "-licm-versioning-invariant-threshold": "0",
    "-licm-versioning-max-depth-threshold": "10",
    "-runtime-memory-check-threshold": "100",
}
"""LLVM: check at run time that the arrays of an innermost counted loop do not overlap; keep scalars in registers."""
NO_NATIVE_LOOPS = {"xla_cpu_small_while_loop_byte_threshold": "0"}
"""XLA: run loops operation by operation. Each can then use several cores; it costs 0.1 microseconds an operation."""
NATIVE_LOOPS = {"xla_cpu_small_while_loop_byte_threshold": str(10**9)}
"""XLA: compile loops to native code whatever they read, as jaxlib 0.12 does unasked; 0.10 asks for less."""
NO_LIBRARY_REDUCTIONS = {"xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_DOT"}
"""XLA: only dots use its library kernels. Those for reductions keep a loop from being native, and take a maximum or
minimum beside NaN for the number; outside of loops these are written in other ways (see hloc.ops.binary)."""
LARGE_TRIP = 1 << 18
"""Elements computed in a trip from which on that cost does not matter."""
MOVING = frozenset({"constant", "read", "upd", "barrier", "scatter", "call"})
"""Operations whose result may be large although they touch a part of it."""


def build_options(module: Module, options: EmitOptions) -> BuildOptions:
    """Compile options for a prepared module. In strict mode, nothing that may move a product next to a sum."""
    if options.platform != "cpu":
        return BuildOptions()
    overrides = NO_LIBRARY_REDUCTIONS if _reduces_in_loop(module) else {}
    if not options.tune:
        return BuildOptions(overrides=overrides)
    extra: dict[str, str] = {}
    if not options.strict:
        extra |= VERSIONING_FLAGS
    extra |= NO_NATIVE_LOOPS if _only_large_loops(module) else NATIVE_LOOPS
    return BuildOptions(overrides=overrides, extra=extra)


def _reduces_in_loop(module: Module) -> bool:
    bodies = [op.regions[1] for f in module.functions.values() for op in walk(f.block) if op.kind is Loop]
    return any(op.name.startswith("reduce_") for body in bodies for op in walk(body))


def _only_large_loops(module: Module) -> bool:
    bodies = [op.regions[1] for f in module.functions.values() for op in walk(f.block) if op.kind is Loop]
    return bool(bodies) and all(_elements(body) >= LARGE_TRIP for body in bodies)


def _elements(body: Block) -> int:
    """Elements that the straight operations of a loop body compute."""
    straight = [op for op in body.ops if not op.regions and op.name not in MOVING]
    return sum(v.type.size for op in straight for v in op.results)
