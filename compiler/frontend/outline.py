"""A user function that is called from several places becomes one function of the program.

    def norm(v): …                          func @norm(%v: f64[3]) -> f64 { … }
    norm(a) + norm(b)          →            %x = call @norm %a;  %y = call @norm %b

The body is specialised once per kind of arguments (types, and values known now) into a block of its own. What it needs
from outside (captured data, the status words) becomes parameters; what it changes (arrays passed in, captured arrays,
status words) becomes results. Functions whose arguments or results are mutable Python objects stay in place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hloc.frontend.effects import ERROR_SLOTS
from hloc.frontend.frames import run_frame
from hloc.frontend.joins import template_of
from hloc.frontend.numbers import is_number
from hloc.frontend.state import PRINT_LOG, PRINT_POSITION, Slot, State
from hloc.frontend.structure import same
from hloc.frontend.templates import Template
from hloc.frontend.values import AbstractValue, ArrayRef, Cell, ChoiceRef, Const, Tensor, TupleV
from hloc.ir.core import Block, Function, Value, free_values, substitute, walk
from hloc.ops.control import Call

if TYPE_CHECKING:
    from hloc.frontend.context import Frame
    from hloc.frontend.specializer import Specializer

STATUS: tuple[Slot, ...] = (*ERROR_SLOTS, PRINT_POSITION, PRINT_LOG)


@dataclass(eq=False)
class Outlined:
    """A function of the program, and how a call gets from the caller's state to its operands and from its results back.

    captured: the captured array cells whose content it takes, after the arguments and status words; then `free` values.
    changed: what it hands back before the leaves of its result: status slots, captured cells, numbers of array
    arguments.
    """

    function: Function
    status: list[Slot]
    captured: list[Cell]
    free: list[Value]
    changed: list[Slot | int]
    result: Template
    own_cells: dict[Cell, int]


def sharing_key(sp: Specializer, frame: Frame, bound: dict[str, AbstractValue]) -> object | None:
    """What calls must have in common to share a function; None where the call must stay in place."""
    parts = [_key(value) for value in bound.values()]
    cells = [ref.cell for ref in _arrays(bound)]
    captured = any(cell in sp.origins and sp.origins[cell][0].root is not None for cell in cells)
    if None in parts or len(set(cells)) < len(cells) or captured or any(len(cell.sources) > 1 for cell in cells):
        return None
    if any(isinstance(slot, Cell) and slot.kind != "array" and slot in sp.state.initial for slot in sp.state.slots):
        return None  # a captured object has changed, and the function would see it as it was at first
    return (frame.source.node, tuple(parts))


def _key(value: AbstractValue) -> object | None:
    match value:
        case Tensor(v, weak):
            return (v.type, weak)
        case ArrayRef(is_list=False):
            return value.type
        case TupleV(items, cls):
            parts = tuple(map(_key, items))
            return None if None in parts else (cls, parts)
        case Const(obj):
            return (type(obj), repr(obj) if is_number(obj) or obj is None or isinstance(obj, str) else id(obj))
    return None


def _leaves(value: AbstractValue) -> Iterator[Tensor | ArrayRef]:
    """The data in an argument, in a fixed order."""
    if isinstance(value, Tensor | ArrayRef):
        yield value
    elif isinstance(value, TupleV):
        for item in value.items:
            yield from _leaves(item)


def _arrays(bound: dict[str, AbstractValue]) -> list[ArrayRef]:
    return [leaf for value in bound.values() for leaf in _leaves(value) if isinstance(leaf, ArrayRef)]


def call_outlined(sp: Specializer, key: object, frame: Frame, bound: dict[str, AbstractValue]) -> AbstractValue | None:
    """Call the shared function, made at the first need; None where it cannot be shared after all."""
    if key not in sp.outlined:
        sp.outlined[key] = None  # a call of itself, or one that fails, stays in place
        sp.outlined[key] = _outline(sp, frame, bound)
    outlined: Outlined | None = sp.outlined[key]
    return None if outlined is None else _call(sp, outlined, bound)


# --- making the function


def _outline(sp: Specializer, frame: Frame, bound: dict[str, AbstractValue]) -> Outlined | None:
    block = Block()
    outer = sp.state
    state = State({}, outer.initial)
    own_cells: dict[Cell, int] = {}
    with sp.in_block(block, state):
        inner = {name: _parameter(sp, block, value, name, own_cells, outer) for name, value in bound.items()}
        for slot in STATUS:
            state[slot] = Tensor(block.add_arg(_value(outer[slot]).type, str(slot[1])))  # type: ignore[index]
        before = state.copy()
        result = run_frame(sp, frame, inner)
        after = sp.state
        if _touches_objects(sp, before, after):
            return None
        outer_base, sp.join_base = sp.join_base, before
        try:
            template = template_of(sp, result, after)
            if not _is_plain(result, own_cells, before):
                return None
            changed = _changed(before, after, own_cells)
            block.results = [_content(after, slot, own_cells) for slot in changed]
            block.results += template.collect(sp, after, result)
        finally:
            sp.join_base = outer_base
    status = _drop_unused_status(block, list(STATUS), before)
    contents = {_value(content): cell for cell, content in sp.state.initial.items() if isinstance(content, Tensor)}
    captured: list[Cell] = []
    free: list[Value] = []
    mapping: dict[Value, Value] = {}
    for value in free_values(block):
        cell = contents.get(value)
        if isinstance(cell, Cell):
            captured.append(cell)
        else:
            free.append(value)
    for value in [_value(sp.state.initial[cell]) for cell in captured] + free:
        mapping[value] = block.add_arg(value.type, value.name)
        sp.stands_for[mapping[value]] = value
    substitute(block, mapping)
    function = sp.module.add(Function(frame.source.name, block, frame.source.span(frame.source.node)))
    return Outlined(function, status, captured, free, changed, template, own_cells)


def _value(content: AbstractValue) -> Value:
    assert isinstance(content, Tensor)
    return content.value


def _parameter(
    sp: Specializer, block: Block, value: AbstractValue, name: str, own_cells: dict[Cell, int], outer: State
) -> AbstractValue:
    if isinstance(value, Tensor):
        arg = block.add_arg(value.value.type, name)
        sp.stands_for[arg] = value.value
        return Tensor(arg, value.weak)
    if isinstance(value, ArrayRef):
        arg = block.add_arg(value.type, name)
        sp.stands_for[arg] = _value(outer[value.cell])
        cell = Cell("array", name)
        own_cells[cell] = len(own_cells)
        sp.state[cell] = Tensor(arg)
        return ArrayRef(cell, value.type)
    if isinstance(value, TupleV):
        return TupleV(tuple(_parameter(sp, block, item, name, own_cells, outer) for item in value.items), value.cls)
    return value


def _touches_objects(sp: Specializer, before: State, after: State) -> bool:
    """Whether the function changed a captured list, dict or object, or one of its own that outlives it."""
    return any(
        isinstance(slot, Cell) and slot.kind != "array" and slot in sp.state.initial and not same(value, before[slot])
        for slot, value in after.slots.items()
    )


def _is_plain(result: AbstractValue, own_cells: dict[Cell, int], before: State) -> bool:
    """A result of numbers, constants and arrays: new ones, or whole arguments."""
    match result:
        case Tensor() | Const():
            return True
        case TupleV(items=items):
            return all(_is_plain(item, own_cells, before) for item in items)
        case ArrayRef(cell=cell, view=view):
            return (cell in own_cells and not view) or cell not in before
        case ChoiceRef():
            return False
    return False


def _changed(before: State, after: State, own_cells: dict[Cell, int]) -> list[Slot | int]:
    found: list[Slot | int] = []
    for slot, value in after.slots.items():
        known = slot in STATUS or slot in own_cells or (isinstance(slot, Cell) and slot in before)
        if known and not same(value, before[slot]):
            found.append(own_cells[slot] if isinstance(slot, Cell) and slot in own_cells else slot)
    return found


def _content(after: State, slot: Slot | int, own_cells: dict[Cell, int]) -> Value:
    if isinstance(slot, int):
        slot = next(cell for cell, number in own_cells.items() if number == slot)
    return _value(after[slot])


def _drop_unused_status(block: Block, status: list[Slot], before: State) -> list[Slot]:
    """Status words that the function does not look at are no parameters."""
    used = {v for op in walk(block) for v in op.operands} | set(block.results)
    used |= {v for op in walk(block) for region in op.regions for v in region.results}
    kept = [slot for slot in status if _value(before[slot]) in used]
    gone = {_value(before[slot]) for slot in status if slot not in kept}
    block.args = [arg for arg in block.args if arg not in gone]
    return kept


# --- calling it


def _call(sp: Specializer, outlined: Outlined, bound: dict[str, AbstractValue]) -> AbstractValue:
    operands = [sp.number(leaf) for value in bound.values() for leaf in _leaves(value)]
    operands += [_value(sp.state[slot]) for slot in (*outlined.status, *outlined.captured)]
    operands += outlined.free
    types = [v.type for v in outlined.function.results]
    results = iter(sp.builder.emit_op(Call, operands, types, {"function": outlined.function.name}))
    arrays = _arrays(bound)
    for slot in outlined.changed:
        value = next(results)
        if isinstance(slot, int):
            sp.store(arrays[slot], value)
        else:
            if isinstance(slot, Cell):
                sp.check_aliases(slot)
            sp.state[slot] = Tensor(value)
    handed = outlined.result.rebuild(sp, results)
    return _with_callers_arrays(handed, {cell: arrays[j] for cell, j in outlined.own_cells.items()})


def _with_callers_arrays(value: AbstractValue, arrays: dict[Cell, ArrayRef]) -> AbstractValue:
    """Arguments that the function hands back are the caller's arrays."""
    if isinstance(value, TupleV):
        return TupleV(tuple(_with_callers_arrays(item, arrays) for item in value.items), value.cls)
    if isinstance(value, ArrayRef) and value.cell in arrays:
        return arrays[value.cell]
    return value
