"""What all templates have in common (see hloc.frontend.joins), and those of values that nothing stands for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hloc.frontend.places import Holder, Place
from hloc.frontend.structure import kind_of
from hloc.frontend.values import AbstractValue, ArrayRef, ChoiceRef, ConflictV, MaybeV, UndefinedV
from hloc.ir.core import Value
from hloc.ir.types import TensorType
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

    def places(self) -> Iterator[Place]:
        """The places in it that may hold a new array."""
        return iter(())

    def holders(self, state: State, value: AbstractValue) -> Iterator[Holder]:
        """The arrays that `value` holds, at the places that hold them."""
        if isinstance(value, ArrayRef | ChoiceRef):
            yield Holder(next(self.places(), None), value)


@dataclass(eq=False)
class ConflictT(Template):
    """Nothing stands for both. `resized`: arrays or lists that differ in their sizes only."""

    reason: str
    resized: bool = False

    def rebuild(self, sp: Specializer, values: Iterator[Value]) -> AbstractValue:
        return ConflictV(self.reason)

    def unify(self, sp: Specializer, state: State, value: AbstractValue) -> Template:
        return self


def mismatch(sp: Specializer, state: State, found: str, value: AbstractValue) -> Template:
    if isinstance(value, UndefinedV | MaybeV):
        raise AssertionError("undefined is handled by unify_any")
    return ConflictT(f"{found} on one path and {kind_of(value)} on another")


def places_in(templates: Iterable[Template]) -> list[Place]:
    """All places, by rank."""
    return sorted((place for template in templates for place in template.places()), key=lambda place: place.last)


def settle(places: Iterable[Place], holders: Iterable[Holder]) -> None:
    """Say what places hold on the side whose leaves are collected."""
    for place in places:
        place.held = None
    for holder in holders:
        if holder.place is not None:
            holder.place.held = holder
