"""What a loop over lanes carries: whether its trips are independent of each other.

upd %o, %y, %k            a row of each lane: every access is at the lane's own number in one dimension
add %c, %v                a sum over lanes: nothing but additions
yield %x                  what the last lane leaves: nobody looks at what came before
anything else             the trips follow one another
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from hloc.ir.core import Block, Op, Value, walk
from hloc.ir.types import Shape
from hloc.ops.windows import window
from hloc.transform.lanes.chains import Chains, merged
from hloc.transform.lanes.combining import COMBINED
from hloc.transform.lanes.selected_sums import choose_addends
from hloc.transform.lanes.versions import Tracer, Uses, Versions, uses_of

Start = Value | int
"""Where a window begins: a value from outside of the loop, or a number."""


@dataclass(frozen=True)
class Row:
    """An array of which each lane has a part of its own.

    Fields:
        versions: what it is handed on as in the body.
        dim: the dimension that counts lanes.
        prefix: the starts before `dim` where they are the same in all accesses, else None: all of the array is meant.
    """

    versions: Versions
    dim: int
    prefix: tuple[Start, ...] | None

    @property
    def removed(self) -> range:
        """The dimensions that a lane's part does not have."""
        return range(self.dim + 1) if self.prefix is not None else range(self.dim, self.dim + 1)

    def shape(self, whole: Shape) -> Shape:
        """The shape of a lane's part."""
        return tuple(n for d, n in enumerate(whole) if d not in self.removed)


@dataclass(frozen=True)
class Sum:
    """What all lanes add to. how: the operation that does."""

    versions: Versions
    how: str = "add"


@dataclass(frozen=True)
class Last:
    """What the last lane leaves; the body never reads it."""


Carry = Row | Sum | Last


@dataclass(frozen=True)
class Dependence:
    """Why trips are not independent: carry `name`, of which `reason` says what happens at `culprit`."""

    name: str
    reason: str
    culprit: Op | None


class Classifier:
    """Classifies the carries of the body of a loop over `size` lanes.

    Where a condition chooses among sums the body is rewritten on the way, see `combined`, and `uses` with it.

    counters: the values that are the lane's number.
    """

    def __init__(self, body: Block, size: int, uses: Uses, constants: Mapping[Value, int]) -> None:
        self.body, self.size, self.uses, self.constants = body, size, uses, constants
        self.counters = counters_of(body)
        self.inside = defined_in(body)

    def carry(self, number: int) -> Carry | Dependence:
        """What carry `number` is."""
        arg = self.body.args[number + 1]
        row = Tracer(self.body, number, self.uses, _window_access).run()
        if not row.reason and row.accesses:
            found = self.row(row)
            if found is not None:
                return found
        for how in COMBINED:
            versions = self.combined(number, how)
            if versions is not None:
                return Sum(versions, how)
        if not self.uses.get(arg):
            return Last()
        reason = row.reason or "lanes read or write parts of it that are not their own"
        return Dependence(arg.name, reason, row.culprit or next(iter(row.accesses), None))

    def combined(self, number: int, how: str) -> Versions | None:
        """The versions of what is only combined with something; selects among them are rewritten."""
        allowed = functools.partial(_combines, how)
        versions = Tracer(self.body, number, self.uses, allowed, ("select",)).run()
        if not versions.reason and any(op.name == "select" and op.result in versions.values for op in walk(self.body)):
            done = choose_addends(self.body, versions.values, how)
            self.uses = uses_of(self.body)
            if not done:
                return None
            versions = Tracer(self.body, number, self.uses, allowed, ()).run()
        return versions if not versions.reason and self.one_way(versions) else None

    def one_way(self, versions: Versions) -> bool:
        """Whether each branch and each loop hands on one version only, and what it was given with something added.

        Then what one side of a branch adds for some lanes can go in before what the other adds for the rest, and a trip
        that is made for some lanes adds to what others have added in trips before.
        """
        producers = {v: op for op in walk(self.body) for v in op.results}
        chains = Chains(producers, versions.values)
        control = {producers[v] for v in versions.values if v in producers and producers[v].regions}
        return all(_hands_on(op, versions, chains) for op in control)

    def row(self, versions: Versions) -> Row | None:
        """The dimension that counts lanes in all accesses, the first with fixed starts before it if there is one."""
        shape = next(iter(versions.values)).type.shape
        windows = [window_access(op) for op in versions.accesses]
        dims = [
            d
            for d in range(len(shape))
            if shape[d] >= self.size and all(sizes[d] == 1 and starts[d] in self.counters for starts, sizes in windows)
        ]
        for dim in dims:
            prefix = self.prefix(windows, dim)
            if prefix is not None:
                return Row(versions, dim, prefix)
        return Row(versions, dims[0], None) if dims else None

    def prefix(self, windows: list[tuple[tuple[Value, ...], Shape]], dim: int) -> tuple[Start, ...] | None:
        """The starts before a dimension, where they are fixed."""
        found: set[tuple[Start | None, ...]] = set()
        for starts, sizes in windows:
            if any(n != 1 for n in sizes[:dim]):
                return None
            found.add(tuple(map(self.fixed, starts[:dim])))
        (first, *others) = found
        known = tuple(start for start in first if start is not None)
        return known if not others and len(known) == dim else None

    def fixed(self, start: Value) -> Start | None:
        """A start as a number or a value from outside; None for one that the body computes."""
        constant = self.constants.get(start)
        if constant is not None:
            return constant
        return None if start in self.inside else start


def _hands_on(op: Op, versions: Versions, chains: Chains) -> bool:
    """Whether a branch or loop hands on one version, with something added to it."""
    number, *others = [n for n, result in enumerate(op.results) if result in versions.values]
    if others:
        return False
    if op.name in ("if", "switch"):
        return merged([chains.within(region, region.results[number]) for region in op.regions]) is not None
    return chains.trip(op, number - (op.name == "while")) is not None


def counters_of(body: Block) -> set[Value]:
    """The values in a loop body that are its counter."""
    counters = {body.args[0]}
    for op in walk(body):
        if op.name in ("copy", "barrier"):
            counters.update(r for r, v in zip(op.results, op.operands, strict=True) if v in counters)
        elif op.name == "convert" and op.operands[0] in counters and op.result.type == op.operands[0].type:
            counters.add(op.result)
    return counters


def defined_in(body: Block) -> set[Value]:
    """The values that a block and those inside define."""
    found = set(body.args)
    for op in walk(body):
        found.update(op.results)
        for region in op.regions:
            found.update(region.args)
    return found


def window_access(op: Op) -> tuple[tuple[Value, ...], Shape]:
    """The starts and sizes of the window that a `read` or `upd` touches."""
    if op.name == "read":
        return op.operands[1:], tuple(op.attrs["sizes"])
    return op.operands[2:], window(op.operands[1].type, op.attrs["drop"])


def _window_access(op: Op, index: int) -> bool:
    return index == 0 and op.name in ("read", "upd")


def _combines(how: str, op: Op, index: int) -> bool:
    if op.name in ("upd", "scatter"):
        return index == 0 and op.attrs["mode"] == how == "add"
    return op.name == how and (op.result.type.dtype.kind == "b") == (how in ("or", "and"))
