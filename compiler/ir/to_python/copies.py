"""Copies before writes: afterwards every `upd`, and every call, may write into the arrays that it is given.

    %b = upd %a, %v, %i          %c = copy %a
    %s = reduce_sum %a       →   %b = upd %c, %v, %i
                                 %s = reduce_sum %a

An array may be written in place when the program made it itself (a parameter belongs to the caller) and when no
value that may share its memory is live after the write. Values are put into classes of possibly shared memory:
views, loop variables with their initial and next values, results of branches. If windows of the array are all that is
in the way, they are copied. Else a copy goes before the outermost loop through which the array is carried if that is
enough, else before the write.
"""

from __future__ import annotations

from collections.abc import Collection

from hloc.ir.core import Block, Function, Op, Value, walk
from hloc.ir.names import base_name
from hloc.ir.opdef import REGISTRY
from hloc.ir.to_python.liveness import Listener, Liveness
from hloc.ir.to_python.memory import Calls, Classes, Place, memory_classes, written_places
from hloc.ir.to_python.prepare import blocks, use_counts
from hloc.ir.to_python.templates import may_alias


def insert_copies(function: Function, calls: Calls) -> None:
    """Insert `copy` ops (in place) until every write may happen in place."""
    copies: dict[Place, Op] = {}
    while windows := _windows_in_the_way(function, calls):
        _copy_results(function, windows)
    while writes := _unsafe_writes(function, calls):
        sources, done = _Sources(function.block, calls), set[Place]()
        for place in writes:
            sources.copy_before(place, copies, done)
    if any(op.name in ("upd", "call") for op, _ in copies):
        _remove_useless(function, calls, copies)


def _remove_useless(function: Function, calls: Calls, copies: dict[Place, Op]) -> None:
    """Take back copies before loops that did not make the writes inside safe."""
    for (op, index), copy in copies.items():
        if op.name in ("upd", "call"):
            continue
        before = op.operands
        op.operands = (*before[:index], *copy.operands, *before[index + 1 :])
        if _unsafe_writes(function, calls):
            op.operands = before
        else:
            for block in blocks(function.block):
                block.ops = [other for other in block.ops if other is not copy]


def _windows_in_the_way(function: Function, calls: Calls) -> set[Value]:
    """Windows that are read after a write to their array, which would be safe but for them."""
    made = {op.result: op for op in walk(function.block) if len(op.results) == 1}
    found: set[Value] = set()
    for values in _find(function, calls).shared.values():
        if all(v in made and made[v].name in ("read", "slice") for v in values):
            found |= values
    return found


def _copy_results(function: Function, values: set[Value]) -> None:
    """Make each of the values a copy."""
    for block in blocks(function.block):
        ops: list[Op] = []
        for op in block.ops:
            ops.append(op)
            if len(op.results) == 1 and op.result in values:
                view = Value(op.result.type)
                ops.append(Op(REGISTRY["copy"], (view,), {}, (), op.results, op.span))
                op.results = (view,)
        block.ops = ops


def _unsafe_writes(function: Function, calls: Calls) -> list[Place]:
    return _find(function, calls).unsafe[::-1]


def _find(function: Function, calls: Calls) -> _Finder:
    classes = memory_classes(function, calls)
    own = calls[function.name].written
    foreign = {classes.find(v) for v in _foreign(function, own)}
    finder = _Finder(classes, calls, foreign, _private_writes(function.block, calls))
    Liveness(finder, {}).function(function)
    return finder


def _private_writes(block: Block, calls: Calls) -> set[Place]:
    """Writes to an array that was made in the same block and that nothing else reads, however values flow later."""
    counts = use_counts(block)
    private: set[Place] = set()
    for b in blocks(block):
        made = {op.result for op in b.ops if len(op.results) == 1 and _makes_array(op)}
        for op in b.ops:
            for _, index in written_places(op, calls):
                if op.operands[index] in made and counts[op.operands[index]] == 1:
                    private.add((op, index))
                    made.update(op.results if op.name == "upd" else ())
    return private


def _makes_array(op: Op) -> bool:
    if op.name == "broadcast_in_dim":
        return op.operands[0].type.rank == 0
    return not op.regions and op.name not in ("upd", "call") and not may_alias(op, op.result)


def _foreign(function: Function, own: Collection[int] = ()) -> list[Value]:
    """Arrays that must not be written: parameters but for the numbers `own`, and broadcasts, which NumPy makes
    read-only."""
    broadcasts = [
        op.result for op in walk(function.block) if op.name == "broadcast_in_dim" and op.operands[0].type.rank
    ]
    return [v for n, v in enumerate(function.params) if v.type.rank and n not in own] + broadcasts


def sums_in_place(function: Function, classes: Classes) -> set[Op]:
    """Additions to an array that nothing else reads afterwards, not even a part of it: `x += y` for the next x."""
    finder = _Sums(classes, {classes.find(v) for v in _foreign(function)}, _next_carries(function))
    Liveness(finder, {}).function(function)
    return finder.found


class _Sums(Listener):
    """Collects additions whose first operand may become the result."""

    def __init__(self, classes: Classes, foreign: set[Value], carries: dict[Value, Value]) -> None:
        self.classes, self.foreign, self.carries = classes, foreign, carries
        self.found: set[Op] = set()

    def passed(self, op: Op, live: set[Value]) -> None:
        if op.name not in ("add", "subtract") or not op.result.type.rank or not self.continues(op):
            return
        memory = self.classes.find(op.operands[0])
        if memory not in self.foreign and not any(self.classes.find(v) is memory for v in live - {op.result}):
            self.found.add(op)

    def continues(self, op: Op) -> bool:
        """Whether the result is the next of the first operand: it has its name, or is it in the next trip of a loop."""
        before = op.operands[0]
        named = bool(before.name) and base_name(before.name) == base_name(op.result.name)
        return named or self.carries.get(op.result) is before


def _next_carries(function: Function) -> dict[Value, Value]:
    """Results of loop bodies with the carries that they become."""
    loops = [op.regions[-1] for op in walk(function.block) if op.name in ("for", "while")]
    return {new: old for body in loops for new, old in zip(body.results, body.args[1:], strict=True)}


class _Finder(Listener):
    """Collects the writes that must not happen in place."""

    def __init__(self, classes: Classes, calls: Calls, foreign: set[Value], private: set[Place]) -> None:
        self.classes, self.calls, self.foreign, self.private = classes, calls, foreign, private
        self.unsafe: list[Place] = []
        self.shared: dict[Place, set[Value]] = {}  # what is in the way of a write to an array of the program's own

    def passed(self, op: Op, live: set[Value]) -> None:
        for place in written_places(op, self.calls):
            if place not in self.private:
                self.write(place, live)

    def write(self, place: Place, live: set[Value]) -> None:
        op, index = place
        written = self.classes.find(op.operands[index])
        others = live - set(op.results)
        if op.name == "call":
            others |= {v for n, v in enumerate(op.operands) if n != index}
        shared = {v for v in others if self.classes.find(v) is written}
        if shared or written in self.foreign:
            self.unsafe.append(place)
        if shared and written not in self.foreign:
            self.shared[place] = shared


class _Sources:
    """Where the arrays of a program come from, to find the place of a copy."""

    def __init__(self, block: Block, calls: Calls) -> None:
        self.calls = calls
        self.loops: dict[Value, Place] = {}
        self.writes: dict[Value, Place] = {}
        self.owner: dict[Op, Block] = {}
        self._visit(block)

    def _visit(self, block: Block) -> None:
        for op in block.ops:
            self.owner[op] = block
            self.writes |= {result: place for place in written_places(op, self.calls) for result in self._after(place)}
            if op.name in ("for", "while"):
                shift = 0 if op.name == "for" else -1
                self.loops |= {v: (op, i + shift) for i, v in enumerate(op.regions[-1].args) if i}
                first = len(op.results) - len(op.regions[-1].results)
                self.loops |= {v: (op, i + 1 + shift) for i, v in enumerate(op.results[first:])}
            for region in op.regions:
                self._visit(region)

    def _after(self, place: Place) -> list[Value]:
        """The results that are the written array."""
        op, index = place
        if op.name == "upd":
            return [op.result]
        numbers = self.calls[op.attrs["function"]].classes
        results = zip(numbers[len(op.operands) :], op.results, strict=True)
        return [result for number, result in results if number == numbers[index]]

    def copy_before(self, place: Place, copies: dict[Place, Op], done: set[Place]) -> None:
        """Copy the written array at the outermost place that has no copy yet; `done` are the places of this round."""
        places, chain = self._places(place)
        if not done.isdisjoint(chain):
            return
        found = next((p for p in reversed(places) if p not in copies), places[0])
        done.add(found)
        copies[found] = self._insert(*found)

    def _places(self, written: Place) -> tuple[list[Place], list[Place]]:
        """Where the array that is written could be copied: before the write, before loops that carry it.

        And these together with the writes before, which a copy for another write may have changed.
        """
        places, chain = [written], [written]
        op, index = written
        value = op.operands[index]
        while value in self.writes or value in self.loops:
            place = self.writes[value] if value in self.writes else self.loops[value]
            chain.append(place)
            if value in self.loops:
                places.append(place)
            value = place[0].operands[place[1]]
        return places, chain

    def _insert(self, op: Op, index: int) -> Op:
        source = op.operands[index]
        result = Value(source.type, source.name)
        block = self.owner[op]
        copy = Op(REGISTRY["copy"], (source,), {}, (), (result,), op.span)
        block.ops.insert(block.ops.index(op), copy)
        op.operands = (*op.operands[:index], result, *op.operands[index + 1 :])
        return copy
