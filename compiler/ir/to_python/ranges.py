"""Intervals of i64 scalars, so that printed programs clamp an index only where it may leave its array.

    for %n { ^(%k): %j = add %k, 1; … }      k in [0, 2**48], j in [1, 2**48 + 1]

No loop is assumed to run more than 2**48 times; values carried by loops are not followed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hloc.ir.core import Block, Op, Value
from hloc.ir.types import I64

Interval = tuple[int, int]

FULL: Interval = (-(2**63), 2**63 - 1)
LONGEST_LOOP = 2**48


class Ranges:
    """The interval of every i64 scalar in a block and the blocks inside."""

    def __init__(self, block: Block) -> None:
        self.known: dict[Value, Interval] = {}
        self._visit(block)

    def of(self, value: Value) -> Interval:
        return self.known.get(value, FULL)

    def _visit(self, block: Block) -> None:
        for op in block.ops:
            self._enter_loop(op)
            for region in op.regions:
                self._visit(region)
            self._results(op)

    def _enter_loop(self, op: Op) -> None:
        if op.name == "for":
            longest = min(self.of(op.operands[0])[1], LONGEST_LOOP)
            self.known[op.regions[0].args[0]] = (0, max(longest - 1, 0))
        elif op.name == "while":
            self.known[op.regions[1].args[0]] = (0, LONGEST_LOOP)

    def _results(self, op: Op) -> None:
        if op.name == "while":
            self.known[op.results[0]] = (0, LONGEST_LOOP)
        elif op.name in ("if", "switch"):
            for i, result in enumerate(op.results):
                self._set(result, hull([self.of(region.results[i]) for region in op.regions]))
        elif op.name in _RULES and len(op.results) == 1:
            self._set(op.results[0], _RULES[op.name](self, op))

    def _set(self, value: Value, interval: Interval) -> None:
        if value.type == I64 and FULL[0] <= interval[0] and interval[1] <= FULL[1]:
            self.known[value] = interval

    def operands(self, op: Op) -> tuple[Interval, Interval]:
        x, y = op.operands
        return self.of(x), self.of(y)


def hull(intervals: Sequence[Interval]) -> Interval:
    """The smallest interval around all of them."""
    return min(low for low, _ in intervals), max(high for _, high in intervals)


def _constant(ranges: Ranges, op: Op) -> Interval:
    value = op.attrs["value"]
    return (int(value), int(value)) if value.shape == () and value.dtype.kind in "iu" else FULL


def _add(ranges: Ranges, op: Op) -> Interval:
    (a, b), (c, d) = ranges.operands(op)
    return a + c, b + d


def _subtract(ranges: Ranges, op: Op) -> Interval:
    (a, b), (c, d) = ranges.operands(op)
    return a - d, b - c


def _multiply(ranges: Ranges, op: Op) -> Interval:
    (a, b), (c, d) = ranges.operands(op)
    products = (a * c, a * d, b * c, b * d)
    return min(products), max(products)


def _minimum(ranges: Ranges, op: Op) -> Interval:
    (a, b), (c, d) = ranges.operands(op)
    return min(a, c), min(b, d)


def _maximum(ranges: Ranges, op: Op) -> Interval:
    (a, b), (c, d) = ranges.operands(op)
    return max(a, c), max(b, d)


def _floor_mod(ranges: Ranges, op: Op) -> Interval:
    (a, b), (c, d) = ranges.operands(op)
    if c <= 0:
        return FULL
    return (0, min(b, d - 1)) if a >= 0 else (0, d - 1)


def _floor_divide(ranges: Ranges, op: Op) -> Interval:
    (a, b), (c, d) = ranges.operands(op)
    if c <= 0:
        return FULL
    quotients = (a // c, a // d, b // c, b // d)
    return min(quotients), max(quotients)


def _select(ranges: Ranges, op: Op) -> Interval:
    return hull([ranges.of(v) for v in op.operands[1:]])


def _convert(ranges: Ranges, op: Op) -> Interval:
    source = op.operands[0].type.dtype
    if source.kind not in "iu":
        return (0, 1) if source.kind == "b" else FULL
    info = np.iinfo(source)
    return int(info.min), int(info.max)


def _clamp_index(ranges: Ranges, op: Op) -> Interval:
    low, high = ranges.of(op.operands[0])
    return max(low, 0), min(high, op.attrs["high"])


_RULES: dict[str, Callable[[Ranges, Op], Interval]] = {
    "constant": _constant,
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "minimum": _minimum,
    "maximum": _maximum,
    "floor_mod": _floor_mod,
    "floor_divide": _floor_divide,
    "select": _select,
    "convert": _convert,
    "clamp_index": _clamp_index,
}
