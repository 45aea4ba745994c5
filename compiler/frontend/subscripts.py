"""`x[index]` read and written: Python sequences, and NumPy's basic and advanced indexing with its bounds checks.

A basic index makes a view (or a scalar); an index with arrays gathers and scatters; a mask that is data selects.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from hloc.diagnostics.errors import (
    DTypeError,
    IndexBoundsError,
    MissingKeyError,
    ShapeError,
    StaticValueError,
    UnsupportedError,
)
from hloc.frontend import numbers, operators
from hloc.frontend.arrays import as_array, element, list_items, pick, resolve_list, take_view, to_table, wrap
from hloc.frontend.effects import check
from hloc.frontend.indices import Array, ParsedIndex, _is_data, _is_ellipsis, checked_index, parse_index
from hloc.frontend.iteration import Iteration
from hloc.frontend.members import member
from hloc.frontend.selections import compressed, count_of
from hloc.frontend.structure import kind_of
from hloc.frontend.tables.registry import find_indexed
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    ChoiceRef,
    Const,
    DictRef,
    FormatV,
    ListRef,
    MaskedV,
    NeverV,
    ObjectRef,
    RangeV,
    SliceV,
    Tensor,
    TupleV,
)
from hloc.frontend.views import IndexView, ReshapeView, Window, index_value
from hloc.ir.core import Value
from hloc.ir.types import TensorType
from hloc.ops import helpers
from hloc.ops.elementwise import Select
from hloc.ops.indexing import Gather, Read, Scatter
from hloc.ops.shape import BroadcastInDim

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


# --- entry points


def get_item(sp: Specializer, base: AbstractValue, index: AbstractValue) -> AbstractValue:
    """`base[index]`."""
    base = resolve_list(sp, base)
    match base:
        case NeverV():
            return base
        case DictRef():
            key = sp.static(index, "the key of a dict")
            entries = sp.entries(base)
            if key not in entries:
                raise MissingKeyError(f"the dict has no key {key!r}; it has {list(entries)}")
            return entries[key]
        case RangeV():
            return _range_item(sp, base, index)
        case TupleV(items=items):
            return _sequence_item(sp, base, items, index, "tuple index out of range")
        case ListRef():
            if _is_data(index):
                with known_if_unlike(sp, index):
                    base = _table_or_list(sp, base)
                return get_item(sp, base, index)
            return _sequence_item(sp, base, sp.items(base), index, "list index out of range")
        case ArrayRef(is_list=True):
            return _table_item(sp, base, index)
        case ArrayRef() | ChoiceRef():
            return read_array(sp, base, index)
        case MaskedV():
            return selected_item(sp, base, index)
        case ObjectRef(cls=cls) if hasattr(cls, "__getitem__"):
            return sp.call(member(sp, cls, "__getitem__"), base, index)
        case Tensor(weak=False):
            if isinstance(index, TupleV) and not index.items:
                return base
        case Const(obj) if hasattr(obj, "__getitem__"):
            rule = find_indexed(obj)
            if rule is not None:
                found: AbstractValue = rule(sp, index)
                return found
            if _is_data(index) and isinstance(obj, tuple | list):
                return get_item(sp, TupleV(tuple(wrap(sp, o) for o in obj)), index)
            return operators.python_call(sp, lambda o, i: o[i], obj, sp.static(index, "an index"))
    raise DTypeError(f"{kind_of(base)} cannot be indexed")


def selected_item(sp: Specializer, a: MaskedV, index: AbstractValue) -> AbstractValue:
    """`a[mask][k]` for one integer k. Raises IndexError at run time as NumPy does."""
    if isinstance(index, SliceV | TupleV | ArrayRef | ChoiceRef):
        raise UnsupportedError(
            "a selection by a mask is indexed by one integer only", help="its length is data: use np.where, or a loop"
        )
    count = count_of(sp, a)
    place = index.obj if isinstance(index, Const) else (index, -1, "")
    start = f"index {place} is" if isinstance(index, Const) else "index "
    rest = (place, " is") if not isinstance(index, Const) else ()
    text = FormatV((start, *rest, " out of bounds for axis 0 with size ", (Tensor(count, True), -1, "")))
    k = checked_index(sp, index, count, "", text)
    line = compressed(sp, a)
    if not line.type.size:
        return NeverV()
    return Tensor(sp.emit(Read, line, index_value(sp.builder, k), sizes=(1,), drop=(0,)))


def set_item(sp: Specializer, base: AbstractValue, index: AbstractValue, value: AbstractValue) -> None:
    """`base[index] = value`."""
    base = resolve_list(sp, base)
    match base:
        case NeverV():
            return
        case DictRef():
            sp.set_entries(base, {**sp.entries(base), sp.static(index, "the key of a dict"): value})
        case ListRef():
            _set_list_item(sp, base, index, value)
        case ArrayRef(is_list=True):
            _set_table_item(sp, base, index, value)
        case ArrayRef() | ChoiceRef():
            write_array(sp, base, index, value)
        case ObjectRef(cls=cls) if hasattr(cls, "__setitem__"):
            sp.call(member(sp, cls, "__setitem__"), base, index, value)
        case _:
            raise DTypeError(f"{kind_of(base)} does not support item assignment")


# --- Python sequences


@contextlib.contextmanager
def known_if_unlike(sp: Specializer, index: AbstractValue) -> Iterator[None]:
    """Where items are too unlike for an index that is data, it is made known: the loop that counts it is repeated."""
    try:
        yield
    except (DTypeError, ShapeError):
        if isinstance(index, Tensor):
            with contextlib.suppress(StaticValueError):  # what the items are says more
                sp.demand(index.value, "the index of a list or tuple with unlike items")
        raise


def _table_or_list(sp: Specializer, base: ListRef) -> AbstractValue:
    """A list for an index that is data: a table of numbers, or its items where these are unlike numbers."""
    items = sp.items(base)
    if items and all(isinstance(item, ArrayRef | TupleV) and not getattr(item, "is_list", False) for item in items):
        return TupleV(items)
    return to_table(sp, base)


def _sequence_item(
    sp: Specializer, base: AbstractValue, items: Sequence[AbstractValue], index: AbstractValue, message: str
) -> AbstractValue:
    if isinstance(index, SliceV):
        taken = tuple(items[sp.static(index, "the slice of a list or tuple")])
        return TupleV(taken) if isinstance(base, TupleV) else sp.new_list(taken)
    if isinstance(index, Tensor):
        i = checked_index(sp, index, len(items), message)
        with known_if_unlike(sp, index):
            return pick(sp, items, index_value(sp.builder, i)) if items else NeverV()
    i = sp.static_int(index, "an index")
    if not -len(items) <= i < len(items):
        check(sp, False, IndexError, Const(message))
        return NeverV()
    return items[i]


def _set_list_item(sp: Specializer, base: ListRef, index: AbstractValue, value: AbstractValue) -> None:
    items = list(sp.items(base))
    if _is_data(index):
        with known_if_unlike(sp, index):
            _set_table_item(sp, to_table(sp, base), index, value)
        return
    if isinstance(index, SliceV):
        items[sp.static(index, "the slice of a list")] = list_items(sp, value)
        sp.set_items(base, items)
        return
    i = sp.static_int(index, "an index")
    if not -len(items) <= i < len(items):
        check(sp, False, IndexError, Const("list assignment index out of range"))
        return
    items[i] = value
    sp.set_items(base, items)


def _table_item(sp: Specializer, base: ArrayRef, index: AbstractValue) -> AbstractValue:
    """An item of a list that is kept as a table: a number, a row (again a list), or a slice (a new list)."""
    n = base.type.shape[0]
    if isinstance(index, SliceV):
        part = read_array(sp, ArrayRef(base.cell, base.type, base.view), index)
        return sp.new_array(sp.number(part), is_list=True)
    return element(sp, base, checked_index(sp, index, n, "list index out of range"))


def _set_table_item(sp: Specializer, base: ArrayRef, index: AbstractValue, value: AbstractValue) -> None:
    plain = ArrayRef(base.cell, base.type, base.view)
    if isinstance(index, SliceV):
        write_array(sp, plain, index, value)
        return
    described = numbers.describe(value)
    if described is not None and described[0].dtype.kind not in _HELD_BY[base.type.dtype.kind]:
        base = _widen_table(sp, base, numbers.promote([(base.type.dtype, True), (described[0].dtype, True)]))
        plain = ArrayRef(base.cell, base.type, base.view)
    i = checked_index(sp, index, base.type.shape[0], "list assignment index out of range")
    windows = (Window(i, None), *(Window(0, n) for n in base.type.shape[1:]))
    target = take_view(sp, plain, IndexView(windows))
    x = helpers.convert(sp.builder, sp.number(as_array(sp, value)), base.type.dtype)
    sp.store(target, helpers.broadcast_to(sp.builder, x, target.type.shape))


_HELD_BY = {"b": "b", "i": "bi", "u": "bu", "f": "bif", "c": "bifc"}


def _widen_table(sp: Specializer, base: ArrayRef, dtype: np.dtype) -> ArrayRef:
    """A list of ints that gets a float becomes a table of floats."""
    if base.view:
        raise DTypeError(f"a row of {base.type.dtype} numbers cannot hold {dtype}", help="start the lists with floats")
    content = helpers.convert(sp.builder, sp.load(base), dtype)
    sp.state[base.cell] = Tensor(content)
    return ArrayRef(base.cell, content.type, (), is_list=True)


def _range_item(sp: Specializer, base: RangeV, index: AbstractValue) -> AbstractValue:
    iteration = Iteration.over(sp, base)
    if isinstance(index, SliceV):
        bounds = sp.static(TupleV((base.start, base.stop, base.step)), "a range that is sliced")
        part = range(*bounds)[sp.static(index, "the slice of a range")]
        return RangeV(Const(part.start), Const(part.stop), Const(part.step))
    n = iteration.length.obj if isinstance(iteration.length, Const) else sp.number(iteration.length)
    i = checked_index(sp, index, n, "range object index out of range")
    return iteration.item(sp, Const(i) if isinstance(i, int) else Tensor(i, True))


# --- reading and writing arrays


def read_array(sp: Specializer, base: Array, index: AbstractValue) -> AbstractValue:
    """`array[index]`: a scalar, a view, a gathered array, or a masked selection."""
    mask = _mask_of(sp, base, index)
    if mask is not None:
        if mask.type.rank < base.type.rank:
            raise UnsupportedError("reading with a mask over the leading dimensions only", help="use np.where")
        return MaskedV(sp.number(base), mask)
    parsed = parse_index(sp, base.type.shape, index)
    if parsed.pickers:
        return _gather(sp, base, parsed)
    if isinstance(base, ChoiceRef):
        parts = tuple(_basic_view(sp, ref, parsed) for ref in base.refs)
        if not parts[0].type.shape:
            return Tensor(sp.choose(base.selector, [sp.load(p) for p in parts]))
        return ChoiceRef(base.selector, parts)
    view = _basic_view(sp, base, parsed)
    scalar = not view.type.shape and (base.type.rank > 0 or isinstance(index, TupleV)) and not _has_ellipsis(index)
    return Tensor(sp.load(view)) if scalar else view


def _has_ellipsis(index: AbstractValue) -> bool:
    return any(_is_ellipsis(p) for p in (index.items if isinstance(index, TupleV) else (index,)))


def _basic_view(sp: Specializer, base: ArrayRef, parsed: ParsedIndex) -> ArrayRef:
    view = take_view(sp, base, IndexView(tuple(parsed.windows)))
    if any(kind == "new" for kind, _ in parsed.layout):
        sizes = iter(view.type.shape)
        shape = tuple(1 if kind == "new" else next(sizes) for kind, _ in parsed.layout)
        view = take_view(sp, view, ReshapeView(shape))
    return view


def _mask_of(sp: Specializer, base: Array, index: AbstractValue) -> Value | None:
    """The mask, broadcast to the base, when the index is a single mask that is data."""
    if isinstance(index, TupleV) and len(index.items) == 1:
        (index,) = index.items
    if isinstance(index, Tensor) and index.value.type.dtype == np.bool_ and not index.weak and base.type.rank == 0:
        return index.value
    if not (isinstance(index, Array) and index.type.dtype == np.bool_ and not index.is_list):
        return None
    mask = sp.number(index)
    if mask.type.shape != base.type.shape[: mask.type.rank]:
        raise IndexBoundsError(f"a mask of shape {list(mask.type.shape)} does not fit an array {base.type}")
    return mask


def write_array(sp: Specializer, base: Array, index: AbstractValue, value: AbstractValue) -> None:
    """`array[index] = value`, converted to the array's element type and broadcast."""
    mask = _mask_of(sp, base, index)
    if mask is not None:
        _write_masked(sp, base, mask, value)
        return
    parsed = parse_index(sp, base.type.shape, index)
    if parsed.pickers:
        _scatter(sp, base, parsed, value)
        return
    if isinstance(base, ChoiceRef):
        views = tuple(_basic_view(sp, ref, parsed) for ref in base.refs)
        sp.store(ChoiceRef(base.selector, views), stored_value(sp, value, views[0]))
        return
    view = _basic_view(sp, base, parsed)
    sp.store(view, stored_value(sp, value, view))


def stored_value(sp: Specializer, value: AbstractValue, target: Array) -> Value:
    """A value as it is stored into `target`: NumPy's unsafe cast, leading dimensions of size 1 dropped."""
    dtype = target.type.dtype
    x = sp.number(as_array(sp, value))
    if x.type.dtype.kind == "c" and dtype.kind != "c":
        raise DTypeError(f"a complex number cannot be stored in an array of {dtype}", help="store its .real")
    if isinstance(value, Const) and isinstance(value.obj, int) and dtype.kind in "iu":
        limits = np.iinfo(dtype)
        if not limits.min <= value.obj <= limits.max:
            raise DTypeError(f"Python integer {value.obj} out of bounds for {dtype}")
    x = helpers.convert(sp.builder, x, dtype)
    while x.type.rank > target.type.rank and x.type.shape[0] == 1:
        x = helpers.reshape(sp.builder, x, x.type.shape[1:])
    if x.type.rank > target.type.rank:
        raise ShapeError(
            f"could not broadcast a value of shape {list(x.type.shape)} into shape {list(target.type.shape)}"
        )
    return helpers.broadcast_to(sp.builder, x, target.type.shape)


def _write_masked(sp: Specializer, base: Array, mask: Value, value: AbstractValue) -> None:
    shape, rank = base.type.shape, mask.type.rank
    if isinstance(value, MaskedV):
        if not sp.computed_alike(value.mask, mask):
            raise UnsupportedError("a[m] = b[n] with two different masks is not supported yet", help="use np.where")
        new = helpers.convert(sp.builder, value.values, base.type.dtype)
    else:
        array = as_array(sp, value)
        if isinstance(array, Array) and array.type.size != 1 and array.type.rank > len(shape) - rank:
            raise UnsupportedError(
                "a[mask] = values with an array of values is not supported yet",
                help="use np.where(mask, values_for_all, a)",
            )
        new = stored_value(sp, array, base)
    if rank < len(shape):
        mask = sp.emit(BroadcastInDim, mask, shape=shape, dims=tuple(range(rank)))
    sp.store(base, sp.emit(Select, mask, new, sp.number(base)))


# --- index arrays


def _gather(sp: Specializer, base: Array, parsed: ParsedIndex) -> AbstractValue:
    x = sp.number(base)
    x = IndexView(tuple(parsed.windows)).read(sp.builder, x)
    indices = _broadcast_pickers(sp, parsed)
    dims = tuple(p.dim for p in parsed.pickers)
    gathered = sp.emit(Gather, x, *indices, dims=dims)
    result = _arrange(sp, gathered, parsed, indices[0].type.rank)
    return sp.new_array(result) if result.type.shape else Tensor(result)


def _broadcast_pickers(sp: Specializer, parsed: ParsedIndex) -> list[Value]:
    shape = helpers.broadcast_shapes(*(p.values.type.shape for p in parsed.pickers))
    return [helpers.broadcast_to(sp.builder, p.values, shape) for p in parsed.pickers]


def _picked_first(parsed: ParsedIndex) -> bool:
    """NumPy puts the index dimensions first unless the index arrays stand side by side."""
    places = [j for j, (kind, _) in enumerate(parsed.layout) if kind == "pick"]
    return places != list(range(places[0], places[0] + len(places)))


def _result_order(parsed: ParsedIndex, rank: int) -> list[tuple[str, int]]:
    """The result's dimensions as ("pick", j), ("base", j-th remaining dimension) or ("new", 0)."""
    order: list[tuple[str, int]] = []
    picks: list[tuple[str, int]] = [("pick", j) for j in range(rank)]
    remaining = 0
    placed = _picked_first(parsed)
    if placed:
        order.extend(picks)
    for kind, _ in parsed.layout:
        if kind == "pick":
            if not placed:
                order.extend(picks)
                placed = True
        elif kind == "base":
            order.append(("base", remaining))
            remaining += 1
        else:
            order.append(("new", 0))
    return order


def _arrange(sp: Specializer, gathered: Value, parsed: ParsedIndex, rank: int) -> Value:
    order = _result_order(parsed, rank)
    permutation = [j if kind == "pick" else rank + j for kind, j in order if kind != "new"]
    x = helpers.transpose(sp.builder, gathered, permutation)
    sizes = iter(x.type.shape)
    return helpers.reshape(sp.builder, x, tuple(1 if kind == "new" else next(sizes) for kind, _ in order))


def _scatter(sp: Specializer, base: Array, parsed: ParsedIndex, value: AbstractValue) -> None:
    b = sp.builder
    window = IndexView(tuple(parsed.windows))
    whole = sp.number(base)
    x = window.read(b, whole)
    indices = _broadcast_pickers(sp, parsed)
    rank = indices[0].type.rank
    order = _result_order(parsed, rank)
    dims = tuple(p.dim for p in parsed.pickers)
    remaining = [n for d, n in enumerate(x.type.shape) if d not in dims]
    sizes = {"pick": indices[0].type.shape, "base": tuple(remaining)}
    shape = tuple(1 if kind == "new" else sizes[kind][j] for kind, j in order)
    target = TargetShape(shape, base.type.dtype)
    updates = stored_value(sp, value, target)  # type: ignore[arg-type]
    updates = helpers.reshape(b, updates, tuple(n for n, (kind, _) in zip(shape, order, strict=True) if kind != "new"))
    permutation = [j if kind == "pick" else rank + j for kind, j in order if kind != "new"]
    inverse = [int(i) for i in np.argsort(permutation)]
    updates = helpers.transpose(b, updates, inverse)
    new = sp.emit(Scatter, x, updates, *indices, dims=dims, mode="set", unique=False)
    sp.store(base, window.write(b, whole, new))


class TargetShape:
    """Shape and element type that a stored value takes."""

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.type = TensorType(shape, dtype)
