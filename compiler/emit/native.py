"""One native kernel for a program of small operations.

    func @main(%a, %x) { …small operations… }     →     func @main(%a, %x) { return call @main_kernel(%a, %x) }

XLA:CPU compiles each group of operations on its own, tens of milliseconds for some, and dispatches them one by one.
What a call with the right attributes runs becomes one kernel. That holds for operations that XLA's native code
generator has, on numbers, tiny arrays and elements of larger ones.
"""

from __future__ import annotations

from itertools import compress

from hloc.emit.tune import THUNK_ONLY
from hloc.ir.core import Block, Function, Module, Op, Value, free_values, walk
from hloc.ops.control import Call

FEWEST = 12
"""Operations, constants left out, from which on a kernel is worth its call."""
LARGEST = 16
"""Elements of the largest array that an operation of a kernel may compute: XLA must not want several cores for it."""
REDUCTIONS = frozenset(f"reduce_{kind}" for kind in ("sum", "prod", "max", "min", "and", "or"))
RUNNING = frozenset({"argmax", "argmin", "cumsum", "cumprod", "cummax", "cummin"})
LEFT_OUT = THUNK_ONLY | REDUCTIONS | RUNNING
"""Not in XLA's native code generator, or (reductions) slower to compile there."""
IN_PLACE = frozenset({"upd", "barrier", "loop", "call", "if", "switch"})
"""Operations whose results may be large: they write a part of them, or hand them on."""


def call_kernel(module: Module) -> None:
    """Move the body of `main` into a kernel where that is worth it, in place."""
    entry = module.entry
    if not _worth_it(module):
        return
    block = entry.block
    read = set(free_values(Block([], block.ops, block.results)))
    kept = [v in read for v in block.args]
    params = [Value(v.type, v.name) for v in block.args]
    block.args[:] = compress(block.args, kept)  # XLA ends the process at a kernel with a parameter that nothing reads
    kernel = module.add(Function(f"{entry.name}_kernel", block, entry.span))
    results = tuple(Value(v.type, v.name) for v in kernel.results)
    call = Op(Call, tuple(compress(params, kept)), {"function": kernel.name, "inline": False}, (), results, entry.span)
    entry.block = Block(params, [call], list(results))


def _worth_it(module: Module) -> bool:
    ops = [op for function in module.functions.values() for op in walk(function.block)]
    straight = [op for op in module.entry.block.ops if op.name != "constant"]
    return len(straight) >= FEWEST and all(map(_fits, ops))


def _fits(op: Op) -> bool:
    small = op.name in IN_PLACE or all(v.type.size <= LARGEST for v in op.results)
    return small and op.name not in LEFT_OUT
