"""Lists, tuples and arrays into one another: tables of numbers, `np.array` of nested lists, the items of a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import AliasError, DTypeError, ShapeError, UnsupportedError
from hloc.frontend import numbers
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    ChoiceRef,
    Const,
    Forward,
    ListRef,
    MapV,
    MaskedV,
    RangeV,
    Tensor,
    TupleV,
)
from hloc.frontend.views import IndexView, View, Window, extend
from hloc.ir.core import Value
from hloc.ops import helpers
from hloc.ops.indexing import Read
from hloc.ops.shape import Concatenate

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


def wrap(sp: Specializer, obj: Any) -> AbstractValue:
    """The abstract value of an object computed now."""
    if type(obj) is tuple:
        return TupleV(tuple(wrap(sp, item) for item in obj))
    if type(obj) is list:
        return sp.new_list([wrap(sp, item) for item in obj])
    if isinstance(obj, np.ndarray):
        return sp.new_array(sp.constant(obj, obj.dtype))
    return Const(obj)


def resolve_list(sp: Specializer, value: AbstractValue) -> AbstractValue:
    """A list as what it is now: `ListRef` with items, or an `ArrayRef` marked `is_list` for a table of numbers."""
    if isinstance(value, ListRef):
        content = sp.state[value.cell]
        if isinstance(content, Forward):
            return content.ref
        if isinstance(content, Tensor):
            return ArrayRef(value.cell, content.value.type, is_list=True)
    return value


def list_items(sp: Specializer, value: AbstractValue) -> list[AbstractValue]:
    """The items of a list, tuple, or first axis of an array, one abstract value each."""
    value = resolve_list(sp, value)
    if isinstance(value, TupleV):
        return list(value.items)
    if isinstance(value, ListRef):
        return list(sp.items(value))
    if isinstance(value, ArrayRef | ChoiceRef):
        if not value.type.shape:
            raise DTypeError("iteration over a 0-d array")
        return [element(sp, value, i) for i in range(value.type.shape[0])]
    if isinstance(value, Const) and isinstance(value.obj, str | tuple | list | range | dict | np.ndarray):
        return [wrap(sp, item) for item in value.obj]
    if isinstance(value, RangeV):
        bounds = (sp.static_int(v, "a range made into a list") for v in (value.start, value.stop, value.step))
        return [Const(i) for i in range(*bounds)]
    return sp.iterate(value)


def element(sp: Specializer, ref: ArrayRef | ChoiceRef, index: int | Value) -> AbstractValue:
    """`ref[index]` for an index in range: a number for one dimension, else a view."""
    if isinstance(ref, ChoiceRef):
        parts = tuple(element(sp, r, index) for r in ref.refs)
        if all(isinstance(p, ArrayRef) for p in parts):
            return ChoiceRef(ref.selector, parts)  # type: ignore[arg-type]
        return Tensor(sp.choose(ref.selector, [sp.number(p) for p in parts]))
    shape = ref.type.shape
    windows = (Window(index, None), *(Window(0, n) for n in shape[1:]))
    view = take_view(sp, ref, IndexView(windows))
    return view if view.type.shape else Tensor(sp.load(view), ref.is_list)


def take_view(sp: Specializer, ref: ArrayRef, step: object) -> ArrayRef:
    """A view of a view."""
    assert isinstance(step, View)
    type_ = step.type(ref.type)
    return ArrayRef(ref.cell, type_, extend(sp.builder, ref.view, step), ref.is_list)


def list_repeat(sp: Specializer, value: AbstractValue, count: int) -> AbstractValue:
    """`list * count`; long lists of one number become a table at once."""
    value = resolve_list(sp, value)
    if isinstance(value, ListRef) and len(items := sp.items(value)) == 1 and count > 32:
        described = numbers.describe(items[0])
        if described is not None and described[1]:
            return sp.new_array(helpers.broadcast_to(sp.builder, sp.number(items[0]), (count,)), is_list=True)
    return sp.new_list(list_items(sp, value) * max(count, 0))


def to_table(sp: Specializer, ref: ListRef) -> ArrayRef:
    """Turn a list of alike numbers (or of lists of them) into a table, so that data can index it.

    The list stays the same object. Raises DTypeError where the items are unlike, or arrays, which rows are not.
    """
    content = sp.state[ref.cell]
    if isinstance(content, Tensor | Forward):
        resolved = resolve_list(sp, ref)
        assert isinstance(resolved, ArrayRef)
        return resolved
    items = sp.items(ref)
    if any(_holds_arrays(sp, item) for item in items):
        raise DTypeError(
            "a list of arrays cannot be written at an index that is data",
            help="use one array with a dimension more, or an index known at compile time",
        )
    inner = [item for item in items if isinstance(item, ListRef)]
    if len({item.cell for item in inner}) < len(inner):
        raise AliasError("the same list stands in a table several times", help="make each row a list of its own")
    table = stack(sp, list(items), need_alike=True)
    sp.check_aliases(ref.cell)
    sp.state[ref.cell] = Tensor(table)
    whole = ArrayRef(ref.cell, table.type, is_list=True)
    for i, item in enumerate(items):
        if isinstance(item, ListRef):
            row = element(sp, whole, i)
            assert isinstance(row, ArrayRef)
            sp.state[item.cell] = Forward(row)
    return whole


def _holds_arrays(sp: Specializer, item: AbstractValue) -> bool:
    item = resolve_list(sp, item)
    if isinstance(item, ListRef):
        return any(_holds_arrays(sp, i) for i in sp.items(item))
    return isinstance(item, ArrayRef | ChoiceRef) and not item.is_list


def stack(sp: Specializer, items: Sequence[AbstractValue], *, need_alike: bool = False) -> Value:
    """The items along a new first dimension, in their common element type. Raises ShapeError for ragged ones."""
    constant = _constant_array(sp, items)
    if constant is not None:
        return constant
    values = [nested_value(sp, item) for item in items]
    kinds: list[numbers.Kind] = []
    for item, value in zip(items, values, strict=True):
        described = numbers.describe(item)
        weak = described[1] if described else _is_weak(sp, item)
        kinds.append((value.type.dtype, weak))
    if need_alike and len({dtype == numbers.BOOL for dtype, _ in kinds}) > 1:
        raise DTypeError("an index that is data needs items of one kind; this list mixes bools and numbers")
    dtype = numbers.promote(kinds) if kinds else numbers.FLOAT
    shapes = {v.type.shape for v in values}
    if len(shapes) > 1:
        listing = ", ".join(str(list(s)) for s in sorted(shapes))
        raise ShapeError(f"the items have different shapes: {listing}", help="make all rows equally long")
    b = sp.builder
    rows = [helpers.expand_dims(b, helpers.convert(b, v, dtype), (0,)) for v in values]
    if not rows:
        return helpers.full(b, (0,), 0, dtype)
    return rows[0] if len(rows) == 1 else sp.emit(Concatenate, *rows, dim=0)


def _constant_array(sp: Specializer, items: Sequence[AbstractValue]) -> Value | None:
    """Many constant numbers are one constant."""
    if not items or not all(isinstance(item, Const) and numbers.is_number(item.obj) for item in items):
        return None
    array = np.array([item.obj for item in items if isinstance(item, Const)])
    return None if array.dtype == object else sp.constant(array, array.dtype)


def _is_weak(sp: Specializer, item: AbstractValue) -> bool:
    """Whether a nested list holds Python numbers only."""
    item = resolve_list(sp, item)
    if isinstance(item, ListRef | TupleV):
        return all(_is_weak(sp, i) for i in list_items(sp, item))
    described = numbers.describe(item)
    return described[1] if described else isinstance(item, ArrayRef) and item.is_list


def nested_value(sp: Specializer, item: AbstractValue) -> Value:
    """A number, array or (nested) list as one SSA value."""
    item = resolve_list(sp, item)
    if isinstance(item, ListRef | TupleV | RangeV | MapV):
        return stack(sp, list_items(sp, item))
    if isinstance(item, Const) and isinstance(item.obj, tuple | list | range):
        return stack(sp, list_items(sp, item))
    return sp.number(item)


def as_array(sp: Specializer, value: AbstractValue, dtype: np.dtype | None = None) -> AbstractValue:
    """`np.asarray`: arrays and scalars as they are, lists and tuples stacked."""
    value = resolve_list(sp, value)
    if isinstance(value, MaskedV):
        raise UnsupportedError(
            "the length of a selection by a mask is data: this function cannot take it",
            help="reductions can: sum, mean, min, max, any, all, std, var, len; or use np.where(mask, a, other)",
        )
    if isinstance(value, Const) and isinstance(value.obj, np.ndarray):
        value = sp.new_array(sp.constant(value.obj, value.obj.dtype))
    if isinstance(value, ArrayRef | ChoiceRef) and not value.is_list and dtype in (None, value.type.dtype):
        return value
    if numbers.describe(value) is not None and dtype is None:
        return value
    x = nested_value(sp, value)
    x = helpers.convert(sp.builder, x, dtype) if dtype is not None else x
    return sp.new_array(x)


def pick(sp: Specializer, items: Sequence[AbstractValue], index: Value) -> AbstractValue:
    """`items[index]` for data in range: alike numbers by a table, alike structures part by part."""
    if all(numbers.describe(item) is not None for item in items):
        table = stack(sp, items, need_alike=True)
        weak = all((d := numbers.describe(item)) is not None and d[1] for item in items)
        zeros = [sp.constant(0, np.int64)] * (table.type.rank - 1)
        value = sp.emit(Read, table, index, *zeros, sizes=(1, *table.type.shape[1:]), drop=(0,))
        return Tensor(value, weak)
    first = items[0]
    if isinstance(first, TupleV) and all(isinstance(i, TupleV) and len(i.items) == len(first.items) for i in items):
        columns = zip(*(i.items for i in items if isinstance(i, TupleV)), strict=True)
        return TupleV(tuple(pick(sp, list(column), index) for column in columns), first.cls)
    if all(isinstance(i, ArrayRef) and i.type == first.type for i in items):  # type: ignore[attr-defined]
        return ChoiceRef(index, tuple(i for i in items if isinstance(i, ArrayRef)))
    raise DTypeError(
        "an index that is data needs items of one kind, and these are unlike",
        help="index with a number known at compile time, or use an array",
    )
