"""Which values have a property that spreads from operands to results: the least set that a rule asks for.

    %y = for %n (%s = %x) { ^(%k): %t = negate %s; yield %t }        marked %x → %s, %t, %y

The rule speaks of one operation without regions. Carries of loops are marked by what enters and by what the body
yields, results of branches by what any branch yields; a call and other operations with unknown insides mark all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hloc.ir.core import Block, Function, Op, Value
from hloc.transform.regions import carries_of

Rule = Callable[[Op, set[Value]], bool]
"""Whether the results of an operation are to be marked, given the values that are."""


def spread(function: Function, rule: Rule, marked: Iterable[Value] = ()) -> set[Value]:
    """The marked values of a function, its parameters only if they are among those given."""
    walk = _Spread(rule, set(marked))
    before = -1
    while before != len(walk.marked):  # once more for each carry that is found to be marked at the end of its loop
        before = len(walk.marked)
        walk.block(function.block)
    return walk.marked


class _Spread:
    def __init__(self, rule: Rule, marked: set[Value]) -> None:
        self.rule = rule
        self.marked = marked

    def block(self, block: Block) -> None:
        for op in block.ops:
            if op.name in ("for", "while"):
                self.loop(op)
            elif op.name in ("if", "switch"):
                for region in op.regions:
                    self.block(region)
                    self.tie(op.results, region.results)
            elif op.regions or op.name == "call" or self.rule(op, self.marked):
                self.marked.update(op.results)

    def loop(self, op: Op) -> None:
        body = op.regions[-1]
        results = op.results[op.name == "while" :]
        self.tie(body.args[1:], op.operands[carries_of(op)])
        self.tie(body.args[1:], body.results)
        self.block(body)
        self.tie(body.args[1:], body.results)
        self.tie(results, body.args[1:])

    def tie(self, values: Iterable[Value], sources: Iterable[Value]) -> None:
        self.marked.update(value for value, source in zip(values, sources, strict=True) if source in self.marked)
