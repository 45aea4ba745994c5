"""Empty arrays that each trip of a loop would make are made once, before it, and carried along.

loop (…) {                                      %e = empty
  %e = empty                                    loop (…, %s = %e) {
  %y, %f = loop (…, %e) …               →         %y, %f = loop (…, %s) …
  yield … }                                       yield …, %f }

XLA fills what it makes: the stack of a recursive function that a loop calls would cost its capacity in each call. These
are arrays that a loop inside carries, and that are only read afterwards. Inner loops first, so that an array leaves a
whole nest; out of branches, too, where XLA hands arrays through branches without copying them.
"""

from __future__ import annotations

from hloc.emit.loops import Loop
from hloc.emit.workspace import last_versions
from hloc.ir.core import Block, Function, Op, Value, substitute
from hloc.ops.control import If, Switch
from hloc.ops.shape import Empty

LEAST = 1 << 10
"""Bytes from which on an array is worth a place among what loops carry."""
Scratch = list[tuple[Op, Value]]
"""Operations that make empty arrays, and the last versions of these."""


def carry_scratch(function: Function, *, through_branches: bool) -> None:
    """Take such arrays out of the loops of a function, which are canonical, in place."""
    _take_out(function.block, through_branches)


def _take_out(block: Block, through_branches: bool) -> Scratch:
    """Take them out of the loops and branches of a block; gives those that stand in the block itself then."""
    found: Scratch = []
    old, block.ops = block.ops, []
    for op in old:
        for region in op.regions:
            for empty, last in _take_out(region, through_branches):
                if op.kind is Loop and region is op.regions[1]:
                    _carry(op, empty, last)
                elif op.kind in (If, Switch) and through_branches:
                    _hand_through(op, region, empty, last)
                else:
                    continue
                region.ops.remove(empty)
                block.ops.append(empty)
                found.append((empty, op.results[-1]))
        block.ops.append(op)
    last_of = last_versions(block)
    made_here = [op for op in block.ops if op.kind is Empty and op.result.type.nbytes >= LEAST]
    taken = {empty for empty, _ in found}
    return found + [(op, last_of[op.result]) for op in made_here if op not in taken and op.result in last_of]


def _carry(loop: Op, empty: Op, last: Value) -> None:
    """Carry an array through a loop."""
    cond, body = loop.regions
    cond.add_arg(empty.result.type)
    substitute(body, {empty.result: body.add_arg(empty.result.type)})
    body.results.append(last)
    loop.operands = (*loop.operands, empty.result)
    loop.results = (*loop.results, Value(empty.result.type))


def _hand_through(op: Op, region: Block, empty: Op, last: Value) -> None:
    """Hand an array through a branch: the other sides leave it as it is."""
    for other in op.regions:
        other.results.append(last if other is region else empty.result)
    op.results = (*op.results, Value(empty.result.type))
