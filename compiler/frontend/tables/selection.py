"""Element by element: where, clip, round, select, nan_to_num, isclose and what is built from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hloc.diagnostics.errors import DTypeError
from hloc.frontend.arrays import as_array
from hloc.frontend.tables.arguments import (
    NONE,
    ZERO,
    array_value,
    common_dtype,
    deliver,
    is_none,
    numpy_function,
)
from hloc.frontend.tables.searching import known_positions
from hloc.frontend.ufuncs import apply_ufunc, cast_operand
from hloc.frontend.values import AbstractValue
from hloc.ir.core import Value
from hloc.ops import helpers
from hloc.ops.elementwise import Complex, Divide, Imag, Multiply, Real, RoundNearestEven, Select

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


@numpy_function(np.where)
def where_(
    sp: Specializer, condition: AbstractValue, x: AbstractValue | None = None, y: AbstractValue | None = None
) -> AbstractValue:
    """The form with one argument needs a mask known at compile time: the length of its result would be data."""
    if x is None or y is None:
        return known_positions(sp, condition, "np.where(mask)")
    sides = [as_array(sp, v) for v in (x, y)]
    dtype = common_dtype(sp, sides)
    b = sp.builder
    mask = helpers.convert(b, array_value(sp, condition), np.bool_)
    values = [cast_operand(sp, v, dtype) for v in sides]
    shape = helpers.broadcast_shapes(mask.type.shape, *(v.type.shape for v in values))
    mask = mask if not mask.type.rank else helpers.broadcast_to(b, mask, shape)
    return sp.result(sp.emit(Select, mask, *(helpers.broadcast_to(b, v, shape) for v in values)))


@numpy_function(np.clip, methods="clip")
def clip_(
    sp: Specializer,
    a: AbstractValue,
    a_min: AbstractValue = NONE,
    a_max: AbstractValue = NONE,
    out: AbstractValue = NONE,
    *,
    min: AbstractValue = NONE,
    max: AbstractValue = NONE,
) -> AbstractValue:
    low, high = min if is_none(a_min) else a_min, max if is_none(a_max) else a_max
    result = as_array(sp, a)
    if not is_none(low):
        result = apply_ufunc(sp, np.maximum, [result, as_array(sp, low)])
    if not is_none(high):
        result = apply_ufunc(sp, np.minimum, [result, as_array(sp, high)])
    return deliver(sp, sp.number(result), out)


# --- rounding


@numpy_function(np.round, np.around, methods="round")
def round_(
    sp: Specializer, a: AbstractValue, decimals: AbstractValue = ZERO, out: AbstractValue = NONE
) -> AbstractValue:
    x = array_value(sp, a)
    places = sp.static_int(decimals, "decimals")
    if x.type.dtype == np.bool_:
        raise DTypeError("round of bools is not supported", help="convert them: a.astype(float)")
    return deliver(sp, _rounded(sp, x, places), out)


def _rounded(sp: Specializer, x: Value, places: int) -> Value:
    dtype, b = x.type.dtype, sp.builder
    if dtype.kind == "c":
        return sp.emit(Complex, *(_rounded(sp, sp.emit(part, x), places) for part in (Real, Imag)))
    if dtype.kind in "iu":
        if places >= 0:
            return x
        wide = helpers.convert(b, x, np.float64)
        return helpers.convert(b, _rounded(sp, wide, places), dtype)
    if places == 0:
        return sp.emit(RoundNearestEven, x)
    scale = helpers.full(b, x.type.shape, 10.0 ** abs(places), dtype)
    there, back = (Multiply, Divide) if places > 0 else (Divide, Multiply)
    return sp.emit(back, sp.emit(RoundNearestEven, sp.emit(there, x, scale)), scale)
