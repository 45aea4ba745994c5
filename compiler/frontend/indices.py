"""The index of an array taken apart: windows of the dimensions, index arrays, new axes; bounds are checked here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hloc.diagnostics.errors import DTypeError, IndexBoundsError, UnsupportedError
from hloc.frontend import numbers
from hloc.frontend.affine import difference
from hloc.frontend.arrays import as_array, resolve_list, wrap
from hloc.frontend.effects import check
from hloc.frontend.structure import kind_of
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    ChoiceRef,
    Const,
    FormatV,
    ListRef,
    RangeV,
    SliceV,
    Tensor,
    TupleV,
)
from hloc.frontend.views import Index, Window, index_value
from hloc.ir.core import Value
from hloc.ops import helpers
from hloc.ops.elementwise import Add, And, Select
from hloc.ops.indexing import Read
from hloc.ops.reduction import Argmin

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


Array = ArrayRef | ChoiceRef


def checked_index(
    sp: Specializer, index: AbstractValue, size: int | Value, message: str, *shown: AbstractValue
) -> Index:
    """An index in [0, size): negative ones count from the end; IndexError(message) at run time for others."""
    described = numbers.describe(index)
    if isinstance(index, Array) and index.type.shape == () and index.type.dtype.kind in "iu":
        described = (index.type, False)
        index = Tensor(sp.number(index))
    if described is None or (
        described[0].dtype.kind not in "iu" and not (described[0].dtype.kind == "b" and described[1])
    ):
        raise DTypeError(f"an index must be an integer, found {kind_of(index)}")
    if isinstance(index, Const) and isinstance(size, int):
        i = int(index.obj)
        if -size <= i < size:
            return i + size if i < 0 else i
        check(sp, False, IndexError, *shown or (Const(message),))
        return 0
    b = sp.builder
    x = helpers.convert(b, sp.number(index), np.int64)
    n = index_value(b, size)
    zero = sp.constant(0, np.int64)
    wrapped = sp.emit(Select, helpers.compare(b, x, "LT", zero), sp.emit(Add, x, n), x)
    ok = sp.emit(And, helpers.compare(b, wrapped, "GE", zero), helpers.compare(b, wrapped, "LT", n))
    check(sp, ok, IndexError, *shown or (Const(message),))
    return wrapped


def _is_data(index: AbstractValue) -> bool:
    if isinstance(index, SliceV):
        return any(isinstance(v, Tensor) for v in (index.start, index.stop, index.step))
    return isinstance(index, Tensor)


@dataclass(eq=False)
class Picker:
    """An index array for one dimension of the base; `values` are i64, in range."""

    dim: int
    values: Value


@dataclass(eq=False)
class ParsedIndex:
    """One window per base dimension (full where an array picks), new axes, and index arrays.

    layout: the dimensions of the result in order: ("base", d), ("new", 0), or ("pick", 0) once for the index arrays.
    """

    windows: list[Window]
    pickers: list[Picker]
    layout: list[tuple[str, int]]


def parse_index(sp: Specializer, shape: tuple[int, ...], index: AbstractValue) -> ParsedIndex:
    """Sort the parts of an index by dimension. Raises IndexBoundsError for too many."""
    parts = list(index.items) if isinstance(index, TupleV) else [index]
    if isinstance(index, Const) and isinstance(index.obj, tuple):
        parts = [wrap(sp, o) for o in index.obj]
    parts = [resolve_list(sp, part) for part in parts]
    parts = _expand_constant_masks(sp, parts)
    used = sum(_dims_used(part) for part in parts)
    if used > len(shape):
        raise IndexBoundsError(f"too many indices: the array has {len(shape)} dimensions, {used} were given")
    if not any(_is_ellipsis(part) for part in parts):
        parts.append(Const(Ellipsis))
    advanced = any(_is_picker(part) for part in parts)
    parsed = ParsedIndex([], [], [])
    for part in parts:
        d = len(parsed.windows)
        if _is_ellipsis(part):
            for e in range(d, d + len(shape) - used):
                parsed.windows.append(Window(0, shape[e]))
                parsed.layout.append(("base", e))
        elif isinstance(part, Const) and part.obj is None:
            parsed.layout.append(("new", 0))
        elif isinstance(part, SliceV):
            parsed.windows.append(slice_window(sp, part, shape[d]))
            parsed.layout.append(("base", d))
        elif _is_picker(part) or advanced:
            parsed.windows.append(Window(0, shape[d]))
            parsed.pickers.append(Picker(d, _picker_values(sp, part, shape[d], d)))
            parsed.layout.append(("pick", d))
        else:
            parsed.windows.append(Window(_scalar_index(sp, part, shape[d], d), None))
    return parsed


def _is_ellipsis(part: AbstractValue) -> bool:
    return isinstance(part, Const) and part.obj is Ellipsis


def _dims_used(part: AbstractValue) -> int:
    return 0 if isinstance(part, Const) and (part.obj is None or part.obj is Ellipsis) else 1


def _is_picker(part: AbstractValue) -> bool:
    if isinstance(part, ListRef | TupleV | RangeV) or (
        isinstance(part, Const) and isinstance(part.obj, list | np.ndarray)
    ):
        return True
    return isinstance(part, Array) and (part.type.rank > 0 or part.type.dtype == np.bool_)


def _expand_constant_masks(sp: Specializer, parts: list[AbstractValue]) -> list[AbstractValue]:
    """A mask known now is the list of its true positions."""
    expanded: list[AbstractValue] = []
    for part in parts:
        if isinstance(part, ListRef) and all(isinstance(i, Const) and isinstance(i.obj, bool) for i in sp.items(part)):
            part = Const(np.array(sp.static(part, "a mask"), np.bool_))
        if isinstance(part, Const) and isinstance(part.obj, np.ndarray) and part.obj.dtype == np.bool_:
            expanded.extend(wrap(sp, axis) for axis in np.nonzero(part.obj))
        else:
            expanded.append(part)
    return expanded


def _scalar_index(sp: Specializer, part: AbstractValue, size: int, dim: int) -> Index:
    message = _bounds_message(part, dim, size)
    return checked_index(sp, part, size, "", message)


def _bounds_message(index: AbstractValue, dim: int, size: int) -> AbstractValue:
    tail = f" is out of bounds for axis {dim} with size {size}"
    if isinstance(index, Const):
        return Const(f"index {index.obj}{tail}")
    return FormatV(("index ", (index, -1, ""), tail))


def _picker_values(sp: Specializer, part: AbstractValue, size: int, dim: int) -> Value:
    array = as_array(sp, part)
    x = sp.number(array)
    if x.type.dtype == np.bool_:
        raise UnsupportedError(
            "a mask beside other indices is not supported yet", help="use the mask alone, or np.where(mask, …)"
        )
    if x.type.size == 0:
        return helpers.convert(sp.builder, x, np.int64)
    if x.type.dtype.kind not in "iu":
        raise DTypeError(f"arrays used as indices must be of integer (or boolean) type, found {x.type}")
    b = sp.builder
    x = helpers.convert(b, x, np.int64)
    n = helpers.full(b, x.type.shape, size, np.int64)
    zero = helpers.zeros_like(b, x)
    wrapped = sp.emit(Select, helpers.compare(b, x, "LT", zero), sp.emit(Add, x, n), x)
    ok = sp.emit(And, helpers.compare(b, wrapped, "GE", zero), helpers.compare(b, wrapped, "LT", n))
    if x.type.rank:
        flat_ok = helpers.reshape(b, ok, (x.type.size,))
        first = sp.emit(Argmin, flat_ok, axis=0) if x.type.size > 1 else sp.constant(0, np.int64)
        flat = helpers.reshape(b, x, (x.type.size,))
        bad = Tensor(sp.emit(Read, flat, first, sizes=(1,), drop=(0,)))
        all_ok = sp.emit(Read, flat_ok, first, sizes=(1,), drop=(0,))  # the first that is not, if there is one
    else:
        bad, all_ok = Tensor(x), ok
    check(sp, all_ok, IndexError, _bounds_message(bad, dim, size))
    return wrapped


def slice_window(sp: Specializer, part: SliceV, size: int) -> Window:
    """The window of a slice in a dimension of this size; a slice that moves with data must keep its width."""
    if not _is_data(part):
        start, stop, step = sp.static(part, "a slice").indices(size)
        count = len(range(start, stop, step))
        return Window(start if count else 0, count, step)
    step = sp.static_int(part.step, "the step of a slice") if not _is_none(part.step) else 1
    width = (
        difference(sp, part.stop, part.start)
        if step == 1 and not _is_none(part.start) and not _is_none(part.stop)
        else None
    )
    if width is None:
        for bound in (part.start, part.stop):
            if isinstance(bound, Tensor):
                sp.demand(bound.value, "the length of a slice")
    assert width is not None
    return _moving_window(sp, part, max(width, 0), size)


def _moving_window(sp: Specializer, part: SliceV, width: int, size: int) -> Window:
    b = sp.builder
    start = helpers.convert(b, sp.number(part.start), np.int64)
    if width > size:
        check(sp, False, IndexError, Const(f"a slice of {width} elements does not fit into {size}"))
        return Window(0, size)
    inside = sp.emit(
        And,
        helpers.compare(b, start, "GE", sp.constant(0, np.int64)),
        helpers.compare(b, start, "LE", sp.constant(size - width, np.int64)),
    )
    text = FormatV(
        (
            "the slice of ",
            str(width),
            " elements from ",
            (Tensor(start, True), -1, ""),
            f" leaves the axis of size {size}",
        )
    )
    check(sp, inside, IndexError, text)
    return Window(start, width)


def _is_none(value: AbstractValue) -> bool:
    return isinstance(value, Const) and value.obj is None
