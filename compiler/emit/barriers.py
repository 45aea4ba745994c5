"""Barriers that let XLA update arrays in place.

XLA writes an array in place when no one reads its old version afterwards. A scalar read from the old version may be
computed again where it is used, after the write, unless a barrier fixes the order; XLA then copies the whole array,
in each trip:

    %x = read %a, %i                          %x = read %a, %i
    %b = upd %a, %v, %i             →         %x2, %a2 = barrier %x, %a
    yield %x, %b                              %b = upd %a2, %v, %i;  yield %x2, %b

A store whose result is read again in the block is followed by a barrier, else XLA stores a second time for the read.
Values that feed nothing but the written value need no barrier (one would keep LLVM from vectorising). Branches that
write an array of the blocks around them begin with a barrier on it. A loop body never yields the result of a branch
directly: XLA reads the branch index as invariant there, and has looped for ever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from hloc.emit.loops import Loop
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Op, Value, free_values, substitute
from hloc.ops.control import Call, If, Switch
from hloc.ops.elementwise import Barrier
from hloc.ops.indexing import Scatter, Upd


def insert_barriers(function: Function) -> None:
    """Put the barriers above into a function whose loops are canonical, in place."""
    _rewrite(function.block)


def written_arrays(op: Op) -> list[Value]:
    """Arrays that an operation would update in place: their old version has no buffer afterwards."""
    if op.kind in (Upd, Scatter):
        return [op.operands[0]]
    if op.kind is Loop:
        body = op.regions[1]
        carried = zip(op.operands, body.args, body.results, strict=True)
        return [init for init, arg, result in carried if init.type.rank and arg is not result]
    if op.kind is Call:
        results = {v.type for v in op.results}
        return [v for v in op.operands if v.type.rank and v.type in results]
    if op.kind in (If, Switch):
        return list(dict.fromkeys(v for region in op.regions for v in _written_outside(region)))
    return []


def _written_outside(block: Block) -> list[Value]:
    """Arrays from outside a block that it updates."""
    free = set(free_values(block))
    return [v for op in block.ops for v in written_arrays(op) if v in free]


def reads(op: Op) -> set[Value]:
    """All values an operation reads, those that its regions capture included."""
    return set(op.operands).union(*(free_values(region) for region in op.regions))


def insert_entry_barrier(region: Block, values: Sequence[Value]) -> None:
    """Make a block use barriered versions of values from outside."""
    if not values:
        return
    head = Block()
    fresh = Builder(head, region.ops[0].span).emit_many(Barrier, *values)
    substitute(region, dict(zip(values, fresh, strict=True)))
    region.ops = head.ops + region.ops


def _rewrite(block: Block) -> None:
    for op in block.ops:
        for region in op.regions:
            _rewrite(region)
        if op.kind in (If, Switch):
            for region in op.regions:
                insert_entry_barrier(region, list(dict.fromkeys(_written_outside(region))))
        if op.kind is Loop:
            _separate_branch_results(op.regions[1])
    _Isolation(block).run()


def _separate_branch_results(body: Block) -> None:
    """Put a barrier between the results of branches and the end of a loop body."""
    branches = {v: op for op in body.ops if op.kind in (If, Switch) for v in op.results}
    values = [v for v in dict.fromkeys(body.results) if v in branches]
    if values:
        fresh = Builder(body, branches[values[-1]].span).emit_many(Barrier, *values)
        renamed = dict(zip(values, fresh, strict=True))
        body.results = [renamed.get(v, v) for v in body.results]


class _Isolation:
    """Puts a barrier before each write of a block, over the live values that depend on reads of the old version.

    `renamed` maps a value to its barriered version; everything else speaks of the values as they were.
    """

    def __init__(self, block: Block) -> None:
        self.block = block
        self.reads = [reads(op) for op in block.ops]
        self.last_use = {v: position for position, used in enumerate(self.reads) for v in used}
        self.last_use.update((v, len(block.ops)) for v in block.results)
        self.uses = Counter(v for used in self.reads for v in used)
        self.renamed: dict[Value, Value] = {}

    def run(self) -> None:
        old, self.block.ops = self.block.ops, []
        for position, op in enumerate(old):
            for array in written_arrays(op):
                live = self._live_readers(old, position, array)
                if live:
                    self._insert(op, [*live, array])
            self._append(op)
            if op.kind in (Upd, Scatter) and self.uses.get(op.result, 0) > 1:
                self._insert(op, [op.result])
        self.block.results = [self.renamed.get(v, v) for v in self.block.results]

    def _live_readers(self, ops: Sequence[Op], position: int, array: Value) -> list[Value]:
        """Values computed from reads of `array` before `position` that are used there or later, in order.

        None if all of them are used there and nowhere else.
        """
        tainted = {array: None}
        for op, used in zip(ops[:position], self.reads, strict=False):
            if not used.isdisjoint(tainted):
                tainted.update((v, None) for v in op.results)
        del tainted[array]
        outlives = any(self.last_use.get(v, -1) > position for v in tainted)
        return [v for v in tainted if outlives and self.last_use.get(v, -1) >= position]

    def _insert(self, op: Op, values: Iterable[Value]) -> None:
        values = list(dict.fromkeys(values))
        current = [self.renamed.get(v, v) for v in values]
        fresh = Builder(self.block, op.span).emit_many(Barrier, *current)
        self.renamed.update(zip(values, fresh, strict=True))

    def _append(self, op: Op) -> None:
        op.operands = tuple(self.renamed.get(v, v) for v in op.operands)
        for region in op.regions:
            substitute(region, self.renamed)
        self.block.ops.append(op)
