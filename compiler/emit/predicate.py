"""Branches that write elements of arrays, inside loops → stores that write the old element back where the branch is
not taken.

    %b = if %p { %x = upd %a, %v, %i; yield %x } else { yield %a }

becomes

    %old = read %a, %i;  %w = select %p, %v, %old;  %b = upd %a, %w, %i

Loops in a branch get zero trips where it is not taken. XLA up to 0.10 copies the whole array for a branch that writes
it, in each trip of the loop around; later ones do not, but a store is still cheaper than a branch there, and LLVM can
vectorise it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Op, Value, substitute
from hloc.ops.control import For, If, Switch, While
from hloc.ops.elementwise import Add, And, Compare, Maximum, Minimum, Not, Select
from hloc.ops.helpers import constant
from hloc.ops.indexing import Read, Upd, window
from hloc.ops.shape import Constant

EXPENSIVE = 16
"""Cost of an element of an operation that is not cheap, in cheap ones."""


@dataclass(frozen=True)
class Policy:
    """When a branch becomes stores: its work (elements computed) is at most `work`, or a part of what it writes."""

    work: int = 64
    work_per_written_element: float = 0.0


def predicate_stores(function: Function, policy: Policy) -> None:
    """Rewrite the branches in loops of a function whose loops are not canonical yet, in place."""
    _rewrite(function.block, policy, in_loop=False)


def _rewrite(block: Block, policy: Policy, in_loop: bool) -> None:
    for op in block.ops:
        for region in op.regions:
            _rewrite(region, policy, in_loop or op.kind in (For, While))
    if not in_loop:
        return
    old, block.ops = block.ops, []
    renamed: dict[Value, Value] = {}
    for op in old:
        if op.kind in (If, Switch) and _profitable(op, policy):
            branch = _Branch(block, op)
            renamed.update(zip(op.results, branch.flatten(), strict=True))
        else:
            block.ops.append(op)
    substitute(block, renamed)


def _profitable(op: Op, policy: Policy) -> bool:
    roots = [_Roots(region) for region in op.regions]
    written = [_common_root(roots, j) for j in range(len(op.results))]
    arrays = [v for v in written if v is not None]
    if len(set(arrays)) != len(arrays) or not (arrays or op.kind is Switch):
        return False
    if any(root is None and v.type.rank for root, v in zip(written, op.results, strict=True)):
        return False
    works = [_work(region) for region in op.regions]
    limit = max(policy.work, policy.work_per_written_element * sum(v.type.size for v in arrays))
    return all(work is not None for work in works) and sum(work or 0 for work in works) <= limit


class _Roots:
    """For each result of a branch, the array from outside that it is a new version of."""

    def __init__(self, region: Block) -> None:
        previous: dict[Value, Value] = {}
        inside: set[Value] = set()
        for op in region.ops:
            inside.update(op.results)
            previous.update(_versions(op))
        self.results = []
        for value in region.results:
            while value in previous:
                value = previous[value]
            self.results.append(value if value.type.rank and value not in inside else None)


def _versions(op: Op) -> dict[Value, Value]:
    """New versions of arrays that an operation makes → the versions before."""
    if op.kind is Upd:
        return {op.result: op.operands[0]}
    if op.kind is For:
        return dict(zip(op.results, op.operands[1:], strict=True))
    if op.kind is While:
        return dict(zip(op.results[1:], op.operands, strict=True))
    return {}


def _common_root(roots: Sequence[_Roots], j: int) -> Value | None:
    first = roots[0].results[j]
    return first if all(r.results[j] is first for r in roots) else None


def _work(block: Block) -> int | None:
    """Elements computed when a block runs although its branch is not taken; None if it must not."""
    total = 0
    for op in block.ops:
        work = _op_work(op)
        if work is None:
            return None
        total += work
    return total


def _op_work(op: Op) -> int | None:
    if op.kind is Upd:
        return 2 * op.operands[1].type.size
    if op.kind is For:
        return 0
    if op.kind is While:
        return _work(op.regions[0])
    if op.regions or not op.kind.speculatable or not op.kind.pure:
        return None
    if op.kind is Constant:
        return 0
    return max(v.type.size for v in op.results) * (1 if op.kind.cheap else EXPENSIVE)


class _Branch:
    """One `if` or `switch` that is written flat into `block`, branch after branch."""

    def __init__(self, block: Block, op: Op) -> None:
        self.op = op
        self.b = Builder(block, op.span)
        roots = [_Roots(region) for region in op.regions]
        self.roots = [_common_root(roots, j) for j in range(len(op.results))]

    def flatten(self) -> list[Value]:
        """Write all branches; gives the values of the results."""
        preds = self._predicates()
        for pred, region, following in zip(preds, self.op.regions, [*self.op.regions[1:], None], strict=True):
            self._write(region, pred)
            if following is not None:
                versions = zip(self.roots, region.results, strict=True)
                substitute(following, {root: v for root, v in versions if root is not None and root is not v})
        return [self._result(preds, j) for j in range(len(self.op.results))]

    def _predicates(self) -> list[Value]:
        """For each branch, whether it is taken."""
        b, choice, count = self.b, self.op.operands[0], len(self.op.regions)
        if self.op.kind is If:
            return [choice, b.emit(Not, choice)]
        last = constant(b, count - 1, np.int64)
        index = b.emit(Minimum, b.emit(Maximum, choice, constant(b, 0, np.int64)), last)
        return [b.emit(Compare, index, constant(b, j, np.int64), direction="EQ") for j in range(count)]

    def _result(self, preds: Sequence[Value], j: int) -> Value:
        values = [region.results[j] for region in self.op.regions]
        result = values[-1]
        if self.roots[j] is None:
            for pred, value in zip(preds[-2::-1], values[-2::-1], strict=True):
                result = self.b.emit(Select, pred, value, result)
        return result

    def _write(self, region: Block, pred: Value) -> None:
        for op in region.ops:
            if op.kind is Upd:
                self._store(op, pred)
            elif op.kind is For:
                self._counted_loop(op, pred)
            elif op.kind is While:
                self._loop(op, pred)
            else:
                self.b.block.ops.append(op)

    def _store(self, op: Op, pred: Value) -> None:
        array, value, *starts = op.operands
        with self.b.spanned(op.span):
            drop = op.attrs["drop"]
            old = self.b.emit(Read, array, *starts, sizes=window(value.type, drop), drop=drop)
            if op.attrs["mode"] == "add":
                value = self.b.emit(Add, old, value)
            value = self.b.emit(Select, pred, value, old)
        attrs = {**op.attrs, "mode": "set"}
        self.b.block.ops.append(Op(Upd, (array, value, *starts), attrs, (), op.results, op.span))

    def _counted_loop(self, op: Op, pred: Value) -> None:
        count, *inits = op.operands
        with self.b.spanned(op.span):
            count = self.b.emit(Select, pred, count, constant(self.b, 0, np.int64))
        self.b.block.ops.append(Op(For, (count, *inits), op.attrs, op.regions, op.results, op.span))

    def _loop(self, op: Op, pred: Value) -> None:
        cond = op.regions[0]
        cond.results = [Builder(cond, op.span).emit(And, pred, cond.results[0])]
        self.b.block.ops.append(op)
