"""Python variables for SSA values: values that are never live together may share one.

    %s = for %n, %s0 body(%k, %s1) { %s2 = …; yield %s2 }        all of them become `s`

Two values interfere when one comes into being while the other is live. Values that an assignment would connect (an
array and its updated version, a loop variable with its initial, next and final value, a branch result) and values
with the same hint share a variable where they do not interfere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from hloc.ir.core import Function, Op, Value, walk
from hloc.ir.hints import hint
from hloc.ir.names import Namer, base_name, identifier
from hloc.ir.to_python.liveness import Listener, Liveness
from hloc.ir.to_python.memory import Classes


def assign_variables(
    function: Function, nested: Mapping[Value, Op], reserved: Iterable[str], written: Mapping[Op, Sequence[Value]]
) -> dict[Value, str]:
    """The variable of each value that is not nested; names in `reserved` are left alone.

    written: operations other than `upd` that write some of their operands, with these: their results had better have
        the variables of those.
    """
    interference = _Interference()
    Liveness(interference, nested).function(function)
    _keep_counters_apart(function, interference.neighbours)
    groups = _Groups(interference.neighbours, set(function.params))
    for first, second in _ties(function, written):
        if first in interference.neighbours and second in interference.neighbours:
            groups.join(first, second)
    hints = _hints(function, nested)
    _join_same_names([v for v in _definitions(function) if v in interference.neighbours], groups, hints)
    return _names(function, interference.neighbours, groups, reserved, hints)


def _hints(function: Function, nested: Mapping[Value, Op]) -> dict[Value, str]:
    """The user's names, and names for other values where there are good ones."""
    producers = dict(nested)
    special: dict[Value, str] = {}
    for op in walk(function.block):
        producers.update((result, op) for result in op.results)
        if op.name in ("for", "while"):
            special[op.regions[-1].args[0]] = "k"
        elif op.name == "upd" and base_name(op.operands[0].name).endswith("_log"):
            special[op.operands[1]] = base_name(op.operands[0].name).removesuffix("_log")
    return {v: identifier(v.name) or special.get(v) or hint(v, producers) for v in _definitions(function)}


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
    """Values that share a variable; a parameter shares it only with values that have no other name."""

    def __init__(self, neighbours: dict[Value, set[Value]], params: set[Value]) -> None:
        super().__init__()
        self.bases = {v: {base_name(v.name)} if v.name else set() for v in neighbours}
        self.fixed = {v: {base_name(v.name)} if v in params else set() for v in neighbours}
        self.members: dict[Value, set[Value]] = {v: {v} for v in neighbours}
        self.neighbours = {v: set(others) for v, others in neighbours.items()}

    def join(self, *values: Value) -> None:
        """Put values into one group unless some of them interfere."""
        first, second = (self.find(v) for v in values)
        if first is second or not self.members[first].isdisjoint(self.neighbours[second]):
            return
        if any(self.fixed[one] and self.bases[other] - self.fixed[one] for one, other in _both(first, second)):
            return
        super().join(first, second)
        self.bases[first] |= self.bases.pop(second)
        self.fixed[first] |= self.fixed.pop(second)
        self.members[first] |= self.members.pop(second)
        self.neighbours[first] |= self.neighbours.pop(second)


def _both(first: Value, second: Value) -> tuple[tuple[Value, Value], ...]:
    return (first, second), (second, first)


def _keep_counters_apart(function: Function, neighbours: dict[Value, set[Value]]) -> None:
    """A loop in another one has a counter of its own, although nobody may look at the outer one any more."""
    for op in walk(function.block):
        if op.name in ("for", "while"):
            inner = {loop.regions[-1].args[0] for loop in walk(op.regions[-1]) if loop.name in ("for", "while")}
            for counter in inner & neighbours.keys():
                neighbours[counter].add(op.regions[-1].args[0])
                neighbours.setdefault(op.regions[-1].args[0], set()).add(counter)


def _ties(function: Function, written: Mapping[Op, Sequence[Value]]) -> Iterator[tuple[Value, Value]]:
    """Pairs of values that had better share a variable, the most wanted first."""
    ops = list(walk(function.block))
    for op in ops:
        if op.name == "upd":
            yield op.operands[0], op.result
        yield from ((v, result) for v in written.get(op, ()) for result in op.results if result.type == v.type)
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


def _join_same_names(values: Iterable[Value], groups: _Groups, hints: Mapping[Value, str]) -> None:
    by_name: dict[str, list[Value]] = {}
    for value in values:
        if hints[value]:
            by_name.setdefault(hints[value], []).append(value)
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
    function: Function,
    values: Mapping[Value, object],
    groups: _Groups,
    reserved: Iterable[str],
    wanted: Mapping[Value, str],
) -> dict[Value, str]:
    namer = Namer(reserved)
    hints: dict[Value, str] = {}
    for value in sorted((v for v in _definitions(function) if v in values), key=lambda v: not v.name):
        if name := wanted[value]:
            first = hints.setdefault(groups.find(value), name)
            if name == base_name(first):
                hints[groups.find(value)] = name
    names: dict[Value, str] = {}
    result: dict[Value, str] = {}
    for value in _definitions(function):
        if value in values:
            group = groups.find(value)
            if group not in names:
                names[group] = namer.unique(identifier(hints.get(group, "")) or "t")
            result[value] = names[group]
    return result
