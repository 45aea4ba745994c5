"""Counts how many lanes are active in loops that lanes leave at different times.

    while any(%active) {…}                  →      … ; %made = reduce_sum %trips of each lane; %room = %ticks * B

What a loop counts inside of other loops and branches is added up on its way to the end of the program.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from hloc.diagnostics.span import Span
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Op, Value, walk
from hloc.ir.types import I64
from hloc.ops.algebra import emit
from hloc.ops.helpers import constant
from hloc.transform.thread import Thread

if TYPE_CHECKING:
    from hloc.transform.lanes.vectorize import Vectorizer

Item = tuple[int, str]
"""A loop and what is counted of it: "active" trips of lanes, "all" trips times lanes."""


class Meter:
    """loops: the source of each loop that is counted, with its lanes. counted: the operation after which the counts of
    a loop are known → the loop and the two values."""

    def __init__(self) -> None:
        self.loops: list[tuple[Span, int]] = []
        self.counted: dict[Op, dict[Item, Value]] = {}

    def note(self, v: Vectorizer, op: Op, trips: Value, ticks: Value) -> None:
        """Count a loop that has been written. trips: of each lane, i64[B]; ticks: of the loop."""
        number = len(self.loops)
        self.loops.append((op.span, v.size))
        room = emit(v.b, "multiply", ticks, v.number(v.size))
        made = emit(v.b, "reduce_sum", trips, axes=(0,))
        self.counted[v.b.block.ops[-1]] = {(number, "active"): made, (number, "all"): room}

    def carry(self, b: Builder, op: Op) -> list[Item]:
        """Let a loop over lanes add up what is counted in its body: its last results, in the order given here."""
        items = list(self._thread().changed(op.regions[0]))
        if items:
            state = {item: constant(b, 0, np.int64) for item in items}
            self._thread().carry(op, items, state)
            for inner in [inner for inner in walk(op.regions[0]) if inner in self.counted]:
                del self.counted[inner]
            op.results += tuple(Value(I64) for _ in items)
        return items

    def outside(self, b: Builder, items: Sequence[Item], sums: Iterable[Value]) -> None:
        """The sums of a loop over lanes are counts of what is around it."""
        for item, total in zip(items, sums, strict=True):
            same = emit(b, "add", total, constant(b, 0, np.int64))
            self.counted[b.block.ops[-1]] = {item: same}

    def finish(self, block: Block) -> list[Value]:
        """Add up all that is counted in a program; gives the active trips and all trips, loop by loop."""
        b = Builder(Block())
        items = [(number, what) for number in range(len(self.loops)) for what in ("active", "all")]
        state = {item: constant(b, 0, np.int64) for item in items}
        self._thread().block(block, state)
        block.ops[:0] = b.block.ops
        return [state[item] for item in items]

    def _thread(self) -> Thread[Item]:
        return Thread(lambda op: self.counted.get(op, {}), self._step)

    def _step(self, op: Op, state: dict[Item, Value]) -> list[Op]:
        b = Builder(Block([], [op]), op.span)
        for item, value in self.counted.get(op, {}).items():
            state[item] = emit(b, "add", state[item], value)
        return b.block.ops
