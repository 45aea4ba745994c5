"""Integer intervals: which numbers an integer or bool value, or any element of an array of them, can be.

    %i in [0, 9], %j in [2, 3]:   add → [2, 12]   floor_mod → [0, 2]   compare LT %i, 10 → [1, 1]

The functions compute with unbounded integers from the intervals of the operands; the caller asks `fitting`, as a
result that may leave its element type wraps and can be anything. False is 0 and True is 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from hloc.ir.core import Op


class Interval(NamedTuple):
    """The integers lo, …, hi; lo <= hi."""

    lo: int
    hi: int

    def within(self, other: Interval) -> bool:
        """Whether all of this interval lies in another."""
        return other.lo <= self.lo and self.hi <= other.hi

    def holds(self, number: int) -> bool:
        return self.lo <= number <= self.hi

    def hull(self, other: Interval) -> Interval:
        return Interval(min(self.lo, other.lo), max(self.hi, other.hi))

    def meet(self, other: Interval) -> Interval:
        """What both allow; self when that is nothing, which only code that never runs sees."""
        lo, hi = max(self.lo, other.lo), min(self.hi, other.hi)
        return Interval(lo, hi) if lo <= hi else self

    @property
    def single(self) -> bool:
        return self.lo == self.hi


BOTH, FALSE, TRUE = Interval(0, 1), Interval(0, 0), Interval(1, 1)
Transfer = Callable[[Op, Sequence[Interval]], Interval | None]


@cache
def full(dtype: np.dtype) -> Interval | None:
    """All values of an element type; None for those that are no integers."""
    if dtype.kind == "b":
        return BOTH
    if dtype.kind not in "iu":
        return None
    limits = np.iinfo(dtype)
    return Interval(int(limits.min), int(limits.max))


def fitting(interval: Interval | None, dtype: np.dtype) -> Interval | None:
    """The interval if it lies within the element type, otherwise all of the type: the result may have wrapped."""
    everything = full(dtype)
    if everything is None or interval is None:
        return everything
    return interval if interval.within(everything) else everything


def of_array(array: np.ndarray) -> Interval | None:
    """The interval of the elements of a constant."""
    if array.dtype.kind not in "biu":
        return None
    return Interval(int(array.min()), int(array.max())) if array.size else full(array.dtype)


def _corners(function: Callable[[int, int], int], x: Interval, y: Interval) -> Interval:
    values = [function(a, b) for a in x for b in y]
    return Interval(min(values), max(values))


def add(op: Op, args: Sequence[Interval]) -> Interval:
    return Interval(args[0].lo + args[1].lo, args[0].hi + args[1].hi)


def subtract(op: Op, args: Sequence[Interval]) -> Interval:
    return Interval(args[0].lo - args[1].hi, args[0].hi - args[1].lo)


def multiply(op: Op, args: Sequence[Interval]) -> Interval:
    return _corners(lambda a, b: a * b, *args)


def negate(op: Op, args: Sequence[Interval]) -> Interval:
    return Interval(-args[0].hi, -args[0].lo)


def absolute(op: Op, args: Sequence[Interval]) -> Interval:
    (x,) = args
    return Interval(max(0, x.lo, -x.hi), max(-x.lo, x.hi))


def sign(op: Op, args: Sequence[Interval]) -> Interval:
    return Interval(*(int(v > 0) - int(v < 0) for v in args[0]))


def floor_divide(op: Op, args: Sequence[Interval]) -> Interval | None:
    x, y = args
    if y.lo > 0 or y.hi < 0:
        return _corners(lambda a, b: a // b, x, y)
    largest = max(abs(x.lo), abs(x.hi))
    return Interval(-largest, largest)  # division by zero gives 0


def floor_mod(op: Op, args: Sequence[Interval]) -> Interval | None:
    x, y = args
    if x.lo >= 0 and y.lo > x.hi:
        return x
    if x.lo >= 0 and y.lo >= 0:
        return Interval(0, min(x.hi, max(y.hi - 1, 0)))
    return Interval(min(y.lo + 1, 0), max(y.hi - 1, 0))


def divide(op: Op, args: Sequence[Interval]) -> Interval | None:
    x, y = args
    return _corners(lambda a, b: a // b, x, y) if x.lo >= 0 and y.lo > 0 else None


def remainder(op: Op, args: Sequence[Interval]) -> Interval | None:
    x, y = args
    if y.lo <= 0:
        return None
    return Interval(max(x.lo, 1 - y.hi) if x.lo < 0 else 0, min(x.hi, y.hi - 1) if x.hi > 0 else 0)


def maximum(op: Op, args: Sequence[Interval]) -> Interval:
    return Interval(max(args[0].lo, args[1].lo), max(args[0].hi, args[1].hi))


def minimum(op: Op, args: Sequence[Interval]) -> Interval:
    return Interval(min(args[0].lo, args[1].lo), min(args[0].hi, args[1].hi))


def conjunction(op: Op, args: Sequence[Interval]) -> Interval | None:
    x, y = args
    if x.within(BOTH) and y.within(BOTH):
        return minimum(op, args)
    bounds = [v.hi for v in args if v.lo >= 0]
    return Interval(0, min(bounds)) if bounds else None


def disjunction(op: Op, args: Sequence[Interval]) -> Interval | None:
    x, y = args
    if x.within(BOTH) and y.within(BOTH):
        return maximum(op, args)
    bits = max(x.hi, y.hi).bit_length()
    return Interval(max(x.lo, y.lo), (1 << bits) - 1) if min(x.lo, y.lo) >= 0 else None


def exclusive_or(op: Op, args: Sequence[Interval]) -> Interval | None:
    x, y = args
    if x.single and y.single:
        return Interval(x.lo ^ y.lo, x.lo ^ y.lo)
    bits = max(x.hi, y.hi).bit_length()
    return Interval(0, (1 << bits) - 1) if min(x.lo, y.lo) >= 0 else None


def complement(op: Op, args: Sequence[Interval]) -> Interval | None:
    (x,), kind = args, op.result.type.dtype.kind
    if kind == "b":
        return Interval(1 - x.hi, 1 - x.lo)
    return Interval(~x.hi, ~x.lo) if kind == "i" else None


def shift_left(op: Op, args: Sequence[Interval]) -> Interval | None:
    x, y = args
    inside = y.lo >= 0 and y.hi < 8 * op.result.type.dtype.itemsize
    return _corners(lambda a, b: a << b, x, y) if inside else None


def shift_right(op: Op, args: Sequence[Interval]) -> Interval | None:
    x, y = args
    inside = y.lo >= 0 and y.hi < 8 * op.result.type.dtype.itemsize
    signed = op.name == "shift_right_arithmetic" and op.result.type.dtype.kind == "i"
    return _corners(lambda a, b: a >> b, x, y) if inside and (signed or x.lo >= 0) else None


def popcnt(op: Op, args: Sequence[Interval]) -> Interval:
    return Interval(0, 8 * op.result.type.dtype.itemsize)


def convert(op: Op, args: Sequence[Interval]) -> Interval:
    (x,) = args
    if op.result.type.dtype.kind != "b":
        return x
    return TRUE if not x.holds(0) else FALSE if x.single else BOTH


def union(op: Op, args: Sequence[Interval]) -> Interval | None:
    """Operations whose results are elements of their operands (indices left out)."""
    result = args[0]
    for other in args[1:]:
        result = result.hull(other)
    return result


def extremum_over_axes(op: Op, args: Sequence[Interval]) -> Interval | None:
    return args[0] if op.operands[0].type.size else None


def all_or_any(op: Op, args: Sequence[Interval]) -> Interval | None:
    if op.operands[0].type.size:
        return args[0] if args[0].within(BOTH) else None
    return TRUE if op.name == "reduce_and" and op.result.type.dtype.kind == "b" else None


def sum_over_axes(op: Op, args: Sequence[Interval]) -> Interval:
    (x,), result = args, op.result.type
    count = op.operands[0].type.size // max(result.size, 1)
    return Interval(x.lo * count, x.hi * count)


def position(op: Op, args: Sequence[Interval]) -> Interval | None:
    return Interval(0, max(op.operands[0].type.shape[op.attrs["axis"]] - 1, 0))


def iota(op: Op, args: Sequence[Interval]) -> Interval | None:
    return Interval(0, max(op.result.type.shape[op.attrs["dim"]] - 1, 0))


def empty(op: Op, args: Sequence[Interval]) -> Interval | None:
    """Any interval would do, because nobody reads the elements."""
    return Interval(0, 0)


TRANSFER: dict[str, Transfer] = {
    "add": add,
    "subtract": subtract,
    "multiply": multiply,
    "negate": negate,
    "abs": absolute,
    "sign": sign,
    "floor_divide": floor_divide,
    "floor_mod": floor_mod,
    "divide": divide,
    "remainder": remainder,
    "maximum": maximum,
    "minimum": minimum,
    "and": conjunction,
    "or": disjunction,
    "xor": exclusive_or,
    "not": complement,
    "shift_left": shift_left,
    "shift_right_arithmetic": shift_right,
    "shift_right_logical": shift_right,
    "popcnt": popcnt,
    "convert": convert,
    "reduce_sum": sum_over_axes,
    "reduce_max": extremum_over_axes,
    "reduce_min": extremum_over_axes,
    "reduce_and": all_or_any,
    "reduce_or": all_or_any,
    "argmax": position,
    "argmin": position,
    "empty": empty,
    "iota": iota,
    **dict.fromkeys(
        (
            "broadcast_in_dim",
            "reshape",
            "transpose",
            "reverse",
            "slice",
            "pad",
            "concatenate",
            "copy",
            "cummax",
            "cummin",
        ),
        union,
    ),
}
ELEMENTS_OF: dict[str, tuple[int, ...]] = {"read": (0,), "gather": (0,), "upd": (0, 1), "scatter": (0, 1)}
"""Operations with index operands: the operands whose elements the result consists of (when the mode is "set")."""
