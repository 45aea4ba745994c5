"""How `analyze_ranges` interprets operations without regions: forms, bounds by operands, decided comparisons."""

from __future__ import annotations

from collections.abc import Callable

from hloc.ir.core import Op, Value
from hloc.transform.identities import NEGATED
from hloc.transform.intervals import BOTH, FALSE, TRUE, Interval, full, multiply, of_array
from hloc.transform.ranges import Ranges


def _constant(r: Ranges, op: Op) -> None:
    r.define(op.result, of_array(op.attrs["value"]))


def _add(r: Ranges, op: Op) -> None:
    forms = r.forms(op)
    r.define_linear(op, forms[0].plus(forms[1], 1 if op.name == "add" else -1) if forms else None)


def _negate(r: Ranges, op: Op) -> None:
    forms = r.forms(op)
    r.define_linear(op, forms[0].scaled(-1) if forms else None)


def _multiply(r: Ranges, op: Op) -> None:
    for x, y in (op.operands, op.operands[::-1]):
        factor = r.range_of(y)
        if factor is not None and factor.single and not y.type.shape and x in r.form:
            r.define_linear(op, r.form[x].scaled(factor.lo))
            return
    r.plain(op)
    if not op.result.type.shape and op.result in r.form:
        for x, y in (op.operands, op.operands[::-1]):
            _bound_product(r, op, x, y)


def _bound_product(r: Ranges, op: Op, x: Value, y: Value) -> None:
    """x * y <= a + c * y where 0 <= x <= floor_divide(a, y) + c and y > 0: steps of unknown width up to a limit."""
    ranges = [r.range_of(x), r.range_of(y)]
    known = [interval for interval in ranges if interval is not None]
    everything = full(op.result.type.dtype)
    if len(known) < 2 or everything is None or known[0].lo < 0 or known[1].lo < 1:
        return
    if not multiply(op, known).within(everything):  # it may wrap
        return
    for factor, bound in r.upper.get(x, ()):
        quotient = r.producers.get(next(iter(bound.terms), x))
        if quotient is None or quotient.name != "floor_divide" or quotient.operands[1] is not y:
            continue
        if factor == 1 and list(bound.terms.values()) == [1]:
            dividend = r.form[quotient.operands[0]]
            r.bound_by(op.result, dividend.plus(r.form[y], bound.constant), above=True)


def _extremum(r: Ranges, op: Op) -> None:
    """`maximum`, `minimum`: one of the operands where the order is known; otherwise a bound by both."""
    r.same.pop(op.result, None)
    forms, least = r.forms(op), op.name == "minimum"
    if forms is None:
        r.plain(op)
        return
    difference = forms[0].plus(forms[1], -1)
    x, y = op.operands if least else op.operands[::-1]
    low, high = r.bounds(difference)
    if high <= 0 or low >= 0:
        chosen = x if high <= 0 else y
        r.same[op.result] = chosen
        r.alias(op.result, chosen)
        return
    r.plain(op)
    for form in forms:
        r.bound_by(op.result, form, above=least)


def _quotient(r: Ranges, op: Op) -> None:
    """`floor_divide` by c > 0: c * result lies in [x - c + 1, x]."""
    x, y = r.range_of(op.operands[0]), r.range_of(op.operands[1])
    r.plain(op)
    if x is None or y is None:
        return
    r.note_sign(op, x, y)
    forms = r.forms(op)
    if forms is not None and y.single and y.lo > 0:
        r.bound_by(op.result, forms[0], above=True, factor=y.lo)
        r.bound_by(op.result, forms[0].shifted(1 - y.lo), above=False, factor=y.lo)


def _modulo(r: Ranges, op: Op) -> None:
    """`floor_mod`: the operand where it is in range; otherwise less than the divisor and not above the operand."""
    x, y, forms = r.range_of(op.operands[0]), r.range_of(op.operands[1]), r.forms(op)
    r.same.pop(op.result, None)
    if x is None or y is None:
        r.plain(op)
        return
    r.note_sign(op, x, y)
    if forms is not None and x.lo >= 0 and y.lo > 0 and r.at_most(forms[0].plus(forms[1], -1)) < 0:
        r.same[op.result] = op.operands[0]
        r.alias(op.result, op.operands[0])
        return
    r.plain(op)
    if forms is not None and y.lo > 0:
        r.bound_by(op.result, forms[1].shifted(-1), above=True)
        if x.lo >= 0:
            r.bound_by(op.result, forms[0], above=True)


def _absolute(r: Ranges, op: Op) -> None:
    x = r.range_of(op.operands[0])
    r.same.pop(op.result, None)
    if x is not None and x.lo >= 0:
        r.same[op.result] = op.operands[0]
        r.alias(op.result, op.operands[0])
    else:
        r.plain(op)


def _same_number(r: Ranges, op: Op) -> None:
    """`convert`, `reshape`, `copy`, `barrier`: the operands, unless a conversion cuts them off."""
    for value, result in zip(op.operands, op.results, strict=True):
        interval, everything = r.range_of(value), full(result.type.dtype)
        if interval is None or everything is None:
            r.define(result, None)
        elif not interval.within(everything) or (result.type.dtype.kind == "b" and not interval.within(BOTH)):
            r.plain(op)
        else:
            r.alias(result, value)


def _compare(r: Ranges, op: Op) -> None:
    x, y = (r.range_of(v) for v in op.operands)
    if x is None or y is None:
        r.define(op.result, None)
        return
    forms = r.forms(op)
    lo, hi = x.lo - y.hi, x.hi - y.lo
    if forms is not None:
        difference = forms[0].plus(forms[1], -1)
        lo, hi = Interval(lo, hi).meet(r.bounds(difference))
    r.define(op.result, _decide(op.attrs["direction"], lo, hi))


def _decide(direction: str, lo: int, hi: int) -> Interval:
    """Whether x <direction> y, when x - y lies in [lo, hi]."""
    if direction in ("NE", "GE", "GT"):
        opposite = _decide(NEGATED[direction], lo, hi)
        return Interval(1 - opposite.hi, 1 - opposite.lo)
    if direction == "EQ":
        return TRUE if lo == hi == 0 else FALSE if lo > 0 or hi < 0 else BOTH
    limit = -1 if direction == "LT" else 0
    return TRUE if hi <= limit else FALSE if lo > limit else BOTH


def _select(r: Ranges, op: Op) -> None:
    """The arms, each as it is known when it is taken."""
    pred, x, y = op.operands
    known = r.range_of(pred)
    if known is not None and known.single:
        r.alias(op.result, x if known.lo else y)
        return
    arms = []
    for value, truth in ((x, True), (y, False)):
        mark = len(r.trail)
        r.assume(pred, truth)
        arms.append(r.range_of(value))
        r.undo(mark)
    r.define(op.result, arms[0].hull(arms[1]) if arms[0] and arms[1] else None)


RULES: dict[str, Callable[[Ranges, Op], None]] = {
    "constant": _constant,
    "add": _add,
    "subtract": _add,
    "negate": _negate,
    "multiply": _multiply,
    "maximum": _extremum,
    "minimum": _extremum,
    "floor_divide": _quotient,
    "floor_mod": _modulo,
    "abs": _absolute,
    "convert": _same_number,
    "reshape": _same_number,
    "copy": _same_number,
    "barrier": _same_number,
    "compare": _compare,
    "select": _select,
}
