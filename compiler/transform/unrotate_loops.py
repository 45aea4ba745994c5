"""Test the condition of a `while` where it is used, instead of carrying its outcome from the end of the last trip.

    while (%i = %i0, %go = %c0) { yield %go }              while (%i = %i0) { %go = compare LT %i, %n; yield %go }
    do { ^(%k): …; %i1 = add %i, 1                    →    do { ^(%k): …; %i1 = add %i, 1; yield %i1 }
      %c = compare LT %i1, %n; yield %i1, %c }             where %c0 = compare LT %i0, %n

A bool carry is dropped when the body computes it from the other values that it yields, and from values from outside,
by at most `_MOST_OPS` cheap operations, and when its initial value is the same function of the other initial values.
What ends the loop is then seen by `while_to_for` and `drop_checks`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hloc.ir.core import Module, Op, Value, clone_op
from hloc.ir.types import B1
from hloc.transform.eliminate_common_subexpressions import freeze
from hloc.transform.fold_control import same_constant
from hloc.transform.regions import keep_carries
from hloc.transform.rewrite import Replacement, Rewriter, rewrite_functions

_MOST_OPS = 6


def unrotate_loops(module: Module) -> bool:
    """Drop recomputable conditions from the carries of every function, in place; says whether anything changed."""
    return rewrite_functions(module, lambda _: _Unrotator())


class _Unrotator(Rewriter):
    def rewrite(self, op: Op) -> Replacement:
        if op.name != "while":
            return None
        for number, result in enumerate(op.results[1:]):
            expression = self.expression_of(op, number) if result.type == B1 else None
            if expression is not None and self.agrees_at_start(op, number, expression):
                self.drop(op, number, expression)
                return op.results
        return None

    def drop(self, op: Op, number: int, expression: list[Op]) -> None:
        """Drop a carry, and append the loop; what the carry was is computed in the regions and after the loop."""
        condition, body = op.regions
        value, yielded, result = body.results[number], others(body.results, number), op.results[number + 1]
        for region, args in ((condition, condition.args), (body, body.args[1:])):
            mapping = dict(zip(yielded, others(args, number), strict=True))
            region.ops[:0] = self.copies(expression, mapping)
            self.mapping[args[number]] = mapping[value]
        keep_carries(op, [n != number for n in range(len(op.operands))])
        mapping = dict(zip(yielded, op.results[1:], strict=True))
        self.visit(op)  # other carries may go; copies that use their results get what stands for these
        for copy in self.copies(expression, mapping):
            self.visit(copy)
        self.replace([result], [mapping[value]])

    def copies(self, expression: list[Op], mapping: dict[Value, Value]) -> list[Op]:
        """The expression with other values put in; `mapping` is extended by its results."""
        copies = [clone_op(op, mapping) for op in expression]
        self.producers.update((v, op) for op in copies for v in op.results)
        return copies

    def expression_of(self, op: Op, number: int) -> list[Op] | None:
        """The operations of the body, in order, that compute what it yields for a carry from what else it yields."""
        body = op.regions[1]
        inside = {v: o for o in body.ops for v in o.results}
        yielded = {v for n, v in enumerate(body.results) if n != number}
        found: list[Op] = []
        pending = [body.results[number]]
        while pending:
            value = pending.pop()
            if value in yielded or (value not in inside and value not in body.args):
                continue
            producer = inside.get(value)
            if producer is None or producer.regions or not (producer.kind.cheap and producer.kind.speculatable):
                return None
            if producer not in found:
                found.append(producer)
                pending += producer.operands
            if len(found) > _MOST_OPS:
                return None
        return [o for o in body.ops if o in found] if found else None

    def agrees_at_start(self, op: Op, number: int, expression: list[Op]) -> bool:
        """Whether the initial value of a carry is the expression of the other initial values."""
        yielded = op.regions[1].results
        inits = dict(zip(others(yielded, number), others(op.operands, number), strict=True))
        return self.agrees(yielded[number], op.operands[number], expression, inits)

    def agrees(self, value: Value, init: Value, expression: list[Op], inits: dict[Value, Value]) -> bool:
        """Whether `init` is the expression `value` with the initial values put in."""
        if value in inits and self.producers.get(value) not in expression:
            return inits[value] is init or same_constant(self, inits[value], init)
        producer = self.producers.get(value)
        if producer is None or producer not in expression:
            return self.resolve(value) is init or same_constant(self, value, init)
        start = self.constant_of(init)
        if start is not None and producer.name != "constant":
            known = self.evaluate(value, expression, inits)
            return known is not None and np.array_equal(known, start)
        other = self.producers.get(init)
        if other is None or other.kind is not producer.kind or freeze(other.attrs) != freeze(producer.attrs):
            return False
        pairs = zip(producer.operands, other.operands, strict=True)
        return all(self.agrees(x, y, expression, inits) for x, y in pairs)

    def evaluate(self, value: Value, expression: list[Op], inits: dict[Value, Value]) -> np.ndarray | None:
        """The number that an expression on integers and bools gives for constant initial values."""
        producer = self.producers.get(value)
        if value in inits and producer not in expression:
            return self.constant_of(inits[value])
        if producer is None or producer not in expression or producer.name == "constant":
            return self.constant_of(value)
        known = [self.evaluate(v, expression, inits) for v in producer.operands]
        arrays = [a for a in known if a is not None]
        if len(arrays) < len(known) or producer.name not in ("compare", "and", "or", "not"):
            return None
        return np.asarray(producer.kind.reference(*arrays, **producer.attrs))


def others(values: Sequence[Value], number: int) -> list[Value]:
    """All but one of some values."""
    return [v for n, v in enumerate(values) if n != number]
