"""Arrays that branches and loops hand on, with nothing done to them but writes.

%a2 = if %p { %a1 = upd %a, %x, %i; yield %a1 } else { yield %a }       %a2 comes from %a by one write
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hloc.ir.core import Block, Op, Value
from hloc.transform.regions import carries_of


@dataclass(frozen=True)
class Chain:
    """Where an array comes from, and by which writes."""

    root: Value
    writes: frozenset[Op] = frozenset()

    def after(self, *writes: Op) -> Chain:
        return Chain(self.root, self.writes | set(writes))


class Chains:
    """Finds where arrays come from.

    producers: the operation that makes a value.
    sums: values that operations only add to; such an addition is a write.
    """

    def __init__(self, producers: Mapping[Value, Op], sums: Collection[Value]) -> None:
        self.producers, self.sums = producers, sums

    def within(self, region: Block, value: Value) -> Chain:
        """The way of a value inside of a region: the root is from outside, or something that is no write made it."""
        return self.back(value, {v for op in region.ops for v in op.results})

    def back(self, value: Value, inside: Collection[Value]) -> Chain:
        chain = Chain(value)
        while chain.root in inside:
            step = self.step(self.producers[chain.root], chain.root)
            if step is None:
                break
            chain = step.after(*chain.writes)
        return chain

    def step(self, op: Op, value: Value) -> Chain | None:
        """One operation back; None where another value begins."""
        if op.name in ("if", "switch"):
            number = op.results.index(value)
            return merged([self.within(region, region.results[number]) for region in op.regions])
        if op.name in ("for", "while"):
            number = op.results.index(value) - (op.name == "while")
            if number < 0:
                return None
            trip = self.trip(op, number)
            return None if trip is None else Chain(op.operands[carries_of(op)][number], trip.writes)
        if value in self.sums:
            return Chain(next(v for v in op.operands if v in self.sums), frozenset([op]))
        if op.name in ("upd", "scatter"):
            return Chain(op.operands[0], frozenset([op]))
        return None

    def trip(self, op: Op, number: int) -> Chain | None:
        """What a trip of a loop does to a carry; None if it gives something else."""
        body = op.regions[-1]
        chain = self.within(body, body.results[number])
        return chain if chain.root is body.args[number + 1] else None


def merged(chains: list[Chain]) -> Chain | None:
    """What several sides do to one array; None if it is not the same array."""
    if any(chain.root is not chains[0].root for chain in chains):
        return None
    return Chain(chains[0].root, frozenset[Op]().union(*(chain.writes for chain in chains)))
