"""Diagonals and triangles: diag, diagonal, diagflat, trace, fill_diagonal, tri, tril, triu; kron, vander."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import ShapeError
from hloc.frontend.arrays import as_array
from hloc.frontend.subscripts import stored_value
from hloc.frontend.tables.arguments import (
    FALSE,
    LAST,
    NONE,
    ONE,
    ZERO,
    array_ref,
    array_value,
    deliver,
    flag,
    is_none,
    numpy_function,
    one_axis,
)
from hloc.frontend.tables.array_methods import dtype_argument, permuted
from hloc.frontend.tables.rearranging import Array, viewed
from hloc.frontend.tables.reductions import Reduction, sum_dtype
from hloc.frontend.tables.repeating import resize_
from hloc.frontend.ufuncs import apply_ufunc
from hloc.frontend.values import AbstractValue, Const
from hloc.frontend.views import IndexView, ReadOnlyView, ReshapeView, Window
from hloc.ir.core import Value
from hloc.ops import helpers
from hloc.ops.elementwise import Add, Select
from hloc.ops.reduction import ReduceSum
from hloc.ops.shape import Iota, Pad

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


# --- diagonals


def diagonal_view(sp: Specializer, a: Array, offset: int, axis1: int, axis2: int) -> Array:
    """A view of a diagonal as the last dimension: every (columns + 1)-th element of the matrix laid flat."""
    if a.type.rank < 2:
        raise ShapeError("diag requires an array of at least two dimensions")
    if axis1 == axis2:
        raise ShapeError("axis1 and axis2 cannot be the same")
    order = [d for d in range(a.type.rank) if d not in (axis1, axis2)]
    moved = permuted(sp, a, (*order, axis1, axis2))
    *lead, rows, columns = moved.type.shape  # type: ignore[attr-defined]
    count = max(min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns), 0)
    start = (offset if offset >= 0 else -offset * columns) if count else 0
    windows = (*(Window(0, n) for n in lead), Window(start, count, columns + 1))
    return viewed(sp, moved, ReshapeView((*lead, rows * columns)), IndexView(windows))  # type: ignore[arg-type]


def _diagonal(
    sp: Specializer, a: AbstractValue, offset: AbstractValue, axis1: AbstractValue, axis2: AbstractValue
) -> Array:
    array = array_ref(sp, a)
    if array.type.rank < 2:
        raise ShapeError("diag requires an array of at least two dimensions")
    axes = (one_axis(sp, axis, array.type.rank) for axis in (axis1, axis2))
    return diagonal_view(sp, array, sp.static_int(offset, "offset"), *axes)


@numpy_function(np.diagonal, methods="diagonal")
def diagonal_(
    sp: Specializer,
    a: AbstractValue,
    offset: AbstractValue = ZERO,
    axis1: AbstractValue = ZERO,
    axis2: AbstractValue = ONE,
) -> AbstractValue:
    return viewed(sp, _diagonal(sp, a, offset, axis1, axis2), ReadOnlyView())


@numpy_function(np.linalg.diagonal)
def linalg_diagonal_(sp: Specializer, x: AbstractValue, /, *, offset: AbstractValue = ZERO) -> AbstractValue:
    return diagonal_(sp, x, offset, Const(-2), LAST)


@numpy_function(np.trace, methods="trace")
def trace_(
    sp: Specializer,
    a: AbstractValue,
    offset: AbstractValue = ZERO,
    axis1: AbstractValue = ZERO,
    axis2: AbstractValue = ONE,
    dtype: AbstractValue = NONE,
    out: AbstractValue = NONE,
) -> AbstractValue:
    r = Reduction.of(sp, _diagonal(sp, a, offset, axis1, axis2), LAST)
    target = dtype_argument(sp, dtype) or sum_dtype(r.x.type.dtype)
    return deliver(sp, r.converted(target).apply(ReduceSum), out)


@numpy_function(np.linalg.trace)
def linalg_trace_(
    sp: Specializer, x: AbstractValue, /, *, offset: AbstractValue = ZERO, dtype: AbstractValue = NONE
) -> AbstractValue:
    return trace_(sp, x, offset, Const(-2), LAST, dtype)


def diagonal_matrix(sp: Specializer, x: Value, k: int) -> Value:
    """The square matrix with the vector x on its k-th diagonal."""
    n = x.type.size
    side = n + abs(k)
    if not n:
        return helpers.full(sp.builder, (side, side), 0, x.type.dtype)
    low = k if k >= 0 else -k * side
    used = n + (n - 1) * side
    zero = sp.constant(0, x.type.dtype)
    flat = sp.emit(Pad, x, zero, low=(low,), high=(side * side - low - used,), interior=(side,))
    return helpers.reshape(sp.builder, flat, (side, side))


@numpy_function(np.diag)
def diag_(sp: Specializer, v: AbstractValue, k: AbstractValue = ZERO) -> AbstractValue:
    x = array_value(sp, v)
    if x.type.rank == 1:
        return sp.new_array(diagonal_matrix(sp, x, sp.static_int(k, "k")))
    if x.type.rank != 2:
        raise ShapeError("Input must be 1- or 2-d.")
    return diagonal_(sp, v, k)


@numpy_function(np.diagflat)
def diagflat_(sp: Specializer, v: AbstractValue, k: AbstractValue = ZERO) -> AbstractValue:
    x = array_value(sp, v)
    flat = helpers.reshape(sp.builder, x, (x.type.size,))
    return sp.new_array(diagonal_matrix(sp, flat, sp.static_int(k, "k")))


@numpy_function(np.fill_diagonal)
def fill_diagonal_(sp: Specializer, a: AbstractValue, val: AbstractValue, wrap: AbstractValue = FALSE) -> AbstractValue:
    array = array_ref(sp, a)
    shape = array.type.shape
    if len(shape) < 2:
        raise ShapeError("array must be at least 2-d")
    size, end = array.type.size, array.type.size
    if len(shape) == 2:
        step = shape[1] + 1
        end = end if flag(sp, wrap, "wrap") else min(end, shape[1] * shape[1])
    elif len(set(shape)) == 1:
        step = 1 + int(np.cumprod(shape[:-1]).sum())
    else:
        raise ShapeError("All dimensions of input must be of equal length")
    count = len(range(0, end, step))
    target = viewed(sp, array, ReshapeView((size,)), IndexView((Window(0, count, step),)))
    value = as_array(sp, val)
    if sp.number(value).type.size > 1:
        value = resize_(sp, value, Const(count))
    sp.store(target, stored_value(sp, value, target))
    return NONE


# --- triangles


def triangle(sp: Specializer, rows: int, columns: int, k: AbstractValue) -> Value:
    """True where column <= row + k."""
    shape = (rows, columns)
    b = sp.builder
    row, column = (sp.emit(Iota, shape=shape, dtype=np.dtype(np.int64), dim=d) for d in (0, 1))
    if not (isinstance(k, Const) and k.obj == 0):
        shift = helpers.convert(b, sp.number(k), np.int64)
        row = sp.emit(Add, row, helpers.broadcast_to(b, shift, shape))
    return helpers.compare(b, column, "LE", row)


@numpy_function(np.tri)
def tri_(
    sp: Specializer,
    N: AbstractValue,
    M: AbstractValue = NONE,
    k: AbstractValue = ZERO,
    dtype: AbstractValue = NONE,
) -> AbstractValue:
    rows = sp.static_int(N, "N of np.tri")
    columns = rows if is_none(M) else sp.static_int(M, "M of np.tri")
    element = dtype_argument(sp, dtype) or np.dtype(np.float64)
    return sp.new_array(helpers.convert(sp.builder, triangle(sp, rows, columns, k), element))


def _part(sp: Specializer, m: AbstractValue, k: AbstractValue, lower: bool) -> AbstractValue:
    x, b = array_value(sp, m), sp.builder
    if x.type.rank == 1:
        x = helpers.broadcast_to(b, x, (x.type.size, x.type.size))
    if x.type.rank < 2:
        raise ShapeError("tril and triu need at least one dimension")
    before = k if lower else apply_ufunc(sp, np.subtract, [k, ONE])
    mask = helpers.broadcast_to(b, triangle(sp, x.type.shape[-2], x.type.shape[-1], before), x.type.shape)
    zero = helpers.zeros_like(b, x)
    return sp.new_array(sp.emit(Select, mask, *((x, zero) if lower else (zero, x))))


@numpy_function(np.tril)
def tril_(sp: Specializer, m: AbstractValue, k: AbstractValue = ZERO) -> AbstractValue:
    return _part(sp, m, k, True)


@numpy_function(np.triu)
def triu_(sp: Specializer, m: AbstractValue, k: AbstractValue = ZERO) -> AbstractValue:
    return _part(sp, m, k, False)


# --- products


@numpy_function(np.kron)
def kron_(sp: Specializer, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    x, y = array_value(sp, a), array_value(sp, b)
    rank = max(x.type.rank, y.type.rank)
    shapes = [(*[1] * (rank - v.type.rank), *v.type.shape) for v in (x, y)]
    spread: list[Any] = []
    for shape, value, first in zip(shapes, (x, y), (True, False), strict=True):
        pairs = tuple(s for n in shape for s in ((n, 1) if first else (1, n)))
        spread.append(sp.new_array(helpers.reshape(sp.builder, value, pairs)))
    product = sp.number(apply_ufunc(sp, np.multiply, spread))
    sizes = tuple(m * n for m, n in zip(*shapes, strict=True))
    return sp.result(helpers.reshape(sp.builder, product, sizes))


@numpy_function(np.vander)
def vander_(
    sp: Specializer, x: AbstractValue, N: AbstractValue = NONE, increasing: AbstractValue = FALSE
) -> AbstractValue:
    column = array_value(sp, x)
    if column.type.rank != 1:
        raise ShapeError("x must be a one-dimensional array or sequence.")
    count = column.type.size if is_none(N) else sp.static_int(N, "N of vander")
    powers = np.arange(count) if flag(sp, increasing, "increasing") else np.arange(count)[::-1]
    base = helpers.reshape(sp.builder, column, (column.type.size, 1))
    dtype = np.result_type(column.type.dtype, np.int64)
    base = helpers.convert(sp.builder, base, dtype)
    return apply_ufunc(
        sp, np.power, [sp.new_array(base), sp.new_array(sp.constant(np.ascontiguousarray(powers), dtype))]
    )
