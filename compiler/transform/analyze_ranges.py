"""Find intervals and linear relations of integer values, by abstract interpretation of the structured program.

    %a = for 9 { ^(%k): %i = add %k, 1; %c = compare LT %i, 10; … }      k in [0, 8], i in [1, 9], c in [1, 1]

Regions are interpreted under what their entry says: the predicate of an `if`, the condition of a `while`, 0 <= k < n
of a `for`. A loop is interpreted until the intervals of its carries contain what the body yields: first with the
initial values (a carry that steps by a constant is let go in that direction at once), then with hulls, then with the
unstable ends moved to those of the type. Carries of a `for` that step by a constant get the closed form init + step *
k, and those that step by less in some trips lie between two such forms. Arithmetic that may wrap gives the whole type.

In the result, `interval` holds what is known of every integer and bool value where it is defined, `same` the results
that equal an operand, and `nonnegative` the divisions that need no care for signs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import isqrt

from hloc.ir.core import Block, Function, Op, Value
from hloc.transform.intervals import Interval, full
from hloc.transform.linear import Linear
from hloc.transform.range_rules import RULES
from hloc.transform.ranges import Ranges
from hloc.transform.regions import carries_of

MOST_ROUNDS = 6
_MOST_STEPS = 64
"""Values to look at for how far a carry of a loop steps."""
_COUNTS = Interval(0, 2**63 - 1)

Known = tuple[Interval | None, Linear | None]


def analyze_ranges(function: Function, params: Sequence[Interval | None] | None = None) -> Ranges:
    """What is known of all integer and bool values of a function, whose parameters lie in the intervals `params`."""
    return _Interpreter(function, params or [None] * len(function.params))


class _Interpreter(Ranges):
    """Walks the function.

    Fields:
        relevant: the operations of each block that integers come from.
        closed: loop carries that have a closed form at present.
    """

    def __init__(self, function: Function, params: Sequence[Interval | None]) -> None:
        super().__init__(function)
        self.relevant: dict[Block, list[Op]] = {}
        self.closed: set[Value] = set()
        self.number(function.block)
        for param, interval in zip(function.params, params, strict=True):
            self.define(param, interval)
        self.block(function.block)

    def number(self, block: Block) -> None:
        """Number the values in order of definition."""
        for value in block.args:
            self.order[value] = len(self.order)
        self.relevant[block] = []
        for op in block.ops:
            if op.regions or op.name == "call" or any(v.type.dtype.kind in "biu" for v in op.results):
                self.relevant[block].append(op)
            for region in op.regions:
                self.number(region)
            for value in op.results:
                self.order[value] = len(self.order)

    def block(self, block: Block) -> None:
        """Interpret a block under the present assumptions."""
        for op in self.relevant[block]:
            control, rule = _CONTROL.get(op.name), RULES.get(op.name)
            if control is not None:
                control(self, op)
            elif rule is not None:
                rule(self, op)
            else:
                self.plain(op)

    def if_(self, op: Op) -> None:
        pred = op.operands[0]
        known = self.range_of(pred)
        outcomes = []
        for region, truth in zip(op.regions, (True, False), strict=True):
            mark = len(self.trail)
            self.assume(pred, truth)
            outcome = self.region(region)
            self.undo(mark)
            if known is None or known.holds(truth):
                outcomes.append(outcome)
        self.join(op, outcomes)

    def switch(self, op: Op) -> None:
        index, last, outcomes = self.form[op.operands[0]], len(op.regions) - 1, []
        for number, region in enumerate(op.regions):
            mark = len(self.trail)
            if number > 0:
                self.assume_at_most(index.scaled(-1), -number)
            if number < last:
                self.assume_at_most(index, number)
            outcomes.append(self.region(region))
            self.undo(mark)
        self.join(op, outcomes)

    def region(self, region: Block) -> list[Known]:
        """Interpret a region; what is known of its results at its end."""
        self.block(region)
        return [(self.range_of(v), self.form.get(v)) for v in region.results]

    def join(self, op: Op, outcomes: Sequence[Sequence[Known]]) -> None:
        """The results of branches: what is true after all of them."""
        for result, known in zip(op.results, zip(*outcomes, strict=True), strict=True):
            intervals = [interval for interval, _ in known if interval is not None]
            if len(intervals) < len(known):
                continue
            hull = intervals[0]
            for interval in intervals[1:]:
                hull = hull.hull(interval)
            same = all(x is not None and y is not None and x.same(y) for (_, x), (_, y) in pairwise(known))
            self.define(result, hull, known[0][1] if same else None)

    def for_(self, op: Op) -> None:
        (body,), (count, *inits) = op.regions, op.operands
        total = self.range_of(count) or _COUNTS

        def run() -> list[Interval | None]:
            mark = len(self.trail)
            self.define(body.args[0], Interval(0, max(total.hi - 1, 0)))
            self.assume_runs(count, body.args[0])
            for arg, yielded, init in zip(body.args[1:], body.results, inits, strict=True):
                self.close(op, arg, yielded, init)
            yields = [interval for interval, _ in self.region(body)]
            self.undo(mark)
            return yields

        self.fixpoint(op, run)
        for arg, result, yielded, init in zip(body.args[1:], op.results, body.results, inits, strict=True):
            if arg in self.closed:
                self.finish(count, total, result, self.steps_of(arg, yielded) or (0, 0), init)
            else:
                self.define(result, self.interval.get(arg))

    def assume_runs(self, count: Value, k: Value) -> None:
        """Inside a loop over `count`: 1 <= count, and k < count; a count of max(0, n) is n there."""
        while (op := self.producers.get(count)) is not None and op.name in ("maximum", "select"):
            x, y = op.operands[-2:]
            low = [v for v in (x, y) if (interval := self.range_of(v)) is not None and interval.hi <= 0]
            if not low:
                break
            count = y if low[0] is x else x
            if op.name == "select" and not op.operands[0].type.shape:
                self.assume(op.operands[0], count is x)
        self.assume_at_most(self.form[count].scaled(-1), -1)
        self.assume_at_most(self.form[k].plus(self.form[count], -1), -1)

    def close(self, op: Op, arg: Value, yielded: Value, init: Value) -> None:
        """Define a carry of a `for` by how far it steps: init + step * (trips so far), if that never wraps."""
        self.closed.discard(arg)
        steps = self.steps_of(arg, yielded)
        if steps is None or steps == (0, 0):
            return
        trips = self.form[op.regions[0].args[0]]
        if op.attrs.get("direction", 1) < 0:
            trips = self.form[op.operands[0]].plus(trips, -1).shifted(-1)
        if self.define_between(arg, *(self.form[init].plus(trips, step) for step in steps)):
            self.closed.add(arg)

    def define_between(self, value: Value, low: Linear, high: Linear) -> bool:
        """Define a value that lies between two forms, or is one; says whether neither can wrap."""
        everything = full(value.type.dtype)
        interval = Interval(self.bounds(low).lo, self.bounds(high).hi)
        if everything is None or not interval.within(everything):
            return False
        if low.same(high):
            self.define(value, interval, low)
        else:
            self.define(value, interval)
            self.bound_by(value, low, above=False)
            self.bound_by(value, high, above=True)
        return True

    def finish(self, count: Value, total: Interval, result: Value, steps: tuple[int, int], init: Value) -> None:
        """The result of a carry with known steps: init + step * max(count, 0)."""
        if total.lo >= 0:
            low, high = (self.form[init].plus(self.form[count], step) for step in steps)
            if self.define_between(result, low, high):
                return
        start, most = self.numeric(self.form[init]), max(total.hi, 0)
        self.define(result, Interval(start.lo + min(steps[0] * most, 0), start.hi + max(steps[1] * most, 0)))

    def step_of(self, arg: Value, yielded: Value) -> int:
        """The constant by which a scalar integer carry is increased in every trip; 0 when there is none."""
        low, high = self.steps_of(arg, yielded) or (0, 0)
        return low if low == high else 0

    def steps_of(self, arg: Value, yielded: Value) -> tuple[int, int] | None:
        """The least and the most by which a scalar integer carry is increased in a trip; None where nobody knows."""
        if arg.type.shape or arg.type.dtype.kind not in "iu":
            return None
        known: dict[Value, tuple[int, int] | None] = {arg: (0, 0)}

        def steps(value: Value) -> tuple[int, int] | None:
            if value not in known and len(known) < _MOST_STEPS:
                known[value] = None  # until it is found out
                known[value] = self.step_through(value, steps)
            return known.get(value)

        return steps(yielded)

    def step_through(self, value: Value, steps: Callable[[Value], tuple[int, int] | None]) -> tuple[int, int] | None:
        """The same for a value that is made of others, from those of the others."""
        op = self.producers.get(value)
        if op is None:
            return None
        if op.name in ("select", "if", "switch"):
            number = op.results.index(value)
            sides = op.operands[1:] if op.name == "select" else [region.results[number] for region in op.regions]
            found = [steps(side) for side in sides]
            inner = [pair for pair in found if pair is not None]
            return (min(x for x, _ in inner), max(y for _, y in inner)) if len(inner) == len(found) else None
        if op.name not in ("add", "subtract"):
            return None
        x, y = op.operands
        if op.name == "add" and self.limit_inside(y) is None:
            x, y = y, x
        constant = self.limit_inside(y)
        before = None if constant is None else steps(x)
        if constant is None or before is None:
            return None
        step = constant.lo if op.name == "add" else -constant.lo
        return before[0] + step, before[1] + step

    def while_(self, op: Op) -> None:
        condition, body = op.regions

        def run() -> list[Interval | None]:
            mark = len(self.trail)
            for tested, arg in zip(condition.args, body.args[1:], strict=True):
                if arg in self.interval:
                    self.interval[tested], self.form[tested] = self.interval[arg], self.form[arg]
            self.block(condition)
            self.assume(condition.results[0], True)
            self.define(body.args[0], _COUNTS)
            yields = [interval for interval, _ in self.region(body)]
            self.undo(mark)
            return yields

        self.fixpoint(op, run, self.roots(condition, body))
        mark = len(self.trail)
        self.assume(condition.results[0], False)
        found = [self.range_of(arg) for arg in body.args[1:]]
        self.undo(mark)
        for result, interval in zip(op.results, [_COUNTS, *found], strict=True):
            self.define(result, interval)

    def roots(self, condition: Block, body: Block) -> dict[Value, int]:
        """Carries whose square the condition bounds from above, with the root of the bound: where to look first."""
        found = {}
        for op in condition.ops:
            square = self.producers.get(op.operands[0]) if op.name == "compare" else None
            if square is None or square.name != "multiply" or square.operands[0] is not square.operands[1]:
                continue
            limit = self.range_of(op.operands[1]) or self.limit_inside(op.operands[1])
            if op.attrs["direction"] in ("LT", "LE") and square.operands[0] in condition.args and limit is not None:
                number = condition.args.index(square.operands[0])
                found[body.args[number + 1]] = isqrt(max(limit.hi, 0))
        return found

    def limit_inside(self, value: Value) -> Interval | None:
        """A scalar constant, of a region that is not interpreted yet too."""
        op = self.producers.get(value)
        if op is None or op.name != "constant" or value.type.shape:
            return None
        return Interval(int(op.attrs["value"]), int(op.attrs["value"]))

    def call(self, op: Op) -> None:
        """Note the intervals of the arguments; nothing is known of the results."""
        self.calls[op] = op.attrs["function"], [self.range_of(v) for v in op.operands]
        self.plain(op)

    def fixpoint(
        self, op: Op, run: Callable[[], list[Interval | None]], limits: dict[Value, int] | None = None
    ) -> None:
        """Find intervals of the carries of a loop that hold what it yields too; the arguments of its body get them.

        `run` interprets the loop with the present intervals, and gives those of what it yields. `limits` says how far
        some carries may get before their last step.
        """
        body, inits = op.regions[-1], [self.range_of(v) for v in op.operands[carries_of(op)]]
        args = body.args[1:]
        guess = [
            self.first_guess(arg, yielded, init, (limits or {}).get(arg))
            for arg, yielded, init in zip(args, body.results, inits, strict=True)
        ]
        yields: list[Interval | None] = []
        for attempt in range(MOST_ROUNDS):
            for arg, interval in zip(args, guess, strict=True):
                if interval is not None:
                    self.make_atom(arg, interval)
            yields = run()
            open_ = [None if arg in self.closed else g for arg, g in zip(args, guess, strict=True)]
            stable = [g is None or (y is not None and y.within(g)) for g, y in zip(open_, yields, strict=True)]
            if all(stable):
                break
            guess = [widened(*places, attempt) for places in zip(guess, yields, stable, args, strict=True)]
        for arg, init, interval in zip(args, inits, yields, strict=True):
            if init is not None and interval is not None and arg not in self.closed:
                self.interval[arg] = self.interval[arg].meet(init.hull(interval))

    def first_guess(self, arg: Value, yielded: Value, init: Interval | None, limit: int | None) -> Interval | None:
        """The initial interval, open to the side to which a constant step leads, or up to one step beyond `limit`."""
        step, everything = self.step_of(arg, yielded), full(arg.type.dtype)
        if init is None or everything is None or step == 0:
            return init
        if step < 0:
            return Interval(everything.lo, init.hi)
        return Interval(init.lo, everything.hi if limit is None else max(init.hi, limit + step))


def widened(
    guess: Interval | None, yielded: Interval | None, stable: bool, arg: Value, attempt: int
) -> Interval | None:
    """The next guess for a carry: the hull, then unstable ends moved to those of the type, at last the whole type."""
    everything = full(arg.type.dtype)
    if guess is None or everything is None:
        return None
    if yielded is None or attempt == MOST_ROUNDS - 2:
        return everything
    if stable:
        return guess
    hull = guess.hull(yielded)
    if attempt == 0:
        return hull
    return Interval(
        guess.lo if hull.lo == guess.lo else everything.lo, guess.hi if hull.hi == guess.hi else everything.hi
    )


_CONTROL: dict[str, Callable[[_Interpreter, Op], None]] = {
    "if": _Interpreter.if_,
    "switch": _Interpreter.switch,
    "for": _Interpreter.for_,
    "while": _Interpreter.while_,
    "call": _Interpreter.call,
}
