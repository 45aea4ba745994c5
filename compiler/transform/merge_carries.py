"""Carry once what two carries of a loop always hold alike.

    for %n (%s = false, %t = false) { ^(%k):                 for %n (%s = false) { ^(%k):
      %s1 = or %p, %s; %t1 = or %p, %t               →         %s1 = or %p, %s
      yield %s1, %t1                                           yield %s1
    }                                                        }

Two carries are alike when they begin with the same value and the same operation on the same operands, each other's
places exchanged, makes the next one.
"""

from __future__ import annotations

from collections.abc import Hashable

from hloc.ir.core import Module, Op, Value
from hloc.transform.eliminate_common_subexpressions import freeze
from hloc.transform.regions import carries_of, keep_carries
from hloc.transform.rewrite import Replacement, Rewriter, rewrite_functions


def merge_carries(module: Module) -> bool:
    """Merge equal carries in the loops of every function, in place; says whether anything changed."""
    return rewrite_functions(module, lambda _: _Merger())


class _Merger(Rewriter):
    def rewrite(self, op: Op) -> Replacement:
        if op.name in ("for", "while"):
            self.merge(op)
        return None

    def merge(self, op: Op) -> None:
        """Keep the first of each set of equal carries."""
        first: dict[Hashable, int] = {}
        keep = []
        for number, init in enumerate(op.operands[carries_of(op)]):
            key = self.key(op, number, init)
            known = first.setdefault(key, number) if key is not None else number
            keep.append(known == number)
            if known != number:
                places, others = self.places(op, number), self.places(op, known)
                self.replace(places, others)
        keep_carries(op, keep)

    def key(self, op: Op, number: int, init: Value) -> Hashable | None:
        """Equal for carries that are alike; None for those that are like no other."""
        arg = op.regions[-1].args[number + 1]
        producer = self.producers.get(op.regions[-1].results[number])
        if producer is None or producer.regions or not producer.kind.pure or len(producer.results) > 1:
            return None
        constant = self.constant_of(init)
        start: Hashable = init if constant is None or constant.size > 1 else constant.tobytes()
        operands = tuple(None if v is arg else v for v in producer.operands)
        return start, init.type, producer.kind, freeze(producer.attrs), operands

    def places(self, op: Op, number: int) -> list[Value]:
        """All values that stand for a carry."""
        result = op.results[number + (op.name == "while")]
        return [result, op.regions[-1].args[number + 1], *(region.args[number] for region in op.regions[:-1])]
