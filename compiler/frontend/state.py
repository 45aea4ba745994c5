"""The state of the abstract machine: what every variable holds and what every mutable object contains.

Slots are variables `(frame number, name)`, cells, and the status words of section "effects" in the architecture notes.
A branch runs on a copy; joining two states compares slots by identity.
"""

from __future__ import annotations

from collections.abc import Hashable

from hloc.frontend.values import UNDEFINED, AbstractValue, Cell

Slot = Hashable

ERROR = ("status", "error")
PRINT_POSITION = ("status", "print_position")
PRINT_LOG = ("status", "print_log")


def payload_slot(index: int) -> Slot:
    """The slot of one operand of the error: a 64-bit word."""
    return ("status", f"payload_{index}")


def lane_slot(depth: int) -> Slot:
    """The slot of the lane in which the error happened, from 1, of the map that is `depth` maps inside (see
    hloc.frontend.lane_body)."""
    return ("status", f"lane_{depth}")


def label_of(slot: Slot) -> str:
    """What the values in a slot are called: the name of the variable, the label of the cell."""
    return str(slot[1]) if isinstance(slot, tuple) else slot.label if isinstance(slot, Cell) else ""


def is_status(slot: Slot) -> bool:
    return isinstance(slot, tuple) and slot[0] == "status"


class State:
    """Slots and their contents. `initial` holds objects captured from the caller: they exist in every state."""

    __slots__ = ("initial", "slots")

    def __init__(
        self, slots: dict[Slot, AbstractValue] | None = None, initial: dict[Slot, AbstractValue] | None = None
    ) -> None:
        self.slots = slots if slots is not None else {}
        self.initial = initial if initial is not None else {}

    def __getitem__(self, slot: Slot) -> AbstractValue:
        value = self.slots.get(slot)
        return value if value is not None else self.initial.get(slot, UNDEFINED)

    def __setitem__(self, slot: Slot, value: AbstractValue) -> None:
        self.slots[slot] = value

    def __contains__(self, slot: Slot) -> bool:
        return slot in self.slots or slot in self.initial

    def drop(self, slot: Slot) -> None:
        self.slots.pop(slot, None)

    def copy(self) -> State:
        return State(dict(self.slots), self.initial)
