"""Reductions that leave NaN out: nansum, nanprod, nanmax, nanmin, nanmean, nanvar, nanstd."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hloc.frontend.tables.arguments import FALSE, NONE, TRUE, ZERO, deliver, numpy_function
from hloc.frontend.tables.array_methods import dtype_argument
from hloc.frontend.tables.reductions import (
    Reduction,
    accumulate,
    correction_of,
    extreme_of,
    mean_value,
    variance_value,
)
from hloc.frontend.values import AbstractValue
from hloc.ir.core import Value
from hloc.ops import helpers
from hloc.ops.elementwise import Add, And, Multiply, Select
from hloc.ops.reduction import ReduceMax, ReduceMin, ReduceProd, ReduceSum

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


@numpy_function(np.nansum)
def nansum_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    dtype: AbstractValue = NONE,
    out: AbstractValue = NONE,
    keepdims: AbstractValue = FALSE,
    initial: AbstractValue = NONE,
    where: AbstractValue = TRUE,
) -> AbstractValue:
    r = ignoring_nan(Reduction.of(sp, a, axis, keepdims, where))
    return accumulate(r, ReduceSum, Add, dtype, out, initial)


@numpy_function(np.nanprod)
def nanprod_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    dtype: AbstractValue = NONE,
    out: AbstractValue = NONE,
    keepdims: AbstractValue = FALSE,
    initial: AbstractValue = NONE,
    where: AbstractValue = TRUE,
) -> AbstractValue:
    r = ignoring_nan(Reduction.of(sp, a, axis, keepdims, where))
    return accumulate(r, ReduceProd, Multiply, dtype, out, initial)


def ignoring_nan(r: Reduction) -> Reduction:
    """The reduction with NaN left out."""
    if r.x.type.dtype.kind not in "fc":
        return r
    number = helpers.compare(r.sp.builder, r.x, "EQ", r.x)
    mask = number if r.mask is None else r.sp.emit(And, r.mask, number)
    return Reduction(r.sp, r.x, mask, r.axes, r.shape)


def _nan_extreme(r: Reduction, largest: bool, out: AbstractValue) -> AbstractValue:
    """The extreme with NaN left out; NaN where nothing is left."""
    if r.x.type.dtype.kind != "f" or not r.size:
        return extreme_of(r, largest, out, NONE)
    numbers_only = ignoring_nan(r)
    record = ReduceMax if largest else ReduceMin
    count = numbers_only.count()
    assert isinstance(count, Value)
    b = r.sp.builder
    some = helpers.compare(b, count, "GT", helpers.zeros_like(b, count))
    nan = helpers.full(b, r.shape, np.nan, r.x.type.dtype)
    return deliver(r.sp, r.sp.emit(Select, some, numbers_only.apply(record), nan), out)


@numpy_function(np.nanmax)
def nanmax_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    out: AbstractValue = NONE,
    keepdims: AbstractValue = FALSE,
) -> AbstractValue:
    return _nan_extreme(Reduction.of(sp, a, axis, keepdims), True, out)


@numpy_function(np.nanmin)
def nanmin_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    out: AbstractValue = NONE,
    keepdims: AbstractValue = FALSE,
) -> AbstractValue:
    return _nan_extreme(Reduction.of(sp, a, axis, keepdims), False, out)


@numpy_function(np.nanmean)
def nanmean_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    dtype: AbstractValue = NONE,
    out: AbstractValue = NONE,
    keepdims: AbstractValue = FALSE,
    where: AbstractValue = TRUE,
) -> AbstractValue:
    r = ignoring_nan(Reduction.of(sp, a, axis, keepdims, where))
    return deliver(sp, mean_value(r, dtype_argument(sp, dtype)), out)


def nan_variance(r: Reduction, dtype: np.dtype | None, less: float) -> Value:
    """NaN left out; NaN where no more elements than `less` remain."""
    valid = ignoring_nan(r)
    variance = variance_value(valid, dtype, less)
    count = valid.count()
    if isinstance(count, int):
        return variance
    b = r.sp.builder
    enough = helpers.compare(b, helpers.convert(b, count, np.float64), "GT", helpers.full(b, r.shape, less, np.float64))
    return r.sp.emit(Select, enough, variance, helpers.full(b, r.shape, np.nan, variance.type.dtype))


@numpy_function(np.nanvar)
def nanvar_(
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
    return deliver(sp, nan_variance(r, dtype_argument(sp, dtype), correction_of(sp, ddof, correction)), out)


@numpy_function(np.nanstd)
def nanstd_(
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
    variance = nan_variance(r, dtype_argument(sp, dtype), correction_of(sp, ddof, correction))
    return deliver(sp, helpers.root_of_squares(sp.builder, variance), out)
