"""`if` on data: both sides run on copies of the state, and what differs afterwards is joined."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from hloc.frontend.arrays import to_table
from hloc.frontend.joins import Template, template_of, unify_any
from hloc.frontend.state import Slot, State, is_status
from hloc.frontend.structure import same
from hloc.frontend.values import AbstractValue, Cell, ListRef, NeverV, Sequence_, Tensor, Unreachable
from hloc.ir.core import Block, Value
from hloc.ops.control import If

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

Thunk = Callable[[], AbstractValue]
RESULT: Slot = ("result",)


def branch(sp: Specializer, condition: Value, then: Thunk, orelse: Thunk, dead: Iterable[Slot] = ()) -> AbstractValue:
    """Run `then()` where the condition holds, else `orelse()`; the joined result. Slots in `dead` are dropped."""
    base = sp.state
    sides = []
    for run in (then, orelse):
        block = Block()
        with sp.in_block(block, base.copy()):
            sp.control += 1
            try:
                sp.state[RESULT] = run()
            except Unreachable:
                sp.state[RESULT] = NeverV()
            finally:
                sp.control -= 1
            sides.append((block, sp.state))
    outer_base, sp.join_base = sp.join_base, base
    try:
        return _join(sp, condition, base, sides, set(dead))
    finally:
        sp.join_base = outer_base


def _join(
    sp: Specializer, condition: Value, base: State, sides: list[tuple[Block, State]], dead: set[Slot]
) -> AbstractValue:
    (block_a, a), (block_b, b) = sides
    never_a, never_b = (isinstance(s[RESULT], NeverV) for s in (a, b))
    templates: dict[Slot, Template] = {}
    for slot in {**a.slots, **b.slots}:
        if slot in dead or same(a[slot], b[slot]) or not _matters(slot, base, a, b):
            continue
        templates[slot] = _join_slot(sp, slot, (block_a, a, never_a), (block_b, b, never_b))
    leaves: list[list[Value]] = []
    for block, state, never in ((block_a, a, never_a), (block_b, b, never_b)):
        with sp.in_block(block, state):
            collected = []
            for slot, template in templates.items():
                value = NeverV() if never and not is_status(slot) else state[slot]
                collected += template.collect(sp, state, value)
            block.results = collected
            leaves.append(collected)
    joined = State({slot: v for slot, v in a.slots.items() if slot not in dead and same(v, b[slot])}, base.initial)
    sp.state = joined
    results = iter(_emit(sp, condition, block_a, block_b))
    for slot, template in templates.items():
        joined[slot] = template.rebuild(sp, results)
    result = joined[RESULT]
    joined.drop(RESULT)
    return result


def _matters(slot: Slot, base: State, a: State, b: State) -> bool:
    """A cell made inside one branch is reached only through a joined reference, which carries its content."""
    return not isinstance(slot, Cell) or slot in base


def _join_slot(
    sp: Specializer, slot: Slot, first: tuple[Block, State, bool], second: tuple[Block, State, bool]
) -> Template:
    if isinstance(slot, Cell):
        _align_lists(sp, slot, first, second)
    (_, a, never_a), (_, b, never_b) = first, second
    x = NeverV() if never_a and not is_status(slot) else a[slot]
    y = NeverV() if never_b and not is_status(slot) else b[slot]
    template = template_of(sp, x, a)
    return unify_any(sp, template, b, y) if not isinstance(y, NeverV) else template


def _align_lists(sp: Specializer, slot: Cell, *sides: tuple[Block, State, bool]) -> None:
    """A list that became a table on one side becomes one on the other."""
    contents = [state[slot] for _, state, _ in sides]
    if any(isinstance(c, Tensor) for c in contents) and any(isinstance(c, Sequence_) for c in contents):
        for block, state, _ in sides:
            with sp.in_block(block, state):
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
