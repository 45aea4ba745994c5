"""Rules of `fold_constants` for control operations whose course is known.

%r = if true then { A; yield %x } else { … }        → A; uses of %r become %x
%r = if %p then { yield true } else { yield false } → %p
%a = for 0 (%s = %a0) { … }                         → %a0
%a = for 1 (%s = %a0) { ^(%k): B; yield %s1 }       → B with %k = 0 and %s = %a0; uses of %a become %s1
%a = for %n (%s = %a0) { ^(%k): …; yield %s }       uses of %s and %a become %a0: the carry never changes
%n, %a = while (%s = %a0) { yield false } do { … }  → 0, %a0
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hloc.ir.core import Op, Value
from hloc.transform.regions import carries_of, keep_carries, keep_results
from hloc.transform.rewrite import Replacement, Rewriter

Rule = Callable[[Rewriter, Op], Replacement]


def if_(rw: Rewriter, op: Op) -> Replacement:
    """Take the branch that a constant predicate selects."""
    truth = rw.splat_of(op.operands[0])
    return rw.inline(op.regions[0 if truth else 1], ()) if truth is not None else None


def switch(rw: Rewriter, op: Op) -> Replacement:
    """Take the case that a constant index selects, or the only one."""
    index = rw.splat_of(op.operands[0])
    if index is None and len(op.regions) > 1:
        return None
    return rw.inline(op.regions[max(0, min(int(index or 0), len(op.regions) - 1))], ())


def for_(rw: Rewriter, op: Op) -> Replacement:
    """Drop a loop that never runs, open one that runs once, and pass by carries that never change."""
    count, (body,) = rw.splat_of(op.operands[0]), op.regions
    if count is not None and count < 1:
        return op.operands[1:]
    if count == 1:
        zero = rw.constant(np.zeros(()), op.operands[0].type)
        return rw.inline(body, [zero, *op.operands[1:]])
    _pass_by_unchanged(rw, op)
    return None


def while_(rw: Rewriter, op: Op) -> Replacement:
    """Drop a loop whose condition is false, and pass by carries that never change."""
    if rw.splat_of(op.regions[0].results[0]) == np.False_:
        return _not_run(rw, op)
    _pass_by_unchanged(rw, op)
    return None


def while_after(rw: Rewriter, op: Op) -> Replacement:
    """Drop a loop whose condition turned out to be false."""
    return _not_run(rw, op) if rw.splat_of(op.regions[0].results[0]) == np.False_ else None


def _not_run(rw: Rewriter, op: Op) -> Replacement:
    return [rw.constant(np.zeros(()), op.results[0].type), *op.operands]


def _pass_by_unchanged(rw: Rewriter, op: Op) -> None:
    body, inits = op.regions[-1], op.operands[carries_of(op)]
    places = zip(body.args[1:], body.results, inits, strict=True)
    pass_by(rw, op, [not _never_changes(rw, *carry) for carry in places])


def pass_by(rw: Rewriter, op: Op, keep: Sequence[bool]) -> None:
    """Remove the carries of a loop that never change, those not in `keep`; their initial values stand for them."""
    for number, (kept, init) in enumerate(zip(keep, op.operands[carries_of(op)], strict=True)):
        if not kept:
            places = [op.regions[-1].args[number + 1], op.results[number + (op.name == "while")]]
            places += [region.args[number] for region in op.regions[:-1]]
            rw.replace(places, [init] * len(places))
    keep_carries(op, keep)


def _never_changes(rw: Rewriter, arg: Value, yielded: Value, init: Value) -> bool:
    """Whether a carry yields itself, or its initial value again."""
    return yielded is arg or rw.mapping.get(yielded, yielded) is init or same_constant(rw, yielded, init)


def same_constant(rw: Rewriter, one: Value, other: Value) -> bool:
    """Whether two values are constants with the same bits."""
    a, b = rw.constant_of(one), rw.constant_of(other)
    if a is None or b is None or one.type != other.type:
        return False
    return a is b or (a.size <= 64 and a.tobytes() == b.tobytes())


def merge_results(rw: Rewriter, op: Op) -> Replacement:
    """Remove the results of an `if` or `switch` that are the same in all branches, or say just which branch ran."""
    merged = [_merged(rw, op, [region.results[n] for region in op.regions]) for n in range(len(op.results))]
    for result, value in zip(op.results, merged, strict=True):
        if value is not None:
            rw.replace([result], [value])
    keep_results(op, [value is None for value in merged])
    return None


def _merged(rw: Rewriter, op: Op, yielded: list[Value]) -> Value | None:
    first = yielded[0]
    if all(v is first for v in yielded):  # seen from two branches, so defined in neither
        return first
    if all(same_constant(rw, first, v) for v in yielded):
        value = rw.constant_of(first)
        assert value is not None
        return rw.constant(value, first.type)
    if op.name != "if" or first.type != op.operands[0].type:
        return None
    truths = [rw.splat_of(v) for v in yielded]
    if None in truths or truths[0] == truths[1]:
        return None
    return op.operands[0] if truths[0] else rw.emit("not", (op.operands[0],), first.type)


BEFORE: dict[str, Rule] = {"if": if_, "switch": switch, "for": for_, "while": while_}
AFTER: dict[str, Rule] = {"while": while_after, "if": merge_results, "switch": merge_results}
