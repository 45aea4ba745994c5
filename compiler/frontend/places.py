"""Which array a name holds at the end of a branch or a trip, where it was made inside and names may share it.

    for i in range(n):                 x holds a new array, or that of an earlier trip, or the one from before the loop
        if c: x = x + 1                y holds what x holds, or an array of its own
        if d: y = x

Each name (or item of a container) that may hold a new array is a `Place`: after the join it has room for one array of
its own. Where two places hold one and the same new array, it is in the room of the first of them, and the other one
refers to that room; where data decides, so does which room is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import TYPE_CHECKING

import numpy as np

from hloc.frontend.structure import data_starts, same
from hloc.frontend.values import ArrayRef, Cell, ChoiceRef, Tensor
from hloc.frontend.views import View
from hloc.ir.core import Value
from hloc.ir.types import TensorType
from hloc.ops import helpers
from hloc.ops.elementwise import And, Or, Select

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer
    from hloc.frontend.state import State

SHARED = Cell("shared", "several new objects")
"""Source of merged cells that may be the same new object under another name."""


@dataclass(eq=False)
class Place:
    """One place that may hold a new array of this type.

    sources: what that array may share its memory with, as far as it was seen when the place was made.
    own: whether it needs room of its own. others: places that may hold the same array, by rank, and which view of it
    is meant. shared: what else its array may be, where that is not told: arrays from before, and `SHARED`.
    rank: places look for their array in places of lower rank. last: the name is not set at the head of the loop.
    cell: its room after the join. choice: what the name is then, where it is one of several. held: what it holds on
    the side whose leaves are collected.
    """

    type: TensorType
    sources: frozenset[Cell]
    own: bool = True
    others: list[Other] = field(default_factory=list)
    shared: frozenset[Cell] = frozenset()
    rank: int = 0
    last: bool = False
    cell: Cell | None = None
    choice: ChoiceRef | None = None
    held: Holder | None = None

    def open(self) -> None:
        """Make the room for the state after a join."""
        self.choice = None
        self.cell = Cell("array")
        self.cell.sources |= self.shared

    def close(self, state: State) -> None:
        """The state after a join is complete: note what the arrays to choose from hold, so that the content of the
        chosen one is known until one of them is written."""
        if self.choice is not None:
            contents = [state[ref.cell] for ref in self.choice.refs]
            self.choice.holding[:] = [content.value for content in contents if isinstance(content, Tensor)]

    def ref(self, type: TensorType, view: tuple[View, ...] = ()) -> ArrayRef:
        """A view of the array in its room."""
        assert self.cell is not None
        return ArrayRef(self.cell, type, view)


@dataclass(frozen=True, slots=True, eq=False)
class Other:
    """The array of another place, or a view of it."""

    place: Place
    view: tuple[View, ...]

    def like(self, place: Place, ref: ArrayRef) -> bool:
        return self.place is place and same_view(self.view, ref.view, ref)


@dataclass(eq=False)
class Holder:
    """What a name holds at the end of one side; where one of the flags is false, nothing.

    place: None where the array is not told apart.
    """

    place: Place | None
    value: ArrayRef | ChoiceRef
    flags: tuple[Value, ...] = ()

    def always(self, ref: ArrayRef) -> bool:
        """Whether it is this array for certain."""
        return not self.flags and isinstance(self.value, ArrayRef) and self.value.cell is ref.cell

    def holds(self, sp: Specializer, cell: Cell) -> Value | bool:
        """Whether it is the whole array in `cell`."""
        refs = alternatives(self.value)
        places = [j for j, ref in enumerate(refs) if ref.cell is cell and not ref.view]
        if not places:
            return False
        conditions = list(self.flags)
        if isinstance(self.value, ChoiceRef) and len(places) < len(refs):
            chosen = [is_chosen(sp, self.value, j) for j in places]
            conditions.append(reduce(partial(sp.emit, Or), chosen))
        return reduce(partial(sp.emit, And), conditions) if conditions else True


def is_chosen(sp: Specializer, choice: ChoiceRef, position: int) -> Value:
    return helpers.compare(sp.builder, choice.selector, "EQ", sp.constant(position, np.int64))


def alternatives(value: ArrayRef | ChoiceRef) -> tuple[ArrayRef, ...]:
    return value.refs if isinstance(value, ChoiceRef) else (value,)


def new_ones(sp: Specializer, value: ArrayRef | ChoiceRef) -> list[ArrayRef]:
    """The arrays that a value may stand for and that were made inside."""
    return [ref for ref in alternatives(value) if not sp.exists_outside(ref.cell)]


def same_view(p: tuple[View, ...], q: tuple[View, ...], like: ArrayRef) -> bool:
    """Whether two paths give the same view of an array."""
    return same(ArrayRef(like.cell, like.type, p), ArrayRef(like.cell, like.type, q))


def link(sp: Specializer, places: Sequence[Place], sides: Sequence[Sequence[Holder]]) -> bool:
    """Tell all places, by rank, which others may hold the same array; whether something new was found."""
    before = [(place.own, place.shared, place.others) for place in places]
    for rank, place in enumerate(places):
        place.rank, place.own, place.others = rank, False, []
    for side in sides:
        for holder in side:
            for ref in new_ones(sp, holder.value):
                if holder.place is not None:
                    holder.place.shared |= sp.settled_sources(ref.cell)
                _link(holder, ref, [(q, r) for q in side if q is not holder for r in new_ones(sp, q.value)])
    for place in places:  # what a place without room of its own holds is in the room of another one that is listed too
        place.others = sorted((o for o in place.others if o.place.own), key=lambda other: other.place.rank)
    return any(
        (place.own, place.shared) != (own, shared) or not _alike(place, others)
        for place, (own, shared, others) in zip(places, before, strict=True)
    )


def _alike(place: Place, others: Sequence[Other]) -> bool:
    if len(others) != len(place.others):
        return False
    pairs = zip(place.others, others, strict=True)
    return all(p.like(q.place, ArrayRef(SHARED, place.type, q.view)) for p, q in pairs)


def _link(holder: Holder, ref: ArrayRef, others: Sequence[tuple[Holder, ArrayRef]]) -> None:
    """What else holds the new array `ref` that `holder` may hold."""
    kin = [(q, r) for q, r in others if not r.cell.sources.isdisjoint(ref.cell.sources)]
    leads = [q for q, r in kin if _leads(holder, ref, q, r)]
    settled = any(q.always(ref) for q in leads)
    if holder.place is not None:
        holder.place.own |= not settled
        for q in leads:
            assert q.place is not None
            if not any(other.like(q.place, ref) for other in holder.place.others):
                holder.place.others.append(Other(q.place, ref.view))
    for q, r in kin:
        apart = not settled and not _leads(holder, ref, q, r) and not _leads(q, r, holder, ref)
        if apart or r.cell is not ref.cell:
            for place in (holder.place, q.place):
                if place is not None:
                    place.shared |= {SHARED}


def _leads(holder: Holder, ref: ArrayRef, other: Holder, theirs: ArrayRef) -> bool:
    """Whether what `holder` holds can be told as (a view of) what `other` holds."""
    p, q = holder.place, other.place
    if p is None or q is None or theirs.cell is not ref.cell or theirs.view or data_starts(ref):
        return False
    return q.rank < p.rank if not ref.view else p.last or not q.last


def position_of(sp: Specializer, place: Place, ref: ArrayRef, own: int, first: int) -> int | Value:
    """Where a choice has the new array `ref`: at the first place that holds it, else in the room of its own.

    own, first: the positions of its own room, and of the first of `place.others`.
    """
    position: int | Value = own
    for at, other in reversed(list(enumerate(place.others, first))):
        held = other.like(other.place, ref) and other.place.held is not None and other.place.held.holds(sp, ref.cell)
        if isinstance(held, Value):
            position = sp.emit(Select, held, as_position(sp, at), as_position(sp, position))
        elif held:
            position = at
    return position


def as_position(sp: Specializer, position: int | Value) -> Value:
    return sp.constant(position, np.int64) if isinstance(position, int) else position
