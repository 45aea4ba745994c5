"""Where values come from: through branches, loops, choices and calls, back to the operations that make them.

%a = select %p, %x, %y        sources of %a: %x, %y
%b = call @f %c               sources of %b: what f returns; of the parameter of f: %c, and what other calls pass
"""

from __future__ import annotations

from collections.abc import Iterator

from hloc.ir.core import Module, Op, Value, walk


class Sources:
    """Which values a value may be equal to, in all functions of a module."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.producers: dict[Value, tuple[Op, int]] = {}
        self.arguments: dict[Value, list[Value]] = {}
        for function in module.functions.values():
            for op in walk(function.block):
                self.producers.update((result, (op, j)) for j, result in enumerate(op.results))
                for arg, given in self._passed(op):
                    self.arguments.setdefault(arg, []).append(given)

    def _passed(self, op: Op) -> Iterator[tuple[Value, Value]]:
        """Arguments of blocks with what they are given."""
        if op.name in ("for", "while"):
            inits, body = op.operands[op.name == "for" :], op.regions[-1]
            for values in (inits, body.results):
                for region, first in ((body, 1), *([(op.regions[0], 0)] if op.name == "while" else [])):
                    yield from zip(region.args[first:], values, strict=True)
        elif op.name == "call":
            yield from zip(self.module.functions[op.attrs["function"]].params, op.operands, strict=True)

    def is_constant(self, value: Value) -> bool:
        return value in self.producers and self.producers[value][0].name == "constant"

    def of(self, value: Value) -> list[Value]:
        """What a value may be equal to; nothing for one that is made of others."""
        if value not in self.producers:
            return self.arguments.get(value, [])
        op, j = self.producers[value]
        if op.name == "select":
            return list(op.operands[1:])
        if op.name in ("if", "switch"):
            return [region.results[j] for region in op.regions]
        if op.name == "for" or (op.name == "while" and j):
            number = j - (op.name == "while")
            return [op.operands[op.name == "for" :][number], op.regions[-1].results[number]]
        if op.name == "call":
            return [self.module.functions[op.attrs["function"]].results[j]]
        return []

    def all(self, value: Value) -> Iterator[Value]:
        """A value and all that it may be equal to, constants and what is made of others included."""
        found: set[Value] = set()
        pending = [value]
        while pending:
            value = pending.pop()
            if value not in found:
                found.add(value)
                yield value
                pending += self.of(value)
