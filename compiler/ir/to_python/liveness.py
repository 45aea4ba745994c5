"""Which values are still needed at each point of a structured program.

The walk goes from the end to the beginning and tells a listener, for every op and for every group of values that
come into being together, which values are live right after. Values in `nested` are written inside their user: they
have no moment of their own, and what they read is read where their user stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hloc.ir.core import Block, Function, Op, Value, free_values


class Listener:
    """What a liveness walk reports; the default does nothing. `live` must not be kept, it changes later."""

    def defined(self, values: Sequence[Value], live: set[Value]) -> None:
        """`values` are assigned together while `live` (which may contain them) is live."""

    def passed(self, op: Op, live: set[Value]) -> None:
        """`live` is live after `op`."""


class Liveness:
    """The walk; `nested` maps each value written inside its user to the op that defines it."""

    def __init__(self, listener: Listener, nested: Mapping[Value, Op]) -> None:
        self.listener, self.nested = listener, nested

    def function(self, function: Function) -> None:
        live = self.block(function.block, set())
        self.listener.defined(function.params, live)

    def leaves(self, values: Iterable[Value]) -> set[Value]:
        """The values held in variables that an expression for `values` reads."""
        found: set[Value] = set()
        pending = list(values)
        while pending:
            value = pending.pop()
            if value in self.nested:
                pending += self.nested[value].operands
            else:
                found.add(value)
        return found

    def block(self, block: Block, live_after: set[Value]) -> set[Value]:
        """What is live before a block."""
        live = live_after | self.leaves(block.results)
        for op in reversed(block.ops):
            if not any(result in self.nested for result in op.results):
                live = self.op(op, live)
        return live

    def op(self, op: Op, live: set[Value]) -> set[Value]:
        self.listener.passed(op, live)
        self.listener.defined(op.results, live | self._read_after(op))
        live.difference_update(op.results)
        if op.name == "for":
            live = self._for(op, live)
        elif op.name == "while":
            live = self._while(op, live)
        elif op.regions:
            live = set().union(*(self.block(region, live) for region in op.regions))
        live |= self.leaves(op.operands)
        return live

    def _read_after(self, op: Op) -> set[Value]:
        """What an `upd` reads after its result got its variable, which may take a statement of its own."""
        return self.leaves(op.operands[1:]) - {op.operands[0]} if op.name == "upd" else set()

    def _for(self, op: Op, live: set[Value]) -> set[Value]:
        (body,) = op.regions
        around = live | self._captured(op)
        top = self.block(body, around)
        self.listener.defined(body.args, top | self.leaves(op.operands[:1]))
        return around | (top - set(body.args))

    def _while(self, op: Op, live: set[Value]) -> set[Value]:
        cond, body = op.regions
        around = live | self._captured(op)
        counter = set(body.args[:1])
        body_top = self.block(body, around | counter)
        top = self.block(cond, around | counter | body_top | set(body.args))
        self.listener.defined(body.args, top)
        return around | (top - set(body.args))

    def _captured(self, op: Op) -> set[Value]:
        """Values from outside that the loop reads in any trip."""
        inside = Block(list(op.regions[-1].args), [Op(op.kind, (), {}, op.regions, ())])
        return {v for v in free_values(inside) if v not in self.nested}
