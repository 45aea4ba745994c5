"""Which rows of a log belong to a trip of a loop that stands in others: the indices in front.

    for %i < 3 { for %j < 4 { … } }              [12]           row 4 i + j
    while { while { … } }                        [rows]         row base + k: base is how many trips were made before
    for %l < 8 {lanes} { while { … } }           [8, rows]      lane l, row k: each lane has a part of its own
    while { for %l < 8 {lanes} { … } }           [rows, 8]      row k, lane l

A loop over lanes has an index of its own, so that lanes stay apart; the loops between two such share one. Where all
their trip counts are known, it is an affine function of the counters, and there is exactly enough room. Otherwise a
pointer is carried along, and the number of rows is a guess: the loop counts on beyond it, and says in the end how many
rows it would have wanted, the greatest number of all lanes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hloc.ir.core import Block, Op, Value
from hloc.ops.algebra import emit
from hloc.ops.helpers import compare, constant
from hloc.transform.differentiate.greatest import greatest
from hloc.transform.differentiate.sites import SITE_SHIFT, STRIDE, Sites
from hloc.transform.differentiate.tree import Place, Tree


@dataclass(frozen=True)
class Index:
    """One index of a log: how many rows it tells apart, and what it is in the forward body and in the adjoint."""

    rows: int
    here: Value
    there: Value
    learned: bool = False


@dataclass
class Counts:
    """Loops whose trips are counted, with their rows and the pointer, for all that is saved inside of them.

    needed: in the block around a loop and its adjoint, 0 or site << 40 + rows that it wants, with that block.
    """

    tree: Tree
    sites: Sites
    found: dict[Op, tuple[int, Value]] = field(default_factory=dict)
    needed: list[tuple[Block, Value]] = field(default_factory=list)

    def indices(self, top: Block, path: Sequence[Place], way_back: Sequence[Place], nbytes: int) -> list[Index]:
        """The indices of logs of `nbytes` a trip: of the loop that `path` leads to from `top`, `way_back` to its
        adjoint."""
        stretches = list(zip(_stretches(self.tree, path), _stretches(self.tree, way_back), strict=True))
        known = [self.rows_of(here) for here, _ in stretches]
        for rows in known:
            nbytes *= rows or 1
        found: list[Index] = []
        for (here, there), rows in zip(stretches, known, strict=True):
            if rows is None:
                found.append(self.counted(top, here, there, nbytes))
                nbytes *= found[-1].rows
            else:
                found.append(Index(rows, self.affine(here, here), self.affine(there, here)))
        return found

    def rows_of(self, stretch: Sequence[Place]) -> int | None:
        """How many trips loops make together, or a number that it does not exceed."""
        rows = 1
        for op, _ in stretch:
            if op.name in ("for", "while"):
                trips = self.tree.trips(op)
                if trips is None:
                    return None
                rows *= trips
        return max(rows, 1)

    # --- all trips known

    def affine(self, stretch: Sequence[Place], like: Sequence[Place]) -> Value:
        """The number of a trip, from the counters; `like` has the same loops, and their counts."""
        b, index = self.tree.builder, None
        counters = [region.args[0] for op, region in stretch if op.name in ("for", "while")]
        trips = [self.tree.trips(op) or 0 for op, _ in like if op.name in ("for", "while")]
        if len(counters) == 1:
            return counters[0]
        with b.at(Block()) as made, b.spanned(stretch[-1][0].span):
            for j, counter in enumerate(counters):
                factor = int(np.prod(trips[j + 1 :], dtype=object))
                part = counter if factor == 1 else emit(b, "multiply", counter, constant(b, factor, np.int64))
                index = part if index is None else emit(b, "add", index, part)
        assert index is not None
        self.tree.insert(made.ops, stretch[-1][1])
        return index

    # --- some not

    def counted(self, top: Block, here: Sequence[Place], there: Sequence[Place], nbytes: int) -> Index:
        """Rows whose number is not known before: they begin where the trips made so far ended."""
        loop = here[-1][0]
        if loop not in self.found:
            site = self.sites.new()
            rows = -(-self.sites.rows(site, nbytes) // loop.attrs.get(STRIDE, 1))
            base, total = self.count(here)
            self.found[loop] = rows, base
            if self.sites.checked:
                fits = self.count_needed(top, site, rows, total, here)
                self.gate(fits, there)
        rows, base = self.found[loop]
        return Index(rows, self.row(base, here[-1]), self.row(base, there[-1]), learned=True)

    def row(self, base: Value, place: Place) -> Value:
        b, (op, region) = self.tree.builder, place
        with b.at(Block()) as made, b.spanned(op.span):
            index = emit(b, "add", base, region.args[0])
        self.tree.insert(made.ops, region)
        return index

    def count(self, stretch: Sequence[Place]) -> tuple[Value, Value]:
        """Trips of the last loop before it begins, and in the end, where the first one stands."""
        tree, b, (*around, last) = self.tree, self.tree.builder, stretch
        with b.at(Block()) as start:
            zero = constant(b, 0, np.int64)
        tree.insert(start.ops, tree.block_of(stretch[0]), before=stretch[0][0])
        bases = tree.open(zero, around, "base")
        with b.at(Block()) as after, b.spanned(last[0].span):
            total = emit(b, "add", bases[-1], self.trips_of(last[0]))
        tree.insert(after.ops, tree.block_of(last), after=last[0])
        return bases[-1], tree.close(bases, total, around, "base")

    def trips_of(self, loop: Op) -> Value:
        """How many trips a loop has made."""
        b = self.tree.builder
        if loop.name == "while":
            return loop.results[0]
        known = self.tree.producer.get(loop.operands[0])
        if known is not None and known.name == "constant":
            return constant(b, max(int(known.attrs["value"]), 0), np.int64)
        return emit(b, "maximum", loop.operands[0], constant(b, 0, np.int64))

    def count_needed(self, top: Block, site: int, rows: int, total: Value, stretch: Sequence[Place]) -> Value:
        """Say what was wanted; gives whether it fits."""
        tree, b, loop = self.tree, self.tree.builder, stretch[-1][0]
        total = greatest(tree, total, tree.block_of(stretch[0]), top)
        with b.at(Block()) as made, b.spanned(loop.span):
            fits = compare(b, total, "LE", constant(b, rows, np.int64))
            trips = emit(b, "multiply", total, constant(b, loop.attrs.get(STRIDE, 1), np.int64))
            wanted = emit(b, "add", trips, constant(b, site << SITE_SHIFT, np.int64))
            needed = emit(b, "select", fits, constant(b, 0, np.int64), wanted)
        tree.insert(made.ops, top, after=tree.producer[total])
        self.needed.append((top, needed))
        return fits

    def gate(self, fits: Value, way_back: Sequence[Place]) -> None:
        """Let the adjoint make no trip where more was wanted than there is: what it reads may be anything."""
        tree, b = self.tree, self.tree.builder
        place = next(place for place in way_back if place[0].name == "for")
        op = place[0]
        with b.at(Block()) as made, b.spanned(op.span):
            count = emit(b, "select", fits, op.operands[0], constant(b, 0, np.int64))
        tree.insert(made.ops, tree.block_of(place), before=op)
        op.operands = (count, *op.operands[1:])


def _stretches(tree: Tree, path: Sequence[Place]) -> list[list[Place]]:
    """Loops that share an index, from the first to the last of them, with the branches between."""
    found: list[list[Place]] = []
    current: list[Place] = []
    for place in path:
        if tree.lanes(place[0]) is not None:
            found += [current, [place]]
            current = []
        else:
            current.append(place)
    for stretch in (*found, current):
        while stretch and stretch[-1][0].name not in ("for", "while"):
            stretch.pop()
    return [stretch for stretch in (*found, current) if stretch]
