"""Which values have a property that spreads from operands to results: the least set that a rule asks for.

    %y = for %n (%s = %x) { ^(%k): %t = negate %s; yield %t }        marked %x → %s, %t, %y

The rule speaks of one operation without regions. Carries of loops are marked by what enters and by what the body
yields, results of branches by what any branch yields, parameters by what any call passes, results of calls by what the
function gives; other operations with unknown insides mark all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hloc.ir.core import Block, Module, Op, Value
from hloc.transform.regions import carries_of

Rule = Callable[[Op, set[Value]], bool]
"""Whether the results of an operation are to be marked, given the values that are."""


def spread(module: Module, rule: Rule, marked: Iterable[Value] = ()) -> set[Value]:
    """The marked values of all functions, given some that are."""
    walk = _Spread(module, rule, set(marked))
    before = -1
    while before != len(walk.marked):  # once more for what is found to be marked after its first use
        before = len(walk.marked)
        for function in module.functions.values():
            walk.block(function.block)
    return walk.marked


class _Spread:
    def __init__(self, module: Module, rule: Rule, marked: set[Value]) -> None:
        self.functions = module.functions
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
            elif op.name == "call":
                callee = self.functions[op.attrs["function"]]
                self.tie(callee.params, op.operands)
                self.tie(op.results, callee.results)
            elif op.regions or self.rule(op, self.marked):
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
