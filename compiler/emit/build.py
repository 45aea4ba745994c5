"""Which options XLA gets for a program."""

from __future__ import annotations

from hloc.emit.loops import Loop
from hloc.emit.options import EmitOptions
from hloc.ir.core import Block, Module, walk
from hloc.runtime.options import BuildOptions, OptionValue

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
FAST_MATH: dict[str, dict[str, OptionValue]] = {
    "cpu": {
        "xla_cpu_enable_fast_math": True,
        "xla_cpu_fast_math_honor_nans": False,
        "xla_cpu_fast_math_honor_infs": False,
        "xla_cpu_fast_math_honor_division": False,
        "xla_cpu_fast_math_honor_functions": False,
        "xla_cpu_enable_fast_min_max": True,
    },
    "cuda": {"xla_gpu_enable_fast_min_max": True, "xla_gpu_ftz": True},
}
"""XLA: what it has of fast math on each platform. On a CPU its own code makes little use of it; see REORDERED_SUMS."""
REORDERED_SUMS = {"-force-vector-width": "8"}
"""LLVM: vectorise all loops that it can; where a width is asked for, it reorders sums of floats for that (2 to 3 times
as fast; XLA's fast math does not bring it to that)."""
DETERMINISTIC: dict[str, dict[str, OptionValue]] = {"cuda": {"xla_gpu_deterministic_ops": True}}
"""XLA: additions at one place in a fixed order, no algorithm chosen by timing. CPUs and TPUs need nothing for it."""
LARGE_TRIP = 1 << 18
"""Elements computed in a trip from which on that cost does not matter."""
MOVING = frozenset({"constant", "read", "upd", "barrier", "scatter", "call"})
"""Operations whose result may be large although they touch a part of it."""


def build_options(module: Module, options: EmitOptions) -> BuildOptions:
    """Compile options for a prepared module; those that the user chose win."""
    overrides: dict[str, OptionValue] = {}
    if options.fast_math:
        overrides |= FAST_MATH.get(options.platform, {})
    if options.deterministic:
        overrides |= DETERMINISTIC.get(options.platform, {})
    if options.platform == "cpu" and _reduces_in_loop(module):
        overrides |= NO_LIBRARY_REDUCTIONS
    return BuildOptions(overrides={**overrides, **dict(options.overrides)}, extra=_extra(module, options))


def _extra(module: Module, options: EmitOptions) -> dict[str, str]:
    """What brings loops to speed. In strict mode, nothing that may move a product next to a sum."""
    if options.platform != "cpu" or not options.tune:
        return {}
    extra = NO_NATIVE_LOOPS if _only_large_loops(module) else NATIVE_LOOPS
    if not options.strict:
        extra |= VERSIONING_FLAGS
    return extra | REORDERED_SUMS if options.fast_math else extra


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
