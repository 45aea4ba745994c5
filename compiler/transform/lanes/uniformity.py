"""Which values differ from lane to lane.

    %x = read %xs, %k          varies: the lane's number goes in
    %n = add %c, %one          the same for all lanes
    %y = if %p { %x1 … }       varies where %p does, or what a branch gives

An optimistic fixpoint: what is not found to vary is the same for all lanes that are there. In a loop that lanes leave
one after another, a number that goes on in the same way for all that are left stays one number; what comes out of the
loop varies.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from hloc.ir.core import Block, Op, Value, used_values
from hloc.transform.lanes.versions import places
from hloc.transform.regions import carries_of

SMALL = 16
"""Elements of what may be kept as it was when a lane left a loop."""


class Uniformity:
    """Finds what varies in the body of a loop over lanes.

    Fields:
        cause: what varies → the value because of which it does, or None for a lane's own input.
        shared: values that are one for all lanes, whatever goes in: sums over lanes.
        divergent: loops that lanes leave at different times, and branches that they take differently.
    """

    def __init__(self, body: Block, varying: Iterable[Value], shared: Collection[Value]) -> None:
        self.body, self.shared = body, shared
        self.cause: dict[Value, Value | None] = dict.fromkeys(varying)
        self.divergent: dict[Op, None] = {}
        self.used = used_values(body)
        self.changed = True
        while self.changed:
            self.changed = False
            self.block(body)

    def varies(self, value: Value) -> bool:
        return value in self.cause

    def mark(self, value: Value, cause: Value) -> None:
        if value not in self.cause and value not in self.shared:
            self.cause[value] = cause
            self.changed = True

    def spread(self, value: Value, causes: Sequence[Value]) -> None:
        """Mark a value if one of the others varies."""
        cause = next((v for v in causes if v in self.cause), None)
        if cause is not None:
            self.mark(value, cause)

    def block(self, block: Block) -> None:
        for op in block.ops:
            if op.name in ("if", "switch"):
                self.branch(op)
            elif op.name in ("for", "while"):
                self.loop(op)
            elif op.name == "barrier":
                for result, operand in zip(op.results, op.operands, strict=True):
                    self.spread(result, [operand])
            else:
                for result in op.results:
                    self.spread(result, op.operands)

    def branch(self, op: Op) -> None:
        for region in op.regions:
            self.block(region)
        if op.operands[0] in self.cause:
            self.divergent[op] = None
        for result, *sides in zip(op.results, *(region.results for region in op.regions), strict=True):
            self.spread(result, sides)
            if len(set(sides)) > 1:
                self.spread(result, op.operands[:1])

    def loop(self, op: Op) -> None:
        until = op.operands[0] if op.name == "for" else op.regions[0].results[0]
        if until in self.cause:
            self.divergent[op] = None
        for number, init in enumerate(op.operands[carries_of(op)]):
            self.carry(op, number, init, until)
        for region in op.regions:
            self.block(region)
        if op.name == "while":
            self.spread(op.results[0], [until])

    def carry(self, op: Op, number: int, init: Value, until: Value) -> None:
        result, arg, *others = places(op, number)
        last = op.regions[-1].results[number]
        for value in (arg, *others):
            self.spread(value, [init, last])
        self.spread(result, [arg])
        if op in self.divergent and last is not arg:
            # a lane that is not there yet has the first value still; of an array there is no copy for lanes that left
            late = op.name == "for" and op.attrs["direction"] < 0
            if late or (arg.type.size > SMALL and result in self.used):
                for value in (arg, *others):
                    self.mark(value, until)
            self.mark(result, until)
