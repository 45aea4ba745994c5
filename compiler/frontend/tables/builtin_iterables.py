"""Built-in functions over iterables: min, max, sum, any, all, sorted; iterators, lists, tuples and dicts."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import DTypeError
from hloc.frontend import numbers, operators
from hloc.frontend.arrays import list_items, resolve_list
from hloc.frontend.branches import branch
from hloc.frontend.tables.containers import sort_items
from hloc.frontend.tables.registry import implements
from hloc.frontend.values import (
    NONE,
    AbstractValue,
    ArrayRef,
    ChoiceRef,
    Const,
    DictRef,
    EnumerateV,
    ListRef,
    MapV,
    MaskedV,
    ReversedV,
    Tensor,
    TupleV,
    ZipV,
)
from hloc.library import sequences

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


def extreme(
    sp: Specializer, order: str, values: list[AbstractValue], key: AbstractValue | None = None
) -> AbstractValue:
    """The first value that no other beats (`order` is "Lt" for min, "Gt" for max)."""
    best = values[0]
    best_key = best if key is None else sp.call(key, best)
    for value in values[1:]:
        value_key = value if key is None else sp.call(key, value)
        better = operators.truth(sp, operators.compare(sp, order, value_key, best_key))
        best, best_key = _choose(sp, better, (value, value_key), (best, best_key))
    return best


def _choose(
    sp: Specializer, condition: Any, a: tuple[AbstractValue, ...], b: tuple[AbstractValue, ...]
) -> tuple[AbstractValue, ...]:
    if isinstance(condition, bool):
        return a if condition else b
    if all(numbers.describe(v) is not None for v in (*a, *b)):
        return tuple(operators.select(sp, condition, x, y) for x, y in zip(a, b, strict=True))
    joined = branch(sp, condition, lambda: TupleV(a), lambda: TupleV(b))
    assert isinstance(joined, TupleV)
    return joined.items


def _min_max(
    sp: Specializer,
    order: str,
    name: str,
    args: Sequence[AbstractValue],
    key: AbstractValue,
    default: AbstractValue | None,
) -> AbstractValue:
    key_function = None if isinstance(key, Const) and key.obj is None else key
    if not args:
        raise DTypeError(f"{name} expected at least 1 argument, got 0")
    if len(args) > 1:
        return extreme(sp, order, list(args), key_function)
    sequence = resolve_list(sp, args[0])
    if isinstance(sequence, ArrayRef) and sequence.type.rank == 1 and key_function is None and sequence.type.shape[0]:
        return _array_extreme(sp, order, sequence)
    items = list_items(sp, sequence)
    if not items:
        if default is not None:
            return default
        return operators.python_call(sp, min if name == "min" else max, [])
    return extreme(sp, order, items, key_function)


def _array_extreme(sp: Specializer, order: str, array: ArrayRef) -> AbstractValue:
    """min/max of a vector; beside NaN Python's answer depends on the order, which a loop reproduces."""
    if array.type.dtype.kind == "f":
        return sp.call(Const(sequences.first_min if order == "Lt" else sequences.first_max), array)
    x = sp.number(sp.call(Const(np.min if order == "Lt" else np.max), ArrayRef(array.cell, array.type, array.view)))
    return Tensor(x, array.is_list)


@implements(builtins.min)
def min_(
    sp: Specializer, *args: AbstractValue, key: AbstractValue = NONE, default: AbstractValue | None = None
) -> AbstractValue:
    return _min_max(sp, "Lt", "min", args, key, default)


@implements(builtins.max)
def max_(
    sp: Specializer, *args: AbstractValue, key: AbstractValue = NONE, default: AbstractValue | None = None
) -> AbstractValue:
    return _min_max(sp, "Gt", "max", args, key, default)


@implements(builtins.sum)
def sum_(sp: Specializer, iterable: AbstractValue, start: AbstractValue = Const(0)) -> AbstractValue:
    iterable = resolve_list(sp, iterable)
    if isinstance(iterable, MaskedV):
        return operators.binary(sp, "Add", start, sp.call(Const(np.sum), iterable))
    if isinstance(iterable, TupleV | ListRef | DictRef):
        result = start
        for item in list_items(sp, iterable):
            result = operators.binary(sp, "Add", result, item)
        return result
    return sp.call(Const(sequences.sum_of), iterable, start)


def _quantifier(sp: Specializer, iterable: AbstractValue, stop: bool) -> AbstractValue:
    iterable = resolve_list(sp, iterable)
    if isinstance(iterable, ArrayRef | ChoiceRef) and iterable.type.rank == 1:
        whole = ArrayRef(iterable.cell, iterable.type, iterable.view) if isinstance(iterable, ArrayRef) else iterable
        return Tensor(sp.number(sp.call(Const(np.any if stop else np.all), whole)), True)
    result: AbstractValue = Const(not stop)
    for item in list_items(sp, iterable):
        combine = operators.logical_or if stop else operators.logical_and
        result = combine(sp, result, item)
    return result


@implements(builtins.any)
def any_(sp: Specializer, iterable: AbstractValue) -> AbstractValue:
    return _quantifier(sp, iterable, True)


@implements(builtins.all)
def all_(sp: Specializer, iterable: AbstractValue) -> AbstractValue:
    return _quantifier(sp, iterable, False)


@implements(builtins.sorted)
def sorted_(
    sp: Specializer, iterable: AbstractValue, key: AbstractValue = NONE, reverse: AbstractValue = Const(False)
) -> AbstractValue:
    key_function = None if isinstance(key, Const) and key.obj is None else key
    return sort_items(sp, iterable, key_function, bool(sp.static(reverse, "reverse")))


@implements(builtins.enumerate)
def enumerate_(sp: Specializer, iterable: AbstractValue, start: AbstractValue = Const(0)) -> AbstractValue:
    return EnumerateV(iterable, start)


@implements(builtins.zip)
def zip_(sp: Specializer, *iterables: AbstractValue, strict: AbstractValue = Const(False)) -> AbstractValue:
    return ZipV(iterables, bool(sp.static(strict, "strict")))


@implements(builtins.reversed)
def reversed_(sp: Specializer, iterable: AbstractValue) -> AbstractValue:
    return ReversedV(iterable)


@implements(builtins.map)
def map_(sp: Specializer, function: AbstractValue, *iterables: AbstractValue) -> AbstractValue:
    return MapV(function, iterables)


@implements(builtins.list)
def list_(sp: Specializer, iterable: AbstractValue = Const(())) -> AbstractValue:
    iterable = resolve_list(sp, iterable)
    if isinstance(iterable, ArrayRef) and iterable.is_list:
        return sp.new_array(sp.load(iterable), is_list=True)
    return sp.new_list(list_items(sp, iterable))


@implements(builtins.tuple)
def tuple_(sp: Specializer, iterable: AbstractValue = Const(())) -> AbstractValue:
    return TupleV(tuple(list_items(sp, iterable)))


@implements(builtins.dict)
def dict_(sp: Specializer, mapping: AbstractValue | None = None, **entries: AbstractValue) -> AbstractValue:
    found: dict[Any, AbstractValue] = {}
    if isinstance(mapping, DictRef):
        found.update(sp.entries(mapping))
    elif mapping is not None:
        for pair in list_items(sp, mapping):
            key, value = list_items(sp, pair)
            found[sp.static(key, "the key of a dict")] = value
    return sp.new_dict({**found, **entries})


@implements(functools.reduce)
def reduce_(
    sp: Specializer, function: AbstractValue, iterable: AbstractValue, initial: AbstractValue | None = None
) -> AbstractValue:
    items = list_items(sp, iterable)
    if initial is not None:
        items = [initial, *items]
    result = items[0]
    for item in items[1:]:
        result = sp.call(function, result, item)
    return result
