"""Python variables for SSA values: values that are never live together may share one.

    %s = for %n, %s0 body(%k, %s1) { %s2 = …; yield %s2 }        all of them become `s`

Two values interfere when one comes into being while the other is live. Values that an assignment would connect (an
array and its updated version, a loop variable with its initial, next and final value, a branch result) and values
with the same hint share a variable where they do not interfere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from hloc.ir.core import Function, Op, Value, walk
from hloc.ir.names import Namer, base_name, identifier
from hloc.ir.to_python.copies import Classes
from hloc.ir.to_python.liveness import Listener, Liveness


def assign_variables(function: Function, nested: Mapping[Value, Op], reserved: Iterable[str]) -> dict[Value, str]:
    """The variable of each value that is not nested; names in `reserved` are left alone."""
    interference = _Interference()
    Liveness(interference, nested).function(function)
    groups = _Groups(interference.neighbours)
    for first, second in _ties(function):
        if first in interference.neighbours and second in interference.neighbours:
            groups.join(first, second)
    _join_same_names([v for v in _definitions(function) if v in interference.neighbours], groups)
    return _names(function, interference.neighbours, groups, reserved)


class _Interference(Listener):
    """Collects, for each value, the values that must not share its variable."""

    def __init__(self) -> None:
        self.neighbours: dict[Value, set[Value]] = {}

    def defined(self, values: Sequence[Value], live: set[Value]) -> None:
        for value in values:
            others = (live | set(values)) - {value}
            self.neighbours.setdefault(value, set()).update(others)
            for other in others:
                self.neighbours.setdefault(other, set()).add(value)


class _Groups(Classes):
    """Values that share a variable."""

    def __init__(self, neighbours: dict[Value, set[Value]]) -> None:
        super().__init__()
        self.members: dict[Value, set[Value]] = {v: {v} for v in neighbours}
        self.neighbours = {v: set(others) for v, others in neighbours.items()}

    def join(self, *values: Value) -> None:
        """Put values into one group unless some of them interfere."""
        first, second = (self.find(v) for v in values)
        if first is second or not self.members[first].isdisjoint(self.neighbours[second]):
            return
        super().join(first, second)
        self.members[first] |= self.members.pop(second)
        self.neighbours[first] |= self.neighbours.pop(second)


def _ties(function: Function) -> Iterator[tuple[Value, Value]]:
    """Pairs of values that had better share a variable, the most wanted first."""
    ops = list(walk(function.block))
    for op in ops:
        if op.name == "upd":
            yield op.operands[0], op.result
    loops = [op for op in ops if op.name in ("for", "while")]
    for op in loops:
        carried = len(op.regions[-1].results)
        args = op.regions[-1].args[1:]
        yield from zip(args, op.results[len(op.results) - carried :], strict=True)
        yield from zip(args, op.regions[-1].results, strict=True)
        yield from zip(args, op.operands[len(op.operands) - carried :], strict=True)
    for op in ops:
        if op.name == "while" and len(op.results) > len(op.regions[1].results):
            yield op.regions[1].args[0], op.results[0]
        if op.name in ("if", "switch"):
            for region in op.regions:
                yield from zip(op.results, region.results, strict=True)


def _join_same_names(values: Iterable[Value], groups: _Groups) -> None:
    by_name: dict[str, list[Value]] = {}
    for value in values:
        if value.name:
            by_name.setdefault(value.name, []).append(value)
    for same in by_name.values():
        for value in same[1:]:
            groups.join(same[0], value)


def _definitions(function: Function) -> Iterator[Value]:
    """All values in order of definition, those of regions before the results of their op."""
    yield from function.params
    for op in walk(function.block):
        for region in op.regions:
            yield from region.args
        yield from op.results


def _names(
    function: Function, values: Mapping[Value, object], groups: _Groups, reserved: Iterable[str]
) -> dict[Value, str]:
    namer = Namer(reserved)
    hints: dict[Value, str] = {}
    for value in _definitions(function):
        if value in values and value.name:
            first = hints.setdefault(groups.find(value), value.name)
            if value.name == base_name(first):
                hints[groups.find(value)] = value.name
    names: dict[Value, str] = {}
    result: dict[Value, str] = {}
    for value in _definitions(function):
        if value in values:
            group = groups.find(value)
            if group not in names:
                names[group] = namer.unique(identifier(hints.get(group, "")) or "t")
            result[value] = names[group]
    return result
