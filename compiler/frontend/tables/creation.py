"""Making arrays: zeros, full, arange, linspace, array, and their like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hloc.diagnostics.errors import UnsupportedError
from hloc.frontend.arrays import as_array
from hloc.frontend.tables.array_methods import dtype_argument, static_shape, type_of_array
from hloc.frontend.tables.registry import implements
from hloc.frontend.values import AbstractValue, ArrayRef, ChoiceRef, Const, MaskedV
from hloc.library.creation import linspace
from hloc.ops import helpers

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

NONE = Const(None)


def _filled(sp: Specializer, shape: AbstractValue, value: float, dtype: AbstractValue) -> AbstractValue:
    element = dtype_argument(sp, dtype) or np.dtype(np.float64)
    return sp.new_array(helpers.full(sp.builder, static_shape(sp, shape), value, element))


@implements(np.zeros)
def zeros_(
    sp: Specializer, shape: AbstractValue, dtype: AbstractValue = NONE, order: AbstractValue = NONE
) -> AbstractValue:
    return _filled(sp, shape, 0, dtype)


@implements(np.ones)
def ones_(
    sp: Specializer, shape: AbstractValue, dtype: AbstractValue = NONE, order: AbstractValue = NONE
) -> AbstractValue:
    return _filled(sp, shape, 1, dtype)


@implements(np.empty, np.ndarray)
def empty_(
    sp: Specializer, shape: AbstractValue, dtype: AbstractValue = NONE, order: AbstractValue = NONE
) -> AbstractValue:
    """Zeros: NumPy leaves the content undefined."""
    return _filled(sp, shape, 0, dtype)


@implements(np.full)
def full_(
    sp: Specializer, shape: AbstractValue, fill_value: AbstractValue, dtype: AbstractValue = NONE
) -> AbstractValue:
    value = sp.number(as_array(sp, fill_value))
    element = dtype_argument(sp, dtype) or value.type.dtype
    converted = helpers.convert(sp.builder, value, element)
    return sp.new_array(helpers.broadcast_to(sp.builder, converted, static_shape(sp, shape)))


def _like(sp: Specializer, a: AbstractValue, value: float, dtype: AbstractValue, shape: AbstractValue) -> AbstractValue:
    type_ = type_of_array(sp, as_array(sp, a))
    dims = type_.shape if isinstance(shape, Const) and shape.obj is None else static_shape(sp, shape)
    return sp.new_array(helpers.full(sp.builder, dims, value, dtype_argument(sp, dtype) or type_.dtype))


@implements(np.zeros_like)
def zeros_like_(
    sp: Specializer, a: AbstractValue, dtype: AbstractValue = NONE, shape: AbstractValue = NONE
) -> AbstractValue:
    return _like(sp, a, 0, dtype, shape)


@implements(np.ones_like)
def ones_like_(
    sp: Specializer, a: AbstractValue, dtype: AbstractValue = NONE, shape: AbstractValue = NONE
) -> AbstractValue:
    return _like(sp, a, 1, dtype, shape)


@implements(np.empty_like)
def empty_like_(
    sp: Specializer, a: AbstractValue, dtype: AbstractValue = NONE, shape: AbstractValue = NONE
) -> AbstractValue:
    return _like(sp, a, 0, dtype, shape)


@implements(np.full_like)
def full_like_(
    sp: Specializer, a: AbstractValue, fill_value: AbstractValue, dtype: AbstractValue = NONE
) -> AbstractValue:
    type_ = type_of_array(sp, as_array(sp, a))
    value = helpers.convert(sp.builder, sp.number(fill_value), dtype_argument(sp, dtype) or type_.dtype)
    return sp.new_array(helpers.broadcast_to(sp.builder, value, type_.shape))


@implements(np.array)
def array_(
    sp: Specializer,
    object: AbstractValue,
    dtype: AbstractValue = NONE,
    copy: AbstractValue = Const(True),
    ndmin: AbstractValue = Const(0),
) -> AbstractValue:
    value = as_array(sp, object, dtype_argument(sp, dtype))
    x = sp.number(value)
    missing = sp.static_int(ndmin, "ndmin") - x.type.rank
    if missing > 0:
        x = helpers.reshape(sp.builder, x, (*[1] * missing, *x.type.shape))
    return sp.new_array(x)


@implements(np.asarray, np.asanyarray, np.ascontiguousarray)
def asarray_(sp: Specializer, a: AbstractValue, dtype: AbstractValue = NONE) -> AbstractValue:
    if isinstance(a, MaskedV):
        return a
    value = as_array(sp, a, dtype_argument(sp, dtype))
    return value if isinstance(value, ArrayRef | ChoiceRef) else sp.new_array(sp.number(value))


@implements(np.arange)
def arange_(
    sp: Specializer,
    start: AbstractValue,
    stop: AbstractValue = NONE,
    step: AbstractValue = Const(1),
    dtype: AbstractValue = NONE,
) -> AbstractValue:
    if isinstance(stop, Const) and stop.obj is None:
        start, stop = Const(0), start
    bounds = [sp.static(v, "a bound of np.arange") for v in (start, stop, step)]
    element = dtype_argument(sp, dtype)
    return sp.new_array(sp.constant(np.arange(*bounds, dtype=element), element))


@implements(np.linspace)
def linspace_(
    sp: Specializer,
    start: AbstractValue,
    stop: AbstractValue,
    num: AbstractValue = Const(50),
    endpoint: AbstractValue = Const(True),
    retstep: AbstractValue = Const(False),
    dtype: AbstractValue = NONE,
) -> AbstractValue:
    if sp.static(retstep, "retstep"):
        raise UnsupportedError(
            "linspace(retstep=True) is not supported", help="compute the step: (stop - start) / (num - 1)"
        )
    count, last = sp.static_int(num, "num of linspace"), bool(sp.static(endpoint, "endpoint"))
    if isinstance(start, Const) and isinstance(stop, Const):
        element = dtype_argument(sp, dtype)
        array = np.linspace(start.obj, stop.obj, count, endpoint=last, dtype=element)
        return sp.new_array(sp.constant(array, array.dtype))
    result = sp.call(Const(linspace), start, stop, Const(count), Const(last))
    element = dtype_argument(sp, dtype)
    return result if element is None else sp.new_array(helpers.convert(sp.builder, sp.number(result), element))


@implements(np.eye)
def eye_(
    sp: Specializer, N: AbstractValue, M: AbstractValue = NONE, k: AbstractValue = Const(0), dtype: AbstractValue = NONE
) -> AbstractValue:
    n = sp.static_int(N, "N of np.eye")
    m = n if isinstance(M, Const) and M.obj is None else sp.static_int(M, "M of np.eye")
    element = dtype_argument(sp, dtype) or np.dtype(np.float64)
    return sp.new_array(sp.constant(np.eye(n, m, sp.static_int(k, "k of np.eye"), element), element))


@implements(np.identity)
def identity_(sp: Specializer, n: AbstractValue, dtype: AbstractValue = NONE) -> AbstractValue:
    return eye_(sp, n, dtype=dtype)
