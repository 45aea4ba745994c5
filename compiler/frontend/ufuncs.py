"""NumPy's ufuncs: the table from each to operations, and how one is applied (promotion, broadcasting, out=, where=)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import DTypeError, ShapeError, UnsupportedError
from hloc.frontend import numbers
from hloc.frontend.structure import kind_of
from hloc.frontend.values import AbstractValue, ArrayRef, ChoiceRef, Const, TupleV
from hloc.ir.builder import Builder
from hloc.ir.core import Value
from hloc.ops import elementwise as e
from hloc.ops import helpers
from hloc.ops.derivative import StopGradient
from hloc.ops.helpers import compare, full, ones_like, zeros_like

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

Lowering = Callable[..., Any]

UFUNCS: dict[np.ufunc, Lowering] = {}


def ufunc(*names: np.ufunc) -> Callable[[Lowering], Lowering]:
    """Enter a lowering for these ufuncs: operands come in the element types of NumPy's loop, in one shape."""

    def enter(lowering: Lowering) -> Lowering:
        UFUNCS.update(dict.fromkeys(names, lowering))
        return lowering

    return enter


def _simple(record: Any, **attrs: Any) -> Lowering:
    return lambda b, *xs: b.emit(record, *xs, **attrs)


def _on_bools(for_bool: Any, record: Any) -> Lowering:
    return lambda b, *xs: b.emit(for_bool if xs[0].type.dtype == np.bool_ else record, *xs)


UFUNCS.update(
    {
        np.add: _on_bools(e.Or, e.Add),
        np.subtract: _simple(e.Subtract),
        np.multiply: _on_bools(e.And, e.Multiply),
        np.true_divide: _simple(e.Divide),
        np.floor_divide: _simple(e.FloorDivide, nonnegative=False),
        np.remainder: _simple(e.FloorMod, nonnegative=False),
        np.power: _simple(e.Power),
        np.float_power: _simple(e.Power),
        np.maximum: _on_bools(e.Or, e.Maximum),
        np.minimum: _on_bools(e.And, e.Minimum),
        np.arctan2: _simple(e.Atan2),
        np.nextafter: _simple(e.NextAfter),
        np.bitwise_and: _simple(e.And),
        np.bitwise_or: _simple(e.Or),
        np.bitwise_xor: _simple(e.Xor),
        np.invert: _simple(e.Not),
        np.left_shift: _simple(e.ShiftLeft),
        np.negative: _simple(e.Negate),
        np.sign: _simple(e.Sign),
        np.sin: _simple(e.Sine),
        np.cos: _simple(e.Cosine),
        np.tan: _simple(e.Tan),
        np.arcsin: _simple(e.Asin),
        np.arccos: _simple(e.Acos),
        np.arctan: _simple(e.Atan),
        np.sinh: _simple(e.Sinh),
        np.cosh: _simple(e.Cosh),
        np.tanh: _simple(e.Tanh),
        np.arcsinh: _simple(e.Asinh),
        np.arccosh: _simple(e.Acosh),
        np.arctanh: _simple(e.Atanh),
        np.exp: _simple(e.Exponential),
        np.expm1: _simple(e.ExponentialMinusOne),
        np.log: _simple(e.Log),
        np.log1p: _simple(e.LogPlusOne),
        np.sqrt: _simple(e.Sqrt),
        np.cbrt: _simple(e.Cbrt),
        np.conjugate: lambda b, x: b.emit(e.Conj, x) if x.type.dtype.kind == "c" else x,
        np.positive: lambda b, x: x,
        np.logical_and: lambda b, x, y: b.emit(e.And, as_bool(b, x), as_bool(b, y)),
        np.logical_or: lambda b, x, y: b.emit(e.Or, as_bool(b, x), as_bool(b, y)),
        np.logical_xor: lambda b, x, y: b.emit(e.Xor, as_bool(b, x), as_bool(b, y)),
        np.logical_not: lambda b, x: b.emit(e.Not, as_bool(b, x)),
        np.square: lambda b, x: b.emit(e.Multiply, x, x),
        np.reciprocal: lambda b, x: b.emit(e.Divide, ones_like(b, x), x),
        np.exp2: lambda b, x: b.emit(e.Power, full(b, x.type.shape, 2, x.type.dtype), x),
        np.log2: lambda b, x: _scaled_log(b, x, math.log(2.0)),
        np.log10: lambda b, x: _scaled_log(b, x, math.log(10.0)),
        np.deg2rad: lambda b, x: _scale(b, x, math.pi / 180),
        np.radians: lambda b, x: _scale(b, x, math.pi / 180),
        np.rad2deg: lambda b, x: _scale(b, x, 180 / math.pi),
        np.degrees: lambda b, x: _scale(b, x, 180 / math.pi),
        np.fabs: lambda b, x: b.emit(e.Abs, x),
        np.divmod: lambda b, x, y: (
            b.emit(e.FloorDivide, x, y, nonnegative=False),
            b.emit(e.FloorMod, x, y, nonnegative=False),
        ),
        np.fmod: lambda b, x, y: b.emit(e.Remainder, x, y),
    }
)


def _comparison(direction: str) -> Lowering:
    def lower(b: Builder, x: Value, y: Value) -> Value:
        if x.type.dtype != y.type.dtype:
            return _compare_signed_unsigned(b, x, direction, y)
        return compare(b, x, direction, y)

    return lower


for _ufunc, _direction in {
    np.equal: "EQ",
    np.not_equal: "NE",
    np.less: "LT",
    np.less_equal: "LE",
    np.greater: "GT",
    np.greater_equal: "GE",
}.items():
    UFUNCS[_ufunc] = _comparison(_direction)


def _compare_signed_unsigned(b: Builder, x: Value, direction: str, y: Value) -> Value:
    """int64 against uint64: a negative number is below every unsigned one."""
    if x.type.dtype.kind == "u":
        swapped = {"LT": "GT", "LE": "GE", "GT": "LT", "GE": "LE"}.get(direction, direction)
        return _compare_signed_unsigned(b, y, swapped, x)
    negative = compare(b, x, "LT", zeros_like(b, x))
    unsigned = compare(b, helpers.convert(b, x, np.uint64), direction, y)
    if direction in ("LT", "LE", "NE"):
        return b.emit(e.Or, negative, unsigned)
    return b.emit(e.And, b.emit(e.Not, negative), unsigned)


def as_bool(b: Builder, x: Value) -> Value:
    return helpers.convert(b, x, np.bool_)


def _scale(b: Builder, x: Value, factor: float) -> Value:
    return b.emit(e.Multiply, x, full(b, x.type.shape, factor, x.type.dtype))


def _scaled_log(b: Builder, x: Value, scale: float) -> Value:
    return b.emit(e.Divide, b.emit(e.Log, x), full(b, x.type.shape, scale, x.type.dtype))


@ufunc(np.isnan)
def isnan(b: Builder, x: Value) -> Value:
    return compare(b, x, "NE", x)


@ufunc(np.absolute)
def _absolute(b: Builder, x: Value) -> Value:
    return x if x.type.dtype.kind in "bu" else b.emit(e.Abs, x)


def _rounding(record: Any) -> Lowering:
    return lambda b, x: b.emit(record, x) if x.type.dtype.kind == "f" else x


UFUNCS.update(
    {
        np.floor: _rounding(e.Floor),
        np.ceil: _rounding(e.Ceil),
        np.trunc: _rounding(e.Trunc),
        np.rint: _rounding(e.RoundNearestEven),
    }
)


@ufunc(np.right_shift)
def _right_shift(b: Builder, x: Value, y: Value) -> Value:
    return b.emit(e.ShiftRightArithmetic if x.type.dtype.kind == "i" else e.ShiftRightLogical, x, y)


@ufunc(np.isfinite)
def _isfinite(b: Builder, x: Value) -> Value:
    if x.type.dtype.kind == "c":
        return b.emit(e.And, b.emit(e.IsFinite, b.emit(e.Real, x)), b.emit(e.IsFinite, b.emit(e.Imag, x)))
    return b.emit(e.IsFinite, x) if x.type.dtype.kind == "f" else full(b, x.type.shape, True, np.bool_)


@ufunc(np.isinf)
def _isinf(b: Builder, x: Value) -> Value:
    if x.type.dtype.kind == "c":
        return b.emit(e.Or, _isinf(b, b.emit(e.Real, x)), _isinf(b, b.emit(e.Imag, x)))
    if x.type.dtype.kind != "f":
        return full(b, x.type.shape, False, np.bool_)
    return compare(b, b.emit(e.Abs, x), "EQ", full(b, x.type.shape, np.inf, x.type.dtype))


def _ignoring_nan(record: Any, for_bool: Any) -> Lowering:
    def lower(b: Builder, x: Value, y: Value) -> Value:
        if x.type.dtype == np.bool_:
            return b.emit(for_bool, x, y)
        best = b.emit(record, x, y)
        if x.type.dtype.kind not in "fc":
            return best
        return b.emit(e.Select, isnan(b, x), y, b.emit(e.Select, isnan(b, y), x, best))

    return lower


UFUNCS.update({np.fmax: _ignoring_nan(e.Maximum, e.Or), np.fmin: _ignoring_nan(e.Minimum, e.And)})


@ufunc(np.hypot)
def _hypot(b: Builder, x: Value, y: Value) -> Value:
    """Scaled so that squares neither overflow nor underflow; an infinite operand gives inf even beside NaN (C99).

    The scale is a constant for derivatives, and the origin too.
    """
    large = b.emit(StopGradient, b.emit(e.Maximum, b.emit(e.Abs, x), b.emit(e.Abs, y)))
    origin = compare(b, large, "EQ", zeros_like(b, x))
    safe = b.emit(e.Select, origin, ones_like(b, x), large)
    u, v = b.emit(e.Divide, x, safe), b.emit(e.Divide, y, safe)
    root = helpers.root_of_squares(b, b.emit(e.Add, b.emit(e.Multiply, u, u), b.emit(e.Multiply, v, v)))
    infinite = b.emit(e.Or, _isinf(b, x), _isinf(b, y))
    return b.emit(e.Select, infinite, full(b, x.type.shape, np.inf, x.type.dtype), b.emit(e.Multiply, safe, root))


@ufunc(np.logaddexp)
def _logaddexp(b: Builder, x: Value, y: Value) -> Value:
    """max + log(1 + exp(min - max)); both sides of x = y have the same derivatives there, none is lost at a tie."""
    above = compare(b, x, "GT", y)
    large, small = b.emit(e.Select, above, x, y), b.emit(e.Select, above, y, x)
    difference = b.emit(e.Subtract, small, large)
    equal = b.emit(e.And, compare(b, x, "EQ", y), _isinf(b, x))
    difference = b.emit(e.Select, equal, zeros_like(b, x), difference)
    return b.emit(e.Add, large, b.emit(e.LogPlusOne, b.emit(e.Exponential, difference)))


@ufunc(np.copysign)
def _copysign(b: Builder, x: Value, y: Value) -> Value:
    size = b.emit(e.Abs, x)
    return b.emit(e.Select, signbit(b, y), b.emit(e.Negate, size), size)


@ufunc(np.signbit)
def signbit(b: Builder, x: Value) -> Value:
    bits = b.emit(e.BitcastConvert, x, dtype=np.dtype(f"i{x.type.dtype.itemsize}"))
    return compare(b, bits, "LT", zeros_like(b, bits))


@ufunc(np.heaviside)
def _heaviside(b: Builder, x: Value, y: Value) -> Value:
    zero, one = zeros_like(b, x), ones_like(b, x)
    step = b.emit(e.Select, compare(b, x, "LT", zero), zero, b.emit(e.Select, compare(b, x, "EQ", zero), y, one))
    return b.emit(e.Select, isnan(b, x), x, step)


@ufunc(np.modf)
def _modf(b: Builder, x: Value) -> tuple[Value, Value]:
    whole = b.emit(e.Trunc, x)
    above, below = b.emit(e.Subtract, x, whole), b.emit(e.Negate, b.emit(e.Subtract, whole, x))
    fraction = b.emit(e.Select, signbit(b, x), below, above)
    zero = zeros_like(b, x)
    signed_zero = b.emit(e.Select, signbit(b, x), b.emit(e.Negate, zero), zero)
    return b.emit(e.Select, _isinf(b, x), signed_zero, fraction), whole


if hasattr(np, "bitwise_count"):
    UFUNCS[np.bitwise_count] = lambda b, x: helpers.convert(
        b, b.emit(e.Popcnt, b.emit(e.Abs, x) if x.type.dtype.kind == "i" else x), np.uint8
    )


def kinds_of(values: Sequence[AbstractValue]) -> list[numbers.Kind]:
    """Element type and weakness of numbers and arrays. Raises DTypeError for anything else."""
    kinds = []
    for value in values:
        if isinstance(value, ArrayRef | ChoiceRef):
            kinds.append((value.type.dtype, False))
            continue
        described = numbers.describe(value)
        if described is None:
            raise DTypeError(f"a number or array is needed here, found {kind_of(value)}")
        kinds.append((described[0].dtype, described[1]))
    return kinds


def apply_ufunc(
    sp: Specializer,
    function: np.ufunc,
    args: Sequence[AbstractValue],
    *,
    out: AbstractValue | None = None,
    where: AbstractValue | None = None,
    dtype: np.dtype | None = None,
) -> AbstractValue:
    """Call a ufunc as NumPy does; `out` is written in place and returned."""
    lowering = UFUNCS.get(function)
    if lowering is None:
        raise UnsupportedError(f"np.{function.__name__} is not supported yet")
    if isinstance(out, TupleV):
        (out,) = out.items
    kinds = kinds_of(args)
    inputs, outputs = numbers.loop_dtypes(function, kinds)
    if dtype is not None:
        inputs = [dtype for _ in inputs]
        outputs = [o if o == np.bool_ else dtype for o in outputs]
    b = sp.builder
    values = [cast_operand(sp, a, d) for a, d in zip(args, inputs, strict=True)]
    shape = helpers.broadcast_shapes(*(v.type.shape for v in values))
    results = lowering(b, *(helpers.broadcast_to(b, v, shape) for v in values))
    if not isinstance(results, tuple):
        results = (results,)
    results = tuple(helpers.convert(b, r, d) for r, d in zip(results, outputs, strict=True))
    if out is not None or where is not None:
        return _into(sp, results[0], out, where)
    handed = [sp.result(r) for r in results]
    return handed[0] if len(handed) == 1 else TupleV(tuple(handed))


def cast_operand(sp: Specializer, value: AbstractValue, dtype: np.dtype) -> Value:
    """A number or array in an element type; a Python integer that it cannot hold is refused, as in NumPy."""
    if isinstance(value, Const) and isinstance(value.obj, int) and dtype.kind in "iu":
        limits = np.iinfo(dtype)
        if not limits.min <= value.obj <= limits.max:
            raise DTypeError(f"Python integer {value.obj} out of bounds for {dtype}")
        return sp.constant(value.obj, dtype)
    return helpers.convert(sp.builder, sp.number(value), dtype)


def _into(sp: Specializer, value: Value, out: AbstractValue | None, where: AbstractValue | None) -> AbstractValue:
    """Write a result into `out`, where `where` says so."""
    if not isinstance(out, ArrayRef | ChoiceRef):
        raise UnsupportedError("where= needs out=: without it NumPy leaves the other elements undefined")
    if not np.can_cast(value.type.dtype, out.type.dtype, "same_kind"):
        raise DTypeError(f"cannot cast the result from {value.type.dtype} to out's {out.type.dtype} (same_kind)")
    b = sp.builder
    if helpers.broadcast_shapes(value.type.shape, out.type.shape) != out.type.shape:
        raise ShapeError(f"out has shape {list(out.type.shape)}, the result {list(value.type.shape)}")
    value = helpers.broadcast_to(b, helpers.convert(b, value, out.type.dtype), out.type.shape)
    if where is not None and not (isinstance(where, Const) and where.obj is True):
        mask = helpers.broadcast_to(b, as_bool(b, sp.number(where)), out.type.shape)
        value = b.emit(e.Select, mask, value, sp.number(out))
    sp.store(out, value)
    return out
