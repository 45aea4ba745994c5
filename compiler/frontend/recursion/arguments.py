"""The arguments of a call as operands, and as what the function sees of them.

Numbers become parameters. Arrays, lists, dicts and objects become new ones inside, with parameters for their content;
what the function makes of that is put into the caller's after the call. Those that the function also reaches by
another name (`shared`) stay themselves: their content is part of the environment.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from hloc.diagnostics.errors import UnsupportedError
from hloc.frontend.arrays import resolve_list
from hloc.frontend.joins import template_of
from hloc.frontend.recursion.signatures import Place, captured
from hloc.frontend.structure import cells_in, children, differing_starts, kind_of, same, same_frame, with_children
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    Cell,
    ChoiceRef,
    Const,
    DictRef,
    FormatV,
    FunctionV,
    LinearMapV,
    ListRef,
    MaskedV,
    ObjectRef,
    Tensor,
    TupleV,
)
from hloc.ir.core import Value

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


class SharedCells(Exception):
    """Arrays that are passed under several names."""

    def __init__(self, cells: set[Cell]) -> None:
        super().__init__()
        self.cells = cells


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


class Arguments:
    """One call's arguments.

    Fields:
        key: equal for calls that may share a function.
        operands: the caller's data, in order; parameters: what stands for it inside.
        bound: the parameters of the function as it sees them; contents: of the objects made for it.
        originals: object made for the function → the caller's, in order.
    """

    def __init__(self, sp: Specializer, bound: dict[str, AbstractValue], shared: set[Cell]) -> None:
        self.sp = sp
        self.shared = shared
        self.key: list[object] = []
        self.operands: list[Value] = []
        self.parameters: list[Value] = []
        self.contents: dict[Cell, AbstractValue] = {}
        self.originals: dict[Cell, AbstractValue] = {}
        self.own: dict[Cell, AbstractValue] = {}
        self.bound = {name: self.enter(value, name) for name, value in bound.items()}

    def enter(self, value: AbstractValue, name: str) -> AbstractValue:
        """A value as the function sees it."""
        value = resolve_list(self.sp, value)
        if any(cell in self.shared for cell in cells_in(value)) and not children(value):
            return self.itself(value, name)
        match value:
            case Tensor(v, weak):
                self.key.append((v.type, weak))
                return Tensor(self.parameter(v, name), weak)
            case Const(obj):
                self.key.append((type(obj), repr(obj)))
                return value
            case ArrayRef() | ChoiceRef():
                return self.array(value, name)
            case ListRef() | DictRef() | ObjectRef():
                return self.container(value, name)
            case LinearMapV() | FormatV() | MaskedV():
                raise UnsupportedError(f"{kind_of(value)} cannot be passed to a function that calls itself")
        parts = children(value)
        if not parts and not isinstance(value, TupleV | FunctionV):
            return self.itself(value, name)
        self.key.append(Frame_(value))
        return with_children(value, [self.enter(part, name) for part in parts])

    def parameter(self, operand: Value, name: str) -> Value:
        value = Value(operand.type, name)
        self.sp.stands_for.setdefault(value, operand)
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

    def array(self, value: ArrayRef | ChoiceRef, name: str) -> AbstractValue:
        refs = value.refs if isinstance(value, ChoiceRef) else (value,)
        for ref in refs:
            known = self.own.get(ref.cell)
            if known is not None and not same(known, value):
                raise SharedCells({ref.cell})
            if known is not None:
                cell = next(c for c, original in self.originals.items() if original is known)
                self.key.append(("again", list(self.originals).index(cell)))
                return ArrayRef(cell, value.type, is_list=value.is_list)
        self.key.append(("array", value.type, value.is_list))
        cell = self.made("array", name, value, refs)
        self.contents[cell] = Tensor(self.parameter(self.sp.number(value), name))
        return ArrayRef(cell, value.type, is_list=value.is_list)

    def container(self, value: ListRef | DictRef | ObjectRef, name: str) -> AbstractValue:
        known = self.own.get(value.cell)
        if known is not None:
            cell = next(c for c, original in self.originals.items() if original is known)
            self.key.append(("again", list(self.originals).index(cell)))
            return dataclasses.replace(value, cell=cell)
        self.key.append((value.cell.kind, getattr(value, "cls", None)))
        cell = self.made(value.cell.kind, name, value, (value,))
        self.contents[cell] = self.enter(self.sp.state[value.cell], name)
        return dataclasses.replace(value, cell=cell)

    def made(self, kind: str, name: str, original: AbstractValue, refs: tuple[AbstractValue, ...]) -> Cell:
        cell = Cell(kind, name)
        self.originals[cell] = original
        for ref in refs:
            self.own[ref.cell] = original  # type: ignore[attr-defined]
        return cell


@dataclasses.dataclass(eq=False)
class Frame_:
    """A structure apart from its parts."""

    value: AbstractValue

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Frame_):
            return False
        a, b = self.value, other.value
        if isinstance(a, FunctionV) and isinstance(b, FunctionV):
            return bool(a.source == b.source) and captured(a) == captured(b)
        return same_frame(a, b)

    def __hash__(self) -> int:
        return hash(type(self.value))


def widen(
    sp: Specializer, bound: dict[str, AbstractValue], places: set[Place], node: object
) -> dict[str, AbstractValue]:
    """The arguments with data for the known numbers at `places`."""
    return {name: _widened(sp, value, (name,), places, node) for name, value in bound.items()}


def _widened(sp: Specializer, value: AbstractValue, place: Place, places: set[Place], node: object) -> AbstractValue:
    if all(p[: len(place)] != place for p in places):
        return value
    if isinstance(value, Const):
        number = sp.number(value)
        sp.widened[number] = (node, place)
        return Tensor(number, True)
    if isinstance(value, ListRef | DictRef | ObjectRef):
        content = sp.state[value.cell]
        new = _widened(sp, content, (*place, "content"), places, node)
        if new is not content:
            sp.state[value.cell] = new
        return value
    return with_children(
        value, [_widened(sp, child, (*place, j), places, node) for j, child in enumerate(children(value))]
    )
