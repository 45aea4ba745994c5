"""Give each block its own scalar constants.

    %c = constant 2.0                                        for %n (%s = %x) { ^(%k):
    for %n (%s = %x) { ^(%k): %t = multiply %s, %c; … }  →     %c = constant 2.0
                                                               %t = multiply %s, %c; …

What a region takes from outside travels through the loop as a variable; a constant inside is part of the code, where
later stages can see it.
"""

from __future__ import annotations

from hloc.ir.core import Block, Module, Op, Value, clone_op
from hloc.transform.rewrite import Rewriter, rewrite_functions


def sink_constants(module: Module) -> bool:
    """Copy scalar constants into the blocks that use them, in place; says whether anything changed."""
    return rewrite_functions(module, lambda _: _Sinker())


class _Sinker(Rewriter):
    """Resolves a scalar constant to the copy in the current block; `own` maps it to that, block by block."""

    def __init__(self) -> None:
        super().__init__()
        self.own: list[dict[Value, Value]] = []

    def walk(self, block: Block) -> None:
        self.own.append({})
        super().walk(block)
        self.own.pop()

    def rewrite(self, op: Op) -> None:
        if op.name == "constant":
            self.own[-1].setdefault(op.result, op.result)

    def resolve(self, value: Value) -> Value:
        producer = self.producers.get(value)
        if producer is None or producer.name != "constant" or value.type.rank:
            return value
        own = self.own[-1]
        if value not in own:
            self.builder.block.ops.append(clone_op(producer, own))
            self.changed = True
        return own[value]
