"""Which values may share memory, and what calls do with the arrays that they are given.

    func @fill(%a, %b, %n) { …; %a1 = upd %a, %x, %n; %a2 = call @fill %a1, %b, %m; …; return %a2 }

writes the array of its first argument and returns it. Whoever calls it and needs the old content makes a copy, so that
the array is copied once and not at each call. The entry of a module writes no argument: these belong to the caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hloc.ir.core import Function, Module, Op, Value, walk
from hloc.ir.to_python.templates import may_alias


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


@dataclass(frozen=True)
class Passing:
    """What a function does with memory.

    written: the parameters whose arrays it writes.
    classes: for its parameters, then its results, numbers that are equal where they may share memory.
    """

    written: frozenset[int]
    classes: tuple[int, ...]


Calls = Mapping[str, Passing]
"""What the functions of a module do with memory."""


def passing(module: Module) -> Calls:
    """What all functions do with memory: nothing at first, and then what follows from that, until nothing is new."""
    functions = module.functions
    found = {name: Passing(frozenset(), tuple(range(len(f.params) + len(f.results)))) for name, f in functions.items()}
    while True:
        new = {name: _passing(function, found, name == module.main) for name, function in functions.items()}
        if new == found:
            return found
        found = new


def _passing(function: Function, calls: Calls, entry: bool) -> Passing:
    classes = memory_classes(function, calls)
    places = [place for op in walk(function.block) for place in written_places(op, calls)] if not entry else []
    written = {classes.find(op.operands[index]) for op, index in places}
    values = [*function.params, *function.results]
    first: dict[Value, int] = {}
    numbers = [first.setdefault(classes.find(v), n) if v.type.rank else n for n, v in enumerate(values)]
    return Passing(frozenset(n for n, v in enumerate(function.params) if classes.find(v) in written), tuple(numbers))


Place = tuple[Op, int]
"""An operand of an operation."""


def written_places(op: Op, calls: Calls) -> Iterator[Place]:
    """The arrays that an operation writes."""
    if op.name == "upd" and op.result.type.rank:
        yield op, 0
    elif op.name == "call":
        yield from ((op, index) for index in sorted(calls[op.attrs["function"]].written))


def calls_that_write(function: Function, calls: Calls) -> dict[Op, tuple[Value, ...]]:
    """The calls that write arrays that they are given, with these."""
    found = {op: [place.operands[n] for place, n in written_places(op, calls)] for op in walk(function.block)}
    return {op: tuple(values) for op, values in found.items() if op.name == "call" and values}


def memory_classes(function: Function, calls: Calls) -> Classes:
    """Values that may share memory, in classes."""
    classes = Classes()
    for op in walk(function.block):
        if op.name == "upd":
            classes.join(op.result, op.operands[0])
        elif op.name == "call":
            numbers = calls[op.attrs["function"]].classes
            first: dict[int, Value] = {}
            for number, value in zip(numbers, (*op.operands, *op.results), strict=True):
                classes.join(first.setdefault(number, value), value)
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
