"""Logs: arrays in which a loop saves values for its adjoint, one row a trip.

    for k …: %y_log = upd %y_log, %y, row of k          forwards
    for k …: %y = read %y_log, row of k                 backwards

The logs of a loop inside of others go through all of them. See `rows_of_trips` for the rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hloc.ir.core import Block, Op, Value
from hloc.ir.hints import hint, kind_of
from hloc.ir.types import TensorType
from hloc.ops.algebra import emit
from hloc.ops.helpers import constant
from hloc.program import Saved
from hloc.transform.differentiate.rows_of_trips import Counts, Index
from hloc.transform.differentiate.sites import Logged
from hloc.transform.differentiate.tree import Tree


class LoopLog:
    """The logs of one loop, forward body `body` and adjoint body `adjoint`.

    Fields:
        top: the innermost block around the loop and its adjoint: there the logs are made, and known when complete.
    """

    def __init__(self, tree: Tree, counts: Counts, body: Block, adjoint: Block) -> None:
        self.tree = tree
        self.counts = counts
        self.body = body
        self.adjoint = adjoint
        self.loop, self.home = tree.owner[body]
        self.top = tree.common(self.home, tree.owner[adjoint][1])
        self.path = tree.path(self.top, body)
        self.way_back = tree.path(self.top, adjoint)
        self.outermost = self.path[0][0]

    def save(self, values: Sequence[Value], reasons: dict[Value, str]) -> dict[Value, Value]:
        """Save values of the body; gives for each what it is in the adjoint body."""
        indices = self.counts.indices(self.top, self.path, self.way_back, sum(v.type.nbytes for v in values))
        found = {v: self._log(v, indices) for v in values}
        rows = int(np.prod([index.rows for index in indices], dtype=object))
        learned, span = any(index.learned for index in indices), self.loop.span
        saved = tuple(Saved(v.name or "value", v.type, rows, learned, reasons.get(v, ""), span) for v in values)
        self.counts.sites.logs.append(Logged(self._segmented(indices), sum(s.nbytes for s in saved), learned, saved))
        return found

    def _segmented(self, indices: Sequence[Index]) -> dict[Op, int]:
        """The loops that could run in segments, with their trips: the outermost, and in lanes the outermost of each."""
        found: dict[Op, int] = {}
        loops = [op for op, _ in self.path if op.name in ("for", "while")]
        for number, op in enumerate(loops):
            if number and self.tree.lanes(loops[number - 1]) is None:
                break
            alone = number + 1 == len(loops) or self.tree.lanes(loops[number + 1]) is not None
            found[op] = indices[number].rows if alone else self.tree.trips(op) or 1
        return found

    # --- one log

    def _log(self, value: Value, indices: Sequence[Index]) -> Value:
        """Carry a log to the body, write the value into it after its definition, read it back in the adjoint."""
        tree, b = self.tree, self.tree.builder
        rows, drop = tuple(index.rows for index in indices), tuple(range(len(indices)))
        here, there = [index.here for index in indices], [index.there for index in indices]
        type, name = TensorType((*rows, *value.type.shape), value.type.dtype), f"{self._name(value)}_log"
        start = Block()
        with b.at(start), b.spanned(self.loop.span):
            empty = emit(b, "empty", shape=type.shape, dtype=type.dtype)
            empty.name = name
        tree.insert(start.ops, self.top, before=self.outermost)
        logs = tree.open(empty, self.path, name)
        write, maker = Block(), tree.producer.get(value)
        with b.at(write), b.spanned(maker.span if maker is not None else self.loop.span):
            zeros = [constant(b, 0, np.int64) for _ in value.type.shape]
            written = emit(b, "upd", logs[-1], value, *here, *zeros, drop=drop, mode="set")
            written.name = name
        tree.insert(write.ops, self.body, after=tree.last_of([*here, value], self.body))
        complete = tree.close(logs, written, self.path, name)
        read = Block()
        with b.at(read), b.spanned(self.loop.span):
            zeros = [constant(b, 0, np.int64) for _ in value.type.shape]
            sizes = (*(1 for _ in rows), *value.type.shape)
            loaded = emit(b, "read", complete, *there, *zeros, sizes=sizes, drop=drop)
            loaded.name = value.name and self._name(value)
        tree.insert(read.ops, self.adjoint, after=tree.last_of(there, self.adjoint))
        return loaded

    def _name(self, value: Value) -> str:
        """What a saved value is called; the next value of a carry is told from the one before."""
        if not value.name:
            return hint(value, self.tree.producer) or kind_of(value, self.tree.producer)
        carried = value in self.body.results and any(arg.name == value.name for arg in self.body.args)
        return f"{value.name}_next" if carried else value.name
