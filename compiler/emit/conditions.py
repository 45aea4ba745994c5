"""Scalars that only the conditions of loops read move into the conditions.

%m = maximum %n, 0                               %y = loop (%i = 0, %s = %x)
%c = convert %m                            →       cond { %m = maximum %n, 0;  %c = convert %m;
%y = loop (%i = 0, %s = %x)                               %p = compare LT %i, %c; yield %p } body { … }
  cond { %p = compare LT %i, %c; yield %p } body { … }

Outside of loops XLA compiles each such scalar as a piece of native code of its own, which takes as long as a loop of
some size. In the condition LLVM computes it once.
"""

from __future__ import annotations

from collections.abc import Iterator

from hloc.emit.loops import Loop
from hloc.ir.core import Block, Function, Op, Value, clone_op, free_values, substitute
from hloc.ops.elementwise import Add, And, Compare, Convert, Maximum, Minimum, Not, Or, Select, Subtract

SINKABLE = frozenset({Add, And, Compare, Convert, Maximum, Minimum, Not, Or, Select, Subtract})
MOST = 24
"""Operations of a condition from which on nothing moves into it."""


def sink_into_conditions(function: Function) -> None:
    """Move scalars of a function whose loops are canonical, in place; those of inner blocks stay."""
    block = function.block
    conditions = [op.regions[0] for op in block.ops if op.kind is Loop]
    reads = {cond: set(free_values(cond)) for cond in conditions}
    elsewhere = set(block.results)
    kept: list[Op] = []
    for op in reversed(block.ops):
        readers = [cond for cond in conditions if op.results[0] in reads[cond]] if _movable(op) else []
        if readers and op.result not in elsewhere and all(len(cond.ops) < MOST for cond in readers):
            for cond in readers:
                _move(op, cond)
                reads[cond].update(op.operands)
        else:
            kept.append(op)
            elsewhere.update(_reads_outside_conditions(op))
    block.ops = kept[::-1]


def _movable(op: Op) -> bool:
    return op.kind in SINKABLE and not any(v.type.rank for v in op.operands)


def _move(op: Op, cond: Block) -> None:
    """A copy at the top of a condition, which reads it from now on."""
    copies: dict[Value, Value] = {}
    copy = clone_op(op, copies)
    substitute(cond, copies)
    cond.ops.insert(0, copy)


def _reads_outside_conditions(op: Op) -> Iterator[Value]:
    yield from op.operands
    for region in op.regions[1:] if op.kind is Loop else op.regions:
        yield from free_values(region)
