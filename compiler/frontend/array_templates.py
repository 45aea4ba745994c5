"""Templates of arrays (see hloc.frontend.joins): which of several arrays, where a view starts, or a new content."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hloc.frontend import numbers
from hloc.frontend.arrays import nested_value
from hloc.frontend.places import Place, alternatives, as_position, new_ones, position_of
from hloc.frontend.structure import data_starts, differing_starts, kind_of, same
from hloc.frontend.templates import ConflictT, Template, mismatch
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    Cell,
    ChoiceRef,
    ConflictV,
    Forward,
    ListRef,
    NeverV,
    Sequence_,
    Tensor,
    UndefinedV,
)
from hloc.frontend.views import IndexView, Window, index_value
from hloc.ir.core import Value
from hloc.ir.types import I64, TensorType
from hloc.ops import helpers

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer
    from hloc.frontend.state import State


@dataclass(eq=False)
class ArrayT(Template):
    """An array: a new one that stands for one of `sources`. A Python number joins as an array filled with it."""

    type: TensorType
    sources: frozenset[Cell]
    is_list: bool = False

    def leaves(self) -> list[TensorType]:
        return [self.type]

    def collect(self, sp: Specializer, state: State, value: AbstractValue) -> list[Value]:
        if isinstance(value, UndefinedV | NeverV | ConflictV):
            return self.zeros(sp)
        content = nested_value(sp, value) if self.is_list else sp.number(value, state)
        x = helpers.convert(sp.builder, content, self.type.dtype)
        return [helpers.broadcast_to(sp.builder, x, self.type.shape)]

    def rebuild(self, sp: Specializer, values: Iterator[Value]) -> AbstractValue:
        cell = Cell("array", sources=self.sources) if self.sources else Cell("array")
        sp.state[cell] = Tensor(next(values))
        return ArrayRef(cell, self.type, is_list=self.is_list)

    def unify(self, sp: Specializer, state: State, value: AbstractValue) -> Template:
        if isinstance(value, NeverV):
            return self
        found = list_type(value, state) if self.is_list else None
        if isinstance(value, ArrayRef | ChoiceRef) or found is not None:
            type_ = found or value.type  # type: ignore[attr-defined]
            if type_.shape != self.type.shape or (found is None and value.is_list != self.is_list):  # type: ignore[attr-defined]
                return ConflictT(
                    f"{kind_of_array(self.type, self.is_list)} on one path and {kind_of(value)} on another", True
                )
            dtype = np.promote_types(self.type.dtype, type_.dtype)
            sources = self.sources | sp.join_sources(value, state)
            known = dtype == self.type.dtype and sources == self.sources
            return self if known else ArrayT(self.type.with_dtype(dtype), sources, self.is_list)
        described = numbers.describe(value)
        if described is not None and described[1] and not described[0].shape:
            return self
        return mismatch(sp, state, f"an array ({self.type})", value)


@dataclass(eq=False)
class ViewT(Template):
    """Views of one array that differ in where they start; each start that differs is a leaf."""

    ref: ArrayRef
    varying: frozenset[tuple[int, int]]

    def leaves(self) -> list[TensorType]:
        return [I64] * len(self.varying)

    def collect(self, sp: Specializer, state: State, value: AbstractValue) -> list[Value]:
        if not isinstance(value, ArrayRef):
            return self.zeros(sp)
        return [index_value(sp.builder, window_at(value, place).start) for place in sorted(self.varying)]

    def rebuild(self, sp: Specializer, values: Iterator[Value]) -> AbstractValue:
        starts = {place: next(values) for place in sorted(self.varying)}
        view = []
        for i, step in enumerate(self.ref.view):
            if isinstance(step, IndexView):
                windows = [
                    dataclasses.replace(w, start=starts.get((i, d), w.start)) for d, w in enumerate(step.windows)
                ]
                step = IndexView(tuple(windows))
            view.append(step)
        return dataclasses.replace(self.ref, view=tuple(view))

    def unify(self, sp: Specializer, state: State, value: AbstractValue) -> Template:
        if isinstance(value, NeverV):
            return self
        if isinstance(value, ArrayRef) and value.cell is self.ref.cell:
            places = differing_starts(self.ref, value)
            if places is not None:
                varying = self.varying | places
                return self if varying == self.varying else ViewT(self.ref, varying)
        return join_arrays(sp, state, ChoiceT((self.ref,)), value, told_apart=not self.varying)


@dataclass(eq=False)
class ChoiceT(Template):
    """One of several arrays: those that exist before the join, and the new one that `place` holds where there is one.

    Leaves: which one, where there are several; its content, where there is room for a new one.
    """

    refs: tuple[ArrayRef, ...]
    place: Place | None = None

    @property
    def type(self) -> TensorType:
        return self.refs[0].type if self.place is None else self.place.type

    @property
    def _own(self) -> bool:
        return self.place is not None and self.place.own

    @property
    def _several(self) -> bool:
        return len(self.refs) + self._own + (len(self.place.others) if self.place is not None else 0) > 1

    @property
    def is_list(self) -> bool:
        return bool(self.refs) and self.refs[0].is_list

    def leaves(self) -> list[TensorType]:
        return [I64] * self._several + [self.type] * self._own

    def leaf_names(self, name: str) -> list[str]:
        return [f"{name}_which" if self._own else name] * self._several + [name] * self._own

    def places(self) -> Iterator[Place]:
        if self.place is not None:
            self.place.last = False
            yield self.place

    def collect(self, sp: Specializer, state: State, value: AbstractValue) -> list[Value]:
        if not isinstance(value, ArrayRef | ChoiceRef):
            return self.zeros(sp)
        which = [self._which(sp, value)] if self._several else []
        return which + ([sp.number(value, state)] if self._own else [])

    def _which(self, sp: Specializer, value: ArrayRef | ChoiceRef) -> Value:
        positions = [self._position(sp, ref) for ref in alternatives(value)]
        if not isinstance(value, ChoiceRef):
            return as_position(sp, positions[0])
        known = [p for p in positions if isinstance(p, int)]
        if len(known) == len(positions):
            return sp.remap_choice(value, known)
        return sp.choose(value.selector, [as_position(sp, p) for p in positions])

    def _position(self, sp: Specializer, ref: ArrayRef) -> int | Value:
        if sp.exists_outside(ref.cell):
            return next(j for j, known in enumerate(self.refs) if same(known, ref))
        assert self.place is not None
        return position_of(sp, self.place, ref, len(self.refs), len(self.refs) + self._own)

    def rebuild(self, sp: Specializer, values: Iterator[Value]) -> AbstractValue:
        selector = next(values) if self._several else None
        refs, content = list(self.refs), None
        if self.place is not None:
            if self.place.own:
                content = next(values)
                refs.append(self.place.ref(self.type))
                sp.state[refs[-1].cell] = Tensor(content)
            refs += [other.place.ref(self.type, other.view) for other in self.place.others]
        if selector is None:
            return refs[0]
        choice = ChoiceRef(selector, tuple(refs), content)
        if self.place is not None:
            self.place.choice = choice
        return choice

    def unify(self, sp: Specializer, state: State, value: AbstractValue) -> Template:
        return self if isinstance(value, NeverV) else join_arrays(sp, state, self, value)


def array_template(sp: Specializer, value: ArrayRef | ChoiceRef, state: State) -> Template | None:
    """The template of an array some of which is made inside, or that is one of several; None for one from before."""
    new = new_ones(sp, value)
    if not new and isinstance(value, ArrayRef):
        return None
    settled = [ref for ref in alternatives(value) if sp.exists_outside(ref.cell)]
    if any(map(data_starts, settled)) or value.is_list or (new and not sp.tells_apart):
        return ArrayT(value.type, sp.join_sources(value, state), value.is_list)
    if not new:
        return ChoiceT(tuple(settled))
    distinct = [ref for j, ref in enumerate(settled) if not any(same(ref, known) for known in settled[:j])]
    return ChoiceT(tuple(distinct), Place(value.type, sp.join_sources(value, state)))


def join_arrays(
    sp: Specializer, state: State, known: ChoiceT, value: AbstractValue, told_apart: bool = True
) -> Template:
    """Arrays that all existed before the join stay themselves (a choice). A new one makes the result a new array, or
    one more of those to choose from, where they are told apart."""
    if not isinstance(value, ArrayRef | ChoiceRef):
        described = numbers.describe(value)
        if described is not None and described[1] and not described[0].shape:
            dtype = numbers.promote([(known.type.dtype, False), (described[0].dtype, True)])
            return ArrayT(known.type.with_dtype(dtype), joined_sources(sp, state, known))
        return mismatch(sp, state, f"an array ({known.type})", value)
    new = new_ones(sp, value)
    settled = [r for r in alternatives(value) if sp.exists_outside(r.cell)]
    added = [r for j, r in enumerate(settled) if not any(same(r, k) for k in (*known.refs, *settled[:j]))]
    if any(r.type.shape != known.type.shape or r.is_list != known.is_list for r in (*added, *new)):
        return ConflictT(f"an array {known.type} on one path and {value.type} on another", True)
    if not added and (not new or (known.place is not None and value.type == known.type)):
        if known.place is not None and new:
            known.place.sources |= sp.join_sources(value, state)
        return known
    alike = told_apart and not known.is_list and all(r.type == known.type for r in (*added, *new))
    if sp.tells_apart:
        alike = alike and not any(map(data_starts, (*known.refs, *added)))
    else:
        alike = alike and not new and known.place is None and not any(r.view for r in (*known.refs, *added))
    if alike and not new:
        return ChoiceT((*known.refs, *added), known.place)
    sources = joined_sources(sp, state, known) | sp.join_sources(value, state)
    if alike:
        if known.place is not None:
            known.place.sources |= sources
        return ChoiceT((*known.refs, *added), known.place or Place(known.type, sources))
    dtype = np.result_type(known.type.dtype, *(r.type.dtype for r in (*added, *new)))
    return ArrayT(known.type.with_dtype(dtype), sources, known.is_list)


def list_type(value: AbstractValue, state: State) -> TensorType | None:
    """The type of a list of numbers as a table; None for what cannot be one."""
    if isinstance(value, ArrayRef):
        return value.type if value.is_list else None
    if not isinstance(value, ListRef):
        described = numbers.describe(value)
        return described[0] if described is not None and described[1] else None
    content = state[value.cell]
    if isinstance(content, Tensor):
        return content.value.type
    if isinstance(content, Forward):
        return content.ref.type
    assert isinstance(content, Sequence_)
    return stacked([list_type(item, state) for item in content.items])


def stacked(types: Sequence[TensorType | None]) -> TensorType | None:
    known = [t for t in types if t is not None]
    if not known or len(known) < len(types) or len({t.shape for t in known}) > 1:
        return None
    dtype = numbers.promote([(t.dtype, True) for t in known])
    return TensorType((len(known), *known[0].shape), dtype)


def kind_of_array(type: TensorType, is_list: bool) -> str:
    return "a list of numbers" if is_list else f"an array ({type})"


def joined_sources(sp: Specializer, state: State, known: ChoiceT) -> frozenset[Cell]:
    found = frozenset[Cell]() if known.place is None else known.place.sources
    return found.union(*(sp.join_sources(ref, state) for ref in known.refs))


def window_at(ref: ArrayRef, place: tuple[int, int]) -> Window:
    step = ref.view[place[0]]
    assert isinstance(step, IndexView)
    return step.windows[place[1]]
