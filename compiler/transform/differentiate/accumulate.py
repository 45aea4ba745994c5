"""Writes that add to what is there, said as such, so that the adjoint need not clear the place and fill it again.

%o = read %a, %i; %s = add %o, %x; %b = upd %a, %s, %i {set}      →      %b = upd %a, %x, %i {add}
"""

from __future__ import annotations

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Op, Value, walk
from hloc.ops.elementwise import Negate
from hloc.transform.data_movement import window_of


def find_accumulations(block: Block) -> None:
    """Rewrite `block` and its nested blocks in place. An operation that nothing needs any more stays where it is."""
    producers = {v: op for op in walk(block) for v in op.results}
    _visit(block, producers)


def _visit(block: Block, producers: dict[Value, Op]) -> None:
    ops, block.ops = block.ops, []
    for op in ops:
        for region in op.regions:
            _visit(region, producers)
        if op.name == "upd" and op.attrs["mode"] == "set":
            _accumulate(Builder(block, op.span), producers, op)
        block.ops.append(op)


def fill_cleared(block: Block) -> None:
    """Rewrite additions to what was cleared just before, in place."""
    producers = {v: op for op in walk(block) for v in op.results}
    for op in walk(block):
        cleared = producers.get(op.operands[0]) if op.name == "upd" and op.attrs["mode"] == "add" else None
        if cleared is not None and _clears(producers, cleared) and _same_place(cleared, op):
            op.operands = (cleared.operands[0], *op.operands[1:])
            op.attrs = {**op.attrs, "mode": "set"}


def _clears(producers: dict[Value, Op], op: Op) -> bool:
    return op.name == "upd" and op.attrs["mode"] == "set" and _is_zero(producers, op.operands[1])


def _is_zero(producers: dict[Value, Op], value: Value) -> bool:
    op = producers.get(value)
    if op is not None and op.name == "broadcast_in_dim":
        op = producers.get(op.operands[0])
    return op is not None and op.name == "constant" and not op.attrs["value"].any()


def _accumulate(b: Builder, producers: dict[Value, Op], op: Op) -> None:
    total = producers.get(op.operands[1])
    if total is None or total.name not in ("add", "subtract"):
        return
    for number, value in enumerate(total.operands):
        if total.name == "subtract" and number == 1:
            return
        read, addend = producers.get(value), total.operands[1 - number]
        if read is None or read.name != "read" or read.operands[0] is not op.operands[0] or addend is value:
            continue
        if _same_place(read, op):
            addend = b.emit(Negate, addend) if total.name == "subtract" else addend
            op.operands = (op.operands[0], addend, *op.operands[2:])
            op.attrs = {**op.attrs, "mode": "add"}
            return


def _same_place(read: Op, write: Op) -> bool:
    (sizes, drop, starts), (other_sizes, other_drop, other_starts) = window_of(read), window_of(write)
    return (sizes, drop) == (other_sizes, other_drop) and all(a is b for a, b in zip(starts, other_starts, strict=True))
