"""What the segments of a cycle of functions hand to each other.

invariant   parameters that are the same in all activations: those that every call passes on unchanged
free        values that cost nothing, or follow from invariant ones: computed where they are used, never handed on
live        what a segment needs at its start, its parameters included
slots       stand for the results of a function on their way back to the caller
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field

from hloc.ir.core import Block, Function, Op, Value, free_values, walk
from hloc.ops import control
from hloc.ops.indexing import Scatter, Upd
from hloc.transform.recursion.segments import Branch, Call, Goto, Return, Segment
from hloc.transform.recursion.token import reaches

SMALL = 16
"""Elements of the largest array that is handled as a scalar is: selected, and kept in rows of stacks."""
_FREE = frozenset({"constant", "iota", "broadcast_in_dim", "reshape"})

Values = dict[Value, None]
"""An ordered set."""


def small(value: Value) -> bool:
    return value.type.size <= SMALL


@dataclass(eq=False)
class Cycle:
    """Functions that call each other, cut into segments, as they are entered by calls of one of them.

    watched: parameters that the condition of the loop looks at.
    """

    entry: str
    params: dict[str, list[Value]]
    slots: dict[str, list[Value]]
    invariant: dict[Value, Value]
    free: dict[Value, Op]
    segments: list[Segment]
    entries: dict[str, Segment]
    watched: set[Value]
    live: dict[Segment, Values] = field(default_factory=dict)
    live_slots: set[Value] = field(default_factory=set)

    def wanted_params(self, function: str) -> list[tuple[int, Value]]:
        """The parameters of a function that calls hand over, with their positions."""
        live = self.live[self.entries[function]]
        return [(j, v) for j, v in enumerate(self.params[function]) if v in live]

    def wanted_slots(self, function: str) -> list[tuple[int, Value]]:
        """The results of a function that are handed back, with their positions."""
        return [(j, v) for j, v in enumerate(self.slots[function]) if v in self.live_slots]

    def calls(self) -> Iterator[tuple[Segment, Call]]:
        for segment in self.segments:
            if isinstance(segment.end, Call):
                yield segment, segment.end

    def continuations(self) -> list[Segment]:
        return [call.then for _, call in self.calls() if call.then is not None]


def recursive_calls(functions: Iterable[Function], cycle: Set[str]) -> Iterator[Op]:
    for function in functions:
        yield from (op for op in walk(function.block) if op.kind is control.Call and op.attrs["function"] in cycle)


def find_invariant(functions: Sequence[Function], entry: str) -> dict[Value, Value]:
    """Parameters that always are a certain parameter of the entry → that one.

    Not large arrays that are written or become results: seen from outside they would be copied, handed on they are the
    same memory all along.
    """
    by_name = {f.name: f for f in functions}
    params = {p for f in functions for p in f.params}
    moved = {v for f in functions for v in _moved(f.block) if not small(v)}
    roots: dict[Value, Value | None] = {p: None if p in moved else p for p in by_name[entry].params}
    passed = [
        pair
        for call in recursive_calls(functions, by_name.keys())
        for pair in zip(by_name[call.attrs["function"]].params, call.operands, strict=True)
    ]
    changed = True
    while changed:
        changed = False
        for param, value in passed:
            if value in params and value not in roots:
                continue  # nothing is known of it yet
            found = roots.get(value)
            met = found if roots.get(param, found) is found else None
            if param not in roots or roots[param] is not met:
                roots[param], changed = met, True
    return {p: root for p, root in roots.items() if root is not None}


def _moved(block: Block) -> Iterator[Value]:
    """Values whose memory other values take over: those written to, carried by loops, and given as results."""
    yield from block.results
    for op in block.ops:
        if op.kind in (Upd, Scatter):
            yield op.operands[0]
        elif op.kind in (control.For, control.While):
            yield from op.operands
        for region in op.regions:
            yield from _moved(region)


def take_free(functions: Sequence[Function], cycle: Set[str], invariant: dict[Value, Value]) -> dict[Value, Op]:
    """Remove the operations whose results are free from functions that are to be cut; gives them by their results."""
    free: dict[Value, Op] = {}
    known = set(invariant)

    def visit(block: Block) -> None:
        kept = []
        for op in block.ops:
            if _costs_nothing(op, known):
                free[op.result] = op
                known.add(op.result)
                continue
            kept.append(op)
            if reaches(op, cycle):
                for region in op.regions:
                    visit(region)
        block.ops = kept

    for function in functions:
        visit(function.block)
    return free


def _costs_nothing(op: Op, known: set[Value]) -> bool:
    if op.regions or len(op.results) != 1 or not known.issuperset(op.operands) or op.name == "empty":
        return False
    cheap = (
        op.kind.cheap and op.kind.speculatable and op.kind.pure and op.name not in ("upd", "copy", "barrier", "read")
    )
    return (cheap and all(map(small, (*op.results, *op.operands)))) or (op.name in _FREE and not _reshapes_large(op))


def _reshapes_large(op: Op) -> bool:
    return op.name == "reshape" and not small(op.result)


def find_live(cycle: Cycle) -> None:
    """Fill `live` and `live_slots`: the least sets that hold what is used."""
    cycle.live = {s: {v: None for v in s.params if v in cycle.watched} for s in cycle.segments}
    cycle.live_slots = set(cycle.slots[cycle.entry])
    pending = True
    while pending:
        pending = False
        for segment in reversed(cycle.segments):
            found = _live(cycle, segment)
            if len(found) > len(cycle.live[segment]):
                cycle.live[segment], pending = found, True
        for _, call in cycle.calls():
            pending |= _mark_slots(cycle, call)
    order = {v: n for n, v in enumerate(_definitions(cycle))}
    for segment, values in cycle.live.items():
        cycle.live[segment] = dict.fromkeys(sorted(values, key=order.__getitem__))


def _definitions(cycle: Cycle) -> Iterator[Value]:
    for params in cycle.params.values():
        yield from params
    for segment in cycle.segments:
        yield from segment.params
        yield from segment.defines()


def _live(cycle: Cycle, segment: Segment) -> Values:
    needed: Values = dict.fromkeys([*segment.uses(), *cycle.live[segment]])
    needed.update(dict.fromkeys(end_uses(cycle, segment)))
    for follower in followers(segment):
        needed.update(dict.fromkeys(v for v in cycle.live[follower] if v not in follower.params))
    defined = set(segment.defines())
    return {v: None for v in needed if v not in defined and v not in cycle.free and v not in cycle.invariant}


def followers(segment: Segment) -> list[Segment]:
    """Segments of the same activation that come next, after a call as well."""
    then = segment.end.then if isinstance(segment.end, Call) else None
    return segment.successors() + ([then] if then is not None else [])


def end_uses(cycle: Cycle, segment: Segment) -> list[Value]:
    """What the end of a segment hands on, as far as it is wanted."""
    return [value for value, _ in handed_on(cycle, segment)] + (
        [segment.end.choice] if isinstance(segment.end, Branch) else []
    )


def handed_on(cycle: Cycle, segment: Segment) -> list[tuple[Value, Value]]:
    """Pairs of a value that the end of a segment hands on, and what it becomes: a parameter or slot."""
    match segment.end:
        case Return(values):
            places = cycle.slots[segment.function]
            return [(v, p) for v, p in zip(values, places, strict=True) if p in cycle.live_slots]
        case Goto(target, values):
            live = cycle.live[target]
            return [(v, p) for v, p in zip(values, target.params, strict=True) if p in live]
        case Call(function, values, _):
            return [(values[j], p) for j, p in cycle.wanted_params(function)]
        case _:
            return []


def _mark_slots(cycle: Cycle, call: Call) -> bool:
    """Mark the slots whose values the code after a call needs; says whether there are new ones."""
    if call.then is None:
        return False
    slots, live = cycle.slots[call.function], cycle.live[call.then]
    new = {s for s, p in zip(slots, call.then.params, strict=True) if p in live} - cycle.live_slots
    cycle.live_slots |= new
    return bool(new)


def share_slots(functions: Sequence[Function], segments: Sequence[Segment]) -> dict[str, list[Value]]:
    """Slots for the results of each function. A function and those that it calls last have the same."""
    slots = {f.name: [Value(v.type, v.name) for v in f.results] for f in functions}
    for segment in segments:
        if isinstance(segment.end, Call) and segment.end.then is None:
            mine, other = slots[segment.function], slots[segment.end.function]
            slots = {name: mine if found is other else found for name, found in slots.items()}
    return slots


def uses_of(op: Op) -> list[Value]:
    """All values that an operation reads, in its regions as well."""
    return [*op.operands, *(v for region in op.regions for v in free_values(region))]
