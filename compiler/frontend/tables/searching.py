"""Finding and counting: take, take_along_axis, put, searchsorted, digitize, bincount, lexsort, isin, copyto, select."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hloc.diagnostics.errors import DTypeError, ShapeError, UnsupportedError
from hloc.frontend.arrays import as_array, list_items
from hloc.frontend.effects import check
from hloc.frontend.subscripts import get_item, set_item
from hloc.frontend.tables.arguments import (
    FALSE,
    LAST,
    NONE,
    ZERO,
    array_ref,
    array_value,
    deliver,
    flag,
    is_none,
    numpy_function,
    one_axis,
)
from hloc.frontend.tables.joining import joined
from hloc.frontend.tables.known import known_array, known_value
from hloc.frontend.tables.rearranging import viewed
from hloc.frontend.tables.registry import method
from hloc.frontend.tables.repeating import part_of, resize_
from hloc.frontend.tables.sorting import argsort_, sort_
from hloc.frontend.ufuncs import apply_ufunc
from hloc.frontend.values import AbstractValue, Const, SliceV, TupleV
from hloc.frontend.views import ReshapeView
from hloc.ir.core import Value
from hloc.ops import helpers
from hloc.ops.elementwise import Add, And, FloorMod, Maximum, Minimum, Not, Or, Select, Subtract
from hloc.ops.indexing import Gather, Scatter
from hloc.ops.reduction import ReduceAnd, ReduceOr
from hloc.ops.shape import Iota, Reverse
from hloc.ops.sorting import Sort

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

RAISE = Const("raise")
LEFT = Const("left")
WHOLE = SliceV(NONE, NONE, NONE)


# --- elements by position


@numpy_function(np.take, methods="take")
def take_(
    sp: Specializer,
    a: AbstractValue,
    indices: AbstractValue,
    axis: AbstractValue = NONE,
    out: AbstractValue = NONE,
    mode: AbstractValue = RAISE,
) -> AbstractValue:
    array = array_ref(sp, a)
    if is_none(axis) or array.type.rank == 0:
        array, d = viewed(sp, array, ReshapeView((array.type.size,))), 0
    else:
        d = one_axis(sp, axis, array.type.rank)
    where = _within(sp, as_array(sp, indices), array.type.shape[d], str(sp.static(mode, "mode")))
    found = get_item(sp, array, TupleV((*[WHOLE] * d, where)))
    return deliver(sp, sp.number(found), out)


def _within(sp: Specializer, indices: AbstractValue, size: int, mode: str) -> AbstractValue:
    """Positions brought into range by take's mode."""
    if mode == "raise":
        return indices
    b, x = sp.builder, helpers.convert(sp.builder, sp.number(indices), np.int64)
    n = helpers.full(b, x.type.shape, size, np.int64)
    if mode == "wrap":
        return sp.result(sp.emit(FloorMod, x, n, nonnegative=False))
    last = helpers.full(b, x.type.shape, size - 1, np.int64)
    return sp.result(sp.emit(Minimum, sp.emit(Maximum, x, helpers.zeros_like(b, x)), last))


@numpy_function(np.compress, methods="")
def compress_(
    sp: Specializer, condition: AbstractValue, a: AbstractValue, axis: AbstractValue = NONE, out: AbstractValue = NONE
) -> AbstractValue:
    """The condition must be known at compile time: it decides the length."""
    mask = known_array(sp, condition)
    if mask is None:
        raise UnsupportedError(
            "np.compress with a condition that is data has a length that depends on data",
            help="reduce over a[condition], or use np.where(condition, a, other)",
        )
    return take_(sp, a, sp.new_array(sp.constant(np.flatnonzero(mask), np.int64)), axis, out)


@method("array", "compress")
def compress_method(
    sp: Specializer,
    a: AbstractValue,
    condition: AbstractValue,
    axis: AbstractValue = NONE,
    out: AbstractValue = NONE,
) -> AbstractValue:
    return compress_(sp, condition, a, axis, out)


def _along_axis(sp: Specializer, array: AbstractValue, indices: AbstractValue, axis: int) -> AbstractValue:
    """The index that pairs `indices` along one axis with every position of the others."""
    x = array_value(sp, indices)
    shape = array_ref(sp, array).type.shape
    if x.type.rank != len(shape):
        raise ShapeError("`indices` and `arr` must have the same number of dimensions")
    parts: list[AbstractValue] = []
    for d, n in enumerate(shape):
        if d == axis:
            parts.append(sp.new_array(x))
        else:
            places = np.arange(n).reshape([-1 if e == d else 1 for e in range(len(shape))])
            parts.append(sp.new_array(sp.constant(places, np.int64)))
    return TupleV(tuple(parts))


@numpy_function(np.take_along_axis)
def take_along_axis_(
    sp: Specializer, arr: AbstractValue, indices: AbstractValue, axis: AbstractValue = LAST
) -> AbstractValue:
    array = array_ref(sp, arr)
    if is_none(axis):
        array, d = viewed(sp, array, ReshapeView((array.type.size,))), 0
    else:
        d = one_axis(sp, axis, array.type.rank)
    return get_item(sp, array, _along_axis(sp, array, indices, d))


@numpy_function(np.put_along_axis)
def put_along_axis_(
    sp: Specializer, arr: AbstractValue, indices: AbstractValue, values: AbstractValue, axis: AbstractValue
) -> AbstractValue:
    array = array_ref(sp, arr)
    if is_none(axis):
        array, d = viewed(sp, array, ReshapeView((array.type.size,))), 0
    else:
        d = one_axis(sp, axis, array.type.rank)
    set_item(sp, array, _along_axis(sp, array, indices, d), values)
    return NONE


@numpy_function(np.put)
def put_(sp: Specializer, a: AbstractValue, ind: AbstractValue, v: AbstractValue) -> AbstractValue:
    array = array_ref(sp, a)
    flat = viewed(sp, array, ReshapeView((array.type.size,)))
    places = array_value(sp, ind)
    places = helpers.reshape(sp.builder, places, (places.type.size,))
    values = resize_(sp, v, Const(places.type.size)) if array_value(sp, v).type.size != 1 else v
    set_item(sp, flat, sp.new_array(places), values)
    return NONE


@method("array", "put")
def put_method(sp: Specializer, a: AbstractValue, indices: AbstractValue, values: AbstractValue) -> AbstractValue:
    return put_(sp, a, indices, values)


# --- sorted arrays


def insertion_points(sp: Specializer, a: Value, v: Value, right: bool) -> Value:
    """Positions in the sorted vector `a` that keep it sorted (i64, of v's shape): binary search, all of `v` at once."""
    b, n = sp.builder, a.type.size
    dtype = np.result_type(a.type.dtype, v.type.dtype)
    a, v = helpers.convert(b, a, dtype), helpers.convert(b, v, dtype)
    position = helpers.full(b, v.type.shape, 0, np.int64)
    step = 1 << max(n.bit_length() - 1, 0)
    while step and n:
        jump = sp.emit(Add, position, helpers.full(b, v.type.shape, step, np.int64))
        inside = helpers.compare(b, jump, "LE", helpers.full(b, v.type.shape, n, np.int64))
        probe = sp.emit(Subtract, jump, helpers.full(b, v.type.shape, 1, np.int64))
        before = _is_before(sp, sp.emit(Gather, a, probe, dims=(0,)), v, right)
        position = sp.emit(Select, sp.emit(And, inside, before), jump, position)
        step >>= 1
    return position


def _is_before(sp: Specializer, x: Value, v: Value, right: bool) -> Value:
    """Whether element x lies before the insertion point of v; NaN is the greatest."""
    b = sp.builder
    if x.type.dtype.kind == "c":
        raise DTypeError("searchsorted of complex numbers is not supported")
    before = helpers.compare(b, x, "LE" if right else "LT", v)
    if x.type.dtype.kind != "f":
        return before
    v_nan = helpers.compare(b, v, "NE", v)
    if right:
        return sp.emit(Or, before, v_nan)
    return sp.emit(Or, before, sp.emit(And, v_nan, helpers.compare(b, x, "EQ", x)))


@numpy_function(np.searchsorted)
def searchsorted_(
    sp: Specializer,
    a: AbstractValue,
    v: AbstractValue,
    side: AbstractValue = LEFT,
    sorter: AbstractValue = NONE,
) -> AbstractValue:
    x = array_value(sp, a)
    if x.type.rank != 1:
        raise ShapeError("object of too small depth for desired array" if not x.type.rank else "a must be 1-d")
    if not is_none(sorter):
        x = sp.number(take_(sp, sp.new_array(x), sorter))
    which = sp.static(side, "side")
    if which not in ("left", "right"):
        raise ShapeError(f"search side must be 'left' or 'right' (got {which!r})")
    return sp.result(insertion_points(sp, x, array_value(sp, v), which == "right"))


@method("array", "searchsorted")
def searchsorted_method(
    sp: Specializer,
    a: AbstractValue,
    v: AbstractValue,
    side: AbstractValue = LEFT,
    sorter: AbstractValue = NONE,
) -> AbstractValue:
    return searchsorted_(sp, a, v, side, sorter)


@numpy_function(np.digitize)
def digitize_(sp: Specializer, x: AbstractValue, bins: AbstractValue, right: AbstractValue = FALSE) -> AbstractValue:
    v, edges, b = array_value(sp, x), array_value(sp, bins), sp.builder
    n, closed = edges.type.size, flag(sp, right, "right")
    known = known_value(sp, edges)
    if known is not None and np.all(known[:-1] <= known[1:]):
        return sp.result(insertion_points(sp, edges, v, not closed))
    rising = _all_ordered(sp, edges, "LE")
    falling = sp.emit(And, sp.emit(Not, rising), _all_ordered(sp, edges, "GE"))
    message = Const("bins must be monotonically increasing or decreasing")
    check(sp, sp.emit(Or, rising, falling), ValueError, message)
    up = insertion_points(sp, edges, v, not closed)
    backwards = sp.emit(Reverse, edges, dims=(0,)) if n > 1 else edges
    places = insertion_points(sp, backwards, v, not closed)
    down = sp.emit(Subtract, helpers.full(b, up.type.shape, n, np.int64), places)
    return sp.result(sp.emit(Select, falling, down, up))


def _all_ordered(sp: Specializer, x: Value, direction: str) -> Value:
    """Whether every element of a vector stands so to the next one."""
    n = x.type.size
    if n < 2:
        return sp.constant(True, np.bool_)
    pairs = helpers.compare(sp.builder, part_of(sp, x, 0, 0, n - 1), direction, part_of(sp, x, 0, 1, n))
    return sp.emit(ReduceAnd, pairs, axes=(0,))


# --- counts and orders


@numpy_function(np.bincount)
def bincount_(
    sp: Specializer, x: AbstractValue, /, weights: AbstractValue = NONE, minlength: AbstractValue = ZERO
) -> AbstractValue:
    """Needs minlength above all elements: the length of the result must be known at compile time."""
    places, b = array_value(sp, x), sp.builder
    if places.type.rank != 1:
        raise ShapeError("object of too small depth for desired array" if not places.type.rank else "object too deep")
    if places.type.dtype.kind not in "biu" and places.type.size:
        raise DTypeError(f"Cannot cast array data from {places.type.dtype} to int64 according to the rule 'safe'")
    n = sp.static_int(minlength, "minlength")
    if n == 0 and places.type.size:
        raise UnsupportedError(
            "np.bincount without minlength has a length that depends on data",
            help="give minlength=n, with n greater than all elements",
        )
    places = helpers.convert(b, places, np.int64)
    _check_all(sp, places, "GE", 0, "'list' argument must have no negative elements")
    _check_all(sp, places, "LT", n, "compiled np.bincount needs minlength to be greater than all elements")
    if is_none(weights):
        dtype: np.dtype = np.dtype(np.int64)
        amounts = helpers.full(b, places.type.shape, 1, dtype)
    else:
        dtype = np.dtype(np.float64)
        amounts = helpers.convert(b, array_value(sp, weights), dtype)
        if amounts.type.shape != places.type.shape:
            raise ShapeError("The weights and list don't have the same length.")
    zeros = helpers.full(b, (n,), 0, dtype)
    return sp.new_array(sp.emit(Scatter, zeros, amounts, places, dims=(0,), mode="add", unique=False))


def _check_all(sp: Specializer, x: Value, direction: str, bound: int, message: str) -> None:
    if x.type.size:
        ok = helpers.compare(sp.builder, x, direction, helpers.full(sp.builder, x.type.shape, bound, x.type.dtype))
        check(sp, sp.emit(ReduceAnd, ok, axes=tuple(range(x.type.rank))), ValueError, Const(message))


@numpy_function(np.lexsort)
def lexsort_(sp: Specializer, keys: AbstractValue, axis: AbstractValue = LAST) -> AbstractValue:
    values = [array_value(sp, key) for key in list_items(sp, keys)]
    if not values:
        raise ShapeError("need sequence of keys with len > 0 in lexsort")
    if not values[0].type.rank:
        return Const(np.int64(0))
    d = one_axis(sp, axis, values[0].type.rank)
    places = sp.emit(Iota, shape=values[0].type.shape, dtype=np.dtype(np.int64), dim=d)
    ordered = sp.builder.emit_many(Sort, *reversed(values), places, dim=d, num_keys=len(values), stable=True)
    return sp.result(ordered[-1])


@numpy_function(np.isin)
def isin_(
    sp: Specializer,
    element: AbstractValue,
    test_elements: AbstractValue,
    assume_unique: AbstractValue = FALSE,
    invert: AbstractValue = FALSE,
) -> AbstractValue:
    x, tests, b = array_value(sp, element), array_value(sp, test_elements), sp.builder
    column = sp.new_array(helpers.reshape(b, x, (*x.type.shape, 1)))
    row = sp.new_array(helpers.reshape(b, tests, (tests.type.size,)))
    same = sp.number(apply_ufunc(sp, np.equal, [column, row]))
    found = sp.emit(ReduceOr, same, axes=(x.type.rank,))
    return sp.result(sp.emit(Not, found) if flag(sp, invert, "invert") else found)


@numpy_function(np.partition)
def partition_(sp: Specializer, a: AbstractValue, kth: AbstractValue, axis: AbstractValue = LAST) -> AbstractValue:
    """Sorts: NumPy leaves the order inside the parts open."""
    return sort_(sp, a, axis)


@numpy_function(np.argpartition, methods="argpartition", kinds="array")
def argpartition_(sp: Specializer, a: AbstractValue, kth: AbstractValue, axis: AbstractValue = LAST) -> AbstractValue:
    """Sorts: NumPy leaves the order inside the parts open."""
    return argsort_(sp, a, axis)


def _positions(sp: Specializer, known: np.ndarray) -> AbstractValue:
    return TupleV(tuple(sp.new_array(sp.constant(axis, np.int64)) for axis in np.nonzero(known)))


def known_positions(sp: Specializer, condition: AbstractValue, name: str) -> AbstractValue:
    """The positions of what is true, for a condition known at compile time."""
    known = known_array(sp, condition)
    if known is None:
        raise UnsupportedError(
            f"{name} has a length that depends on data",
            help="use np.where(mask, x, y), a[mask] in a reduction, or a loop with `if`",
        )
    return _positions(sp, np.atleast_1d(known))


@numpy_function(np.nonzero, methods="nonzero")
def nonzero_(sp: Specializer, a: AbstractValue) -> AbstractValue:
    """Only of arrays known at compile time."""
    return known_positions(sp, a, "np.nonzero")


@numpy_function(np.flatnonzero)
def flatnonzero_(sp: Specializer, a: AbstractValue) -> AbstractValue:
    """Only of arrays known at compile time."""
    x = array_value(sp, a)
    flat = sp.new_array(helpers.reshape(sp.builder, x, (x.type.size,)))
    found = known_positions(sp, flat, "np.flatnonzero")
    assert isinstance(found, TupleV)
    return found.items[0]


@numpy_function(np.argwhere)
def argwhere_(sp: Specializer, a: AbstractValue) -> AbstractValue:
    """Only of arrays known at compile time."""
    found = known_positions(sp, a, "np.argwhere")
    assert isinstance(found, TupleV)
    columns = [sp.number(item) for item in found.items]
    return sp.new_array(joined(sp, [helpers.expand_dims(sp.builder, c, (1,)) for c in columns], 1))
