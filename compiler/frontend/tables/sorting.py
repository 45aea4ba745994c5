"""Orders: sort, argsort and the methods in place. Equal elements keep their order, whatever `kind`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hloc.frontend.tables.arguments import LAST, NONE, array_value, is_none, numpy_function, one_axis
from hloc.frontend.tables.registry import method
from hloc.frontend.values import AbstractValue
from hloc.ir.core import Value
from hloc.ops import helpers
from hloc.ops.elementwise import Complex, Imag, Real
from hloc.ops.shape import Iota
from hloc.ops.sorting import Sort

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


def _keys(sp: Specializer, x: Value) -> list[Value]:
    """What is compared: complex numbers by their real, then by their imaginary part."""
    return [sp.emit(Real, x), sp.emit(Imag, x)] if x.type.dtype.kind == "c" else [x]


def sorted_value(sp: Specializer, x: Value, axis: int) -> Value:
    """x sorted ascending along an axis, NaN last."""
    keys = _keys(sp, x)
    sorted_ = sp.builder.emit_many(Sort, *keys, dim=axis, num_keys=len(keys), stable=False)
    return sorted_[0] if len(keys) == 1 else sp.emit(Complex, *sorted_)


def order_of(sp: Specializer, x: Value, axis: int) -> Value:
    """The indices (i64) that sort x along an axis."""
    keys = _keys(sp, x)
    places = sp.emit(Iota, shape=x.type.shape, dtype=np.dtype(np.int64), dim=axis)
    return sp.builder.emit_many(Sort, *keys, places, dim=axis, num_keys=len(keys), stable=True)[-1]


def _along(sp: Specializer, a: AbstractValue, axis: AbstractValue) -> tuple[Value, int]:
    """The content and the axis to sort along; without an axis the array is flattened."""
    x = array_value(sp, a)
    if is_none(axis) or x.type.rank == 0:
        return helpers.reshape(sp.builder, x, (x.type.size,)), 0
    return x, one_axis(sp, axis, x.type.rank)


@numpy_function(np.sort)
def sort_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = LAST,
    kind: AbstractValue = NONE,
    stable: AbstractValue = NONE,
) -> AbstractValue:
    return sp.result(sorted_value(sp, *_along(sp, a, axis)))


@numpy_function(np.argsort, methods="argsort")
def argsort_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = LAST,
    kind: AbstractValue = NONE,
    stable: AbstractValue = NONE,
) -> AbstractValue:
    return sp.result(order_of(sp, *_along(sp, a, axis)))


@method("array", "sort")
def sort_method(
    sp: Specializer,
    owner: AbstractValue,
    axis: AbstractValue = LAST,
    kind: AbstractValue = NONE,
    stable: AbstractValue = NONE,
) -> AbstractValue:
    x = sp.number(owner)
    sp.store(owner, sorted_value(sp, x, one_axis(sp, axis, x.type.rank)))
    return NONE


@method("array", "partition")
def partition_method(
    sp: Specializer, owner: AbstractValue, kth: AbstractValue, axis: AbstractValue = LAST
) -> AbstractValue:
    """Sorts: NumPy leaves the order inside the parts open."""
    return sort_method(sp, owner, axis)
