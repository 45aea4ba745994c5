"""Logs: arrays in which a loop saves values for its adjoint, one row a trip.

    for k …: %y_log = upd %y_log, %y, base + k          forwards
    for k …: %y = read %y_log, base + k                 backwards

The logs of a loop inside of others go through all of them. Where all trip counts are known, the row of a trip is an
affine function of the counters, and there is exactly enough room. Otherwise a pointer is carried along, and the number
of rows is a guess: the loop counts on beyond it, and says in the end how many rows it would have wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hloc.ir.core import Block, Op, Value
from hloc.ir.hints import hint, kind_of
from hloc.ir.types import TensorType
from hloc.ops.algebra import emit
from hloc.ops.helpers import compare, constant
from hloc.program import MEMORY_BUDGET, Saved
from hloc.transform.differentiate.tree import Place, Tree

SITE_SHIFT = 40
AT_MOST = "at_most"
"""Attribute of a loop while a derivative is made: it makes no more trips than that."""
STRIDE = "stride"
"""Attribute of a loop while a derivative is made: so many trips of a loop of the user are one of its trips."""


@dataclass(frozen=True)
class Logged:
    """The logs of one loop: how large they are, the loop around all loops that it stands in, and trips of that.

    Those of recursive functions belong to no loop.
    """

    outermost: Op | None
    trips: int
    nbytes: int
    count: int
    saved: tuple[Saved, ...]


@dataclass
class Sites:
    """Loops with logs in one compilation.

    Fields:
        capacities: site → rows, where a run has found out that the first guess is too small.
        first: rows to begin with, at most; fewer when rows are large.
        budget: bytes that the logs of one derivative may take before loops run in segments.
        checked: whether the program finds out that there are too few rows.
        count: sites so far.
        logs: what was saved so far.
    """

    capacities: dict[int, int] = field(default_factory=dict)
    first: int = 4096
    budget: int = MEMORY_BUDGET
    checked: bool = True
    count: int = 0
    logs: list[Logged] = field(default_factory=list)

    @property
    def saved(self) -> list[Saved]:
        """What derivatives save, for the user to see."""
        return [saved for log in self.logs for saved in log.saved]

    def mark(self) -> int:
        """A point to which `reset` can return."""
        return len(self.logs)

    def reset(self, mark: int) -> None:
        """Forget the logs since a point."""
        self.count -= sum(log.count for log in self.logs[mark:])
        del self.logs[mark:]

    def new(self) -> int:
        """The number of a further site whose trips are not known: 1, 2, …"""
        self.count += 1
        return self.count

    def rows(self, site: int, nbytes: int) -> int:
        return self.capacities.get(site, self.guess(nbytes))

    def at_least(self, site: int, nbytes: int) -> int:
        """Rows of one of several logs with the same number."""
        return max(self.capacities.get(site, 0), self.guess(nbytes))

    def guess(self, nbytes: int) -> int:
        return min(self.first, max((1 << 20) // max(nbytes, 1), 16))


class LoopLog:
    """The logs of one loop, forward body `body` and adjoint body `adjoint`.

    Fields:
        top: the innermost block around the loop and its adjoint: there the logs are made, and known when complete.
        needed: in `top` after the loop: 0 or site << 40 + rows that it wants; None when there is room for sure.
    """

    def __init__(self, tree: Tree, sites: Sites, body: Block, adjoint: Block) -> None:
        self.tree = tree
        self.sites = sites
        self.body = body
        self.adjoint = adjoint
        self.loop, self.home = tree.owner[body]
        self.top = tree.common(self.home, tree.owner[adjoint][1])
        self.path = tree.path(self.top, body)
        self.way_back = tree.path(self.top, adjoint)
        self.outermost = self.path[0][0]
        self.needed: Value | None = None

    def save(self, values: Sequence[Value], reasons: dict[Value, str]) -> dict[Value, Value]:
        """Save values of the body; gives for each what it is in the adjoint body."""
        trips = [_known_trips(self.tree, op) for op, _ in self.path if op.name in ("for", "while")]
        if None in trips:
            rows, here, there = self._counted_rows(sum(v.type.nbytes for v in values))
        else:
            rows = max(int(np.prod([max(t or 0, 0) for t in trips], dtype=object)), 1)
            here, there = self._index(self.path, trips), self._index(self.way_back, trips)
        index_here = self._emit_at_start(self.body, here)
        index_there = self._emit_at_start(self.adjoint, there)
        found = {v: self._log(v, rows, index_here, index_there) for v in values}
        learned, span = None in trips, self.loop.span
        saved = tuple(Saved(v.name or "value", v.type, rows, learned, reasons.get(v, ""), span) for v in values)
        loops = [op for op, _ in self.path if op.name in ("for", "while")]
        outer_trips = rows if len(loops) == 1 else trips[0] or 1
        self.sites.logs.append(Logged(loops[0], outer_trips, sum(s.nbytes for s in saved), learned, saved))
        return found

    # --- which row

    def _index(self, path: Sequence[Place], trips: Sequence[int | None]) -> list[tuple[Value, int]]:
        """The counters along a path with what each is multiplied by."""
        counters = [region.args[0] for op, region in path if op.name in ("for", "while")]
        factors = [int(np.prod([t or 0 for t in trips[j + 1 :]], dtype=object)) for j in range(len(trips))]
        return list(zip(counters, factors, strict=True))

    def _emit_at_start(self, block: Block, terms: Sequence[tuple[Value, int]]) -> Value:
        b, made = self.tree.builder, Block()
        with b.at(made), b.spanned(self.loop.span):
            index = None
            for value, factor in terms:
                part = value if factor == 1 else emit(b, "multiply", value, constant(b, factor, np.int64))
                index = part if index is None else emit(b, "add", index, part)
        assert index is not None
        self.tree.insert(made.ops, block)
        return index

    def _counted_rows(self, nbytes: int) -> tuple[int, list[tuple[Value, int]], list[tuple[Value, int]]]:
        """Rows whose number is not known before: they begin where the trips made so far ended."""
        tree, b = self.tree, self.tree.builder
        site = self.sites.new()
        rows = -(-self.sites.rows(site, nbytes) // self.loop.attrs.get(STRIDE, 1))
        around = self.path[:-1]
        start = Block()
        with b.at(start):
            zero = constant(b, 0, np.int64)
        tree.insert(start.ops, self.top, before=self.outermost)
        bases = tree.open(zero, around, "base")
        after = Block()
        with b.at(after), b.spanned(self.loop.span):
            trips = self._trips()
            total = emit(b, "add", bases[-1], trips)
        tree.insert(after.ops, self.home, after=self.loop)
        total = tree.close(bases, total, around, "base")
        if self.sites.checked:
            self._count_needed(site, rows, total)
        return rows, [(bases[-1], 1), (self.body.args[0], 1)], [(bases[-1], 1), (self.adjoint.args[0], 1)]

    def _trips(self) -> Value:
        """How many trips the loop has made."""
        b, loop = self.tree.builder, self.loop
        if loop.name == "while":
            return loop.results[0]
        known = self.tree.producer.get(loop.operands[0])
        if known is not None and known.name == "constant":
            return constant(b, max(int(known.attrs["value"]), 0), np.int64)
        return emit(b, "maximum", loop.operands[0], constant(b, 0, np.int64))

    def _count_needed(self, site: int, rows: int, total: Value) -> None:
        """Say what was wanted, and let the adjoint make no trip where that was more than there is."""
        tree, b = self.tree, self.tree.builder
        made = Block()
        with b.at(made), b.spanned(self.loop.span):
            fits = compare(b, total, "LE", constant(b, rows, np.int64))
            trips = emit(b, "multiply", total, constant(b, self.loop.attrs.get(STRIDE, 1), np.int64))
            wanted = emit(b, "add", trips, constant(b, site << SITE_SHIFT, np.int64))
            self.needed = emit(b, "select", fits, constant(b, 0, np.int64), wanted)
        last = tree.producer.get(total)
        assert last is not None
        tree.insert(made.ops, self.top, after=last)
        op, region = next((op, region) for op, region in self.way_back if op.name == "for")
        gate = Block()
        with b.at(gate), b.spanned(op.span):
            count = emit(b, "select", fits, op.operands[0], constant(b, 0, np.int64))
        tree.insert(gate.ops, tree.owner[region][1], before=op)
        op.operands = (count, *op.operands[1:])

    # --- one log

    def _log(self, value: Value, rows: int, here: Value, there: Value) -> Value:
        """Carry a log to the body, write the value into it after its definition, read it back in the adjoint."""
        tree, b = self.tree, self.tree.builder
        type, name = TensorType((rows, *value.type.shape), value.type.dtype), f"{self._name(value)}_log"
        start = Block()
        with b.at(start), b.spanned(self.loop.span):
            empty = emit(b, "empty", shape=type.shape, dtype=type.dtype)
            empty.name = name
        tree.insert(start.ops, self.top, before=self.outermost)
        logs = tree.open(empty, self.path, name)
        write, maker = Block(), tree.producer.get(value)
        with b.at(write), b.spanned(maker.span if maker is not None else self.loop.span):
            zeros = [constant(b, 0, np.int64) for _ in value.type.shape]
            written = emit(b, "upd", logs[-1], value, here, *zeros, drop=(0,), mode="set")
            written.name = name
        self._insert_after(write.ops, here, value)
        complete = tree.close(logs, written, self.path, name)
        read = Block()
        with b.at(read), b.spanned(self.loop.span):
            zeros = [constant(b, 0, np.int64) for _ in value.type.shape]
            sizes = (1, *value.type.shape)
            loaded = emit(b, "read", complete, there, *zeros, sizes=sizes, drop=(0,))
            loaded.name = value.name and self._name(value)
        after = tree.producer.get(there)
        if after is not None and tree.home[there] is self.adjoint:
            tree.insert(read.ops, self.adjoint, after=after)
        else:
            tree.insert(read.ops, self.adjoint)
        return loaded

    def _name(self, value: Value) -> str:
        """What a saved value is called; the next value of a carry is told from the one before."""
        if not value.name:
            return hint(value, self.tree.producer) or kind_of(value, self.tree.producer)
        carried = value in self.body.results and any(arg.name == value.name for arg in self.body.args)
        return f"{value.name}_next" if carried else value.name

    def _insert_after(self, ops: list[Op], *values: Value) -> None:
        """Put operations into the body as soon as these values are there."""
        tree = self.tree
        makers = [tree.producer[v] for v in values if v in tree.producer and tree.home[v] is self.body]
        last = max(makers, key=self.body.ops.index, default=None)
        tree.insert(ops, self.body, after=last)


def _known_trips(tree: Tree, op: Op) -> int | None:
    """How many trips a loop makes, or a number that it does not exceed."""
    if AT_MOST in op.attrs:
        return int(op.attrs[AT_MOST])
    producer = tree.producer.get(op.operands[0]) if op.name == "for" else None
    return int(producer.attrs["value"]) if producer is not None and producer.name == "constant" else None
