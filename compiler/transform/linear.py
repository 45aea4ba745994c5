"""Linear forms over integer SSA values, and what is known of these values: intervals and bounds relative to each other.

    for %i < 100:  for %k < 99 - %i:  %j = %i + 1 + %k        form of %j: i + k + 1
    known: k <= 98 - i, so j = i + k + 1 <= 99

A value whose computation may wrap has no form but itself (an atom). Bounds are attached to the newest atom they
mention and speak of older ones, so that putting them in, newest first, ends (Fourier-Motzkin elimination with one
atom at a time).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hloc.ir.core import Value
from hloc.transform.intervals import Interval

_MOST_STEPS = 24
"""Eliminations tried for one question; more would be exponential in deep nests."""
_MOST_BOUNDS = 4


@dataclass(frozen=True, eq=False, slots=True)
class Linear:
    """sum of coefficient * atom, plus a constant; no coefficient is zero. An exact integer, it never wraps."""

    terms: dict[Value, int] = field(default_factory=dict)
    constant: int = 0

    def plus(self, other: Linear, scale: int = 1) -> Linear:
        """self + scale * other."""
        terms = dict(self.terms)
        for atom, coefficient in other.terms.items():
            total = terms.get(atom, 0) + scale * coefficient
            if total:
                terms[atom] = total
            else:
                terms.pop(atom, None)
        return Linear(terms, self.constant + scale * other.constant)

    def shifted(self, offset: int) -> Linear:
        return Linear(self.terms, self.constant + offset)

    def scaled(self, scale: int) -> Linear:
        return Linear().plus(self, scale) if scale else Linear()

    def without(self, atom: Value) -> Linear:
        return Linear({a: c for a, c in self.terms.items() if a is not atom}, self.constant)

    def same(self, other: Linear) -> bool:
        return self.constant == other.constant and self.terms == other.terms


@dataclass(eq=False)
class Facts:
    """What is known at one point of a program.

    Fields:
        interval: of every integer and bool value that was met.
        form: of scalar integers, in atoms that are defined no later.
        order: place of definition of a value in the program.
        upper, lower: atom → bounds (c, form), c > 0: c * atom <= form, c * atom >= form.
        trail: how to take back what was assumed, the latest last.
    """

    interval: dict[Value, Interval] = field(default_factory=dict)
    form: dict[Value, Linear] = field(default_factory=dict)
    order: dict[Value, int] = field(default_factory=dict)
    upper: dict[Value, list[tuple[int, Linear]]] = field(default_factory=dict)
    lower: dict[Value, list[tuple[int, Linear]]] = field(default_factory=dict)
    trail: list[tuple[Value, Interval | None, list[tuple[int, Linear]] | None]] = field(default_factory=list)

    def make_atom(self, value: Value, interval: Interval) -> None:
        """Define a value of which only an interval is known."""
        self.interval[value] = interval
        self.upper.pop(value, None)
        self.lower.pop(value, None)
        self.form[value] = Linear({}, interval.lo) if interval.single else Linear({value: 1})

    def range_of(self, value: Value) -> Interval | None:
        """The interval of a value, from all that is known now; None for values that are no integers."""
        interval, form = self.interval.get(value), self.form.get(value)
        if interval is None or interval.single or form is None:
            return interval
        return interval.meet(self.bounds(form))

    def bounds(self, form: Linear) -> Interval:
        """The interval of a form, from all that is known now."""
        if len(form.terms) < 2 and not any(atom in self.upper or atom in self.lower for atom in form.terms):
            return self.numeric(form)
        return Interval(self.at_least(form), self.at_most(form))

    def numeric(self, form: Linear) -> Interval:
        """The interval of a form from the intervals of its atoms alone."""
        lo = hi = form.constant
        for atom, coefficient in form.terms.items():
            interval = self.interval[atom]
            lo += coefficient * (interval.lo if coefficient > 0 else interval.hi)
            hi += coefficient * (interval.hi if coefficient > 0 else interval.lo)
        return Interval(lo, hi)

    def at_least(self, form: Linear) -> int:
        return -self.at_most(form.scaled(-1))

    def at_most(self, form: Linear) -> int:
        """The least upper bound of a form that is found by putting in bounds, newest atom first."""
        steps = _MOST_STEPS

        def bound(form: Linear) -> int:
            nonlocal steps
            best = self.numeric(form).hi
            steps -= 1
            if not form.terms or steps < 0:
                return best
            atom = max(form.terms, key=self.order.__getitem__)
            coefficient, rest = form.terms[atom], form.without(atom)
            for factor, known in (self.upper if coefficient > 0 else self.lower).get(atom, ())[-_MOST_BOUNDS:]:
                if coefficient % factor == 0:
                    best = min(best, bound(rest.plus(known, coefficient // factor)))
            if len(form.terms) > 1:
                interval = self.interval[atom]
                extreme = coefficient * (interval.hi if coefficient > 0 else interval.lo)
                best = min(best, extreme + bound(rest))
            return best

        return bound(form)

    def refine(self, value: Value, interval: Interval) -> None:
        """Assume that a value lies in an interval, until `undo`."""
        before = self.interval[value]
        after = before.meet(interval)
        if after != before:
            self.trail.append((value, before, None))
            self.interval[value] = after

    def assume_at_most(self, form: Linear, limit: int) -> None:
        """Assume form <= limit, until `undo`: for the interval of each atom, and as a bound of the newest one."""
        lowest = self.numeric(form).lo
        for atom, coefficient in form.terms.items():
            interval = self.interval[atom]
            own = coefficient * (interval.lo if coefficient > 0 else interval.hi)
            room = (limit - (lowest - own)) // abs(coefficient)
            self.refine(atom, Interval(interval.lo, room) if coefficient > 0 else Interval(-room, interval.hi))
        if len(form.terms) > 1:
            atom = max(form.terms, key=self.order.__getitem__)
            self._attach(atom, form.terms[atom], form.without(atom).shifted(-limit))

    def _attach(self, atom: Value, coefficient: int, rest: Linear) -> None:
        """Note that coefficient * atom + rest <= 0."""
        table = self.upper if coefficient > 0 else self.lower
        bounds = table.setdefault(atom, [])
        bounds.append((abs(coefficient), rest.scaled(-1) if coefficient > 0 else rest))
        self.trail.append((atom, None, bounds))

    def undo(self, mark: int) -> None:
        """Take back what was assumed since the trail had the length `mark`."""
        while len(self.trail) > mark:
            value, interval, bounds = self.trail.pop()
            if bounds is not None:
                bounds.pop()
            elif interval is not None:
                self.interval[value] = interval
