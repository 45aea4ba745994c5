"""What tells one activation of a function from another at compile time.

fib(n - 1) in fib(n)              the same again: recursion on data, a function of the program
power(x, 4) in power(x, 5)        another one: it unfolds
f(x / 2, depth=1) in f(x, 0)      another one, that only data can end: `depth` becomes data too
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hloc.diagnostics.errors import StaticValueError, UnsupportedError
from hloc.frontend.context import Restart
from hloc.frontend.state import Slot
from hloc.frontend.structure import children
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    ChoiceRef,
    Const,
    DictRef,
    FunctionV,
    ListRef,
    Mapping_,
    MaybeV,
    ObjectRef,
    Tensor,
    TupleV,
)
from hloc.ir.types import scalar

if TYPE_CHECKING:
    from hloc.frontend.context import Frame
    from hloc.frontend.specializer import Specializer

MAX_DEPTH = 256
"""How deep calls may be nested at compile time."""
MAX_CALLS = 2048
"""How often a function may call itself at compile time."""
NUMBER = "number"
Place = tuple[object, ...]
"""Where a value stands in a call: the parameter (or "free" and the name of a free variable), then the parts."""


def signature(sp: Specializer, frame: Frame, bound: dict[str, AbstractValue]) -> dict[Place, object]:
    """What is known now of the arguments and free variables of a call, by place."""
    description = _Description(sp)
    for name, value in bound.items():
        description.value(value, (name,))
    for name in sorted(frame.source.scope.freevars):
        if name in frame.closure:
            description.variable(frame.closure[name], ("free", name))
    return description.found


class _Description:
    def __init__(self, sp: Specializer) -> None:
        self.sp = sp
        self.found: dict[Place, object] = {}
        self.seen: dict[Slot, int] = {}

    def value(self, value: AbstractValue, place: Place) -> None:
        """Describe a value and its parts."""
        found = self.found
        match value:
            case Tensor(v, weak):
                found[place] = (v.type, weak)
            case Const(obj) if type(obj) in (int, float, complex) or isinstance(obj, np.number):
                found[place] = (NUMBER, type(obj), repr(obj))
            case Const(obj):
                found[place] = ("const", type(obj), repr(obj))
            case ArrayRef() | ChoiceRef():
                found[place] = ("array", value.type, value.is_list)
            case MaybeV(inner):
                found[place] = MaybeV
                self.value(inner, (*place, "value"))
            case ListRef(cell) | DictRef(cell) | ObjectRef(cell=cell):
                if cell in self.sp.state.initial:
                    found[place] = cell
                elif not self.again(cell, place):
                    found[place] = (cell.kind, getattr(value, "cls", None))
                    self.value(self.sp.state[cell], (*place, "content"))
            case FunctionV(source=source, closure=closure):
                found[place] = source
                for name, slot in sorted(closure.items()):
                    self.variable(slot, (*place, name))
                self.parts(value, place)
            case _:
                keys = list(value.entries) if isinstance(value, Mapping_) else None
                cls = value.cls if isinstance(value, TupleV) else None
                found[place] = (type(value), repr(keys), cls, len(children(value)))
                self.parts(value, place)

    def parts(self, value: AbstractValue, place: Place) -> None:
        for j, child in enumerate(children(value)):
            self.value(child, (*place, j))

    def variable(self, slot: tuple[int, str], place: Place) -> None:
        if not self.again(slot, place):
            self.value(self.sp.state[slot], place)

    def again(self, slot: Slot, place: Place) -> bool:
        if slot in self.seen:
            self.found[place] = ("again", self.seen[slot])
            return True
        self.seen[slot] = len(self.seen)
        return False


def differing_numbers(a: dict[Place, object], b: dict[Place, object]) -> set[Place] | None:
    """Places where numbers differ of which one is known at least; None where signatures differ in anything else."""
    if a.keys() != b.keys():
        return None
    places = {place for place in a if a[place] != b[place]}
    return places if all(_as_data(a[p]) == _as_data(b[p]) for p in places) else None


def _as_data(description: object) -> object:
    """What a known number would be described as, if it were data."""
    if isinstance(description, tuple) and description[0] == NUMBER:
        return scalar(np.dtype(description[1])), not issubclass(description[1], np.number)
    return description


def look_for_recursion(sp: Specializer, frame: Frame) -> None:
    """Restart where an active function is called again, and data alone can end that; refuse what has no end.

    A call with other known numbers unfolds, unless it stands under a condition on data: then the number of calls is
    data too, and the numbers become data with it.
    """
    assert frame.signature is not None
    node, active, depth = frame.source.node, sp.frame, 0
    known: set[Place] = set()
    again = False
    while active is not None:
        depth += 1
        if active.source.node is node and active.signature is not None:
            again = True
            places = differing_numbers(active.signature, frame.signature)
            if places is not None:
                places -= sp.decisions.kept.get(node, {}).keys()
                if not places and active.signature == frame.signature and node not in sp.decisions.recursive:
                    become_recursive(sp, frame, set())
                if places and sp.control > active.control:
                    become_recursive(sp, frame, places)
                known |= places
        active = active.caller
    sp.unfolded[node] += again
    if known and max(depth, sp.unfolded[node]) > MAX_DEPTH:
        become_recursive(sp, frame, known)
    if depth > MAX_DEPTH or sp.unfolded[node] > MAX_CALLS:
        refuse_unfolding(sp, frame)


def become_recursive(sp: Specializer, frame: Frame, widened: set[Place]) -> None:
    """Start again with this function as one that calls itself; numbers at `widened` are data."""
    node = frame.source.node
    sp.decisions.recursive.setdefault(node, set()).update(widened)
    raise Restart


def refuse_unfolding(sp: Specializer, frame: Frame) -> None:
    for place, what in sp.decisions.kept.get(frame.source.node, {}).items():
        raise StaticValueError(
            f"{what} must be known at compile time, but {place[0]} changes with each call of {frame.source.name}",
            help="make it depend on what does not change, and let data end the recursion",
        )
    raise UnsupportedError(
        f"{frame.source.name} calls itself more than {MAX_DEPTH} deep, or {MAX_CALLS} times, "
        "with arguments of ever new kinds",
        help="recursion on shapes and on values known at compile time unfolds; let it end earlier, or write a loop",
    )
