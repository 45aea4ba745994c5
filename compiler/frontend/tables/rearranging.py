"""Views in another shape or order: swapaxes, moveaxis, squeeze, expand_dims, broadcast_to, flip, rot90, split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hloc.diagnostics.errors import ShapeError
from hloc.frontend.arrays import as_array, take_view
from hloc.frontend.subscripts import get_item
from hloc.frontend.tables.arguments import (
    NONE,
    ONE,
    ZERO,
    array_items,
    array_ref,
    axes_argument,
    is_none,
    normal_axis,
    numpy_function,
    one_axis,
)
from hloc.frontend.tables.array_methods import permuted, reshaped, static_shape
from hloc.frontend.tables.joining import shape_at_least
from hloc.frontend.values import AbstractValue, ArrayRef, ChoiceRef, Const, SliceV, Tensor, TupleV
from hloc.frontend.views import BroadcastView, View
from hloc.ops import helpers

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

Array = ArrayRef | ChoiceRef


def viewed(sp: Specializer, a: Array, *steps: View) -> Array:
    """A view by several steps, of each array that `a` may be."""
    if isinstance(a, ChoiceRef):
        refs = []
        for ref in a.refs:
            part = viewed(sp, ref, *steps)
            assert isinstance(part, ArrayRef)
            refs.append(part)
        return ChoiceRef(a.selector, tuple(refs))
    for step in steps:
        a = take_view(sp, a, step)
    return a


def sliced(sp: Specializer, a: Array, axis: int, part: slice) -> AbstractValue:
    """`a[:, …, part]`: a view of some of an axis."""
    whole = SliceV(NONE, NONE, NONE)
    bounds = SliceV(Const(part.start), Const(part.stop), Const(part.step))
    return get_item(sp, a, TupleV((*[whole] * axis, bounds)))


# --- order of dimensions


@numpy_function(np.swapaxes, methods="swapaxes")
def swapaxes_(sp: Specializer, a: AbstractValue, axis1: AbstractValue, axis2: AbstractValue) -> AbstractValue:
    a = array_ref(sp, a)
    order = list(range(a.type.rank))
    i, j = (one_axis(sp, axis, a.type.rank, name) for axis, name in ((axis1, "axis1"), (axis2, "axis2")))
    order[i], order[j] = order[j], order[i]
    return permuted(sp, a, tuple(order))


@numpy_function(np.matrix_transpose, np.linalg.matrix_transpose)
def matrix_transpose_(sp: Specializer, x: AbstractValue, /) -> AbstractValue:
    a = array_ref(sp, x)
    if a.type.rank < 2:
        raise ShapeError(f"Input array must be at least 2-dimensional, but it is {a.type.rank}")
    return swapaxes_(sp, a, Const(-1), Const(-2))


def _axes(sp: Specializer, axes: AbstractValue, rank: int) -> list[int]:
    known = sp.static(axes, "an axis")
    given = known if isinstance(known, tuple | list) else (known,)
    found = [normal_axis(int(axis), rank) for axis in given]
    if len(set(found)) < len(found):
        raise ShapeError("repeated axis")
    return found


@numpy_function(np.moveaxis)
def moveaxis_(sp: Specializer, a: AbstractValue, source: AbstractValue, destination: AbstractValue) -> AbstractValue:
    a = array_ref(sp, a)
    rank = a.type.rank
    sources, targets = (_axes(sp, axes, rank) for axes in (source, destination))
    if len(sources) != len(targets):
        raise ShapeError("`source` and `destination` arguments must have the same number of elements")
    order = [d for d in range(rank) if d not in sources]
    for target, d in sorted(zip(targets, sources, strict=True)):
        order.insert(target, d)
    return permuted(sp, a, tuple(order))


@numpy_function(np.rollaxis)
def rollaxis_(sp: Specializer, a: AbstractValue, axis: AbstractValue, start: AbstractValue = ZERO) -> AbstractValue:
    a = array_ref(sp, a)
    d, place = one_axis(sp, axis, a.type.rank), sp.static_int(start, "start")
    place += a.type.rank if place < 0 else 0
    order = [e for e in range(a.type.rank) if e != d]
    order.insert(place - (d < place), d)
    return permuted(sp, a, tuple(order))


# --- dimensions of size 1


@numpy_function(np.squeeze, methods="squeeze")
def squeeze_(sp: Specializer, a: AbstractValue, axis: AbstractValue = NONE) -> AbstractValue:
    value = as_array(sp, a)
    if isinstance(value, Tensor):
        return value
    a = array_ref(sp, value)
    shape = a.type.shape
    if is_none(axis):
        return reshaped(sp, a, tuple(n for n in shape if n != 1))
    dropped = axes_argument(sp, axis, len(shape))
    if any(shape[d] != 1 for d in dropped):
        raise ShapeError("cannot select an axis to squeeze out which has size not equal to one")
    return reshaped(sp, a, tuple(n for d, n in enumerate(shape) if d not in dropped))


@numpy_function(np.expand_dims)
def expand_dims_(sp: Specializer, a: AbstractValue, axis: AbstractValue) -> AbstractValue:
    a = array_ref(sp, a)
    known = sp.static(axis, "an axis")
    given = known if isinstance(known, tuple | list) else (known,)
    places = _axes(sp, Const(tuple(given)), a.type.rank + len(given))
    sizes = iter(a.type.shape)
    rank = a.type.rank + len(given)
    return reshaped(sp, a, tuple(1 if d in places else next(sizes) for d in range(rank)))


def _at_least(sp: Specializer, arrays: Sequence[AbstractValue], rank: int) -> AbstractValue:
    found = []
    for array in arrays:
        a = array_ref(sp, array)
        found.append(reshaped(sp, a, shape_at_least(a.type.shape, rank)))
    return found[0] if len(found) == 1 else TupleV(tuple(found))


@numpy_function(np.atleast_1d)
def atleast_1d_(sp: Specializer, *arys: AbstractValue) -> AbstractValue:
    return _at_least(sp, arys, 1)


@numpy_function(np.atleast_2d)
def atleast_2d_(sp: Specializer, *arys: AbstractValue) -> AbstractValue:
    return _at_least(sp, arys, 2)


@numpy_function(np.atleast_3d)
def atleast_3d_(sp: Specializer, *arys: AbstractValue) -> AbstractValue:
    return _at_least(sp, arys, 3)


# --- broadcasting


def broadcast(sp: Specializer, a: Array, shape: tuple[int, ...]) -> Array:
    """A read-only view of `a` repeated to a shape. Raises ShapeError with NumPy's text."""
    if a.type.shape == shape:
        return viewed(sp, a, BroadcastView(shape))
    offset = len(shape) - a.type.rank
    if offset < 0 or any(n not in (1, m) for n, m in zip(a.type.shape, shape[offset:], strict=True)):
        raise ShapeError(
            "operands could not be broadcast together with remapped shapes [original->remapped]: "
            f"{_plain(a.type.shape)}  and requested shape {_plain(shape)}"
        )
    return viewed(sp, a, BroadcastView(shape))


def _plain(shape: tuple[int, ...]) -> str:
    """A shape as NumPy's C code writes it: (2,3) and (3,)."""
    return f"({','.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


@numpy_function(np.broadcast_to)
def broadcast_to_(sp: Specializer, array: AbstractValue, shape: AbstractValue) -> AbstractValue:
    return broadcast(sp, array_ref(sp, array), static_shape(sp, shape))


@numpy_function(np.broadcast_arrays)
def broadcast_arrays_(sp: Specializer, *args: AbstractValue) -> AbstractValue:
    arrays = [array_ref(sp, a) for a in args]
    shape = helpers.broadcast_shapes(*(a.type.shape for a in arrays))
    return TupleV(tuple(a if a.type.shape == shape else broadcast(sp, a, shape) for a in arrays))


# --- flips


def flipped(sp: Specializer, a: Array, axes: Sequence[int]) -> AbstractValue:
    """A view with some axes backwards."""
    whole, backwards = SliceV(NONE, NONE, NONE), SliceV(NONE, NONE, Const(-1))
    return get_item(sp, a, TupleV(tuple(backwards if d in axes else whole for d in range(a.type.rank))))


@numpy_function(np.flip)
def flip_(sp: Specializer, m: AbstractValue, axis: AbstractValue = NONE) -> AbstractValue:
    a = array_ref(sp, m)
    return flipped(sp, a, axes_argument(sp, axis, a.type.rank))


@numpy_function(np.fliplr)
def fliplr_(sp: Specializer, m: AbstractValue) -> AbstractValue:
    a = array_ref(sp, m)
    if a.type.rank < 2:
        raise ShapeError("Input must be >= 2-d.")
    return flipped(sp, a, (1,))


@numpy_function(np.flipud)
def flipud_(sp: Specializer, m: AbstractValue) -> AbstractValue:
    a = array_ref(sp, m)
    if a.type.rank < 1:
        raise ShapeError("Input must be >= 1-d.")
    return flipped(sp, a, (0,))


ROTATION_PLANE = Const((0, 1))


@numpy_function(np.rot90)
def rot90_(
    sp: Specializer, m: AbstractValue, k: AbstractValue = ONE, axes: AbstractValue = ROTATION_PLANE
) -> AbstractValue:
    a = array_ref(sp, m)
    i, j = _axes(sp, axes, a.type.rank)
    turns = sp.static_int(k, "k") % 4
    if turns == 0:
        return sliced(sp, a, 0, slice(None))
    if turns == 2:
        return flipped(sp, a, (i, j))
    order = list(range(a.type.rank))
    order[i], order[j] = order[j], order[i]
    if turns == 1:
        turned = flipped(sp, a, (j,))
        return permuted(sp, turned, tuple(order))
    turned = permuted(sp, a, tuple(order))
    assert isinstance(turned, ArrayRef | ChoiceRef)
    return flipped(sp, turned, (j,))


# --- parts


def _parts(sp: Specializer, ary: AbstractValue, bounds: AbstractValue, axis: int, equal: bool) -> AbstractValue:
    """The list of parts of an axis: N equal ones, or those between the positions given."""
    a = array_ref(sp, ary)
    d = normal_axis(axis, a.type.rank)
    n, known = a.type.shape[d], sp.static(bounds, "the parts of split")
    if hasattr(known, "__index__"):
        count = int(known)
        if count <= 0:
            raise ShapeError("number sections must be larger than 0.")
        if equal and n % count:
            raise ShapeError("array split does not result in an equal division")
        small, larger = divmod(n, count)
        sizes = [small + 1] * larger + [small] * (count - larger)
        stops = [int(s) for s in np.cumsum(sizes)]
        pairs = list(zip([0, *stops[:-1]], stops, strict=True))
    else:
        points = [int(p) for p in known]
        pairs = list(zip([0, *points], [*points, n], strict=True))
    return sp.new_list([sliced(sp, a, d, slice(start, stop)) for start, stop in pairs])


@numpy_function(np.split)
def split_(
    sp: Specializer, ary: AbstractValue, indices_or_sections: AbstractValue, axis: AbstractValue = ZERO
) -> AbstractValue:
    return _parts(sp, ary, indices_or_sections, sp.static_int(axis, "axis"), True)


@numpy_function(np.array_split)
def array_split_(
    sp: Specializer, ary: AbstractValue, indices_or_sections: AbstractValue, axis: AbstractValue = ZERO
) -> AbstractValue:
    return _parts(sp, ary, indices_or_sections, sp.static_int(axis, "axis"), False)


@numpy_function(np.vsplit)
def vsplit_(sp: Specializer, ary: AbstractValue, indices_or_sections: AbstractValue) -> AbstractValue:
    if array_ref(sp, ary).type.rank < 2:
        raise ShapeError("vsplit only works on arrays of 2 or more dimensions")
    return _parts(sp, ary, indices_or_sections, 0, True)


@numpy_function(np.hsplit)
def hsplit_(sp: Specializer, ary: AbstractValue, indices_or_sections: AbstractValue) -> AbstractValue:
    rank = array_ref(sp, ary).type.rank
    if not rank:
        raise ShapeError("hsplit only works on arrays of 1 or more dimensions")
    return _parts(sp, ary, indices_or_sections, 0 if rank == 1 else 1, True)


@numpy_function(np.dsplit)
def dsplit_(sp: Specializer, ary: AbstractValue, indices_or_sections: AbstractValue) -> AbstractValue:
    if array_ref(sp, ary).type.rank < 3:
        raise ShapeError("dsplit only works on arrays of 3 or more dimensions")
    return _parts(sp, ary, indices_or_sections, 2, True)


@numpy_function(np.unstack)
def unstack_(sp: Specializer, x: AbstractValue, /, *, axis: AbstractValue = ZERO) -> AbstractValue:
    a = array_ref(sp, x)
    moved = array_ref(sp, moveaxis_(sp, a, axis, ZERO))
    return TupleV(tuple(array_items(sp, moved)))
