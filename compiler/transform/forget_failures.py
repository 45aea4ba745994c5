"""The program of a run in which no check fails, for people who read it: its error code is 0 everywhere.

    %bad = compare LT %x, 0                            %y = for %n (%s = %x) { … }
    %err = select %bad, 3, 0                           return %y
    %ok = compare EQ %err, 0                      →
    %m = select %ok, %n, 0
    %y = for %m (%s = %x) { … }
    return %y, %err

The code is followed back from the result through selects, branches, loops and calls; what it passes becomes 0, and
the passes that follow fold what was made of it. What the program computes when a check fails is no longer defined.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import hloc.ops  # noqa: F401  (fills the registry)
from hloc.ir.core import Module, Op, Value, substitute, walk
from hloc.ir.opdef import REGISTRY
from hloc.transform.regions import carries_of


def forget_failures(module: Module, code: Value) -> None:
    """Set the error code, which the entry gives as `code`, to 0, in place; dead code stays."""
    found = _all_codes(module, code)
    for function in module.functions.values():
        zero = Value(code.type)
        substitute(function.block, dict.fromkeys(found, zero))
        function.block.ops.insert(
            0, Op(REGISTRY["constant"], (), {"value": np.zeros((), code.type.dtype)}, (), (zero,), function.span)
        )


def _all_codes(module: Module, code: Value) -> set[Value]:
    """All values that the code is or was."""
    sources = _Sources(module)
    found: set[Value] = set()
    pending = [code]
    while pending:
        value = pending.pop()
        if value in found or value.type != code.type or sources.is_constant(value):
            continue
        found.add(value)
        pending += sources.of(value)
    return found


class _Sources:
    """Which values a value may be equal to."""

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
            inits, body = op.operands[carries_of(op)], op.regions[-1]
            for values in (inits, body.results):
                for region, first in ((body, 1), *([(op.regions[0], 0)] if op.name == "while" else [])):
                    yield from zip(region.args[first:], values, strict=True)
        elif op.name == "call":
            yield from zip(self.module.functions[op.attrs["function"]].params, op.operands, strict=True)

    def is_constant(self, value: Value) -> bool:
        return value in self.producers and self.producers[value][0].name == "constant"

    def of(self, value: Value) -> list[Value]:
        if value not in self.producers:
            return self.arguments.get(value, [])
        op, j = self.producers[value]
        if op.name == "select":
            return list(op.operands[1:])
        if op.name in ("if", "switch"):
            return [region.results[j] for region in op.regions]
        if op.name == "for" or (op.name == "while" and j):
            number = j - (op.name == "while")
            return [op.operands[carries_of(op)][number], op.regions[-1].results[number]]
        if op.name == "call":
            return [self.module.functions[op.attrs["function"]].results[j]]
        return []
