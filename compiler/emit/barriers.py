"""Barriers that let XLA update arrays in place.

XLA writes an array in place when no one reads its old version afterwards. What is read from the old version may be
computed again where it is used, after the write, unless a barrier fixes it; XLA then copies the whole array, in each
trip. So values read from the old version that outlive the write get a barrier, and the write waits for them
(hloc.emit.never):

    %x = read %a, %i                          %x = read %a, %i;  %x2 = barrier %x
    %b = upd %a, %v, %i             →         %v2 = select (never %x2), 85, %v
    yield %x, %b                              %b = upd %a, %v2, %i;  yield %x2, %b

Values that feed nothing but the written value need none (one would keep LLVM from vectorising). Writes move down to
their first use, so that few values outlive them. Loops and branches that write an array have no written value to
delay: there the barrier takes in the array, too. A store whose result is read again in the block is followed by a
barrier, else XLA stores a second time for the read. Branches that write an array of the blocks around them begin with
a barrier on it. A loop body never yields the result of a branch directly: XLA reads the branch index as invariant
there, and has looped for ever.

The attribute `keep` marks the barriers that fusion must not undo in loops, `once` those that it must not undo anywhere
(see hloc.emit.keep).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from hloc.emit.broadcasts import keep_broadcasts
from hloc.emit.loops import Loop
from hloc.emit.never import Never
from hloc.emit.windows import writes_from_shifted_windows
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Op, Value, free_values, substitute
from hloc.ops.control import Call, If, Switch
from hloc.ops.elementwise import Barrier
from hloc.ops.indexing import Read, Scatter, Upd

SMALL_WINDOW = 16
"""Elements of the largest written value that waits as such; for a larger one the first start index waits."""


def insert_barriers(function: Function, *, broadcasts: bool = True) -> None:
    """Put the barriers above, and those of broadcasts, into a function whose loops are canonical, in place."""
    _rewrite(function.block)
    if broadcasts:
        keep_broadcasts(function)


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


def reads(op: Op) -> set[Value]:
    """All values an operation reads, those that its regions capture included."""
    return set(op.operands).union(*(free_values(region) for region in op.regions))


def _written_outside(block: Block) -> list[Value]:
    """Arrays from outside a block that it updates."""
    free = set(free_values(block))
    return [v for op in block.ops for v in written_arrays(op) if v in free]


def _rewrite(block: Block) -> None:
    for op in block.ops:
        for region in op.regions:
            _rewrite(region)
        if op.kind in (If, Switch):
            for region in op.regions:
                _insert_entry_barrier(region, list(dict.fromkeys(_written_outside(region))))
        if op.kind is Loop:
            _separate_branch_results(op.regions[1])
    _sink_stores(block)
    _fix_reads(block)
    _Isolation(block).run()


def _insert_entry_barrier(region: Block, values: Sequence[Value]) -> None:
    """Make a block use barriered versions of values from outside."""
    if not values:
        return
    head = Block()
    fresh = Builder(head, region.ops[0].span).emit_many(Barrier, *values, keep=True)
    substitute(region, dict(zip(values, fresh, strict=True)))
    region.ops = head.ops + region.ops


def _separate_branch_results(body: Block) -> None:
    """Put a barrier between the results of branches and the end of a loop body."""
    branches = {v: op for op in body.ops if op.kind in (If, Switch) for v in op.results}
    values = [v for v in dict.fromkeys(body.results) if v in branches]
    if values:
        fresh = Builder(body, branches[values[-1]].span).emit_many(Barrier, *values)
        renamed = dict(zip(values, fresh, strict=True))
        body.results = [renamed.get(v, v) for v in body.results]


def _sink_stores(block: Block) -> None:
    """Move each store down to just before the first operation that uses its result.

    At the end of the block the stores to one array stand together, first those to arrays that the block has written
    already. So a store to another array that waits for such an array (hloc.emit.never reads an element of it) waits for
    its last version, which nothing overwrites.
    """
    pending: dict[Value, Op] = {}
    ops: list[Op] = []

    def place(used: Iterable[Value]) -> None:
        for value in [v for v in pending if v in used]:
            if value in pending:
                store = pending.pop(value)
                place(set(store.operands))
                ops.append(store)

    for op in block.ops:
        if op.kind is Upd:
            pending[op.result] = op
        else:
            place(reads(op))
            ops.append(op)
    consumed = {v for store in pending.values() for v in store.operands}
    last = [v for v in pending if v not in consumed]
    made = {v for op in ops for v in op.results}
    for value in sorted(last, key=lambda v: _stored_array(v, pending) not in made):
        place([value])
    block.ops = ops


def _stored_array(value: Value, stores: dict[Value, Op]) -> Value:
    """The array before a chain of stores."""
    while value in stores:
        value = stores[value].operands[0]
    return value


def _fix_reads(block: Block) -> None:
    """Put barriers on what is read where that takes fewer than barriers on what is computed from it."""
    isolation = _Isolation(block)
    outliving: dict[Value, None] = {}
    for position, op in enumerate(block.ops):
        if op.kind is Upd:
            tainted = isolation._tainted(block.ops, position, op.operands[0])
            outliving.update((v, None) for v in tainted if isolation.last_use[v] > position)
    written = {op.operands[0] for op in block.ops if op.kind is Upd}
    sources = [op for op in block.ops if op.kind is Read and op.operands[0] in written and op.result.type.size <= 1]
    if len(sources) >= len(outliving):
        return
    renamed: dict[Value, Value] = {}
    old, block.ops = block.ops, []
    for op in old:
        op.operands = tuple(renamed.get(v, v) for v in op.operands)
        for region in op.regions:
            substitute(region, renamed)
        block.ops.append(op)
        if op in sources:
            (renamed[op.result],) = Builder(block, op.span).emit_many(Barrier, op.result, keep=True)
    block.results = [renamed.get(v, v) for v in block.results]


class _Isolation:
    """Treats the writes of a block. `renamed` maps values to their barriered versions; all else speaks of the old."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.never = Never(Builder(block))
        self.reads = [reads(op) for op in block.ops]
        self.last_use = {v: position for position, used in enumerate(self.reads) for v in used}
        self.last_use.update((v, len(block.ops)) for v in block.results)
        self.first_use = {v: p for p, used in reversed(list(enumerate(self.reads))) for v in used}
        self.uses = Counter(v for used in self.reads for v in used)
        self.renamed: dict[Value, Value] = {}
        self.barriered = {v for op in block.ops if op.kind is Barrier for v in op.results}
        self.last_use.update(self._last_uses_through())

    def run(self) -> None:
        old, self.block.ops = self.block.ops, []
        for position, op in enumerate(old):
            for array in written_arrays(op):
                if writes_from_shifted_windows(old, position, array):
                    self._insert(op, [op.operands[1]])
                self._isolate(op, array, self._tainted(old, position, array), position)
            self._append(op)
            if op.kind in (Upd, Scatter) and self.uses[op.result] > 1:
                self._insert(op, [op.result])
        self.block.results = [self._now(v) for v in self.block.results]

    def _last_uses_through(self) -> dict[Value, int]:
        """The last uses of what barriers fix, by anything that is computed from it.

        Also by a store to another array: a store to the one that was read must follow the read by its operands, else
        XLA takes it that it may come first, and copies.
        """
        last = dict.fromkeys(self.block.results, len(self.block.ops))
        for position, op in reversed(list(enumerate(self.block.ops))):
            end = max([position, *(last.get(v, 0) for v in op.results)])
            last.update((v, max(end, last.get(v, 0))) for v in self.reads[position])
        return {v: last[v] for v in self.barriered if v in last}

    def _now(self, value: Value) -> Value:
        return self.renamed.get(value, value)

    def _tainted(self, ops: Sequence[Op], position: int, array: Value) -> list[Value]:
        """Values computed from reads of `array` before `position` that are used there or later, in order."""
        tainted = {array: None}
        start = self.first_use[array]
        fixed: set[Value] = set()
        for op, used in zip(ops[start:position], self.reads[start:position], strict=True):
            if not used.isdisjoint(tainted.keys() - fixed):
                tainted.update((v, None) for v in op.results)
                if op.kind is Barrier:
                    fixed.update(op.results)
        return [v for v in tainted if v is not array and self.last_use.get(v, -1) >= position]

    def _isolate(self, op: Op, array: Value, tainted: Sequence[Value], position: int) -> None:
        live = [v for v in tainted if self.last_use[v] > position]
        if live and op.kind is Upd:
            for value in live:
                if value not in self.barriered and value not in self.renamed:
                    self._insert(op, [value])
            self._delay(op, live)
            self.reads[position].update(live)  # a later write of one of them must wait for this store
        elif live:
            self._insert(op, [*tainted, array])

    def _delay(self, op: Op, live: Sequence[Value]) -> None:
        """Make a store wait for values that were read before it."""
        self.never.b.span = op.span
        which = 1 if op.operands[1].type.size <= SMALL_WINDOW else 2
        operands = list(map(self._now, op.operands))
        operands[which] = self.never.wait(operands[which], [self._now(v) for v in live])
        op.operands = tuple(operands)

    def _insert(self, op: Op, values: Sequence[Value]) -> None:
        values = list(dict.fromkeys(values))
        fresh = Builder(self.block, op.span).emit_many(Barrier, *map(self._now, values), keep=True)
        self.renamed.update(zip(values, fresh, strict=True))

    def _append(self, op: Op) -> None:
        op.operands = tuple(map(self._now, op.operands))
        for region in op.regions:
            substitute(region, self.renamed)
        self.block.ops.append(op)
