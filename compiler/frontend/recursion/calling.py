"""The call of a function that calls itself: only made while no error has happened, so that recursion ends after one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hloc.frontend.effects import no_error
from hloc.frontend.joins import NumberT
from hloc.frontend.recursion.specialisation import Recursive
from hloc.frontend.state import Slot
from hloc.frontend.templates import Template
from hloc.frontend.values import AbstractValue, ArrayRef, ChoiceRef
from hloc.ir.core import Block, Value
from hloc.ops import helpers
from hloc.ops.control import Call, If

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


def guarded_call(
    sp: Specializer, recursive: Recursive, originals: dict[Slot, Any], operands: list[Value]
) -> list[Value]:
    """The results of a call; where an error has happened, it is not made, and all is as before.

    originals: what was made for the function → the caller's.
    """
    assert recursive.result is not None
    types = [t for template in (*recursive.changes.values(), recursive.result) for t in template.leaves()]
    attrs = {"function": recursive.function.name}
    ok = no_error(sp)
    if ok is None:
        return list(sp.builder.emit_op(Call, operands, types, attrs))
    then, orelse = Block(), Block()
    with sp.builder.at(then):
        then.results = list(sp.builder.emit_op(Call, operands, types, attrs))
    with sp.in_block(orelse, sp.state.copy()):
        for slot, template in recursive.changes.items():
            orelse.results += _unchanged(sp, slot, template, originals)
        orelse.results += recursive.result.zeros(sp)
    return list(sp.builder.emit_op(If, [ok], types, {}, [then, orelse]))


def _unchanged(sp: Specializer, slot: Slot, template: Template, originals: dict[Slot, Any]) -> list[Value]:
    """What is in a slot of the function when it is not called."""
    original = originals.get(slot, slot)
    if isinstance(original, ArrayRef | ChoiceRef):
        assert isinstance(template, NumberT)
        return [helpers.convert(sp.builder, sp.number(original), template.type.dtype)]
    content = sp.state[original.cell if isinstance(original, AbstractValue) else original]  # type: ignore[attr-defined]
    return template.collect(sp, sp.state, content)
