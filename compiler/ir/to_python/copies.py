"""Copies before writes: afterwards every `upd` may write into the array it is given.

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

from collections.abc import Sequence

from hloc.ir.core import Block, Function, Op, Value, walk
from hloc.ir.names import base_name
from hloc.ir.opdef import REGISTRY
from hloc.ir.to_python.liveness import Listener, Liveness
from hloc.ir.to_python.prepare import blocks, use_counts
from hloc.ir.to_python.templates import may_alias

_Place = tuple[Op, int]  # operand of an op


class Classes:
    """Union-find over values."""

    def __init__(self) -> None:
        self._parent: dict[Value, Value] = {}

    def find(self, value: Value) -> Value:
        root = value
        while (parent := self._parent.get(root, root)) is not root:
            root = parent
        while value is not root:
            self._parent[value], value = root, self._parent.get(value, root)
        return root

    def join(self, *values: Value) -> None:
        for value in values[1:]:
            self._parent[self.find(value)] = self.find(values[0])


def memory_classes(function: Function) -> Classes:
    """Values that may share memory, in classes."""
    classes = Classes()
    for op in walk(function.block):
        if op.name == "upd":
            classes.join(op.result, op.operands[0])
        elif op.name == "call":
            shared = [v for v in (*op.results, *op.operands) if v.type.rank]
            classes.join(*shared)
        elif op.regions:
            _join_control(classes, op)
        else:
            for result in op.results:
                if may_alias(op, result):
                    classes.join(result, *(v for v in op.operands if v.type.rank))
    return classes


def _join_control(classes: Classes, op: Op) -> None:
    joined: list[Sequence[Value]] = [op.results, *(region.results for region in op.regions)]
    if op.name in ("for", "while"):
        body = op.regions[-1]
        first = len(body.results)
        joined = [op.results[-first:], body.args[1:], body.results, op.operands[-first:]] if first else []
    for group in zip(*joined, strict=True):
        classes.join(*group)


def insert_copies(function: Function) -> None:
    """Insert `copy` ops (in place) until every write may happen in place."""
    copies: dict[_Place, Op] = {}
    while windows := _windows_in_the_way(function):
        _copy_results(function, windows)
    while writes := _unsafe_writes(function):
        sources, done = _Sources(function.block), set[_Place]()
        for op in writes:
            sources.copy_before(op, copies, done)
    if any(place.name == "upd" for place, _ in copies):
        _remove_useless(function, copies)


def _remove_useless(function: Function, copies: dict[_Place, Op]) -> None:
    """Take back copies before loops that did not make the writes inside safe."""
    for (op, index), copy in copies.items():
        if op.name == "upd":
            continue
        before = op.operands
        op.operands = (*before[:index], *copy.operands, *before[index + 1 :])
        if _unsafe_writes(function):
            op.operands = before
        else:
            for block in blocks(function.block):
                block.ops = [other for other in block.ops if other is not copy]


def _windows_in_the_way(function: Function) -> set[Value]:
    """Windows that are read after a write to their array, which would be safe but for them."""
    made = {op.result: op for op in walk(function.block) if len(op.results) == 1}
    found: set[Value] = set()
    for values in _find(function).shared.values():
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


def _unsafe_writes(function: Function) -> list[Op]:
    return _find(function).unsafe[::-1]


def _find(function: Function) -> _Finder:
    classes = memory_classes(function)
    foreign = {classes.find(v) for v in _foreign(function)}
    finder = _Finder(classes, foreign, _private_writes(function.block))
    Liveness(finder, {}).function(function)
    return finder


def _private_writes(block: Block) -> set[Op]:
    """Writes to an array that was made in the same block and that nothing else reads, however values flow later."""
    counts = use_counts(block)
    private: set[Op] = set()
    for b in blocks(block):
        made = {op.result for op in b.ops if len(op.results) == 1 and _makes_array(op)}
        for op in b.ops:
            if op.name == "upd" and op.operands[0] in made and counts[op.operands[0]] == 1:
                made.add(op.result)
                private.add(op)
    return private


def _makes_array(op: Op) -> bool:
    if op.name == "broadcast_in_dim":
        return op.operands[0].type.rank == 0
    return not op.regions and op.name not in ("upd", "call") and not may_alias(op, op.result)


def _foreign(function: Function) -> list[Value]:
    """Arrays that must not be written: parameters, and broadcasts, which NumPy makes read-only."""
    broadcasts = [
        op.result for op in walk(function.block) if op.name == "broadcast_in_dim" and op.operands[0].type.rank
    ]
    return [v for v in function.params if v.type.rank] + broadcasts


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

    def __init__(self, classes: Classes, foreign: set[Value], private: set[Op]) -> None:
        self.classes, self.foreign, self.private = classes, foreign, private
        self.unsafe: list[Op] = []
        self.shared: dict[Op, set[Value]] = {}  # what is in the way of a write to an array of the program's own

    def passed(self, op: Op, live: set[Value]) -> None:
        if op.name != "upd" or not op.result.type.rank or op in self.private:
            return
        written = self.classes.find(op.result)
        shared = {v for v in live if v is not op.result and self.classes.find(v) is written}
        if shared or written in self.foreign:
            self.unsafe.append(op)
        if shared and written not in self.foreign:
            self.shared[op] = shared


class _Sources:
    """Where the arrays of a program come from, to find the place of a copy."""

    def __init__(self, block: Block) -> None:
        self.loops: dict[Value, _Place] = {}
        self.writes: dict[Value, Op] = {}
        self.owner: dict[Op, Block] = {}
        self._visit(block)

    def _visit(self, block: Block) -> None:
        for op in block.ops:
            self.owner[op] = block
            if op.name == "upd":
                self.writes[op.result] = op
            if op.name in ("for", "while"):
                shift = 0 if op.name == "for" else -1
                self.loops |= {v: (op, i + shift) for i, v in enumerate(op.regions[-1].args) if i}
                first = len(op.results) - len(op.regions[-1].results)
                self.loops |= {v: (op, i + 1 + shift) for i, v in enumerate(op.results[first:])}
            for region in op.regions:
                self._visit(region)

    def copy_before(self, op: Op, copies: dict[_Place, Op], done: set[_Place]) -> None:
        """Copy the written array at the outermost place that has no copy yet; `done` are the places of this round."""
        places, chain = self._places(op)
        if not done.isdisjoint(chain):
            return
        place = next((p for p in reversed(places) if p not in copies), places[0])
        done.add(place)
        copies[place] = self._insert(*place)

    def _places(self, op: Op) -> tuple[list[_Place], list[_Place]]:
        """Where the array that `op` writes could be copied: before the write, before loops that carry it.

        And these together with the writes before, which a copy for another write may have changed.
        """
        places, chain = [(op, 0)], [(op, 0)]
        value = op.operands[0]
        while value in self.writes or value in self.loops:
            place = (self.writes[value], 0) if value in self.writes else self.loops[value]
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
