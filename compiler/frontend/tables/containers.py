"""Methods of lists, dicts, tuples and strings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import DTypeError, MissingKeyError, UnsupportedError
from hloc.frontend import numbers, operators
from hloc.frontend.arrays import as_array, list_items, nested_value, pick, resolve_list, stack
from hloc.frontend.effects import check
from hloc.frontend.subscripts import get_item
from hloc.frontend.tables.registry import method
from hloc.frontend.values import AbstractValue, ArrayRef, Const, DictRef, ListRef, NeverV, Tensor, TupleV
from hloc.library import sorting
from hloc.ops import helpers
from hloc.ops.shape import Concatenate, Reverse, Slice

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

NONE = Const(None)


# --- lists


@method("list", "append")
def append_(sp: Specializer, owner: AbstractValue, item: AbstractValue) -> AbstractValue:
    return extend_(sp, owner, TupleV((item,)))


@method("list", "extend")
def extend_(sp: Specializer, owner: AbstractValue, items: AbstractValue) -> AbstractValue:
    added = list_items(sp, items)
    if isinstance(owner, ListRef):
        sp.set_items(owner, [*sp.items(owner), *added])
        return NONE
    table = _whole_table(owner)
    x = sp.load(table)
    rows = [_row(sp, item, x.type.shape[1:], x.type.dtype) for item in added]
    sp.check_aliases(table.cell)
    sp.state[table.cell] = Tensor(sp.emit(Concatenate, x, *rows, dim=0) if rows else x)
    return NONE


def _whole_table(owner: AbstractValue) -> ArrayRef:
    assert isinstance(owner, ArrayRef)
    if owner.view:
        raise UnsupportedError("a row of a table cannot change its length", help="keep the rows as arrays")
    return owner


def _row(sp: Specializer, item: AbstractValue, shape: tuple[int, ...], dtype: np.dtype) -> Any:
    x = nested_value(sp, item)
    if x.type.shape != shape or (x.type.dtype != dtype and not np.can_cast(x.type.dtype, dtype, "safe")):
        raise DTypeError(f"a table of {dtype} rows of shape {list(shape)} cannot take {x.type}")
    return helpers.reshape(sp.builder, helpers.convert(sp.builder, x, dtype), (1, *shape))


@method("list", "pop")
def pop_(sp: Specializer, owner: AbstractValue, index: AbstractValue = Const(-1)) -> AbstractValue:
    i = sp.static_int(index, "the index of pop")
    items = list_items(sp, owner)
    if not -len(items) <= i < len(items):
        check(sp, False, IndexError, Const("pop from empty list" if not items else "pop index out of range"))
        return NeverV()
    if isinstance(owner, ListRef):
        taken = items.pop(i)
        sp.set_items(owner, items)
        return taken
    table = _whole_table(owner)
    x, n = sp.load(table), len(items)
    taken = items[i]
    parts = [
        sp.emit(Slice, x, start=(a, *[0] * (x.type.rank - 1)), limit=(b, *x.type.shape[1:]), stride=(1,) * x.type.rank)
        for a, b in ((0, i % n), (i % n + 1, n))
        if a < b
    ]
    rest = parts[0] if len(parts) == 1 else sp.emit(Concatenate, *parts, dim=0) if parts else None
    if rest is None:
        rest = helpers.full(sp.builder, (0, *x.type.shape[1:]), 0, x.type.dtype)
    sp.state[table.cell] = Tensor(rest)
    return taken


@method("list", "insert")
def insert_(sp: Specializer, owner: AbstractValue, index: AbstractValue, item: AbstractValue) -> AbstractValue:
    items = list_items(sp, owner)
    items.insert(sp.static_int(index, "the index of insert"), item)
    _set_all(sp, owner, items)
    return NONE


@method("list", "reverse")
def reverse_(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    if isinstance(owner, ArrayRef):
        sp.store(owner, sp.emit(Reverse, sp.load(owner), dims=(0,)))
    else:
        _set_all(sp, owner, list_items(sp, owner)[::-1])
    return NONE


def _set_all(sp: Specializer, owner: AbstractValue, items: list[AbstractValue]) -> None:
    if isinstance(owner, ListRef):
        sp.set_items(owner, items)
        return
    table = _whole_table(owner)
    sp.check_aliases(table.cell)
    sp.state[table.cell] = Tensor(stack(sp, items))


@method("list", "copy")
def copy_list(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    if isinstance(owner, ArrayRef):
        return sp.new_array(sp.load(owner), is_list=True)
    return sp.new_list(list_items(sp, owner))


@method("list", "clear")
def clear_(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    _set_all(sp, owner, [])
    return NONE


@method("list tuple", "index")
def index_(sp: Specializer, owner: AbstractValue, item: AbstractValue) -> AbstractValue:
    items = list_items(sp, owner)
    found: AbstractValue = Const(False)
    position: AbstractValue = Const(0)
    for j, candidate in reversed(list(enumerate(items))):
        equal = operators.truth(sp, operators.compare(sp, "Eq", candidate, item))
        position = operators.select(sp, equal, Const(j), position)
        found = operators.logical_or(sp, found, Const(equal) if isinstance(equal, bool) else Tensor(equal, True))
    known = operators.truth(sp, found)
    kind = "tuple.index(x): x not in tuple" if isinstance(owner, TupleV) else "list.index(x): x not in list"
    check(sp, known, ValueError, Const(kind))
    return position


@method("list tuple", "count")
def count_(sp: Specializer, owner: AbstractValue, item: AbstractValue) -> AbstractValue:
    total: AbstractValue = Const(0)
    for candidate in list_items(sp, owner):
        equal = operators.truth(sp, operators.compare(sp, "Eq", candidate, item))
        total = operators.binary(sp, "Add", total, operators.select(sp, equal, Const(1), Const(0)))
    return total


@method("list", "sort")
def sort_(
    sp: Specializer, owner: AbstractValue, key: AbstractValue = NONE, reverse: AbstractValue = Const(False)
) -> AbstractValue:
    key_function = None if isinstance(key, Const) and key.obj is None else key
    ordered = resolve_list(sp, sort_items(sp, owner, key_function, bool(sp.static(reverse, "reverse"))))
    if isinstance(owner, ArrayRef) and isinstance(ordered, ArrayRef):
        sp.store(owner, sp.load(ordered))
    else:
        _set_all(sp, owner, list_items(sp, ordered))
    return NONE


def sort_items(sp: Specializer, iterable: AbstractValue, key: AbstractValue | None, reverse: bool) -> AbstractValue:
    """`sorted(iterable)`: constants now; numbers by a stable sort. The result is a new list."""
    items = list_items(sp, iterable)
    keys = items if key is None else [sp.call(key, item) for item in items]
    if all(isinstance(k, Const) for k in keys):
        order = sorted(range(len(items)), key=lambda j: keys[j].obj, reverse=reverse)  # type: ignore[attr-defined]
        return sp.new_list([items[j] for j in order])
    columns = [list(k.items) for k in keys if isinstance(k, TupleV)] or [[k] for k in keys]
    if not all(numbers.describe(part) is not None for column in columns for part in column):
        raise UnsupportedError("sorted() needs keys that are numbers or tuples of numbers")
    parts = [sp.new_array(stack(sp, column)) for column in zip(*columns, strict=True)]
    order_array = sp.call(Const(sorting.lexicographic_order), TupleV(tuple(parts)), Const(reverse))
    rows = as_array(sp, sp.new_list(items)) if all(numbers.describe(i) is not None for i in items) else None
    if rows is not None:
        taken = get_item(sp, rows, order_array)
        weak = all((d := numbers.describe(i)) is not None and d[1] for i in items)
        if weak:
            return sp.new_array(sp.number(taken), is_list=True)
        return sp.new_list(list_items(sp, taken))
    positions = [sp.number(p) for p in list_items(sp, order_array)]
    return sp.new_list([pick(sp, items, p) for p in positions])


# --- dicts


@method("dict", "get")
def get_(sp: Specializer, owner: DictRef, key: AbstractValue, default: AbstractValue = NONE) -> AbstractValue:
    return sp.entries(owner).get(sp.static(key, "the key of a dict"), default)


@method("dict", "keys")
def keys_(sp: Specializer, owner: DictRef) -> AbstractValue:
    return TupleV(tuple(Const(k) for k in sp.entries(owner)))


@method("dict", "values")
def values_(sp: Specializer, owner: DictRef) -> AbstractValue:
    return TupleV(tuple(sp.entries(owner).values()))


@method("dict", "items")
def items_(sp: Specializer, owner: DictRef) -> AbstractValue:
    return TupleV(tuple(TupleV((Const(k), v)) for k, v in sp.entries(owner).items()))


@method("dict", "copy")
def copy_dict(sp: Specializer, owner: DictRef) -> AbstractValue:
    return sp.new_dict(sp.entries(owner))


@method("dict", "update")
def update_(
    sp: Specializer, owner: DictRef, other: AbstractValue | None = None, **entries: AbstractValue
) -> AbstractValue:
    more = dict(sp.entries(other)) if isinstance(other, DictRef) else {}
    sp.set_entries(owner, {**sp.entries(owner), **more, **entries})
    return NONE


@method("dict", "setdefault")
def setdefault_(sp: Specializer, owner: DictRef, key: AbstractValue, default: AbstractValue = NONE) -> AbstractValue:
    known = sp.static(key, "the key of a dict")
    if known not in sp.entries(owner):
        sp.set_entries(owner, {**sp.entries(owner), known: default})
    return sp.entries(owner)[known]


@method("dict", "pop")
def pop_dict(
    sp: Specializer, owner: DictRef, key: AbstractValue, default: AbstractValue | None = None
) -> AbstractValue:
    entries = dict(sp.entries(owner))
    known = sp.static(key, "the key of a dict")
    if known not in entries and default is None:
        raise MissingKeyError(f"the dict has no key {known!r}; it has {list(entries)}")
    taken: AbstractValue | None = entries.pop(known, default)
    sp.set_entries(owner, entries)
    assert taken is not None
    return taken


# --- namedtuples


@method("tuple", "_replace")
def replace_(sp: Specializer, owner: TupleV, **changes: AbstractValue) -> AbstractValue:
    fields = owner.cls._fields  # type: ignore[union-attr]
    return TupleV(tuple(changes.get(f, v) for f, v in zip(fields, owner.items, strict=True)), owner.cls)


@method("tuple", "_asdict")
def asdict_(sp: Specializer, owner: TupleV) -> AbstractValue:
    return sp.new_dict(dict(zip(owner.cls._fields, owner.items, strict=True)))  # type: ignore[union-attr]
