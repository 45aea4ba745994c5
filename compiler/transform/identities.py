"""Algebraic identities that hold bit for bit, as rules for `fold_constants`.

    %a = add %i, 0          i64     → %i            %d = add %x, 0.0     f64     kept: -0.0 + 0.0 is 0.0
    %b = multiply %x, 1.0   f64     → %x            %e = multiply %x, 0  f64     kept: NaN and infinities
    %c = add (add %i, 2), 3 i64     → add %i, 5     %f = not (not %p)            → %p

A rule takes the rewriter and an op with resolved operands and gives the replacement or None. Integers wrap, so
sums of constants may be reassociated; floats never are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from hloc.ir.core import Op, Value
from hloc.transform.rewrite import Replacement, Rewriter

Rule = Callable[[Rewriter, Op], Replacement]

FLIPPED = {"EQ": "EQ", "NE": "NE", "LT": "GT", "LE": "GE", "GT": "LT", "GE": "LE"}
NEGATED = {"EQ": "NE", "NE": "EQ", "LT": "GE", "LE": "GT", "GT": "LE", "GE": "LT"}
_REFLEXIVE = {"EQ": True, "LE": True, "GE": True, "NE": False, "LT": False, "GT": False}


def producer_of(rw: Rewriter, value: Value, name: str) -> Op | None:
    """The op that defines `value`, when it is of this kind."""
    producer = rw.producers.get(value)
    return producer if producer is not None and producer.name == name else None


def is_number(rw: Rewriter, value: Value, number: float) -> bool:
    """Whether `value` is filled with this number; the sign of a zero counts."""
    found = rw.splat_of(value)
    return found is not None and found == number and bool(np.signbit(found.real) == (math.copysign(1, number) < 0))


def _kind(value: Value) -> str:
    return value.type.dtype.kind


def _is_integer(value: Value) -> bool:
    return _kind(value) in "iu"


def _constants_last(rw: Rewriter, op: Op) -> tuple[Value, Value]:
    """The operands of a commutative op, a constant one second."""
    x, y = op.operands
    return (y, x) if rw.splat_of(x) is not None and rw.splat_of(y) is None else (x, y)


def _offset(rw: Rewriter, value: Value) -> tuple[Value, Any] | None:
    """`value` as base + constant, when an integer add or subtract of a constant defines it."""
    for name, sign in (("add", 1), ("subtract", -1)):
        producer = producer_of(rw, value, name)
        if producer is not None:
            base, constant = producer.operands if sign < 0 else _constants_last(rw, producer)
            number = rw.splat_of(constant)
            if number is not None:
                return base, int(number) * sign
    return None


def _plus(rw: Rewriter, base: Value, offset: int) -> Value:
    """base + offset modulo the width of its integer type."""
    dtype = base.type.dtype
    wrapped = np.array(offset & (1 << 8 * dtype.itemsize) - 1, np.uint64).astype(dtype)
    return rw.emit("add", (base, rw.constant(wrapped, base.type)), base.type) if wrapped else base


def add(rw: Rewriter, op: Op) -> Replacement:
    x, y = _constants_last(rw, op)
    if is_number(rw, y, 0 if _is_integer(x) else -0.0) and _kind(x) != "c":
        return [x]
    if not _is_integer(x):
        return None
    number, inner = rw.splat_of(y), _offset(rw, x)
    if number is not None and inner is not None:
        return [_plus(rw, inner[0], inner[1] + int(number))]
    return _cancel(rw, x, y) or _cancel(rw, y, x)


def _cancel(rw: Rewriter, x: Value, y: Value) -> Replacement:
    """(a - y) + y = a."""
    difference = producer_of(rw, x, "subtract")
    return [difference.operands[0]] if difference is not None and difference.operands[1] is y else None


def subtract(rw: Rewriter, op: Op) -> Replacement:
    x, y = op.operands
    if is_number(rw, y, 0) and _kind(x) != "c":
        return [x]
    if not _is_integer(x):
        return None
    if x is y:
        return [rw.constant(np.zeros(()), x.type)]
    number, inner = rw.splat_of(y), _offset(rw, x)
    if number is not None and inner is not None:
        return [_plus(rw, inner[0], inner[1] - int(number))]
    left, right = inner or (x, 0), _offset(rw, y) or (y, 0)
    if left[0] is right[0]:
        return [_plus(rw, rw.constant(np.zeros(()), x.type), left[1] - right[1])]
    total = producer_of(rw, x, "add")
    if total is not None and y in total.operands:
        return [total.operands[0] if total.operands[1] is y else total.operands[1]]
    return None


def multiply(rw: Rewriter, op: Op) -> Replacement:
    x, y = _constants_last(rw, op)
    if is_number(rw, y, 1) and _kind(x) != "c":
        return [x]
    return [y] if _is_integer(x) and is_number(rw, y, 0) else None


def mul0(rw: Rewriter, op: Op) -> Replacement:
    """The factor decides: a number other than zero makes a product, zero makes zero."""
    factor = rw.splat_of(op.operands[0])
    if factor is None:
        return None
    return [op.operands[0] if factor == 0 else rw.emit("multiply", op.operands, op.result.type)]


def divide(rw: Rewriter, op: Op) -> Replacement:
    x, y = op.operands
    return [x] if is_number(rw, y, 1) and _kind(x) != "c" else None


def floor_divide(rw: Rewriter, op: Op) -> Replacement:
    return divide(rw, op) if _is_integer(op.operands[0]) else None


def floor_mod(rw: Rewriter, op: Op) -> Replacement:
    x, y = op.operands
    return [rw.constant(np.zeros(()), x.type)] if _is_integer(x) and is_number(rw, y, 1) else None


def extremum(rw: Rewriter, op: Op) -> Replacement:
    return [op.operands[0]] if op.operands[0] is op.operands[1] else None


def logical(rw: Rewriter, op: Op) -> Replacement:
    """`and`, `or`: neutral and absorbing constants, equal and opposite operands."""
    x, y = _constants_last(rw, op)
    ones = 1 if _kind(x) == "b" else int(np.array(-1).astype(x.type.dtype))
    neutral, absorbing = (ones, 0) if op.name == "and" else (0, ones)
    if x is y or is_number(rw, y, neutral):
        return [x]
    if is_number(rw, y, absorbing):
        return [y]
    for one, other in ((x, y), (y, x)):
        negation = producer_of(rw, one, "not")
        if negation is not None and negation.operands[0] is other:
            return [rw.constant(np.asarray(absorbing), x.type)]
        nested = producer_of(rw, one, op.name)
        if nested is not None and other in nested.operands:
            return [one]
    return None


def exclusive_or(rw: Rewriter, op: Op) -> Replacement:
    x, y = _constants_last(rw, op)
    if x is y:
        return [rw.constant(np.zeros(()), x.type)]
    if is_number(rw, y, 0):
        return [x]
    return [rw.emit("not", (x,), x.type)] if _kind(x) == "b" and is_number(rw, y, 1) else None


def negation(rw: Rewriter, op: Op) -> Replacement:
    """`not`, `negate`: twice is nothing; a negated comparison is the opposite one, except for the order of floats."""
    (x,) = op.operands
    inner = producer_of(rw, x, op.name)
    if inner is not None:
        return [inner.operands[0]]
    comparison = producer_of(rw, x, "compare") if op.name == "not" else None
    if comparison is None:
        return None
    direction = comparison.attrs["direction"]
    if direction not in ("EQ", "NE") and _kind(comparison.operands[0]) not in "biu":
        return None
    return [rw.emit("compare", comparison.operands, x.type, direction=NEGATED[direction])]


def select(rw: Rewriter, op: Op) -> Replacement:
    pred, x, y = op.operands
    truth = rw.splat_of(pred)
    if truth is not None or x is y:
        return [x if truth is None or truth else y]
    opposite = producer_of(rw, pred, "not")
    if opposite is not None:
        return [rw.emit("select", (opposite.operands[0], y, x), x.type)]
    inner_x, inner_y = producer_of(rw, x, "select"), producer_of(rw, y, "select")
    if inner_x is not None and inner_x.operands[0] is pred:
        return [rw.emit("select", (pred, inner_x.operands[1], y), x.type)]
    if inner_y is not None and inner_y.operands[0] is pred:
        return [rw.emit("select", (pred, x, inner_y.operands[2]), x.type)]
    return _boolean_select(rw, pred, x, y) if pred.type == x.type else None


def _boolean_select(rw: Rewriter, pred: Value, x: Value, y: Value) -> Replacement:
    """A choice between bools of which one is constant, as `and`, `or` and `not`."""
    if is_number(rw, x, 1):
        return [rw.emit("or", (pred, y), x.type)]
    if is_number(rw, y, 0):
        return [rw.emit("and", (pred, x), x.type)]
    if is_number(rw, x, 0):
        return [rw.emit("and", (rw.emit("not", (pred,), x.type), y), x.type)]
    if is_number(rw, y, 1):
        return [rw.emit("or", (rw.emit("not", (pred,), x.type), x), x.type)]
    return None


def compare(rw: Rewriter, op: Op) -> Replacement:
    """Constants go right; equal operands; a bool against a constant; a choice between constants against a constant."""
    (x, y), direction, type = op.operands, op.attrs["direction"], op.result.type
    if x is y and _kind(x) in "biu":
        return [rw.constant(np.asarray(_REFLEXIVE[direction]), type)]
    if rw.splat_of(x) is not None and rw.splat_of(y) is None:
        return [rw.emit("compare", (y, x), type, direction=FLIPPED[direction])]
    if rw.splat_of(y) is None:
        return None
    if _kind(x) == "b" and direction in ("EQ", "NE"):
        same = (direction == "EQ") == bool(rw.splat_of(y))
        return [x if same else rw.emit("not", (x,), type)]
    choice = producer_of(rw, x, "select")
    if choice is None or choice.operands[0].type != type or any(rw.splat_of(v) is None for v in choice.operands[1:]):
        return None
    arms = [rw.emit("compare", (arm, y), type, direction=direction) for arm in choice.operands[1:]]
    return [rw.emit("select", (choice.operands[0], *arms), type)]


def convert(rw: Rewriter, op: Op) -> Replacement:
    """Nothing to convert; a conversion after one that kept the value."""
    (x,), target = op.operands, op.result.type
    if x.type == target:
        return [x]
    inner = producer_of(rw, x, "convert")
    if inner is None:
        return None
    source = inner.operands[0]
    kinds = _kind(source) + _kind(x) + _kind(op.result)
    exact = np.can_cast(source.type.dtype, x.type.dtype, "safe")
    if not exact or not (kinds == "fff" or (kinds[0] in "biu" and kinds[1] in "iu")):
        return None
    return [rw.emit("convert", (source,), target, dtype=target.dtype)]


def real(rw: Rewriter, op: Op) -> Replacement:
    """`real` and `imag` of a number just put together."""
    parts = producer_of(rw, op.operands[0], "complex")
    return [parts.operands[0 if op.name == "real" else 1]] if parts is not None else None


RULES: dict[str, Rule] = {
    "add": add,
    "subtract": subtract,
    "multiply": multiply,
    "mul0": mul0,
    "divide": divide,
    "floor_divide": floor_divide,
    "floor_mod": floor_mod,
    "maximum": extremum,
    "minimum": extremum,
    "and": logical,
    "or": logical,
    "xor": exclusive_or,
    "not": negation,
    "negate": negation,
    "select": select,
    "compare": compare,
    "convert": convert,
    "real": real,
    "imag": real,
}
