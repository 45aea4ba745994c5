"""What is known of the integers of a function: definitions, and assumptions with what follows from them.

assume(%c) for %c = and %p, %q; %p = compare LT %i, %n; %q = not %f      i - n <= -1, f is false
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

from hloc.ir.core import Function, Op, Value, walk
from hloc.transform.identities import FLIPPED, NEGATED
from hloc.transform.intervals import ELEMENTS_OF, FALSE, TRANSFER, TRUE, Interval, fitting, full
from hloc.transform.linear import Facts, Linear


class Ranges(Facts):
    """What is known of the values of a function, and how it is entered.

    Fields:
        producers: the op that defines a value.
        nonnegative: the floor_divide and floor_mod operations whose operands are >= 0 and > 0.
        same: results that equal one of the operands of their operation.
        calls: call → the function, and the intervals of the arguments.
    """

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.producers = {v: op for op in walk(function.block) for v in op.results}
        self.nonnegative: set[Op] = set()
        self.same: dict[Value, Value] = {}
        self.calls: dict[Op, tuple[str, list[Interval | None]]] = {}

    def define(self, value: Value, interval: Interval | None, form: Linear | None = None) -> None:
        """Define a value by an interval (cut to its type) and, for a scalar that does not wrap, a form."""
        interval = fitting(interval, value.type.dtype)
        if interval is None:
            return
        if form is None or value.type.shape or interval.single:
            self.make_atom(value, interval)
            return
        self.interval[value], self.form[value] = interval, form
        self.interval[value] = self.range_of(value) or interval

    def plain(self, op: Op) -> None:
        """An operation whose result's interval follows from the intervals of its operands."""
        if op.name in ELEMENTS_OF:
            operands: Sequence[Value] = [op.operands[n] for n in ELEMENTS_OF[op.name]]
            known = op.attrs.get("mode", "set") == "set"
            self.define(op.result, self.hull(operands) if known else None)
            return
        transfer = TRANSFER.get(op.name)
        ranges = [] if op.name in ("argmax", "argmin") else [self.range_of(v) for v in op.operands]
        arguments = [r for r in ranges if r is not None]
        if transfer is None or len(arguments) < len(ranges):
            for result in op.results:
                self.define(result, None)
            return
        self.define(op.result, transfer(op, arguments))

    def note_sign(self, op: Op, x: Interval, y: Interval) -> None:
        """Remember whether a division needs no care for signs."""
        if x.lo >= 0 and y.lo > 0:
            self.nonnegative.add(op)
        else:
            self.nonnegative.discard(op)

    def hull(self, values: Sequence[Value]) -> Interval | None:
        """The interval that holds all of some values."""
        result: Interval | None = None
        for value in values:
            interval = self.range_of(value)
            if interval is None:
                return None
            result = interval if result is None else result.hull(interval)
        return result

    def forms(self, op: Op) -> list[Linear] | None:
        """The forms of all operands; None when one has none."""
        forms = [self.form[v] for v in op.operands if v in self.form and not v.type.shape]
        return forms if len(forms) == len(op.operands) else None

    def define_linear(self, op: Op, form: Linear | None) -> None:
        """The result of exact arithmetic is `form`, unless that may leave the type."""
        if form is None:
            self.plain(op)
            return
        interval = self.numeric(form)
        everything = full(op.result.type.dtype)
        if everything is not None and not interval.within(everything):
            interval = self.bounds(form)
            if not interval.within(everything):
                self.define(op.result, None)
                return
        self.define(op.result, interval, form)

    def alias(self, result: Value, value: Value) -> None:
        """The result is the same number as another value."""
        self.define(result, self.range_of(value), self.form.get(value))

    def bound_by(self, result: Value, form: Linear, *, above: bool, factor: int = 1) -> None:
        """Attach a bound to an atom just defined: factor * result <= form, or >= form."""
        if self.form[result].terms == {result: 1} and result not in form.terms:
            (self.upper if above else self.lower).setdefault(result, []).append((factor, form))

    def assume(self, value: Value, truth: bool) -> None:
        """Assume that a bool is true or false, and what follows for the values it was computed from; until `undo`."""
        pending = [(value, truth)]
        while pending:
            value, truth = pending.pop()
            if value.type.shape or self.interval[value].single:
                continue
            self.refine(value, TRUE if truth else FALSE)
            pending += [
                (atom, truth)
                for atom in self.form[value].terms
                if atom is not value and self.form[value].same(Linear({atom: 1}))
            ]
            op = self.producers.get(value)
            if op is None:
                continue
            if op.name == "not":
                pending.append((op.operands[0], not truth))
            elif op.name in ("and", "or"):
                decisive = TRUE if op.name == "and" else FALSE
                if truth == (op.name == "and"):
                    pending += [(v, truth) for v in op.operands]
                else:
                    x, y = op.operands
                    pending += [(v, truth) for v, other in ((x, y), (y, x)) if self.interval[other] == decisive]
            elif op.name == "compare":
                self.assume_compare(op, truth)
            elif op.name == "if":
                pending += self.branch_taken(op, value, truth)

    def branch_taken(self, op: Op, value: Value, truth: bool) -> list[tuple[Value, bool]]:
        """What holds when a result of an `if` is `truth`, and only one branch can give that."""
        opposite, number = (FALSE if truth else TRUE), op.results.index(value)
        yielded = [region.results[number] for region in op.regions]
        possible = [n for n, v in enumerate(yielded) if self.interval[v] != opposite]
        if len(possible) != 1:
            return []
        (branch,) = possible
        return [(op.operands[0], branch == 0), (yielded[branch], truth)]

    def assume_compare(self, op: Op, truth: bool) -> None:
        forms, direction = self.forms(op), op.attrs["direction"]
        if forms is None:
            return
        difference = forms[0].plus(forms[1], -1)
        if not truth:
            direction = NEGATED[direction]
        if direction in ("GT", "GE"):
            direction, difference = FLIPPED[direction], difference.scaled(-1)
        if direction in ("LT", "LE", "EQ"):
            self.assume_at_most(difference, -1 if direction == "LT" else 0)
        if direction == "EQ":
            self.assume_at_most(difference.scaled(-1), 0)
        elif direction == "NE" and self.at_most(difference) == 0:
            self.assume_at_most(difference, -1)
        elif direction == "NE" and self.at_least(difference) == 0:
            self.assume_at_most(difference.scaled(-1), -1)
        if direction in ("LT", "LE", "EQ"):
            for operand in op.operands:
                self.assume_square(operand)

    def assume_square(self, value: Value) -> None:
        """Where value is x * x and that does not wrap: |x| is at most the root of what bounds it."""
        op, everything = self.producers.get(value), full(value.type.dtype)
        if op is None or op.name != "multiply" or op.operands[0] is not op.operands[1] or value.type.shape:
            return
        root, square = self.range_of(op.operands[0]), self.range_of(value)
        if everything is None or root is None or square is None or max(-root.lo, root.hi) ** 2 > everything.hi:
            return
        form = self.form[op.operands[0]]
        self.assume_at_most(form, isqrt(max(square.hi, 0)))
        self.assume_at_most(form.scaled(-1), isqrt(max(square.hi, 0)))
