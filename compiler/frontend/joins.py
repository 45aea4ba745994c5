"""Joining what a variable or object holds on two paths: a template of the structure with SSA values at its leaves.

    x = 1 | x = y + 0.5          NumberT(f64, weak): one leaf, both sides converted to it
    u = a | u = b                ChoiceT(a, b): one leaf, which of the two arrays u now is
    v unset | v = 2              MaybeT(NumberT(i64)): a flag and the number

A branch collects its leaves (`collect`), the control operation hands on one value per leaf, and `rebuild` makes the
abstract value after the join. In a loop the template is widened (`unify`) until the body keeps it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hloc.frontend import numbers
from hloc.frontend.array_templates import ArrayT, ViewT, array_template, list_type, stacked
from hloc.frontend.places import Holder, Place
from hloc.frontend.structure import children, data_starts, kind_of, same, same_frame, with_children
from hloc.frontend.templates import ConflictT, Template, mismatch
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
from hloc.ir.core import Value
from hloc.ir.types import B1, TensorType
from hloc.ops import helpers

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer
    from hloc.frontend.state import State


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
            return ArrayT(value.type.with_dtype(dtype), sp.join_sources(value, state))
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

    def places(self) -> Iterator[Place]:
        return self.inner.places()

    def holders(self, state: State, value: AbstractValue) -> Iterator[Holder]:
        if not isinstance(value, MaybeV):
            yield from self.inner.holders(state, value)
            return
        for holder in self.inner.holders(state, value.value):
            holder.flags = (value.flag, *holder.flags)
            yield holder


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

    def places(self) -> Iterator[Place]:
        for part in self.parts:
            yield from part.places()

    def holders(self, state: State, value: AbstractValue) -> Iterator[Holder]:
        if same_frame(self.like, value):
            for part, child in zip(self.parts, children(value), strict=True):
                yield from part.holders(state, child)


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

    def places(self) -> Iterator[Place]:
        return self.content.places()

    def holders(self, state: State, value: AbstractValue) -> Iterator[Holder]:
        if isinstance(value, ListRef | DictRef | ObjectRef):
            yield from self.content.holders(state, state[value.cell])


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
    if isinstance(value, ArrayRef | ChoiceRef) and (template := array_template(sp, value, state)) is not None:
        return template
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


def unify_any(sp: Specializer, template: Template, state: State, value: AbstractValue) -> Template:
    """`template.unify`, where the value or the template may also be undefined."""
    if isinstance(value, UndefinedV | MaybeV) and not isinstance(template, MaybeT | ConflictT):
        if isinstance(template, FixedT) and isinstance(template.value, UndefinedV):
            return template if value is UNDEFINED else template_of(sp, value, state)
        template = MaybeT(template)
    return template.unify(sp, state, value)


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
        return stacked([template_table(part) for part in template.content.parts])
    return None
