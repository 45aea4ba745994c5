"""Barriers that let XLA compute once what it broadcasts.

    %c: f64[100] = cosine %w                                         %c2 = barrier %c
    %d: f64[500,100] = broadcast_in_dim %c {dims = (1,)}      →      %d = broadcast_in_dim %c2

XLA:CPU fuses a broadcast with what computes its operand, and then computes that again for every element of the result:
50,000 cosines instead of 100. Where the operand does not vary along the last dimension, LLVM takes it out of the inner
loop. Programs for many lanes are full of such broadcasts: of all that is the same in all lanes.
"""

from __future__ import annotations

from collections.abc import Sequence

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Op, Value
from hloc.ops.elementwise import Barrier
from hloc.ops.families import Elementwise

_LEAST = 256
"""Elements that would be computed again, at least: a barrier costs a store and a load of the operand."""
_FURTHEST = 32
"""Operations that are looked at for an expensive one."""


def keep_broadcasts(function: Function) -> None:
    """Put the barriers above into a function, in place."""
    _rewrite(function.block)


def _rewrite(block: Block) -> None:
    ops, block.ops = block.ops, []
    producers = {v: op for op in ops for v in op.results}
    kept: dict[Value, Value] = {}
    for op in ops:
        for region in op.regions:
            _rewrite(region)
        if op.name == "broadcast_in_dim" and _repeats(op):
            operand = op.operands[0]
            if operand not in kept and _is_expensive(operand, producers):
                (kept[operand],) = Builder(block, op.span).emit_many(Barrier, operand, keep=True, once=True)
            op.operands = (kept.get(operand, operand),)
        block.ops.append(op)


def _repeats(op: Op) -> bool:
    """Whether a broadcast reads its operand again and again, and not the same element all the time."""
    operand, result, dims = op.operands[0].type, op.result.type, op.attrs["dims"]
    last = bool(dims) and dims[-1] == result.rank - 1 and operand.shape[-1] > 1
    return last and result.size - operand.size >= _LEAST


def _is_expensive(value: Value, producers: dict[Value, Op]) -> bool:
    """Whether the operations of the block that XLA may fuse into one to compute a value include an expensive one."""
    pending: list[Value] = [value]
    seen: set[Value] = set()
    while pending and len(seen) < _FURTHEST:
        value = pending.pop()
        op = producers.get(value)
        if value in seen or op is None or op.regions:
            continue
        seen.add(value)
        if not op.kind.cheap:
            if issubclass(op.kind, Elementwise):
                return True
            continue
        pending += _operands(op)
    return False


def _operands(op: Op) -> Sequence[Value]:
    """What a cheap operation reads of which it needs each element at most once."""
    return [v for v in op.operands if v.type.size <= op.result.type.size]
