"""What a function reaches besides its arguments: variables of functions around, and the caller's objects.

    def count(n):
        seen = np.zeros(n)
        def visit(i):  …; seen[i] = 1; visit(i - 1)      visit reaches the slots of `seen`, `visit`, and the array

Slots come in a fixed order: variables first, then the cells that they lead to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hloc.frontend.recursion.signatures import captured
from hloc.frontend.state import Slot
from hloc.frontend.structure import cells_in, children
from hloc.frontend.values import UNDEFINED, AbstractValue, ArrayRef, Cell, ChoiceRef, FunctionV

if TYPE_CHECKING:
    from hloc.frontend.context import Frame
    from hloc.frontend.specializer import Specializer


def environment(sp: Specializer, frame: Frame, bound: dict[str, AbstractValue]) -> dict[Slot, None]:
    """The slots that a call of a function may reach, apart from what is new in its arguments."""
    reach = _Reach(sp)
    names = sorted(name for name in frame.source.scope.freevars if name in frame.closure)
    for name in names:
        reach.slot(frame.closure[name])
    for value in bound.values():
        reach.argument(value)
    for cell in list(sp.state.slots):
        if isinstance(cell, Cell) and is_captured(sp, cell):
            reach.cell(cell)
    return reach.slots


def is_captured(sp: Specializer, cell: Cell) -> bool:
    """Whether a cell is an object that a global name or a closure of the caller leads to."""
    return cell in sp.origins and sp.origins[cell][0].root is not None


class _Reach:
    def __init__(self, sp: Specializer) -> None:
        self.sp = sp
        self.slots: dict[Slot, None] = {}
        self.arguments: set[Cell] = set()

    def slot(self, slot: Slot) -> None:
        if slot not in self.slots and self.sp.state[slot] is not UNDEFINED:
            self.slots[slot] = None
            self.value(self.sp.state[slot])

    def cell(self, cell: Cell) -> None:
        if cell not in self.slots:
            self.slots[cell] = None
            self.value(self.sp.state[cell])

    def value(self, value: AbstractValue) -> None:
        """Everything that a value of the environment leads to belongs to it too."""
        for cell in cells_in(value):
            self.cell(cell)
        for function in _functions(value):
            self.function(function)

    def function(self, function: FunctionV) -> None:
        for _, slot in captured(function):
            self.slot(slot)

    def argument(self, value: AbstractValue) -> None:
        """Of an argument, the functions in it, and objects of the caller, which stay themselves."""
        for function in _functions(value):
            self.function(function)
        arrays = isinstance(value, ArrayRef | ChoiceRef)
        for cell in cells_in(value):
            if is_captured(self.sp, cell) or (cell.kind != "array" and cell in self.sp.state.initial):
                self.cell(cell)
            elif not arrays and cell not in self.arguments:
                self.arguments.add(cell)
                self.argument(self.sp.state[cell])


def _functions(value: AbstractValue) -> list[FunctionV]:
    own = [value] if isinstance(value, FunctionV) else []
    inner = getattr(value, "value", None)
    parts = [*children(value), *([inner] if isinstance(inner, AbstractValue) else [])]
    return own + [function for part in parts for function in _functions(part)]
