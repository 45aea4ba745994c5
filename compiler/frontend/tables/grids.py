"""Grids, facts about dtypes, gradient, and other rules with a variable number of arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import DTypeError, ShapeError, UnsupportedError
from hloc.frontend.arrays import as_array, list_items, resolve_list, wrap
from hloc.frontend.attributes import get_attribute
from hloc.frontend.tables import array_methods
from hloc.frontend.tables.arguments import (
    FALSE,
    NONE,
    ONE,
    TRUE,
    ZERO,
    array_ref,
    array_value,
    flag,
    is_none,
    normal_axis,
    numpy_function,
    one_axis,
)
from hloc.frontend.tables.array_methods import dtype_argument, static_shape, type_of_array
from hloc.frontend.tables.extremes import cumprod_, cumsum_
from hloc.frontend.tables.joining import joined
from hloc.frontend.tables.rearranging import broadcast, matrix_transpose_, viewed
from hloc.frontend.tables.registry import implements, prop
from hloc.frontend.tables.repeating import picked
from hloc.frontend.ufuncs import apply_ufunc
from hloc.frontend.values import AbstractValue, ArrayRef, ChoiceRef, Const, ListRef, Tensor, TupleV
from hloc.frontend.views import ReshapeView
from hloc.ir.core import Value
from hloc.library import calculus
from hloc.ops import helpers

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

XY = Const("xy")
WEAK_EXAMPLES = {"b": False, "i": 0, "f": 0.0, "c": 0j}


@numpy_function(np.meshgrid)
def meshgrid_(
    sp: Specializer,
    *xi: AbstractValue,
    copy: AbstractValue = TRUE,
    sparse: AbstractValue = FALSE,
    indexing: AbstractValue = XY,
) -> AbstractValue:
    order = sp.static(indexing, "indexing")
    if order not in ("xy", "ij"):
        raise ShapeError("Valid values for `indexing` are 'xy' and 'ij'.")
    n = len(xi)
    places = [1, 0, *range(2, n)] if order == "xy" and n > 1 else list(range(n))
    grids = []
    for d, x in enumerate(xi):
        value = array_value(sp, x)
        shape = [1] * n
        shape[places[d]] = value.type.size
        grids.append(sp.new_array(helpers.reshape(sp.builder, value, tuple(shape))))
    if flag(sp, sparse, "sparse"):
        return TupleV(tuple(grids))
    whole = helpers.broadcast_shapes(*(g.type.shape for g in grids))
    if flag(sp, copy, "copy"):
        values = (helpers.broadcast_to(sp.builder, sp.load(g), whole) for g in grids)
        return TupleV(tuple(sp.new_array(v) for v in values))
    return TupleV(tuple(broadcast(sp, g, whole) for g in grids))


@implements(np.fromfunction)
def fromfunction_(
    sp: Specializer, function: AbstractValue, shape: AbstractValue, *, dtype: AbstractValue = NONE
) -> AbstractValue:
    element = dtype_argument(sp, dtype) or np.dtype(np.float64)
    places = np.indices(static_shape(sp, shape), element)
    return sp.call(function, *(sp.new_array(sp.constant(p, element)) for p in places))


def static_function(function: Any) -> None:
    """A function of arguments that must be known at compile time; NumPy computes it now."""

    def rule(sp: Specializer, *args: AbstractValue, **kwargs: AbstractValue) -> AbstractValue:
        known = [sp.static(a, f"an argument of np.{function.__name__}") for a in args]
        named = {k: sp.static(a, f"{k} of np.{function.__name__}") for k, a in kwargs.items()}
        return wrap(sp, function(*known, **named))

    numpy_function(function)(rule)


for _function in (
    np.indices,
    np.tril_indices,
    np.triu_indices,
    np.diag_indices,
    np.hanning,
    np.hamming,
    np.blackman,
    np.bartlett,
    np.kaiser,
    np.broadcast_shapes,
    np.promote_types,
    np.fft.fftfreq,
    np.fft.rfftfreq,
    np.issubdtype,
    np.can_cast,
    np.isdtype,
    np.min_scalar_type,
):
    static_function(_function)


def _from_shape(function: Any, known: Any) -> None:
    """A function of an array's shape only."""

    def rule(sp: Specializer, arr: AbstractValue, k: AbstractValue = ZERO) -> AbstractValue:
        rows, columns = type_of_array(sp, as_array(sp, arr)).shape
        return wrap(sp, known(rows, sp.static_int(k, "k"), columns))

    numpy_function(function)(rule)


_from_shape(np.tril_indices_from, np.tril_indices)
_from_shape(np.triu_indices_from, np.triu_indices)


@numpy_function(np.diag_indices_from)
def diag_indices_from_(sp: Specializer, arr: AbstractValue) -> AbstractValue:
    shape = type_of_array(sp, as_array(sp, arr)).shape
    if len(shape) < 2:
        raise ShapeError("input array must be at least 2-d")
    if len(set(shape)) > 1:
        raise ShapeError("All dimensions of input must be of equal length")
    return wrap(sp, np.diag_indices(shape[0], len(shape)))


@numpy_function(np.ix_)
def ix__(sp: Specializer, *args: AbstractValue) -> AbstractValue:
    """Of integer positions; not of masks."""
    grids = []
    for d, part in enumerate(args):
        x = array_value(sp, part)
        if x.type.rank != 1:
            raise ShapeError("Cross index must be 1 dimensional")
        if x.type.dtype == np.bool_:
            raise UnsupportedError("np.ix_ of masks is not supported", help="give the positions")
        shape = tuple(x.type.size if e == d else 1 for e in range(len(args)))
        grids.append(sp.new_array(helpers.reshape(sp.builder, x, shape)))
    return TupleV(tuple(grids))


# --- facts


@numpy_function(np.result_type)
def result_type_(sp: Specializer, *arrays_and_dtypes: AbstractValue) -> AbstractValue:
    parts: list[Any] = []
    for value in arrays_and_dtypes:
        value = resolve_list(sp, value)
        if isinstance(value, ArrayRef | ChoiceRef):
            parts.append(value.type.dtype)
        elif isinstance(value, Tensor):
            dtype = value.value.type.dtype
            parts.append(WEAK_EXAMPLES[dtype.kind] if value.weak else dtype)
        else:
            parts.append(sp.static(value, "an argument of np.result_type"))
    return Const(np.result_type(*parts))


@numpy_function(np.iscomplexobj)
def iscomplexobj_(sp: Specializer, x: AbstractValue) -> AbstractValue:
    return Const(type_of_array(sp, as_array(sp, x)).dtype.kind == "c")


@numpy_function(np.isrealobj)
def isrealobj_(sp: Specializer, x: AbstractValue) -> AbstractValue:
    return Const(type_of_array(sp, as_array(sp, x)).dtype.kind != "c")


@numpy_function(np.isscalar)
def isscalar_(sp: Specializer, element: AbstractValue) -> AbstractValue:
    return Const(isinstance(element, Tensor) or (isinstance(element, Const) and np.isscalar(element.obj)))


@implements(np.astype)
def astype_(sp: Specializer, x: AbstractValue, dtype: AbstractValue, /, *, copy: AbstractValue = TRUE) -> AbstractValue:
    return array_methods.astype_(sp, array_ref(sp, x), dtype, copy)


@implements(np.real)
def real_(sp: Specializer, val: AbstractValue) -> AbstractValue:
    return get_attribute(sp, as_array(sp, val), "real")


@implements(np.imag)
def imag_(sp: Specializer, val: AbstractValue) -> AbstractValue:
    return get_attribute(sp, as_array(sp, val), "imag")


@prop("array", "flat")
def flat_(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    """A view of one dimension: it is indexed, written and iterated as `a.flat` is."""
    return viewed(sp, array_ref(sp, owner), ReshapeView((type_of_array(sp, owner).size,)))


@prop("array", "mT")
def matrix_transposed(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    return matrix_transpose_(sp, owner)


if not isinstance(np.fix, np.ufunc):

    @numpy_function(np.fix)
    def fix_(sp: Specializer, x: AbstractValue, out: AbstractValue = NONE) -> AbstractValue:
        given = None if is_none(out) else out
        return apply_ufunc(sp, np.trunc, [as_array(sp, x)], out=given)


# --- gradient, running sums with a start


@numpy_function(np.gradient)
def gradient_(
    sp: Specializer,
    f: AbstractValue,
    *varargs: AbstractValue,
    axis: AbstractValue = NONE,
    edge_order: AbstractValue = ONE,
) -> AbstractValue:
    array = array_ref(sp, f)
    known = sp.static(axis, "an axis")
    single = known is not None and hasattr(known, "__index__")
    given = range(array.type.rank) if known is None else (known,) if single else known
    axes = [normal_axis(int(d), array.type.rank) for d in given]
    steps = list(varargs) or [Const(1.0)]
    if len(steps) == 1 and array_value(sp, steps[0]).type.rank == 0:
        steps *= len(axes)
    if len(steps) != len(axes):
        raise DTypeError("invalid number of arguments")
    if array.type.dtype.kind in "biu":
        array = sp.new_array(helpers.convert(sp.builder, sp.number(array), np.float64))
    slope = Const(calculus.slope)
    found = []
    for d, h in zip(axes, steps, strict=True):
        found.append(sp.call(slope, array, as_array(sp, h), Const(d), edge_order))
    return found[0] if len(found) == 1 else TupleV(tuple(found))


def _cumulative(
    sp: Specializer,
    rule: Any,
    x: AbstractValue,
    axis: AbstractValue,
    dtype: AbstractValue,
    include_initial: AbstractValue,
    start: int,
) -> AbstractValue:
    rank = type_of_array(sp, as_array(sp, x)).rank
    if is_none(axis):
        if rank > 1:
            raise ShapeError("For arrays which have more than one dimension ``axis`` argument is required.")
        axis = Const(0)
    total = sp.number(rule(sp, x, axis, dtype))
    if not flag(sp, include_initial, "include_initial"):
        return sp.result(total)
    d = one_axis(sp, axis, total.type.rank)
    shape = list(total.type.shape)
    shape[d] = 1
    first = helpers.full(sp.builder, tuple(shape), start, total.type.dtype)
    return sp.result(joined(sp, [first, total], d))


@numpy_function(np.cumulative_sum)
def cumulative_sum_(
    sp: Specializer,
    x: AbstractValue,
    /,
    *,
    axis: AbstractValue = NONE,
    dtype: AbstractValue = NONE,
    include_initial: AbstractValue = FALSE,
) -> AbstractValue:
    return _cumulative(sp, cumsum_, x, axis, dtype, include_initial, 0)


@numpy_function(np.cumulative_prod)
def cumulative_prod_(
    sp: Specializer,
    x: AbstractValue,
    /,
    *,
    axis: AbstractValue = NONE,
    dtype: AbstractValue = NONE,
    include_initial: AbstractValue = FALSE,
) -> AbstractValue:
    return _cumulative(sp, cumprod_, x, axis, dtype, include_initial, 1)


# --- positions known now


@numpy_function(np.delete)
def delete_(sp: Specializer, arr: AbstractValue, obj: AbstractValue, axis: AbstractValue = NONE) -> AbstractValue:
    """The positions must be known at compile time."""
    x, d = _flat_or_axis(sp, arr, axis)
    places = np.delete(np.arange(x.type.shape[d]), sp.static(obj, "what np.delete takes out"))
    return sp.new_array(picked(sp, x, [int(p) for p in places], d))


@numpy_function(np.insert)
def insert_(
    sp: Specializer, arr: AbstractValue, obj: AbstractValue, values: AbstractValue, axis: AbstractValue = NONE
) -> AbstractValue:
    """The positions must be known at compile time."""
    x, d = _flat_or_axis(sp, arr, axis)
    where = sp.static(obj, "where np.insert puts values")
    new, b = helpers.convert(sp.builder, array_value(sp, values), x.type.dtype), sp.builder
    n = x.type.shape[d]
    several = not hasattr(where, "__index__")
    count = len(where) if several else 1
    if not several and new.type.rank == x.type.rank:
        count = new.type.shape[d]
    if not several and new.type.rank and new.type.rank < x.type.rank:
        new = helpers.expand_dims(b, new, (d,))
    if x.type.rank == 1 and new.type.rank == 1 and not several:
        count = new.type.size
    shape = list(x.type.shape)
    shape[d] = count
    new = helpers.broadcast_to(b, new, tuple(shape))
    order = np.insert(np.arange(n), where, n + np.arange(count))
    return sp.new_array(picked(sp, joined(sp, [x, new], d), [int(p) for p in order], d))


def _flat_or_axis(sp: Specializer, arr: AbstractValue, axis: AbstractValue) -> tuple[Value, int]:
    x = array_value(sp, arr)
    if is_none(axis):
        return helpers.reshape(sp.builder, x, (x.type.size,)), 0
    return x, one_axis(sp, axis, x.type.rank)


@numpy_function(np.block)
def block_(sp: Specializer, arrays: AbstractValue) -> AbstractValue:
    depth = _depth(sp, arrays)
    leaves = [array_value(sp, leaf) for leaf in _leaves(sp, arrays)]
    rank = max(depth, *(leaf.type.rank for leaf in leaves))
    dtype = np.result_type(*(leaf.type.dtype for leaf in leaves))

    def build(part: AbstractValue, level: int) -> Value:
        if level == 0:
            x = helpers.convert(sp.builder, array_value(sp, part), dtype)
            return helpers.reshape(sp.builder, x, (*[1] * (rank - x.type.rank), *x.type.shape))
        return joined(sp, [build(item, level - 1) for item in list_items(sp, part)], rank - level)

    return sp.new_array(build(arrays, depth))


def _depth(sp: Specializer, part: AbstractValue) -> int:
    part = resolve_list(sp, part)
    return 1 + _depth(sp, list_items(sp, part)[0]) if isinstance(part, ListRef) else 0


def _leaves(sp: Specializer, part: AbstractValue) -> list[AbstractValue]:
    part = resolve_list(sp, part)
    if isinstance(part, ListRef):
        return [leaf for item in list_items(sp, part) for leaf in _leaves(sp, item)]
    return [part]
