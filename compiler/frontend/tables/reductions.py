"""Reductions over axes, with `where=`, or over `a[mask]`: sum, prod, min, max, any, all, mean, var, std."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import DTypeError, UnsupportedError
from hloc.frontend import operators
from hloc.frontend.effects import check, fail
from hloc.frontend.tables.arguments import (
    FALSE,
    NONE,
    TRUE,
    ZERO,
    array_value,
    axes_argument,
    deliver,
    flag,
    is_none,
    kept_shape,
    numpy_function,
)
from hloc.frontend.tables.array_methods import dtype_argument
from hloc.frontend.values import AbstractValue, Const, MaskedV, NeverV
from hloc.ir.core import Value
from hloc.ops import helpers
from hloc.ops.elementwise import (
    Add,
    Complex,
    Divide,
    Imag,
    Maximum,
    Minimum,
    Multiply,
    Real,
    Select,
    Subtract,
)
from hloc.ops.reduction import ReduceAnd, ReduceMax, ReduceMin, ReduceOr, ReduceProd, ReduceSum

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

KINDS = "array scalar masked"


@dataclass(frozen=True)
class Reduction:
    """What is reduced: `x` over `axes`, elements with a false `mask` left out; `shape` is that of the result."""

    sp: Specializer
    x: Value
    mask: Value | None
    axes: tuple[int, ...]
    shape: tuple[int, ...]

    @classmethod
    def of(
        cls,
        sp: Specializer,
        a: AbstractValue,
        axis: AbstractValue = NONE,
        keepdims: AbstractValue = FALSE,
        where: AbstractValue = TRUE,
    ) -> Reduction:
        keep = flag(sp, keepdims, "keepdims")
        if isinstance(a, MaskedV):
            axes_argument(sp, axis, 1)
            mask = a.mask if _is_true(where) else None
            if mask is None:
                raise UnsupportedError("where= on a selection by a mask is not supported", help="combine the masks: &")
            return cls(sp, a.values, mask, tuple(range(a.values.type.rank)), (1,) if keep else ())
        x = array_value(sp, a)
        axes = axes_argument(sp, axis, x.type.rank)
        shape = kept_shape(x.type.shape, axes)
        if not keep:
            shape = tuple(n for d, n in enumerate(shape) if d not in axes)
        mask = None if _is_true(where) else _mask(sp, where, x.type.shape)
        return cls(sp, x, mask, axes, shape)

    def with_value(self, x: Value) -> Reduction:
        return Reduction(self.sp, x, self.mask, self.axes, self.shape)

    def converted(self, dtype: Any) -> Reduction:
        return self.with_value(helpers.convert(self.sp.builder, self.x, dtype))

    @property
    def size(self) -> int:
        """Elements to one result, the mask not counted."""
        return prod(self.x.type.shape[d] for d in self.axes)

    def count(self) -> Value | int:
        """Elements to one result; an i64 of the result's shape where a mask is given."""
        if self.mask is None:
            return self.size
        flags = helpers.convert(self.sp.builder, self.mask, np.int64)
        return Reduction(self.sp, flags, None, self.axes, self.shape).apply(ReduceSum)

    def filled(self, neutral: Any) -> Value:
        """The elements, those that the mask leaves out replaced."""
        if self.mask is None:
            return self.x
        other = helpers.full(self.sp.builder, self.x.type.shape, neutral, self.x.type.dtype)
        return self.sp.emit(Select, self.mask, self.x, other)

    def apply(self, record: Any) -> Value:
        """The reduction by an operation with a neutral element."""
        x = self.filled(record.neutral(self.x.type.dtype))
        reduced = self.sp.emit(record, x, axes=self.axes) if self.axes else x
        return helpers.reshape(self.sp.builder, reduced, self.shape)

    def spread(self, result: Value) -> Value:
        """A result at every element that it was made from."""
        b = self.sp.builder
        kept = helpers.reshape(b, result, kept_shape(self.x.type.shape, self.axes))
        return helpers.broadcast_to(b, kept, self.x.type.shape)


def _is_true(where: AbstractValue) -> bool:
    return isinstance(where, Const) and (where.obj is True or where.obj is np._NoValue)


def _mask(sp: Specializer, where: AbstractValue, shape: tuple[int, ...]) -> Value:
    mask = helpers.convert(sp.builder, array_value(sp, where), np.bool_)
    return helpers.broadcast_to(sp.builder, mask, shape)


# --- sum and product


def sum_dtype(dtype: np.dtype) -> np.dtype:
    """The element type of sums and products: at least 64 bits for integers."""
    if dtype.kind in "bi":
        return np.dtype(np.int64)
    return np.dtype(np.uint64) if dtype.kind == "u" else dtype


def accumulate(
    r: Reduction, record: Any, combine: Any, dtype: AbstractValue, out: AbstractValue, initial: AbstractValue
) -> AbstractValue:
    sp = r.sp
    target = dtype_argument(sp, dtype) or (sum_dtype(r.x.type.dtype) if is_none(out) else _out_dtype(r, out))
    result = r.converted(target).apply(record)
    if not is_none(initial):
        result = sp.emit(combine, result, _initial(r, initial, target))
    return deliver(sp, result, out)


def _out_dtype(r: Reduction, out: AbstractValue) -> np.dtype:
    return np.result_type(sum_dtype(r.x.type.dtype), getattr(out, "type", r.x.type).dtype)


def _initial(r: Reduction, initial: AbstractValue, dtype: np.dtype) -> Value:
    start = helpers.convert(r.sp.builder, array_value(r.sp, initial), dtype)
    return helpers.broadcast_to(r.sp.builder, start, r.shape)


@numpy_function(np.sum, methods="sum", kinds=KINDS)
def sum_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    dtype: AbstractValue = NONE,
    out: AbstractValue = NONE,
    keepdims: AbstractValue = FALSE,
    initial: AbstractValue = NONE,
    where: AbstractValue = TRUE,
) -> AbstractValue:
    return accumulate(Reduction.of(sp, a, axis, keepdims, where), ReduceSum, Add, dtype, out, initial)


@numpy_function(np.prod, methods="prod", kinds=KINDS)
def prod_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    dtype: AbstractValue = NONE,
    out: AbstractValue = NONE,
    keepdims: AbstractValue = FALSE,
    initial: AbstractValue = NONE,
    where: AbstractValue = TRUE,
) -> AbstractValue:
    return accumulate(Reduction.of(sp, a, axis, keepdims, where), ReduceProd, Multiply, dtype, out, initial)


# --- extremes


def extreme_of(r: Reduction, largest: bool, out: AbstractValue, initial: AbstractValue) -> AbstractValue:
    """max or min; without elements NumPy's ValueError at run time."""
    name = "maximum" if largest else "minimum"
    if is_none(initial) and not _has_elements(
        r, f"zero-size array to reduction operation {name} which has no identity"
    ):
        return NeverV()
    record = ReduceMax if largest else ReduceMin
    result = _complex_extreme(r, record) if r.x.type.dtype.kind == "c" else r.apply(record)
    if not is_none(initial):
        start = _initial(r, initial, r.x.type.dtype)
        result = r.sp.emit(Maximum if largest else Minimum, result, start)
    return deliver(r.sp, result, out)


def _has_elements(r: Reduction, message: str) -> bool:
    """Raise ValueError at run time where a result has no elements; False when that is so always."""
    sp = r.sp
    if r.size == 0 and prod(r.shape) > 0:
        fail(sp, None, ValueError, [Const(message)])
        return False
    if r.mask is not None:
        count = r.count()
        assert isinstance(count, Value)
        some = helpers.compare(sp.builder, count, "GT", helpers.zeros_like(sp.builder, count))
        check(sp, sp.emit(ReduceAnd, some, axes=tuple(range(some.type.rank))), ValueError, Const(message))
    return True


def _complex_extreme(r: Reduction, record: Any) -> Value:
    """The extreme real part, among equal ones the extreme imaginary part: NumPy's order of complex numbers."""
    sp, b = r.sp, r.sp.builder
    real, imag = sp.emit(Real, r.x), sp.emit(Imag, r.x)
    best = r.with_value(real).apply(record)
    hit = helpers.compare(b, real, "EQ", r.spread(best))
    worst = helpers.full(b, real.type.shape, record.neutral(real.type.dtype), real.type.dtype)
    among = r.with_value(sp.emit(Select, hit, imag, worst))
    nan = helpers.compare(b, best, "NE", best)
    part = sp.emit(Select, nan, best, among.apply(record))
    return sp.emit(Complex, best, part)


def _refuse_where(a: AbstractValue, where: AbstractValue, initial: AbstractValue, name: str) -> None:
    if not _is_true(where) and is_none(initial):
        raise UnsupportedError(
            f"reduction operation '{name}' does not have an identity, so to use a where mask one has to specify "
            "'initial'"
        )


@numpy_function(np.max, np.amax, methods="max", kinds=KINDS)
def max_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    out: AbstractValue = NONE,
    keepdims: AbstractValue = FALSE,
    initial: AbstractValue = NONE,
    where: AbstractValue = TRUE,
) -> AbstractValue:
    _refuse_where(a, where, initial, "maximum")
    return extreme_of(Reduction.of(sp, a, axis, keepdims, where), True, out, initial)


@numpy_function(np.min, np.amin, methods="min", kinds=KINDS)
def min_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    out: AbstractValue = NONE,
    keepdims: AbstractValue = FALSE,
    initial: AbstractValue = NONE,
    where: AbstractValue = TRUE,
) -> AbstractValue:
    _refuse_where(a, where, initial, "minimum")
    return extreme_of(Reduction.of(sp, a, axis, keepdims, where), False, out, initial)


@numpy_function(np.ptp)
def ptp_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    out: AbstractValue = NONE,
    keepdims: AbstractValue = FALSE,
) -> AbstractValue:
    r = Reduction.of(sp, a, axis, keepdims)
    if r.x.type.dtype == np.bool_:
        raise DTypeError("numpy boolean subtract, the `-` operator, is not supported")
    high, low = (extreme_of(r, largest, NONE, NONE) for largest in (True, False))
    return deliver(sp, sp.number(operators.binary(sp, "Sub", high, low)), out)


# --- truth


@numpy_function(np.any, methods="any", kinds=KINDS)
def any_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    out: AbstractValue = NONE,
    keepdims: AbstractValue = FALSE,
    where: AbstractValue = TRUE,
) -> AbstractValue:
    return deliver(sp, Reduction.of(sp, a, axis, keepdims, where).converted(np.bool_).apply(ReduceOr), out)


@numpy_function(np.all, methods="all", kinds=KINDS)
def all_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    out: AbstractValue = NONE,
    keepdims: AbstractValue = FALSE,
    where: AbstractValue = TRUE,
) -> AbstractValue:
    return deliver(sp, Reduction.of(sp, a, axis, keepdims, where).converted(np.bool_).apply(ReduceAnd), out)


@numpy_function(np.count_nonzero)
def count_nonzero_(
    sp: Specializer, a: AbstractValue, axis: AbstractValue = NONE, keepdims: AbstractValue = FALSE
) -> AbstractValue:
    r = Reduction.of(sp, a, axis, keepdims).converted(np.bool_)
    return deliver(sp, r.with_value(r.filled(False)).converted(np.int64).apply(ReduceSum))


# --- mean, variance


def _divided(r: Reduction, total: Value, less: float = 0) -> Value:
    """A sum over the number of elements, `less` subtracted from it but not below 0."""
    sp, b, dtype = r.sp, r.sp.builder, total.type.dtype
    count = r.count()
    if isinstance(count, int):
        return sp.emit(Divide, total, helpers.full(b, total.type.shape, max(count - less, 0), dtype))
    if less:
        real = helpers.convert(b, count, np.float64)
        real = sp.emit(Subtract, real, helpers.full(b, real.type.shape, less, np.float64))
        count = sp.emit(Maximum, real, helpers.zeros_like(b, real))
    return sp.emit(Divide, total, helpers.convert(b, count, dtype))


def inexact(dtype: np.dtype) -> np.dtype:
    """The element type in which means are computed: float64 for integers, single precision for halves."""
    return np.dtype(np.float64) if dtype.kind in "biu" else np.dtype(np.float32) if dtype == np.float16 else dtype


def mean_value(r: Reduction, dtype: np.dtype | None) -> Value:
    given = r.x.type.dtype
    working = dtype or inexact(given)
    total = _divided(r, r.converted(working if working.kind in "fc" else inexact(working)).apply(ReduceSum))
    return helpers.convert(r.sp.builder, total, dtype or (given if given == np.float16 else working))


@numpy_function(np.mean, methods="mean", kinds=KINDS)
def mean_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    dtype: AbstractValue = NONE,
    out: AbstractValue = NONE,
    keepdims: AbstractValue = FALSE,
    where: AbstractValue = TRUE,
) -> AbstractValue:
    r = Reduction.of(sp, a, axis, keepdims, where)
    return deliver(sp, mean_value(r, dtype_argument(sp, dtype)), out)


def variance_value(r: Reduction, dtype: np.dtype | None, ddof: float) -> Value:
    """The mean square of the deviations from the mean, in two passes as NumPy does it."""
    sp, given = r.sp, r.x.type.dtype
    working = r.converted(inexact(dtype or given))
    mean = _divided(working, working.apply(ReduceSum))
    deviation = working.with_value(sp.emit(Subtract, working.x, working.spread(mean)))
    squares = _divided(r, deviation.with_value(_square(sp, deviation.x)).apply(ReduceSum), ddof)
    wanted = dtype or given
    return helpers.convert(sp.builder, squares, wanted if wanted.kind == "f" else squares.type.dtype)


def _square(sp: Specializer, x: Value) -> Value:
    if x.type.dtype.kind != "c":
        return sp.emit(Multiply, x, x)
    parts = [sp.emit(part, x) for part in (Real, Imag)]
    return sp.emit(Add, *(sp.emit(Multiply, p, p) for p in parts))


def correction_of(sp: Specializer, ddof: AbstractValue, correction: AbstractValue) -> float:
    return float(sp.static(ddof if is_none(correction) else correction, "ddof"))


@numpy_function(np.var, methods="var", kinds=KINDS)
def var_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    dtype: AbstractValue = NONE,
    out: AbstractValue = NONE,
    ddof: AbstractValue = ZERO,
    keepdims: AbstractValue = FALSE,
    where: AbstractValue = TRUE,
    correction: AbstractValue = NONE,
) -> AbstractValue:
    r = Reduction.of(sp, a, axis, keepdims, where)
    return deliver(sp, variance_value(r, dtype_argument(sp, dtype), correction_of(sp, ddof, correction)), out)


@numpy_function(np.std, methods="std", kinds=KINDS)
def std_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    dtype: AbstractValue = NONE,
    out: AbstractValue = NONE,
    ddof: AbstractValue = ZERO,
    keepdims: AbstractValue = FALSE,
    where: AbstractValue = TRUE,
    correction: AbstractValue = NONE,
) -> AbstractValue:
    r = Reduction.of(sp, a, axis, keepdims, where)
    variance = variance_value(r, dtype_argument(sp, dtype), correction_of(sp, ddof, correction))
    return deliver(sp, helpers.root_of_squares(sp.builder, variance), out)
