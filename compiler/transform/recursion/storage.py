"""Where values are kept between the trips of a machine's loop.

registers   what control carries along: the arguments of a call, the results of a return, what is needed where an
            activation goes on. Only one of these is on its way at a time, so they share.
columns     of the stack: what an activation needs after a call. Those of different calls share.
cells       hold one large array each, which is updated in place. Values that are never needed at the same time share,
            if possible those that are made from each other and those that are handed on to each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from hloc.ir.core import Op, Value
from hloc.ir.types import TensorType
from hloc.ops import control
from hloc.transform.recursion.analysis import Cycle, handed_on, small
from hloc.transform.recursion.segments import Return, Segment

Message = tuple[str, object]
"""Who gets something: ("enter", function), ("return", function) or ("goto", segment)."""


@dataclass(eq=False)
class Place:
    """A register, a column or a cell. `group`: values of other groups never come here."""

    type: TensorType
    group: str = ""
    name: str = ""


@dataclass(eq=False)
class Storage:
    """The places of a machine.

    Fields:
        registers: of each message, where its small values are.
        columns: of each segment that follows a call, where what it needs besides the results is.
        cells: of large values.
    """

    registers: dict[Message, dict[Value, Place]] = field(default_factory=dict)
    columns: dict[Segment, dict[Value, Place]] = field(default_factory=dict)
    cells: dict[Value, Place] = field(default_factory=dict)

    def all_registers(self) -> list[Place]:
        return _distinct(self.registers.values())

    def all_columns(self) -> list[Place]:
        return _distinct(self.columns.values())

    def all_cells(self) -> list[Place]:
        return list(dict.fromkeys(self.cells.values()))


def _distinct(places: Iterable[dict[Value, Place]]) -> list[Place]:
    return list(dict.fromkeys(place for some in places for place in some.values()))


def assign_storage(cycle: Cycle, gotos: Sequence[Segment], groups: dict[Value, str]) -> Storage:
    """Places for a cycle. gotos: where a trip may begin.   groups: values that have registers of their own."""
    storage = Storage()
    taken: list[Place] = []
    for message, values in _messages(cycle, gotos):
        wishes = _wishes(cycle, storage, message)
        storage.registers[message] = _assign(taken, [v for v in values if small(v)], wishes, groups)
    rows: list[Place] = []
    for segment in cycle.continuations():
        values = [v for v in cycle.live[segment] if v not in segment.params]
        earlier = {v: place for places in storage.columns.values() for v, place in places.items()}
        storage.columns[segment] = _assign(rows, values, earlier, {})
    storage.cells = _assign_cells(cycle)
    return storage


def _messages(cycle: Cycle, gotos: Sequence[Segment]) -> Iterator[tuple[Message, list[Value]]]:
    for name in cycle.entries:
        yield ("enter", name), [v for _, v in cycle.wanted_params(name)]
    for name in cycle.entries:
        yield ("return", name), [v for _, v in cycle.wanted_slots(name)]
    for segment in gotos:
        yield ("goto", segment), list(cycle.live[segment])


def _wishes(cycle: Cycle, storage: Storage, message: Message) -> dict[Value, Place]:
    """Where values are already when they are handed on unchanged."""
    held = {v: place for places in storage.registers.values() for v, place in places.items()}
    wishes = dict(held)
    for segment in cycle.segments:
        if message[0] == "return" and isinstance(segment.end, Return):
            wishes.update((to, held[v]) for v, to in handed_on(cycle, segment) if v in held)
    return wishes


def _assign(
    places: list[Place], values: Sequence[Value], wishes: dict[Value, Place], groups: dict[Value, str]
) -> dict[Value, Place]:
    """A place for each value; `places` are all there are and grow. Wishes are granted first."""
    found: dict[Value, Place] = {}
    for value in values:
        wish = wishes.get(value)
        if wish is not None and wish not in found.values() and wish.group == groups.get(value, ""):
            found[value] = wish
    for value in values:
        if value not in found:
            found[value] = _fitting(places, value, found, groups.get(value, ""))
    return {v: found[v] for v in values}


def _fitting(places: list[Place], value: Value, found: dict[Value, Place], group: str) -> Place:
    for place in places:
        if (place.type, place.group) == (value.type, group) and place not in found.values():
            return place
    places.append(Place(value.type, group, value.name))
    return places[-1]


# --- cells


def _assign_cells(cycle: Cycle) -> dict[Value, Place]:
    together = [[v for v in live if not small(v)] for live in cycle.live.values()]
    for segment in cycle.segments:
        ahead = dict.fromkeys(v for target in segment.successors() for v in cycle.live[target])
        together.append([v for v in ahead if not small(v)])
    together += [[v for _, v in cycle.wanted_slots(name) if not small(v)] for name in cycle.entries]
    merge = _Merge(together)
    for segment in cycle.segments:
        for value, origin in _origins(segment.ops):
            merge.join(value, origin)
    for segment in cycle.segments:
        for value, to in handed_on(cycle, segment):
            merge.join(value, to)
    for _, call in cycle.calls():
        for slot, param in zip(cycle.slots[call.function], call.then.params if call.then else (), strict=False):
            merge.join(slot, param)
    return merge.cells()


class _Merge:
    """Merges values into cells. `needed_with`: what is needed at the same time as the values of a cell."""

    def __init__(self, together: Sequence[Sequence[Value]]) -> None:
        self.members: dict[Value, list[Value]] = {v: [v] for values in together for v in values}
        self.root = {v: v for v in self.members}
        self.needed_with: dict[Value, set[Value]] = {v: set() for v in self.members}
        for values in together:
            for v in values:
                self.needed_with[v].update(w for w in values if w is not v)

    def join(self, one: Value, other: Value) -> None:
        """Put two values into one cell, if there are such and nothing speaks against it."""
        if one not in self.root or other not in self.root or one.type != other.type:
            return
        a, b = self.root[one], self.root[other]
        if a is b or not self.needed_with[a].isdisjoint(self.members[b]):
            return
        for value in self.members[b]:
            self.root[value] = a
        self.members[a] += self.members.pop(b)
        self.needed_with[a] |= self.needed_with.pop(b)

    def cells(self) -> dict[Value, Place]:
        places = {root: Place(root.type, name=root.name) for root in self.members}
        return {value: places[root] for value, root in self.root.items()}


def _origins(ops: Sequence[Op]) -> Iterator[tuple[Value, Value]]:
    """Pairs of a large array and one that it is made from, across operations that write in place."""
    origin: dict[Value, Value] = {}
    for op in ops:
        for result, operand in _pairs(op):
            if not small(result):
                origin[result] = origin.get(operand, operand)
                yield result, origin[result]


def _pairs(op: Op) -> Iterator[tuple[Value, Value]]:
    if op.name in ("upd", "scatter"):
        yield op.result, op.operands[0]
    elif op.kind is control.For:
        yield from zip(op.results, op.operands[1:], strict=True)
    elif op.kind is control.While:
        yield from zip(op.results[1:], op.operands, strict=True)
    elif op.kind is control.Call:
        for result in op.results:
            yield from ((result, v) for v in op.operands[:] if v.type == result.type)
    elif op.kind in (control.If, control.Switch):
        for n, result in enumerate(op.results):
            for region in op.regions:
                inner = dict(pair for inner in region.ops for pair in _pairs(inner))
                value = region.results[n]
                while value in inner:
                    value = inner[value]
                yield result, value
