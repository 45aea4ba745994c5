"""Rows: what activations of recursive functions, and trips of the loops in them, save for the adjoint.

    push %x, %y {site}           %x_log = upd %x_log, %x, %row; %y_log = upd %y_log, %y, %row; %row = add %row, 1
    %x, %y = pop {site}     →    %row = subtract %row, 1; %x = read %x_log, %row; %y = read %y_log, %row

Each activation pushes one row when it ends, and its adjoint pops it first thing and then runs the calls backwards, so
that the row on top is always the one that is wanted. The pointers and the logs of a site are state that goes through
the program in its order. What does not fit goes to one row more than there are, and is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Op, Value
from hloc.ir.hints import hint, kind_of
from hloc.ir.opdef import OpDef
from hloc.ir.types import I64, TensorType
from hloc.ops.algebra import emit
from hloc.ops.helpers import compare, constant
from hloc.program import Saved
from hloc.transform.differentiate.sites import SITE_SHIFT, Logged, Sites
from hloc.transform.differentiate.tree import Tree


@dataclass(frozen=True, eq=False)
class Item:
    """One part of the state: a pointer, a log, or how many rows were wanted."""

    type: TensorType
    name: str


@dataclass(frozen=True, eq=False)
class Site:
    """What is pushed in one place: `rows` at most, with the state that belongs to it.

    All places where activations end count as one site for what is wanted, as do all loops: their numbers are of one
    size, and a program is not compiled again for each of them.
    """

    number: int
    rows: int
    pointer: Item
    logs: tuple[Item, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        return (self.pointer, *self.logs)


NEEDED = Item(I64, "needed")
"""What runs in the backward sweep have wanted and did not get; see `Wanted`."""

State = dict[Item, Value]


class Push(OpDef):
    """Operands: the values of a row. Attributes: site."""

    name = "push"
    pure = False


class Pop(OpDef):
    """Results: the values of the row on top. Attributes: site."""

    name = "pop"
    pure = False


class Wanted(OpDef):
    """The operand, `needed` of a derivative inside of a recursive function, goes into `NEEDED`."""

    name = "wanted"
    pure = False


class Rows:
    """The sites of one derivative."""

    def __init__(self, sites: Sites) -> None:
        self.sites = sites
        self.made: list[Site] = []
        self.numbers: dict[str, int] = {}

    def save(
        self, tree: Tree, body: Block, adjoint: Block, values: Sequence[Value], reasons: dict[Value, str]
    ) -> dict[Value, Value]:
        """Push values at the end of a body, pop them at the beginning of its adjoint: what they are there."""
        names = [v.name or hint(v, tree.producer) or kind_of(v, tree.producer) for v in values]
        pointer = "trip" if body in tree.owner else "row"
        new = pointer not in self.numbers
        number = self.numbers[pointer] if not new else self.numbers.setdefault(pointer, self.sites.new())
        rows = self.sites.at_least(number, sum(v.type.nbytes for v in values))
        types = [TensorType((rows + 1, *v.type.shape), v.type.dtype) for v in values]
        logs = tuple(Item(t, f"{name}_log") for t, name in zip(types, names, strict=True))
        site = Site(number, rows, Item(I64, pointer), logs)
        self.made.append(site)
        loaded = tuple(Value(v.type, v.name) for v in values)
        last = body.ops[-1] if body.ops else None
        span = last.span if last is not None else tree.builder.span
        tree.insert([Op(Push, tuple(values), {"site": site}, (), (), span)], body, after=last)
        tree.insert([Op(Pop, (), {"site": site}, (), loaded, span)], adjoint)
        saved = tuple(
            Saved(name, v.type, rows, True, reasons.get(v, ""), span) for name, v in zip(names, values, strict=True)
        )
        self.sites.logs.append(Logged({}, sum(s.nbytes for s in saved), int(new), saved))
        return dict(zip(values, loaded, strict=True))


def note(block: Block, value: Value) -> None:
    """Put `value`, which the block computes, into `NEEDED`."""
    index = next(n for n, op in enumerate(block.ops) if value in op.results)
    block.ops.insert(index + 1, Op(Wanted, (value,), {}, (), (), block.ops[index].span))


def empty_state(b: Builder, sites: Sequence[Site]) -> State:
    """No rows."""
    state: State = {}
    for site in sites:
        state[site.pointer] = constant(b, 0, np.int64)
        for log in site.logs:
            state[log] = emit(b, "empty", shape=log.type.shape, dtype=log.type.dtype)
    for item, value in state.items():
        value.name = item.name
    return state


def changed_by(op: Op) -> tuple[Item, ...]:
    """The items that one of the operations here changes."""
    if op.name == "push":
        return tuple(op.attrs["site"].items)
    if op.name == "pop":
        return (op.attrs["site"].pointer,)
    return (NEEDED,) if op.name == "wanted" else ()


def read_by(op: Op) -> tuple[Item, ...]:
    """The items that it only reads."""
    return tuple(op.attrs["site"].logs) if op.name == "pop" else ()


def write_out(op: Op, state: State) -> Sequence[Op]:
    """What one of the operations here stands for."""
    b = Builder(Block(), op.span)
    if op.name == "push":
        push(b, op, state)
    elif op.name == "pop":
        pop(b, op, state)
    elif op.name == "wanted":
        state[NEEDED] = emit(b, "maximum", state[NEEDED], op.operands[0])
    return b.block.ops


def push(b: Builder, op: Op, state: State) -> None:
    site: Site = op.attrs["site"]
    row = state[site.pointer]
    for log, value in zip(site.logs, op.operands, strict=True):
        starts = [constant(b, 0, np.int64) for _ in value.type.shape]
        state[log] = emit(b, "upd", state[log], value, row, *starts, drop=(0,), mode="set")
        state[log].name = log.name
    state[site.pointer] = emit(b, "add", row, constant(b, 1, np.int64))
    state[site.pointer].name = site.pointer.name


def pop(b: Builder, op: Op, state: State) -> None:
    site: Site = op.attrs["site"]
    row = emit(b, "subtract", state[site.pointer], constant(b, 1, np.int64))
    row.name = site.pointer.name
    state[site.pointer] = row
    for log, value in zip(site.logs, op.results, strict=True):
        starts = [constant(b, 0, np.int64) for _ in value.type.shape]
        emit(b, "read", state[log], row, *starts, sizes=(1, *value.type.shape), drop=(0,))
        b.block.ops[-1].results = (value,)


def fits(b: Builder, sites: Sequence[Site], state: State) -> Value:
    """Whether all rows that were pushed are there."""
    found = [compare(b, state[site.pointer], "LE", constant(b, site.rows, np.int64)) for site in sites]
    result = found[0]
    for other in found[1:]:
        result = emit(b, "and", result, other)
    result.name = "fits"
    return result


def wanted(b: Builder, site: Site, state: State) -> Value:
    """0, or the site and the rows that it should have had, as one number."""
    row = state[site.pointer]
    fit = compare(b, row, "LE", constant(b, site.rows, np.int64))
    more = emit(b, "add", row, constant(b, site.number << SITE_SHIFT, np.int64))
    return emit(b, "select", fit, constant(b, 0, np.int64), more)
