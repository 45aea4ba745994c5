"""Sums of which a condition chooses one: what is added is chosen instead.

    %c1 = add %c, %v
    %c2 = select %p, %c1, %c        →        %w = select %p, %v, -0.0;  %c2 = add %c, %w

So all that happens to a sum is that something is added. The bits stay the same: x + -0.0 is x.
"""

from __future__ import annotations

from collections.abc import Collection

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Op, Value, substitute, walk
from hloc.ops.algebra import emit
from hloc.transform.lanes.combining import neutral


def choose_addends(body: Block, versions: Collection[Value], how: str) -> bool:
    """Rewrite the selects among versions of a sum, in place; says whether all of them could be."""
    return _Chooser(body, versions, how).run()


class _Chooser:
    def __init__(self, body: Block, versions: Collection[Value], how: str) -> None:
        self.body, self.versions, self.how = body, set(versions), how
        self.producers = {v: op for op in walk(body) for v in op.results}
        self.replaced: dict[Value, Value] = {}

    def run(self) -> bool:
        done = self.block(self.body)
        substitute(self.body, self.replaced)
        return done

    def block(self, block: Block) -> bool:
        ops, block.ops = block.ops, []
        done = True
        for op in ops:
            for region in op.regions:
                done &= self.block(region)
            new = self.choice(Builder(block, op.span), op) if self.is_choice(op) else None
            if new is None:
                block.ops.append(op)
                done = done and not self.is_choice(op)
            else:
                self.replaced[op.result] = new
                self.versions.add(new)
        return done

    def is_choice(self, op: Op) -> bool:
        return op.name == "select" and op.result in self.versions

    def choice(self, b: Builder, op: Op) -> Value | None:
        """One sum in the place of two, from the last version that both come from; None if there is none at hand."""
        pred, *sides = op.operands
        ways = [self.back(self.now(side)) for side in sides]
        base = next((v for v in ways[0] if v in ways[1]), None)
        if base is None:
            return None
        result, lengths = base, [way.index(base) for way in ways]
        for number, way in enumerate(ways):
            for version in reversed(way[: lengths[number]]):
                result = self.added(b, pred, self.producers[version], result, first=number == 0)
        return result

    def now(self, value: Value) -> Value:
        while value in self.replaced:
            value = self.replaced[value]
        return value

    def back(self, value: Value) -> list[Value]:
        """The versions that a version comes from by additions, itself first."""
        way = [value]
        while (op := self.producers.get(way[-1])) is not None and not op.regions and op.name != "select":
            way.append(self.now(next(v for v in op.operands if self.now(v) in self.versions)))
        return way

    def added(self, b: Builder, pred: Value, op: Op, total: Value, *, first: bool) -> Value:
        """The sum with what `op` adds, if the condition says so."""
        place = 1 if op.name in ("upd", "scatter") or self.now(op.operands[0]) in self.versions else 0
        value = op.operands[place]
        nothing = neutral(b, value, self.how)
        chosen = emit(b, "select", pred, *((value, nothing) if first else (nothing, value)))
        operands = [chosen if at == place else v for at, v in enumerate(op.operands)]
        operands[0 if place else 1] = total
        result = emit(b, op.name, *operands, **op.attrs)
        self.producers[result] = b.producers[result]
        self.versions.add(result)
        return result
