"""Small constants move into the regions that use them: a captured value costs a slot in XLA's loop state, a constant
nothing.

%c = constant 2.0                         %y = for %n (%s = %x) { %c = constant 2.0;
%y = for %n (%s = %x) {            →          %t = multiply %s, %c; yield %t }
    %t = multiply %s, %c; yield %t }
"""

from __future__ import annotations

from hloc.ir.core import Block, Function, Op, Value, clone_op, free_values, substitute
from hloc.ops.shape import Constant

SMALL = 16
"""Elements of the largest constant that is repeated."""


def sink_constants(function: Function) -> None:
    """Give each region its own copies of the small constants it uses, in place."""
    _sink(function.block, {})


def _sink(block: Block, outer: dict[Value, Op]) -> None:
    """`outer`: small constants of the blocks around, by their value."""
    copies: dict[Value, Value] = {}
    ops = [clone_op(outer[v], copies) for v in free_values(block) if v in outer]
    substitute(block, copies)
    block.ops[:0] = ops
    known = {op.result: op for op in block.ops if op.kind is Constant and op.result.type.size <= SMALL}
    for op in block.ops:
        for region in op.regions:
            _sink(region, known)
