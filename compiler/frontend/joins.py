"""Joining what a variable or object holds on two paths: a template of the structure with SSA values at its leaves.

    x = 1 | x = y + 0.5          NumberT(f64, weak): one leaf, both sides converted to it
    u = a | u = b                ChoiceT(a, b): one leaf, which of the two arrays u now is
    v unset | v = 2              MaybeT(NumberT(i64)): a flag and the number

A branch collects its leaves (`collect`), the control operation hands on one value per leaf, and `rebuild` makes the
abstract value after the join. In a loop the template is widened (`unify`) until the body keeps it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hloc.frontend import numbers
from hloc.frontend.arrays import nested_value
from hloc.frontend.structure import children, data_starts, differing_starts, kind_of, same, same_frame, with_children
from hloc.frontend.values import (
    UNDEFINED,
    AbstractValue,
    ArrayRef,
    Cell,
    ChoiceRef,
    ConflictV,
    Const,
    DerivedV,
    DictRef,
    EnumerateV,
    Forward,
    FunctionV,
    LinearMapV,
    ListRef,
    Mapping_,
    MapV,
    MaybeV,
    MethodV,
    NeverV,
    ObjectRef,
    PartialV,
    RangeV,
    ReversedV,
    Sequence_,
    SliceV,
    Tensor,
    TupleV,
    UndefinedV,
    ZipV,
)
from hloc.frontend.views import IndexView, Window, index_value
from hloc.ir.core import Value
from hloc.ir.types import B1, I64, TensorType
from hloc.ops import helpers

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer
    from hloc.frontend.state import State


class Template:
    """The structure of a joined value."""

    def leaves(self) -> list[TensorType]:
        """Types of the SSA values that vary."""
        return []

    def collect(self, sp: Specializer, state: State, value: AbstractValue) -> list[Value]:
        """The leaves of `value`, converted; `value` must have been unified into this template."""
        return []

    def rebuild(self, sp: Specializer, values: Iterator[Value]) -> AbstractValue:
        raise NotImplementedError

    def unify(self, sp: Specializer, state: State, value: AbstractValue) -> Template:
        """The template that also covers `value` (as seen in `state`); itself where it does already."""
        raise NotImplementedError

    def zeros(self, sp: Specializer) -> list[Value]:
        return [helpers.full(sp.builder, t.shape, 0, t.dtype) for t in self.leaves()]

    def leaf_names(self, name: str) -> list[str]:
        return [name] * len(self.leaves())


@dataclass(eq=False)
class FixedT(Template):
    """The same on all paths."""

    value: AbstractValue

    def rebuild(self, sp: Specializer, values: Iterator[Value]) -> AbstractValue:
        return self.value

    def unify(self, sp: Specializer, state: State, value: AbstractValue) -> Template:
        if same(self.value, value):
            return self
        return open_template(sp, self.value, state).unify(sp, state, value)


@dataclass(eq=False)
class NeverT(Template):
    """A path that never gets here."""

    def rebuild(self, sp: Specializer, values: Iterator[Value]) -> AbstractValue:
        return NeverV()

    def unify(self, sp: Specializer, state: State, value: AbstractValue) -> Template:
        return self if isinstance(value, NeverV) else template_of(sp, value, state)


@dataclass(eq=False)
class ConflictT(Template):
    """Nothing stands for both. `resized`: arrays or lists that differ in their sizes only."""

    reason: str
    resized: bool = False

    def rebuild(self, sp: Specializer, values: Iterator[Value]) -> AbstractValue:
        return ConflictV(self.reason)

    def unify(self, sp: Specializer, state: State, value: AbstractValue) -> Template:
        return self


@dataclass(eq=False)
class NumberT(Template):
    """A number, or the content of an array cell."""

    type: TensorType
    weak: bool

    def leaves(self) -> list[TensorType]:
        return [self.type]

    def collect(self, sp: Specializer, state: State, value: AbstractValue) -> list[Value]:
        if isinstance(value, UndefinedV | NeverV | ConflictV):
            return self.zeros(sp)
        return [helpers.convert(sp.builder, sp.number(value, state), self.type.dtype)]

    def rebuild(self, sp: Specializer, values: Iterator[Value]) -> AbstractValue:
        return Tensor(next(values), self.weak)

    def unify(self, sp: Specializer, state: State, value: AbstractValue) -> Template:
        if isinstance(value, NeverV):
            return self
        if isinstance(value, ArrayRef | ChoiceRef) and self.weak and not self.type.shape:
            dtype = numbers.promote([(self.type.dtype, True), (value.type.dtype, False)])
            return ArrayT(value.type.with_dtype(dtype), frozenset())
        described = numbers.describe(value)
        if described is None:
            return mismatch(sp, state, self.describe(), value)
        type_, weak = described
        if type_.shape != self.type.shape:
            return ConflictT(f"{self.describe()} on one path and {type_} on another")
        dtype = numbers.promote([(self.type.dtype, self.weak), (type_.dtype, weak)])
        if dtype == self.type.dtype and (weak or not self.weak):
            return self
        return NumberT(self.type.with_dtype(dtype), self.weak and weak)

    def describe(self) -> str:
        return f"a number ({self.type})"


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
        return join_arrays(sp, state, [self.ref], value)


@dataclass(eq=False)
class ChoiceT(Template):
    """One of several arrays that all exist before the join."""

    refs: tuple[ArrayRef, ...]

    def leaves(self) -> list[TensorType]:
        return [I64]

    def collect(self, sp: Specializer, state: State, value: AbstractValue) -> list[Value]:
        if isinstance(value, ChoiceRef):
            return [sp.remap_choice(value, [self._position(r) for r in value.refs])]
        position = self._position(value) if isinstance(value, ArrayRef) else 0
        return [helpers.constant(sp.builder, position, np.int64)]

    def _position(self, ref: ArrayRef) -> int:
        return next(j for j, known in enumerate(self.refs) if same(known, ref))

    def rebuild(self, sp: Specializer, values: Iterator[Value]) -> AbstractValue:
        return ChoiceRef(next(values), self.refs)

    def unify(self, sp: Specializer, state: State, value: AbstractValue) -> Template:
        if isinstance(value, NeverV):
            return self
        return join_arrays(sp, state, list(self.refs), value, self)


@dataclass(eq=False)
class MaybeT(Template):
    """A variable that some path leaves unset."""

    inner: Template

    def leaves(self) -> list[TensorType]:
        return [B1, *self.inner.leaves()]

    def collect(self, sp: Specializer, state: State, value: AbstractValue) -> list[Value]:
        if isinstance(value, UndefinedV | NeverV):
            return [helpers.constant(sp.builder, False, np.bool_), *self.inner.zeros(sp)]
        if isinstance(value, MaybeV):
            return [value.flag, *self.inner.collect(sp, state, value.value)]
        return [helpers.constant(sp.builder, True, np.bool_), *self.inner.collect(sp, state, value)]

    def rebuild(self, sp: Specializer, values: Iterator[Value]) -> AbstractValue:
        flag = next(values)
        return MaybeV(self.inner.rebuild(sp, values), flag)

    def unify(self, sp: Specializer, state: State, value: AbstractValue) -> Template:
        if isinstance(value, UndefinedV | NeverV):
            return self
        inner = self.inner.unify(sp, state, value.value if isinstance(value, MaybeV) else value)
        return self if inner is self.inner else MaybeT(inner)

    def leaf_names(self, name: str) -> list[str]:
        return [f"{name}_defined", *self.inner.leaf_names(name)]


@dataclass(eq=False)
class StructureT(Template):
    """An immutable structure of joined parts: tuple, range, slice, partial, content of a list or dict."""

    like: AbstractValue
    parts: tuple[Template, ...]

    def leaves(self) -> list[TensorType]:
        return [t for part in self.parts for t in part.leaves()]

    def collect(self, sp: Specializer, state: State, value: AbstractValue) -> list[Value]:
        if isinstance(value, UndefinedV | NeverV | ConflictV):
            return self.zeros(sp)
        pairs = zip(self.parts, children(value), strict=True)
        return [v for part, child in pairs for v in part.collect(sp, state, child)]

    def rebuild(self, sp: Specializer, values: Iterator[Value]) -> AbstractValue:
        return with_children(self.like, [part.rebuild(sp, values) for part in self.parts])

    def unify(self, sp: Specializer, state: State, value: AbstractValue) -> Template:
        if isinstance(value, NeverV):
            return self
        if not same_frame(self.like, value):
            if isinstance(self.like, Sequence_) and isinstance(value, Sequence_):
                return ConflictT(f"{kind_of(self.like)} on one path and {kind_of(value)} on another", True)
            return mismatch(sp, state, kind_of(self.like), value)
        parts = tuple(p.unify(sp, state, child) for p, child in zip(self.parts, children(value), strict=True))
        unchanged = all(p is q for p, q in zip(parts, self.parts, strict=True))
        return self if unchanged else StructureT(self.like, parts)


@dataclass(eq=False)
class ObjectT(Template):
    """A list, dict or object: a new one whose content is joined."""

    like: ListRef | DictRef | ObjectRef
    content: Template
    sources: frozenset[Cell]

    def leaves(self) -> list[TensorType]:
        return self.content.leaves()

    def collect(self, sp: Specializer, state: State, value: AbstractValue) -> list[Value]:
        if not isinstance(value, ListRef | DictRef | ObjectRef):
            return self.zeros(sp)
        return self.content.collect(sp, state, state[value.cell])

    def rebuild(self, sp: Specializer, values: Iterator[Value]) -> AbstractValue:
        cell = Cell(self.like.cell.kind, sources=self.sources)
        sp.state[cell] = self.content.rebuild(sp, values)
        return dataclasses.replace(self.like, cell=cell)

    def unify(self, sp: Specializer, state: State, value: AbstractValue) -> Template:
        if isinstance(value, NeverV):
            return self
        table = list_type(value, state) if isinstance(self.like, ListRef) else None
        if table is not None and not isinstance(state[value.cell], Sequence_):  # type: ignore[attr-defined]
            own = template_table(self)
            return (
                ConflictT("lists of different kinds")
                if own is None
                else ArrayT(own, self.sources, True).unify(sp, state, value)
            )
        if not isinstance(value, type(self.like)) or getattr(value, "cls", None) is not getattr(self.like, "cls", None):
            return mismatch(sp, state, kind_of(self.like), value)
        content = self.content.unify(sp, state, state[value.cell])
        if isinstance(content, ConflictT):
            return content
        return (
            self
            if content is self.content
            else ObjectT(self.like, content, self.sources | sp.join_sources(value, state))
        )


def template_of(sp: Specializer, value: AbstractValue, state: State) -> Template:
    """The narrowest template of one value: data may vary, what is known stays known."""
    if isinstance(value, Tensor):
        return NumberT(value.value.type, value.weak)
    if isinstance(value, NeverV):
        return NeverT()
    if isinstance(value, ConflictV):
        return ConflictT(value.reason)
    if isinstance(value, MaybeV):
        return MaybeT(template_of(sp, value.value, state))
    if isinstance(
        value,
        TupleV | RangeV | SliceV | EnumerateV | ZipV | ReversedV | MapV | PartialV | MethodV | FunctionV | DerivedV,
    ):
        return StructureT(value, tuple(template_of(sp, c, state) for c in children(value)))
    if isinstance(value, LinearMapV) and not sp.exists_outside(value.scope):
        return ConflictT(
            "a function of hloc.vjp or hloc.linearize that leaves the branch, loop or function it is made in"
        )
    if isinstance(value, Sequence_ | Mapping_):
        return StructureT(value, tuple(template_of(sp, c, state) for c in children(value)))
    if isinstance(value, ChoiceRef):
        settled = all(sp.exists_outside(ref.cell) for ref in value.refs)
        return ChoiceT(value.refs) if settled else ArrayT(value.type, sp.join_sources(value, state))
    if isinstance(value, ArrayRef) and not sp.exists_outside(value.cell):
        return ArrayT(value.type, sp.join_sources(value, state), value.is_list)
    if isinstance(value, ListRef | DictRef | ObjectRef) and not sp.exists_outside(value.cell):
        return object_template(sp, value, state)
    if isinstance(value, ArrayRef) and (places := data_starts(value)):
        return ViewT(value, places)  # the starts may be values of the branch
    return FixedT(value)


def object_template(sp: Specializer, value: ListRef | DictRef | ObjectRef, state: State) -> Template:
    """A new list, dict or object with the content of this one."""
    content = state[value.cell]
    if isinstance(value, ListRef) and isinstance(content, Tensor):
        return ArrayT(content.value.type, sp.join_sources(value, state), True)
    return ObjectT(value, template_of(sp, content, state), sp.join_sources(value, state))


def open_template(sp: Specializer, value: AbstractValue, state: State) -> Template:
    """A template that lets a known number, or the identity of an array or object, vary."""
    if isinstance(value, UndefinedV):
        return MaybeT(NeverT())
    if isinstance(value, Const):
        described = numbers.describe(value)
        if described is not None:
            return NumberT(*described)
    if isinstance(value, ArrayRef):
        return ViewT(value, frozenset())
    if isinstance(value, ListRef | DictRef | ObjectRef):
        return object_template(sp, value, state)
    template = template_of(sp, value, state)
    return ConflictT(f"{kind_of(value)} on one path only") if isinstance(template, FixedT) else template


def mismatch(sp: Specializer, state: State, found: str, value: AbstractValue) -> Template:
    if isinstance(value, UndefinedV | MaybeV):
        raise AssertionError("undefined is handled by unify_any")
    return ConflictT(f"{found} on one path and {kind_of(value)} on another")


def unify_any(sp: Specializer, template: Template, state: State, value: AbstractValue) -> Template:
    """`template.unify`, where the value or the template may also be undefined."""
    if isinstance(value, UndefinedV | MaybeV) and not isinstance(template, MaybeT | ConflictT):
        if isinstance(template, FixedT) and isinstance(template.value, UndefinedV):
            return template if value is UNDEFINED else template_of(sp, value, state)
        template = MaybeT(template)
    return template.unify(sp, state, value)


def join_arrays(
    sp: Specializer, state: State, refs: list[ArrayRef], value: AbstractValue, current: ChoiceT | None = None
) -> Template:
    """Arrays that all existed before the join stay themselves (a choice); a new one makes the result a new array."""
    if not isinstance(value, ArrayRef | ChoiceRef):
        described = numbers.describe(value)
        if described is not None and described[1] and not described[0].shape:
            dtype = numbers.promote([(refs[0].type.dtype, False), (described[0].dtype, True)])
            return ArrayT(refs[0].type.with_dtype(dtype), joined_sources(sp, state, refs))
        return mismatch(sp, state, f"an array ({refs[0].type})", value)
    others = list(value.refs) if isinstance(value, ChoiceRef) else [value]
    new = [r for r in others if not any(same(r, known) for known in refs)]
    if not new and current is not None:
        return current
    if new and (any(r.type.shape != refs[0].type.shape or r.is_list != refs[0].is_list for r in new)):
        return ConflictT(f"an array {refs[0].type} on one path and {new[0].type} on another", True)
    every = [*refs, *new]
    settled = all(sp.exists_outside(r.cell) and not r.view and not r.is_list for r in every)
    if settled and all(r.type == refs[0].type for r in every):
        return ChoiceT(tuple(every))
    dtype = np.result_type(*(r.type.dtype for r in every))
    sources = joined_sources(sp, state, every)
    return ArrayT(refs[0].type.with_dtype(dtype), sources, refs[0].is_list)


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
    return _stacked([list_type(item, state) for item in content.items])


def template_table(template: Template) -> TensorType | None:
    """The same for the template of a list."""
    if isinstance(template, NumberT):
        return template.type if template.weak else None
    if isinstance(template, ArrayT):
        return template.type if template.is_list else None
    if isinstance(template, FixedT):
        described = numbers.describe(template.value)
        return described[0] if described is not None and described[1] else None
    if isinstance(template, ObjectT) and isinstance(template.content, StructureT):
        return _stacked([template_table(part) for part in template.content.parts])
    return None


def _stacked(types: Sequence[TensorType | None]) -> TensorType | None:
    known = [t for t in types if t is not None]
    if not known or len(known) < len(types) or len({t.shape for t in known}) > 1:
        return None
    dtype = numbers.promote([(t.dtype, True) for t in known])
    return TensorType((len(known), *known[0].shape), dtype)


def kind_of_array(type: TensorType, is_list: bool) -> str:
    return "a list of numbers" if is_list else f"an array ({type})"


def joined_sources(sp: Specializer, state: State, refs: Sequence[ArrayRef]) -> frozenset[Cell]:
    return frozenset[Cell]().union(*(sp.join_sources(ref, state) for ref in refs))


def window_at(ref: ArrayRef, place: tuple[int, int]) -> Window:
    step = ref.view[place[0]]
    assert isinstance(step, IndexView)
    return step.windows[place[1]]
