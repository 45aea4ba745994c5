"""The range of an integer value as far as the operations that make it show it."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from hloc.ir.core import Op, Value

Bounds = tuple[float, float]

UNKNOWN = (-inf, inf)
MOVED = frozenset({"broadcast_in_dim", "reshape", "transpose", "slice", "read", "copy", "barrier"})
"""Operations whose elements are those of their first operand."""


def bounds(value: Value, makers: Mapping[Value, Op]) -> Bounds:
    """The least and the greatest element that an i64 value may have; infinite where nothing is known."""
    return _bounds(value, makers, {})


def _bounds(value: Value, makers: Mapping[Value, Op], known: dict[Value, Bounds]) -> Bounds:
    """The same; what is asked for again is looked up."""
    if value not in known:
        known[value] = UNKNOWN
        known[value] = _compute(value, makers, known)
    return known[value]


def _compute(value: Value, makers: Mapping[Value, Op], known: dict[Value, Bounds]) -> Bounds:
    op = makers.get(value)
    if op is None:
        return UNKNOWN
    if op.name == "constant":
        literal = op.attrs["value"]
        return (int(literal.min()), int(literal.max())) if literal.size else UNKNOWN
    if op.name == "iota":
        return 0, op.attrs["shape"][op.attrs["dim"]] - 1
    if op.name in MOVED:
        return _bounds(op.operands[op.results.index(value)], makers, known)
    if op.name not in ("minimum", "maximum", "add", "select"):
        return UNKNOWN
    (low, high), (other_low, other_high) = (_bounds(v, makers, known) for v in op.operands[-2:])
    if op.name == "minimum":
        return min(low, other_low), min(high, other_high)
    if op.name == "maximum":
        return max(low, other_low), max(high, other_high)
    if op.name == "select":
        return min(low, other_low), max(high, other_high)
    low, high = low + other_low, high + other_high
    return (low, high) if abs(low) < WRAPS and abs(high) < WRAPS else UNKNOWN


WRAPS = 2**62
"""Sums of greater numbers may wrap."""
