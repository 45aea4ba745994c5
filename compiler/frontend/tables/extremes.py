"""Where the extreme elements stand (argmin, argmax) and running reductions (cumsum, cumprod)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import DTypeError
from hloc.frontend.effects import check, fail
from hloc.frontend.tables.arguments import (
    FALSE,
    NONE,
    array_value,
    deliver,
    flag,
    is_none,
    kept_shape,
    normal_axis,
    numpy_function,
    one_axis,
)
from hloc.frontend.tables.array_methods import dtype_argument
from hloc.frontend.tables.reductions import Reduction, sum_dtype
from hloc.frontend.values import AbstractValue, Const, MaskedV, NeverV, Tensor
from hloc.ir.core import Value
from hloc.ops import helpers
from hloc.ops.elementwise import And, Or, Select, Subtract
from hloc.ops.indexing import Read
from hloc.ops.reduction import Argmax, Argmin, Cumprod, Cumsum, ReduceAnd, ReduceMax, ReduceMin, ReduceOr

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

KINDS = "array scalar masked"


def _arg(
    sp: Specializer, a: AbstractValue, axis: AbstractValue, out: AbstractValue, keepdims: AbstractValue, record: Any
) -> AbstractValue:
    message = f"attempt to get {record.name} of an empty sequence"
    if isinstance(a, MaskedV):
        return Tensor(_masked_arg(sp, a, record, message))
    x = array_value(sp, a)
    if x.type.dtype.kind == "c":
        raise DTypeError(f"{record.name} of complex numbers is not supported", help="take abs() or .real first")
    kept = kept_shape(x.type.shape, range(x.type.rank))
    if is_none(axis) or x.type.rank == 0:
        x, d = helpers.reshape(sp.builder, x, (x.type.size,)), 0
    else:
        d = one_axis(sp, axis, x.type.rank)
        kept = kept_shape(x.type.shape, (d,))
    if x.type.shape[d] == 0:
        fail(sp, None, ValueError, [Const(message)])
        return NeverV()
    result = sp.emit(record, x, axis=d)
    if flag(sp, keepdims, "keepdims"):
        result = helpers.reshape(sp.builder, result, kept)
    return deliver(sp, result, out)


def _masked_arg(sp: Specializer, a: MaskedV, record: Any, message: str) -> Value:
    """The position among the selected elements of the first extreme one."""
    b, x = sp.builder, a.values
    r = Reduction.of(sp, a)
    best = r.spread(r.apply(ReduceMax if record is Argmax else ReduceMin))
    hit = helpers.compare(b, x, "EQ", best)
    if x.type.dtype.kind == "f":
        hit = sp.emit(Or, hit, helpers.compare(b, x, "NE", x))
    hit = helpers.reshape(b, sp.emit(And, hit, a.mask), (x.type.size,))
    check(sp, sp.emit(ReduceOr, hit, axes=(0,)), ValueError, Const(message))
    counts = helpers.convert(b, helpers.reshape(b, a.mask, (x.type.size,)), np.int64)
    rank = sp.emit(Read, sp.emit(Cumsum, counts, axis=0), sp.emit(Argmax, hit, axis=0), sizes=(1,), drop=(0,))
    return sp.emit(Subtract, rank, sp.constant(1, np.int64))


@numpy_function(np.argmax, methods="argmax", kinds=KINDS)
def argmax_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    out: AbstractValue = NONE,
    keepdims: AbstractValue = FALSE,
) -> AbstractValue:
    return _arg(sp, a, axis, out, keepdims, Argmax)


@numpy_function(np.argmin, methods="argmin", kinds=KINDS)
def argmin_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    out: AbstractValue = NONE,
    keepdims: AbstractValue = FALSE,
) -> AbstractValue:
    return _arg(sp, a, axis, out, keepdims, Argmin)


def _without_nan(sp: Specializer, a: AbstractValue, other: float) -> AbstractValue:
    x = array_value(sp, a)
    if x.type.dtype.kind != "f":
        return a
    b = sp.builder
    number = helpers.compare(b, x, "EQ", x)
    return sp.result(sp.emit(Select, number, x, helpers.full(b, x.type.shape, other, x.type.dtype)))


def _refuse_all_nan(sp: Specializer, a: AbstractValue, axis: AbstractValue) -> None:
    x = array_value(sp, a)
    if x.type.dtype.kind == "f" and x.type.size:
        numbers = Reduction.of(sp, a, axis).with_value(helpers.compare(sp.builder, x, "EQ", x)).apply(ReduceOr)
        every = sp.emit(ReduceAnd, numbers, axes=tuple(range(numbers.type.rank)))
        check(sp, every, ValueError, Const("All-NaN slice encountered"))


@numpy_function(np.nanargmax)
def nanargmax_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    out: AbstractValue = NONE,
    keepdims: AbstractValue = FALSE,
) -> AbstractValue:
    _refuse_all_nan(sp, a, axis)
    return _arg(sp, _without_nan(sp, a, -np.inf), axis, out, keepdims, Argmax)


@numpy_function(np.nanargmin)
def nanargmin_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    out: AbstractValue = NONE,
    keepdims: AbstractValue = FALSE,
) -> AbstractValue:
    _refuse_all_nan(sp, a, axis)
    return _arg(sp, _without_nan(sp, a, np.inf), axis, out, keepdims, Argmin)


# --- running reductions


def _running(
    sp: Specializer, x: Value, axis: AbstractValue, dtype: AbstractValue, out: AbstractValue, record: Any
) -> AbstractValue:
    if is_none(axis) or x.type.rank == 0:
        if not is_none(axis):
            normal_axis(sp.static_int(axis, "axis"), 1)
        x, d = helpers.reshape(sp.builder, x, (x.type.size,)), 0
    else:
        d = one_axis(sp, axis, x.type.rank)
    target = dtype_argument(sp, dtype) or sum_dtype(x.type.dtype)
    return deliver(sp, sp.emit(record, helpers.convert(sp.builder, x, target), axis=d), out)


@numpy_function(np.cumsum, methods="cumsum")
def cumsum_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    dtype: AbstractValue = NONE,
    out: AbstractValue = NONE,
) -> AbstractValue:
    return _running(sp, array_value(sp, a), axis, dtype, out, Cumsum)


@numpy_function(np.cumprod, methods="cumprod")
def cumprod_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    dtype: AbstractValue = NONE,
    out: AbstractValue = NONE,
) -> AbstractValue:
    return _running(sp, array_value(sp, a), axis, dtype, out, Cumprod)


@numpy_function(np.nancumsum)
def nancumsum_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    dtype: AbstractValue = NONE,
    out: AbstractValue = NONE,
) -> AbstractValue:
    return _running(sp, array_value(sp, _without_nan(sp, a, 0)), axis, dtype, out, Cumsum)


@numpy_function(np.nancumprod)
def nancumprod_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    dtype: AbstractValue = NONE,
    out: AbstractValue = NONE,
) -> AbstractValue:
    return _running(sp, array_value(sp, _without_nan(sp, a, 1)), axis, dtype, out, Cumprod)
