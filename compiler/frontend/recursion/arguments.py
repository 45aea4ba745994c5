"""What a call hands to a function, as operands, and as what the function sees of it.

Numbers become parameters. Arrays, lists, dicts and objects become new ones inside, and so do the variables of functions
around it that the function, or a function passed to it, uses; all with parameters for their content. What the function
makes of them is put into the caller's after the call.

    def count(n):
        seen = np.zeros(n)
        def visit(i): …; seen[i] = 1; visit(i - 1)         visit is handed i, seen with its content, and itself

Objects that a global name leads to (`shared`) stay themselves: their content is part of what the function takes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import UnsupportedError
from hloc.frontend.arrays import resolve_list
from hloc.frontend.joins import template_of
from hloc.frontend.recursion.signatures import Place
from hloc.frontend.state import Slot, State
from hloc.frontend.structure import cells_in, children, differing_starts, kind_of, same, same_frame, with_children
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    Cell,
    ChoiceRef,
    ConflictV,
    Const,
    DictRef,
    FormatV,
    FunctionV,
    LinearMapV,
    ListRef,
    MaskedV,
    MaybeV,
    ObjectRef,
    Tensor,
    TupleV,
)
from hloc.ir.core import Value

if TYPE_CHECKING:
    from hloc.frontend.context import Frame
    from hloc.frontend.specializer import Specializer

Container = ListRef | DictRef | ObjectRef


class SharedCells(Exception):
    """An array that is passed in several views."""

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self.cell = cell


class Arguments:
    """What one call hands over.

    Fields:
        key: equal for calls that may share a function.
        operands: the caller's data, in order; parameters: what stands for it inside.
        bound, closure: the parameters of the function, and its free variables, as it sees them.
        contents: what is in the variables, arrays and containers made for it.
        originals: variable, array or container made for it → the caller's, in order.
    """

    def __init__(self, sp: Specializer, frame: Frame, bound: dict[str, AbstractValue], shared: set[Cell]) -> None:
        self.sp = sp
        self.shared = shared
        self.key: list[object] = [frame.source.node, frame.function]
        self.operands: list[Value] = []
        self.parameters: list[Value] = []
        self.contents: dict[Slot, AbstractValue] = {}
        self.originals: dict[Slot, Any] = {}
        self.inside: dict[Slot, Slot] = {}
        self.frames: dict[int, int] = {}
        self.closure = {name: self.variable(slot) for name, slot in free_variables(frame)}
        self.bound = {name: self.enter(value, name) for name, value in bound.items()}

    def enter(self, value: AbstractValue, name: str) -> AbstractValue:
        """A value as the function sees it."""
        value = resolve_list(self.sp, value)
        match value:
            case Tensor(v, weak):
                self.key.append((v.type, weak))
                return Tensor(self.parameter(v, name), weak)
            case Const(obj):
                self.key.append((type(obj), repr(obj)))
                return value
            case MaybeV(inner, flag):
                self.key.append(MaybeV)
                flag = self.parameter(flag, f"{name}_defined")
                return MaybeV(self.enter(inner, name), flag)
            case ConflictV():
                self.key.append(ConflictV)
                return value
            case ArrayRef() | ChoiceRef():
                shared = any(cell in self.shared for cell in cells_in(value))
                return self.itself(value, name) if shared else self.array(value, name)
            case ListRef() | DictRef() | ObjectRef():
                return self.itself(value, name) if value.cell in self.shared else self.container(value, name)
            case FunctionV():
                return self.function(value, name)
            case LinearMapV() | FormatV() | MaskedV():
                raise UnsupportedError(f"{kind_of(value)} cannot be passed to a function that calls itself")
        parts = children(value)
        if not parts and not isinstance(value, TupleV):
            return self.itself(value, name)
        self.key.append(Structure(value))
        return with_children(value, [self.enter(part, name) for part in parts])

    def parameter(self, operand: Value, name: str) -> Value:
        value = Value(operand.type, name.replace("$", ""))
        self.sp.stands_for[value] = operand
        self.operands.append(operand)
        self.parameters.append(value)
        return value

    def itself(self, value: AbstractValue, name: str) -> AbstractValue:
        """A value that is the same inside; where a view starts, or which array is chosen, may be data."""
        sp = self.sp
        self.key.append(Same(value))
        outer, sp.join_base = sp.join_base, sp.state
        try:
            template = template_of(sp, value, sp.state)
            leaves = [self.parameter(v, name) for v in template.collect(sp, sp.state, value)]
            return template.rebuild(sp, iter(leaves))
        finally:
            sp.join_base = outer

    def variable(self, slot: tuple[int, str]) -> tuple[int, str]:
        """A variable of a function around."""
        known = self.inside.get(slot)
        if known is not None:
            return self.again(known)  # type: ignore[return-value]
        number, name = slot
        if number not in self.frames:
            self.sp.frames += 1
            self.frames[number] = self.sp.frames
        new = (self.frames[number], name)
        self.made(new, slot, slot)
        self.key.append(("variable", name))
        self.contents[new] = self.enter(self.sp.state[slot], name)
        return new

    def function(self, value: FunctionV, name: str) -> AbstractValue:
        self.key.append((value.source, value.owner, len(children(value))))
        closure = {free: self.variable(slot) for free, slot in sorted(value.closure.items())}
        inner = with_children(value, [self.enter(part, name) for part in children(value)])
        assert isinstance(inner, FunctionV)
        return dataclasses.replace(inner, closure=closure)

    def array(self, value: ArrayRef | ChoiceRef, name: str) -> AbstractValue:
        refs = value.refs if isinstance(value, ChoiceRef) else (value,)
        for ref in refs:
            known = self.inside.get(ref.cell)
            if known is None:
                continue
            if not same(self.originals[known], value):
                raise SharedCells(ref.cell)
            return ArrayRef(self.again(known), value.type, is_list=value.is_list)  # type: ignore[arg-type]
        self.key.append(("array", value.type, value.is_list))
        cell = Cell("array", name)
        self.made(cell, value, *(ref.cell for ref in refs))
        self.contents[cell] = Tensor(self.parameter(self.sp.number(value), name))
        return ArrayRef(cell, value.type, is_list=value.is_list)

    def container(self, value: Container, name: str) -> AbstractValue:
        known = self.inside.get(value.cell)
        if known is not None:
            return dataclasses.replace(value, cell=self.again(known))  # type: ignore[arg-type]
        self.key.append((value.cell.kind, getattr(value, "cls", None)))
        cell = Cell(value.cell.kind, name)
        self.made(cell, value, value.cell)
        self.contents[cell] = self.enter(self.sp.state[value.cell], name)
        return dataclasses.replace(value, cell=cell)

    def made(self, new: Slot, original: object, *slots: Slot) -> None:
        self.originals[new] = original
        self.inside.update(dict.fromkeys(slots, new))

    def again(self, known: Slot) -> Slot:
        """What was handed over already, under another name."""
        self.key.append(("again", list(self.originals).index(known)))
        return known


def functions_in(value: AbstractValue, state: State, seen: frozenset[Cell] = frozenset()) -> Iterator[FunctionV]:
    """The functions defined in compiled code that a value leads to."""
    if isinstance(value, FunctionV):
        yield value
    if isinstance(value, Container) and value.cell not in seen:
        yield from functions_in(state[value.cell], state, seen | {value.cell})
    for part in children(value):
        yield from functions_in(part, state, seen)


def free_variables(frame: Frame) -> list[tuple[str, tuple[int, str]]]:
    """The free variables of a function defined in compiled code, with their slots."""
    return [(name, frame.closure[name]) for name in sorted(frame.source.scope.freevars) if name in frame.closure]


@dataclasses.dataclass(eq=False)
class Same:
    """A value that is what it is on both sides; of a view, where it starts does not count."""

    value: AbstractValue

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Same):
            return False
        a, b = self.value, other.value
        if isinstance(a, ArrayRef) and isinstance(b, ArrayRef):
            return a.cell is b.cell and differing_starts(a, b) is not None
        if isinstance(a, ChoiceRef) and isinstance(b, ChoiceRef):
            return len(a.refs) == len(b.refs) and all(map(same, a.refs, b.refs))
        return same(a, b)

    def __hash__(self) -> int:
        return hash(type(self.value))


@dataclasses.dataclass(eq=False)
class Structure:
    """A structure apart from its parts."""

    value: AbstractValue

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Structure) and same_frame(self.value, other.value)

    def __hash__(self) -> int:
        return hash(type(self.value))


def widen(sp: Specializer, frame: Frame, bound: dict[str, AbstractValue]) -> dict[str, AbstractValue]:
    """The arguments with data for the known numbers that recursion changes; free variables in their slots."""
    node = frame.source.node
    places = sp.decisions.recursive[node]
    widener = _Widener(sp, places, node)
    for name, slot in free_variables(frame):
        if ("free", name) in {place[:2] for place in places}:
            sp.state[slot] = widener.value(sp.state[slot], ("free", name))
    return {name: widener.value(value, (name,)) for name, value in bound.items()}


@dataclasses.dataclass
class _Widener:
    sp: Specializer
    places: set[Place]
    node: object

    def value(self, value: AbstractValue, place: Place) -> AbstractValue:
        sp = self.sp
        if all(p[: len(place)] != place for p in self.places):
            return value
        if isinstance(value, Const):
            number = sp.number(value)
            sp.widened[number] = (self.node, place)
            return Tensor(number, not isinstance(value.obj, np.number))
        if isinstance(value, FunctionV):
            for name, slot in value.closure.items():
                new = self.value(sp.state[slot], (*place, name))
                if new is not sp.state[slot]:
                    sp.state[slot] = new
        if isinstance(value, Container):
            content = sp.state[value.cell]
            new = self.value(content, (*place, "content"))
            if new is not content:
                sp.state[value.cell] = new
            return value
        parts = [self.value(child, (*place, j)) for j, child in enumerate(children(value))]
        return with_children(value, parts) if parts else value
