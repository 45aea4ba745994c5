"""Tuning of loops for XLA:CPU: scalars that a loop carries stay in registers. Results do not depend on it.

XLA keeps each carried value in a slot of memory and copies a scalar when its slot is written while the old value is
still to be read; LLVM can take neither the copy nor the slot apart. So (T1) the new values are ordered: each is
written after the last read of the old one, by a false dependence on those that read it,

    %s2 = barrier %s1;  %never = compare.LT %s2, %s2;  %i2 = select %never, 0, %i1;  yield %i2, %s2

which LLVM folds and XLA does not. Values that wait for each other in a circle are computed to temporaries first,
which the loop carries, too. And (T2) the condition mentions every carried scalar and every written array in the same
way, so that its result is known not to overlap them. Both rely on how these versions of XLA and LLVM simplify; see
hloc.emit.prepare for where they apply.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hloc.diagnostics.span import NOWHERE, Span
from hloc.emit.barriers import reads
from hloc.emit.loops import Loop
from hloc.emit.never import Never
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Op, Value, free_values, walk
from hloc.ops.elementwise import Barrier, Or
from hloc.ops.helpers import constant
from hloc.ops.shape import Constant

THUNK_ONLY = frozenset({"scatter", "sort", "dot_general", "cholesky", "triangular_solve", "lu"})
"""Operations that XLA:CPU runs outside native loops; loops around them gain nothing here."""


def tune_loops(function: Function) -> None:
    """Apply T1 and T2 to every loop of a function whose loops are canonical, in place."""
    _tune(function.block)


def _tune(block: Block) -> None:
    old, block.ops = block.ops, []
    for op in old:
        for region in op.regions:
            _tune(region)
        if op.kind is Loop and not any(o.name in THUNK_ONLY for o in walk(op.regions[1])):
            _tune_loop(Builder(block, op.span), op)
        block.ops.append(op)


def _tune_loop(b: Builder, op: Op) -> None:
    """`b` builds before the loop."""
    cond, body = op.regions
    captured = free_values(body)
    temporaries = _Commit(body).run()
    for barrier in body.ops:
        if barrier.kind is Barrier and barrier.attrs.get("keep") is True:
            temporaries += [v for v in barrier.results if not v.type.rank]
    for value in dict.fromkeys(temporaries):
        if value not in body.results:
            _carry(b, op, value)
    _mention(cond, body, captured)


def _carry(b: Builder, op: Op, value: Value) -> None:
    """Give a temporary of the body a slot of its own: XLA then computes it once, and LLVM knows what it overlaps."""
    for region in op.regions:
        region.add_arg(value.type)
    op.regions[1].results.append(value)
    op.operands = (*op.operands, constant(b, 0, value.type.dtype))
    op.results = (*op.results, Value(value.type))


def _mention(cond: Block, body: Block, captured: Sequence[Value]) -> None:
    """T2: make the condition depend, in form, on what the body carries, writes and captures."""
    changed = zip(cond.args, body.args, body.results, strict=True)
    values = [c for c, arg, result in changed if not c.type.rank or arg is not result]
    values += [v for v in captured if not v.type.rank]
    never = Never(Builder(cond, end_span(cond)))
    for value in values:
        if value.type.size and value is not cond.results[0]:
            cond.results = [never.b.emit(Or, cond.results[0], never(value))]


def end_span(block: Block) -> Span:
    """The place of the last operation of a block."""
    return block.ops[-1].span if block.ops else NOWHERE


class _Commit:
    """T1 for one loop body: gives the carried values their final form in an order that needs no copies.

    Slots are positions in the carry; `done` maps a slot to a value that is there once the slot's new value has been
    computed. Counters, which depend on themselves alone, come last.
    """

    def __init__(self, body: Block) -> None:
        self.body = body
        self.b = Builder(body, end_span(body))
        self.never = Never(self.b)
        self.made_by = {v: op for op in body.ops for v in op.results}
        self.depends = [self._carried_inputs(v) for v in body.results]
        self.done: dict[int, Value] = {}
        self.temporaries: list[Value] = []

    def run(self) -> list[Value]:
        """Rewrite the body; gives the temporaries."""
        slots = [j for j, (a, r) in enumerate(zip(self.body.args, self.body.results, strict=True)) if a is not r]
        if len(slots) < 2 and not any(self._needs_copy(j) for j in slots):
            return []
        alone = [j for j in reversed(slots) if not self._rank(j) and self.depends[j] <= {j}]
        waiting = sorted((j for j in slots if j not in alone), key=self._rank, reverse=True)
        while waiting:
            ready = [j for j in waiting if not self._readers(j, waiting)]
            if ready:
                waiting.remove(ready[0])
                self._commit(ready[0], slots)
            else:
                self._compute_first(waiting)
        for j in alone:
            self._commit(j, slots)
        return self.temporaries

    def _carried_inputs(self, value: Value) -> set[int]:
        """Slots whose old value the new value is computed from."""
        slot = {v: j for j, v in enumerate(self.body.args)}
        seen: set[Value] = set()
        pending = [value]
        while pending:
            v = pending.pop()
            if v not in seen:
                seen.add(v)
                pending += reads(self.made_by[v]) if v in self.made_by else ()
        return {slot[v] for v in seen if v in slot}

    def _rank(self, j: int) -> int:
        return self.body.args[j].type.rank

    def _readers(self, j: int, slots: Iterable[int]) -> list[int]:
        """Slots, not computed yet, whose new value reads the old value of slot j. Arrays have barriers instead."""
        if self._rank(j):
            return []
        return [i for i in slots if i != j and i not in self.done and j in self.depends[i] and not self._together(i, j)]

    def _together(self, i: int, j: int) -> bool:
        """Both slots are updated by one inner loop, in place."""
        op = self.made_by.get(self.body.results[i])
        return op is not None and op.kind is Loop and op is self.made_by.get(self.body.results[j])

    def _needs_copy(self, j: int) -> bool:
        """The new value is no fresh one: XLA would copy it into the slot."""
        value = self.body.results[j]
        op = self.made_by.get(value)
        shared = self.body.results.index(value) != j
        return not self._rank(j) and (op is None or op.kind is Constant or shared)

    def _commit(self, j: int, slots: Sequence[int]) -> None:
        value = self.body.results[j]
        if not self._rank(j):
            readers = [i for i in slots if i != j and j in self.depends[i] and not self._together(i, j)]
            waits = [self.done[i] for i in readers]
            if not waits and self._needs_copy(j):
                waits = [self.body.args[j]]
            value = self.never.wait(value, waits)
        self.body.results[j] = self.done[j] = self.b.emit(Barrier, value)

    def _compute_first(self, waiting: Sequence[int]) -> None:
        """Break a circle: compute the new value of one slot to a temporary."""
        scalars = [j for j in waiting if j not in self.done and not self._rank(j)]
        fresh = [j for j in scalars if not self._needs_copy(j)]
        j = (fresh or scalars)[0]
        value = self.body.results[j]
        if self._is_temporary(value):
            self.done[j] = value
            return
        if not fresh:
            value = self.never.wait(value, [self.body.args[j]])
        self.body.results[j] = self.done[j] = self.b.emit(Barrier, value, keep=True)
        self.temporaries.append(self.done[j])

    def _is_temporary(self, value: Value) -> bool:
        """A barrier gives a value a slot of its own already; two slots for one value would be a copy."""
        op = self.made_by.get(value)
        return op is not None and op.kind is Barrier and op.attrs.get("keep") is True
