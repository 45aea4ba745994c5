"""`if` on data: both sides run on copies of the state, and what differs afterwards is joined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hloc.frontend.arrays import to_table
from hloc.frontend.joins import template_of, unify_any
from hloc.frontend.places import Holder, link
from hloc.frontend.state import Slot, State, is_status, label_of
from hloc.frontend.structure import same
from hloc.frontend.templates import Template, places_in, settle
from hloc.frontend.values import AbstractValue, Cell, ListRef, NeverV, Sequence_, Tensor, Unreachable
from hloc.ir.core import Block, Value
from hloc.ops.control import If

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

Thunk = Callable[[], AbstractValue]
RESULT: Slot = ("branch", "result")


@dataclass(eq=False)
class Side:
    """One side after it has run; `never`: it never comes to its end."""

    block: Block
    state: State

    def __post_init__(self) -> None:
        self.never = isinstance(self.state[RESULT], NeverV)

    def __getitem__(self, slot: Slot) -> AbstractValue:
        return NeverV() if self.never and not is_status(slot) else self.state[slot]

    def holders(self, templates: Mapping[Slot, Template]) -> list[Holder]:
        return [found for slot, t in templates.items() for found in t.holders(self.state, self[slot])]


def branch(sp: Specializer, condition: Value, then: Thunk, orelse: Thunk, dead: Iterable[Slot] = ()) -> AbstractValue:
    """Run `then()` where the condition holds, else `orelse()`; the joined result. Slots in `dead` are dropped."""
    base = sp.state
    sides = []
    for run in (then, orelse):
        block = Block()
        with sp.in_block(block, base.copy()):
            sp.control += 1
            try:
                with sp.letting_go():
                    sp.state[RESULT] = run()
            except Unreachable:
                sp.state[RESULT] = NeverV()
            finally:
                sp.control -= 1
            sides.append(Side(block, sp.state))
    outer_base, sp.join_base = sp.join_base, base
    try:
        return _join(sp, condition, base, sides[0], sides[1], set(dead))
    finally:
        sp.join_base = outer_base


def _join(sp: Specializer, condition: Value, base: State, a: Side, b: Side, dead: set[Slot]) -> AbstractValue:
    templates: dict[Slot, Template] = {}
    for slot in {**a.state.slots, **b.state.slots}:
        if slot in dead or same(a.state[slot], b.state[slot]) or not _matters(slot, base):
            continue
        with sp.joining((sp.span, label_of(slot))):
            templates[slot] = _join_slot(sp, slot, a, b)
    places = places_in(templates.values())
    held = [side.holders(templates) for side in (a, b)]
    link(sp, places, held)
    for side, holders in zip((a, b), held, strict=True):
        settle(places, holders)
        with sp.in_block(side.block, side.state):
            leaves = [v for slot, template in templates.items() for v in template.collect(sp, side.state, side[slot])]
            side.block.results = leaves
    kept = {slot: v for slot, v in a.state.slots.items() if slot not in dead and same(v, b.state[slot])}
    joined = sp.state = State(kept, base.initial)
    results = iter(_emit(sp, condition, a.block, b.block))
    for place in places:
        place.open()
    for slot, template in templates.items():
        joined[slot] = template.rebuild(sp, results)
    for place in places:
        place.close(joined)
    result = joined[RESULT]
    joined.drop(RESULT)
    return result


def _matters(slot: Slot, base: State) -> bool:
    """A cell made inside one branch is reached only through a joined reference, which carries its content."""
    return not isinstance(slot, Cell) or slot in base


def _join_slot(sp: Specializer, slot: Slot, a: Side, b: Side) -> Template:
    if isinstance(slot, Cell):
        _align_lists(sp, slot, a, b)
    template = template_of(sp, a[slot], a.state)
    return unify_any(sp, template, b.state, b[slot]) if not isinstance(b[slot], NeverV) else template


def _align_lists(sp: Specializer, slot: Cell, *sides: Side) -> None:
    """A list that became a table on one side becomes one on the other."""
    contents = [side.state[slot] for side in sides]
    if any(isinstance(c, Tensor) for c in contents) and any(isinstance(c, Sequence_) for c in contents):
        for side in sides:
            with sp.in_block(side.block, side.state):
                to_table(sp, ListRef(slot))


def _emit(sp: Specializer, condition: Value, then: Block, orelse: Block) -> list[Value]:
    """The `if`, without results that are the same value on both sides."""
    varying = [j for j, (x, y) in enumerate(zip(then.results, orelse.results, strict=True)) if x is not y]
    common = list(then.results)
    names = [then.results[j].name or orelse.results[j].name for j in varying]
    then.results = [then.results[j] for j in varying]
    orelse.results = [orelse.results[j] for j in varying]
    if not varying:
        return common
    types = [v.type for v in then.results]
    results = sp.builder.emit_op(If, [condition], types, {}, [then, orelse])
    for j, result, name in zip(varying, results, names, strict=True):
        result.name = name
        common[j] = result
    return common
