"""Compute again after a recursive call what would be kept in the frame meanwhile.

    %m = add %a, %b                                 %m = add %a, %b
    %x = read %log, %row                            %x = read %log, %row
    %r = call @f %m                        →        %r = call @f %m
    %s = multiply %x, %m                            %x1 = read %log, %row
    …                                               %m1 = add %a, %b
                                                    %s = multiply %x1, %m1

A value that is pushed costs more than a few instructions. At each call, and at each branch that calls, what is kept is
a minimum cut between what is used afterwards and what cannot be computed from anything else; only cheap operations on
small values are repeated, and reads of arrays that are the same in all activations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from hloc.ir.core import Block, Function, Op, Value, clone_op, free_values, substitute, walk
from hloc.transform.differentiate.mincut import minimum_vertex_cut
from hloc.transform.recursion.token import reaches

_SMALL = 16
"""Elements of the largest array that is computed again."""
_WORTH = 8
"""Operations that are repeated at most for each value that is not kept."""
_STAYING = frozenset({"upd", "scatter", "copy", "barrier", "empty"})


def repeat_after_calls(functions: Sequence[Function], cycle: Set[str], invariant: Set[Value]) -> None:
    """Rewrite functions of a cycle in place. Calls in loops are left alone.

    invariant: parameters that are the same in all activations.
    """
    for function in functions:
        _Repeater(function, cycle, invariant).block(function.block, set())


class _Repeater:
    """Fields:
    at_hand: values that cost nothing: invariant parameters, and what follows from them.
    order: value → its number in the order of definition.
    """

    def __init__(self, function: Function, cycle: Set[str], invariant: Set[Value]) -> None:
        self.cycle = cycle
        self.at_hand = {v for v in function.params if v in invariant}
        self.producer: dict[Value, Op] = {}
        self.order: dict[Value, int] = {v: n for n, v in enumerate(function.params)}
        for op in walk(function.block):
            self.producer.update((v, op) for v in op.results)
            self.order.update((v, len(self.order)) for v in op.results)
            if op.name != "read" and self.may_repeat(op) and self.at_hand.issuperset(op.operands):
                self.at_hand.update(op.results)

    def block(self, block: Block, kept_anyway: Set[Value]) -> None:
        """Rewrite what stands behind calls in a block; `kept_anyway` is needed after the operation around it."""
        kept: set[Value] = set(kept_anyway)
        for op in [op for op in reversed(block.ops) if reaches(op, self.cycle)]:
            kept = self.behind(block, op, kept_anyway)
            if op.name in ("if", "switch"):
                for region in op.regions:
                    self.block(region, kept | kept_anyway)

    def behind(self, block: Block, call: Op, kept_anyway: Set[Value]) -> set[Value]:
        """Let what stands behind `call` compute again what it can; gives what it needs from before."""
        index = block.ops.index(call) + 1
        rest = Block(list(call.results), block.ops[index:], block.results)
        needed = [v for v in free_values(rest) if v not in self.at_hand]
        kept = self.cut(needed, kept_anyway)
        ops = list(self.between(kept, needed))
        if not ops or len(ops) > _WORTH * (len(set(needed) - kept_anyway) - len(kept - kept_anyway)):
            return set(needed)
        again: dict[Value, Value] = {}
        copies = [clone_op(op, again) for op in ops]
        self.producer.update((v, op) for op in copies for v in op.results)
        self.order.update((new, self.order[old]) for old, new in again.items())
        substitute(rest, again)
        block.ops[index:] = [*copies, *rest.ops]
        block.results = rest.results
        return kept

    def cut(self, needed: Sequence[Value], kept_anyway: Set[Value]) -> set[Value]:
        """What is kept: the least costly values from which all that is needed follows."""
        cost: dict[Value, int] = {}
        edges: list[tuple[Value, Value]] = []
        sources: list[Value] = []
        pending = list(needed)
        while pending:
            value = pending.pop()
            if value in cost:
                continue
            cost[value] = 0 if value in kept_anyway else max(value.type.nbytes, 8)
            op = self.producer.get(value)
            if value in kept_anyway or op is None or not self.may_repeat(op):
                sources.append(value)
                continue
            operands = [v for v in dict.fromkeys(op.operands) if v not in self.at_hand]
            edges += [(v, value) for v in operands]
            pending += operands
        return minimum_vertex_cut(cost, edges, sources, needed) | (kept_anyway & cost.keys())

    def between(self, kept: Set[Value], needed: Sequence[Value]) -> Iterator[Op]:
        """The operations that compute what is needed from what is kept, in order."""
        chosen: dict[Op, None] = {}
        pending = [v for v in needed if v not in kept]
        while pending:
            op = self.producer[pending.pop()]
            if op not in chosen:
                chosen[op] = None
                pending += [v for v in op.operands if v not in kept and v not in self.at_hand]
        yield from sorted(chosen, key=lambda op: self.order[op.results[0]])

    def may_repeat(self, op: Op) -> bool:
        """Whether an operation costs a few instructions, and reads nothing that changes meanwhile."""
        if op.regions or op.name in _STAYING or not (op.kind.pure and op.kind.cheap and op.kind.speculatable):
            return False
        large = [v for v in op.operands if v.type.size > _SMALL]
        return all(v.type.size <= _SMALL for v in op.results) and self.at_hand.issuperset(large)
