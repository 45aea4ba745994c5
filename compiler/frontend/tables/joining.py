"""Arrays put together: concatenate, stack, vstack, hstack, dstack, column_stack, append, block, tile, repeat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hloc.diagnostics.errors import ShapeError
from hloc.frontend.arrays import as_array
from hloc.frontend.tables.arguments import (
    NONE,
    ZERO,
    array_items,
    common_dtype,
    deliver,
    is_none,
    normal_axis,
    numpy_function,
)
from hloc.frontend.tables.array_methods import dtype_argument
from hloc.frontend.values import AbstractValue
from hloc.ir.core import Value
from hloc.ops import helpers
from hloc.ops.shape import Concatenate

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


def values_alike(sp: Specializer, items: Sequence[AbstractValue], dtype: AbstractValue = NONE) -> list[Value]:
    """The contents in one element type."""
    if not items:
        raise ShapeError("need at least one array to concatenate")
    arrays = [_strong(sp, item) for item in items]
    target = dtype_argument(sp, dtype) or common_dtype(sp, arrays)
    return [helpers.convert(sp.builder, sp.number(a), target) for a in arrays]


def _strong(sp: Specializer, item: AbstractValue) -> AbstractValue:
    """A Python number counts as an array of its type here."""
    return sp.new_array(sp.number(item)) if not hasattr(item, "type") else item


def joined(sp: Specializer, values: Sequence[Value], axis: int) -> Value:
    """Values one after another along an axis. Raises ShapeError where the other dimensions differ."""
    first = values[0].type
    for number, value in enumerate(values):
        if value.type.rank != first.rank:
            raise ShapeError(
                "all the input arrays must have same number of dimensions, but the array at index 0 has "
                f"{first.rank} dimension(s) and the array at index {number} has {value.type.rank} dimension(s)"
            )
        for d in range(first.rank):
            if d != axis and value.type.shape[d] != first.shape[d]:
                raise ShapeError(
                    "all the input array dimensions except for the concatenation axis must match exactly, but along "
                    f"dimension {d}, the array at index 0 has size {first.shape[d]} and the array at index {number} "
                    f"has size {value.type.shape[d]}"
                )
    if not first.rank:
        raise ShapeError("zero-dimensional arrays cannot be concatenated")
    return values[0] if len(values) == 1 else sp.emit(Concatenate, *values, dim=axis)


@numpy_function(np.concatenate)
def concatenate_(
    sp: Specializer,
    arrays: AbstractValue,
    axis: AbstractValue = ZERO,
    out: AbstractValue = NONE,
    dtype: AbstractValue = NONE,
) -> AbstractValue:
    values = values_alike(sp, array_items(sp, arrays), dtype)
    if is_none(axis):
        flat = [helpers.reshape(sp.builder, v, (v.type.size,)) for v in values]
        return deliver(sp, joined(sp, flat, 0), out)
    if not values[0].type.rank:
        raise ShapeError("zero-dimensional arrays cannot be concatenated")
    return deliver(sp, joined(sp, values, normal_axis(sp.static_int(axis, "axis"), values[0].type.rank)), out)


@numpy_function(np.stack)
def stack_(
    sp: Specializer,
    arrays: AbstractValue,
    axis: AbstractValue = ZERO,
    out: AbstractValue = NONE,
    dtype: AbstractValue = NONE,
) -> AbstractValue:
    values = values_alike(sp, array_items(sp, arrays), dtype)
    if len({v.type.shape for v in values}) > 1:
        raise ShapeError("all input arrays must have the same shape")
    d = normal_axis(sp.static_int(axis, "axis"), values[0].type.rank + 1)
    return deliver(sp, joined(sp, [helpers.expand_dims(sp.builder, v, (d,)) for v in values], d), out)


def at_least(sp: Specializer, x: Value, rank: int) -> Value:
    """x as `np.atleast_1d`, `np.atleast_2d` and `np.atleast_3d` shape it."""
    return helpers.reshape(sp.builder, x, shape_at_least(x.type.shape, rank))


def shape_at_least(shape: tuple[int, ...], rank: int) -> tuple[int, ...]:
    if len(shape) >= rank:
        return shape
    if rank == 3 and len(shape) == 2:
        return (*shape, 1)
    if rank == 3 and len(shape) == 1:
        return (1, *shape, 1)
    return (*[1] * (rank - len(shape)), *shape)


@numpy_function(np.vstack)
def vstack_(sp: Specializer, tup: AbstractValue, dtype: AbstractValue = NONE) -> AbstractValue:
    values = [at_least(sp, v, 2) for v in values_alike(sp, array_items(sp, tup), dtype)]
    return sp.result(joined(sp, values, 0))


@numpy_function(np.hstack)
def hstack_(sp: Specializer, tup: AbstractValue, dtype: AbstractValue = NONE) -> AbstractValue:
    values = [at_least(sp, v, 1) for v in values_alike(sp, array_items(sp, tup), dtype)]
    return sp.result(joined(sp, values, 0 if values[0].type.rank == 1 else 1))


@numpy_function(np.dstack)
def dstack_(sp: Specializer, tup: AbstractValue) -> AbstractValue:
    values = [at_least(sp, v, 3) for v in values_alike(sp, array_items(sp, tup))]
    return sp.result(joined(sp, values, 2))


@numpy_function(np.column_stack)
def column_stack_(sp: Specializer, tup: AbstractValue) -> AbstractValue:
    columns = []
    for v in values_alike(sp, array_items(sp, tup)):
        shape = v.type.shape if v.type.rank >= 2 else (v.type.size, 1)
        columns.append(helpers.reshape(sp.builder, v, shape))
    return sp.result(joined(sp, columns, 1))


@numpy_function(np.append)
def append_(sp: Specializer, arr: AbstractValue, values: AbstractValue, axis: AbstractValue = NONE) -> AbstractValue:
    both = values_alike(sp, [as_array(sp, arr), as_array(sp, values)])
    if is_none(axis):
        return sp.result(joined(sp, [helpers.reshape(sp.builder, v, (v.type.size,)) for v in both], 0))
    return sp.result(joined(sp, both, normal_axis(sp.static_int(axis, "axis"), both[0].type.rank)))
