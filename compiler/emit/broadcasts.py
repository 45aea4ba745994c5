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
    _rewrite(function.block, in_loop=False)


def _rewrite(block: Block, *, in_loop: bool) -> None:
    ops, block.ops = block.ops, []
    producers = {v: op for op in ops for v in op.results}
    kept: dict[Value, Value] = {}
    for op in ops:
        for region in op.regions:
            _rewrite(region, in_loop=in_loop or op.name in ("for", "while"))
        repeated = _repeated(op)
        if repeated is not None:
            outer = op.name == "dot_general" and not in_loop  # in a loop a store and a load may weigh more
            if repeated not in kept and (outer or _is_expensive(repeated, producers)):
                (kept[repeated],) = Builder(block, op.span).emit_many(Barrier, repeated, keep=True, once=True)
            op.operands = tuple(kept.get(v, v) if v is repeated else v for v in op.operands)
        block.ops.append(op)


def _repeated(op: Op) -> Value | None:
    """The operand that is read again and again, and not the same element all the time; an outer product is a broadcast
    too, and all that it takes is computed again where it is multiplied."""
    if op.name == "broadcast_in_dim":
        value, dims = op.operands[0], op.attrs["dims"]
        last = bool(dims) and dims[-1] == op.result.type.rank - 1 and value.type.shape[-1] > 1
    elif op.name == "dot_general" and not op.attrs["lhs_contract"]:
        value = op.operands[1]
        last = value.type.rank > len(op.attrs["rhs_batch"]) and value.type.shape[-1] > 1
    else:
        return None
    return value if last and op.result.type.size - value.type.size >= _LEAST else None


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
