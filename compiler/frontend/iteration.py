"""Iterables as a length and a rule for item k: what `for`, comprehensions, zip and list() need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hloc.diagnostics.errors import DTypeError
from hloc.frontend import operators
from hloc.frontend.arrays import element, list_items, resolve_list, wrap
from hloc.frontend.effects import check
from hloc.frontend.selections import compressed, count_of
from hloc.frontend.structure import kind_of
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    ChoiceRef,
    Const,
    DictRef,
    EnumerateV,
    ListRef,
    MapV,
    MaskedV,
    RangeV,
    ReversedV,
    Tensor,
    TupleV,
    ZipV,
)
from hloc.ops import helpers
from hloc.ops.elementwise import Select

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


@dataclass(frozen=True, eq=False)
class Iteration:
    """`length` items, a known or computed number; `item(sp, k)` is the k-th.

    `uniform`: one rule serves all k, data too.
    """

    length: AbstractValue
    item: Callable[[Specializer, AbstractValue], AbstractValue]
    uniform: bool = True

    @staticmethod
    def over(sp: Specializer, value: AbstractValue) -> Iteration:
        """How to iterate over a value. Raises DTypeError for what is not iterable."""
        value = resolve_list(sp, value)
        match value:
            case RangeV():
                return _over_range(sp, value)
            case ArrayRef() | ChoiceRef():
                if not value.type.shape:
                    raise DTypeError("iteration over a 0-d array")
                return Iteration(Const(value.type.shape[0]), lambda sp, k: _element(sp, value, k))
            case MaskedV():
                return _over_selection(sp, value)
            case TupleV() | ListRef():
                items = list_items(sp, value)
                return Iteration(Const(len(items)), lambda sp, k: items[_position(k)], uniform=False)
            case DictRef():
                keys = list(sp.entries(value))
                return Iteration(Const(len(keys)), lambda sp, k: Const(keys[_position(k)]), uniform=False)
            case EnumerateV(iterable, start):
                inner = Iteration.over(sp, iterable)
                return Iteration(
                    inner.length,
                    lambda sp, k: TupleV((_shifted(sp, k, start), inner.item(sp, k))),
                    inner.uniform,
                )
            case ZipV(iterables, strict):
                return _over_zip(sp, [Iteration.over(sp, v) for v in iterables], strict)
            case ReversedV(iterable):
                inner = Iteration.over(sp, iterable)
                last = operators.binary(sp, "Sub", inner.length, Const(1))
                return Iteration(
                    inner.length, lambda sp, k: inner.item(sp, operators.binary(sp, "Sub", last, k)), inner.uniform
                )
            case MapV(function, iterables):
                parts = [Iteration.over(sp, v) for v in iterables]
                zipped = _over_zip(sp, parts, False)
                return Iteration(
                    zipped.length, lambda sp, k: sp.call(function, *(p.item(sp, k) for p in parts)), zipped.uniform
                )
            case Const(obj) if isinstance(obj, str | tuple | list | range | dict | np.ndarray | frozenset | set):
                constants = [wrap(sp, item) for item in obj]
                return Iteration(Const(len(constants)), lambda sp, k: constants[_position(k)], uniform=False)
        raise DTypeError(f"{kind_of(value)} is not iterable")

    def static_length(self, sp: Specializer) -> int:
        return max(0, sp.static_int(self.length, "the number of items"))


def iterate(sp: Specializer, value: AbstractValue) -> list[AbstractValue]:
    """The items of any iterable whose length is known."""
    iteration = Iteration.over(sp, value)
    return [iteration.item(sp, Const(i)) for i in range(iteration.static_length(sp))]


def _position(k: AbstractValue) -> int:
    assert isinstance(k, Const)
    return int(k.obj)


def _element(sp: Specializer, value: ArrayRef | ChoiceRef, k: AbstractValue) -> AbstractValue:
    return element(sp, value, k.obj if isinstance(k, Const) else sp.number(k))


def _shifted(sp: Specializer, k: AbstractValue, start: AbstractValue) -> AbstractValue:
    return k if isinstance(start, Const) and start.obj == 0 else operators.binary(sp, "Add", k, start)


def _over_range(sp: Specializer, value: RangeV) -> Iteration:
    start, stop, step = value.start, value.stop, value.step

    def item(sp: Specializer, k: AbstractValue) -> AbstractValue:
        scaled = k if isinstance(step, Const) and step.obj == 1 else operators.binary(sp, "Mult", k, step)
        return _shifted(sp, scaled, start)

    return Iteration(range_length(sp, start, stop, step), item)


def range_length(sp: Specializer, start: AbstractValue, stop: AbstractValue, step: AbstractValue) -> AbstractValue:
    """`len(range(start, stop, step))`; may be negative for "none" where it is computed."""
    if all(isinstance(v, Const) for v in (start, stop, step)):
        return operators.python_call(sp, lambda *bounds: len(range(*bounds)), start.obj, stop.obj, step.obj)  # type: ignore[attr-defined]
    if isinstance(step, Const):
        if step.obj == 0:
            return operators.python_call(sp, range, 0, 0, 0)
        span = ("Sub", stop, start) if step.obj > 0 else ("Sub", start, stop)
        distance = operators.binary(sp, *span)
        size = abs(step.obj)
        if size == 1:
            return distance
        return operators.binary(sp, "FloorDiv", operators.binary(sp, "Add", distance, Const(size - 1)), Const(size))
    ok = helpers.compare(sp.builder, sp.number(step), "NE", sp.constant(0, np.int64))
    check(sp, ok, ValueError, Const("range() arg 3 must not be zero"))
    positive = operators.truth(sp, operators.compare(sp, "Gt", step, Const(0)))
    assert not isinstance(positive, bool)
    up = operators.binary(sp, "Sub", stop, start)
    down = operators.unary(sp, "USub", up)
    distance_value = sp.emit(Select, positive, sp.number(up), sp.number(down))
    size_value = operators.absolute(sp, step)
    one_less = operators.binary(
        sp, "Sub", operators.binary(sp, "Add", Tensor(distance_value, True), size_value), Const(1)
    )
    return operators.binary(sp, "FloorDiv", one_less, operators.select(sp, ok, size_value, Const(1)))


def _over_zip(sp: Specializer, parts: list[Iteration], strict: bool) -> Iteration:
    if not parts:
        return Iteration(Const(0), lambda sp, k: TupleV(()))
    known = [p.length.obj for p in parts if isinstance(p.length, Const)]
    if strict and len(known) == len(parts) and len(set(known)) > 1:
        operators.python_call(sp, lambda *lengths: list(zip(*map(range, lengths), strict=True)), *known)
    length: AbstractValue = parts[0].length
    for part in parts[1:]:
        less = operators.truth(sp, operators.compare(sp, "Lt", part.length, length))
        length = operators.select(sp, less, part.length, length)
    return Iteration(length, lambda sp, k: TupleV(tuple(p.item(sp, k) for p in parts)), all(p.uniform for p in parts))


def _over_selection(sp: Specializer, selection: MaskedV) -> Iteration:
    """The elements of `a[mask]`, brought together first."""
    line = sp.new_array(compressed(sp, selection))
    return Iteration(Tensor(count_of(sp, selection), True), lambda sp, k: _element(sp, line, k))
