"""Turn counting `while` loops into `for` loops.

    %t, %i2, %s2 = while (%i = %i0, %s = %x) {             %m = subtract %n, %i0
      %c = compare LT %i, %n; yield %c                     %s2 = for %m (%s = %x) { ^(%k):
    } do { ^(%k):                                   →        %i = add %i0, %k
      …; %i1 = add %i, 1; yield %i1, %s1                     …; yield %s1
    }                                                      }

The condition compares a carry, which every trip increases (or decreases) by a constant, or increases by a value from
outside the loop that is known to be positive, with a value from outside the loop; nothing else ends it. The count is
ceil((n - i0) / step), where the ranges of i0 and n show that neither the counter nor the count wraps. For a step of 1
that is always so, but for n - i0 below the range, which is then guarded by i0 < n, and for loops of more than 2**63
trips, which do not end in practice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hloc.ir.core import Block, Function, Module, Op, Value, free_values, walk
from hloc.ir.opdef import REGISTRY
from hloc.ir.types import B1, I64
from hloc.transform.analyze_ranges import analyze_ranges
from hloc.transform.identities import FLIPPED
from hloc.transform.intervals import Interval, full
from hloc.transform.rewrite import Replacement, Rewriter


def while_to_for(module: Module) -> bool:
    """Convert the counting loops of every function, in place; says whether anything changed."""
    changed = False
    for function in module.functions.values():
        if any(op.name == "while" for op in walk(function.block)):
            changed |= _Converter(function).run(function)
    return changed


@dataclass(frozen=True)
class _Counter:
    """Carry `number` counts by `step` from `start` while `start <direction> limit`."""

    number: int
    start: Value
    step: int | Value
    direction: str
    limit: Value


class _Converter(Rewriter):
    def __init__(self, function: Function) -> None:
        super().__init__()
        self.ranges = analyze_ranges(function)

    def rewrite(self, op: Op) -> Replacement:
        counter = self.counter_of(op) if op.name == "while" else None
        if counter is None or not self.safe(counter):
            return None
        count = self.count(counter)
        trips = self.emit("maximum", (count, self.number(0)), I64)
        body, number = op.regions[1], counter.number
        self.count_in_body(body, counter)
        del body.args[number + 1], body.results[number]
        inits = [v for n, v in enumerate(op.operands) if n != number]
        results = [v for n, v in enumerate(op.results[1:]) if n != number]
        loop = Op(REGISTRY["for"], (count, *inits), {"direction": 1}, (body,), tuple(results), op.span)
        self.visit(loop)
        distance = self.emit("multiply", (trips, self.step(counter)), I64)
        results.insert(number, self.emit("add", (counter.start, distance), I64))
        return [trips, *results]

    def number(self, number: int) -> Value:
        return self.constant(np.array(number), I64)

    def step(self, counter: _Counter) -> Value:
        return self.number(counter.step) if isinstance(counter.step, int) else counter.step

    def counter_of(self, op: Op) -> _Counter | None:
        """How a loop counts, when its condition is a comparison of a counter with a value from outside."""
        condition = op.regions[0]
        test = self.producers.get(condition.results[0])
        inside = {*condition.args, *(v for o in condition.ops for v in o.results)}
        if test is None or test.name != "compare" or test.result not in inside:
            return None
        for (x, y), direction in (
            (test.operands, test.attrs["direction"]),
            (test.operands[::-1], FLIPPED[test.attrs["direction"]]),
        ):
            constant = self.constant_of(y)
            if x not in condition.args or x.type != I64 or (y in inside and constant is None):
                continue
            number = condition.args.index(x)
            step = self.step_of(op.regions[1], number)
            up = not isinstance(step, int) or step > 0
            if (up and direction in ("LT", "LE")) or (step != 0 and not up and direction in ("GT", "GE")):
                limit = self.resolve(y) if y not in inside or constant is None else self.number(int(constant))
                return _Counter(number, op.operands[number], step, direction, limit)
        return None

    def step_of(self, body: Block, number: int) -> int | Value:
        """The constant that a trip adds to a carry, or a positive value from outside the body; else 0."""
        arg, op = body.args[number + 1], self.producers.get(body.results[number])
        if op is None or op.name not in ("add", "subtract") or arg not in op.operands:
            return 0
        x, y = op.operands
        constant = self.constant_of(y if x is arg else x)
        if constant is None and op.name == "add" and self.is_positive_outside(body, y if x is arg else x):
            return self.resolve(y if x is arg else x)
        if constant is None or (op.name == "subtract" and x is not arg):
            return 0
        return int(constant) * (1 if op.name == "add" else -1)

    def is_positive_outside(self, body: Block, value: Value) -> bool:
        return value in free_values(body) and self.range_of(value).lo >= 1

    def range_of(self, value: Value) -> Interval:
        constant = self.constant_of(value)
        if constant is not None:
            return Interval(int(constant), int(constant))
        return self.ranges.interval.get(value) or _I64

    def safe(self, counter: _Counter) -> bool:
        """Whether the counter ends its loop before it wraps, and the distance to go fits where it is positive."""
        limit, start = self.range_of(counter.limit), self.range_of(counter.start)
        step = counter.step if isinstance(counter.step, int) else self.range_of(counter.step).hi
        reach = abs(step) - 1 + (counter.direction in ("LE", "GE"))
        if step > 0:
            return limit.hi + reach <= _I64.hi and (reach == 0 or limit.hi - start.lo + reach <= _I64.hi)
        return limit.lo - reach >= _I64.lo and (reach == 0 or start.hi - limit.lo + reach <= _I64.hi)

    def count(self, counter: _Counter) -> Value:
        """The number of trips; negative or zero when there is none."""
        known = counter.step if isinstance(counter.step, int) else 0
        high, low = (counter.limit, counter.start) if known >= 0 else (counter.start, counter.limit)
        inclusive = counter.direction in ("LE", "GE")
        distance = self.emit("subtract", (high, low), I64)
        if self.range_of(high).lo - self.range_of(low).hi < _I64.lo:
            direction = "LE" if counter.direction in ("LE", "GE") else "LT"
            apart = self.emit("compare", (low, high), B1, direction=direction)
            distance = self.emit("select", (apart, distance, self.number(-1)), I64)
        if not known:
            reach = self.step(counter)
            if not inclusive:
                reach = self.emit("subtract", (reach, self.number(1)), I64)
            return self.emit("floor_divide", (self.emit("add", (distance, reach), I64), self.step(counter)), I64)
        if abs(known) - 1 + inclusive:
            distance = self.emit("add", (distance, self.number(abs(known) - 1 + inclusive)), I64)
        if abs(known) == 1:
            return distance
        return self.emit("floor_divide", (distance, self.number(abs(known))), I64)

    def count_in_body(self, body: Block, counter: _Counter) -> None:
        """Compute the counter from k at the top of the body."""
        arg = body.args[counter.number + 1]
        with self.builder.at(Block()) as top:
            distance = self.emit("multiply", (body.args[0], self.step(counter)), I64)
            self.replace([arg], [self.emit("add", (counter.start, distance), I64)])
        body.ops[:0] = top.ops


_I64 = full(I64.dtype) or Interval(0, 0)
