"""Error words that the host computes: for each scalar outside of loops XLA would make a piece of native code.

%ok = compare LE %n, 32768                         return %y, %n
%e = select %ok, 0, 1                        →
%w = select %ok, 0, %n                             def words(n): ok = n <= 32768; e = 0 if ok else 1; …
return %y, %e, %w

The scalars that the words are made from are returned in their place. What moves is exact in Python: comparisons,
choices, logic, sums of integers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hloc.ir.core import Block, Op, Value
from hloc.ir.types import I64
from hloc.program import HostStatus

MOST_STEPS = 24
"""Operations from which on they stay with XLA: the host takes about 50 nanoseconds for each."""
MOST_SCALARS = 4
"""Scalars of which the error code may be made: the host reads each of them after every call."""


def move_status(block: Block, start: int, count: int) -> HostStatus | None:
    """Give the entry the scalars instead of its results from `start`: the error code and other words.

    Gives how to make the words of them, or None where that does not pay: all is then as it was.
    """
    words = block.results[start : start + count]
    code, rest = _Host(block), _Host(block)
    code.need(words[:1])
    rest.need(words)
    scalars = list(dict.fromkeys([*code.scalars, *rest.scalars]))
    if not code.steps or max(len(code.steps), len(rest.steps)) > MOST_STEPS or len(code.scalars) > MOST_SCALARS:
        return None
    if len(scalars) > max(count, len(code.scalars)):
        return None
    block.results[start : start + count] = scalars
    return HostStatus(
        start,
        count,
        len(scalars),
        len(code.scalars),
        code.function(list(code.scalars), words[:1]),
        rest.function(scalars, words),
    )


class _Host:
    """What the host computes for some words: `steps` in order, from `scalars`."""

    def __init__(self, block: Block) -> None:
        self.makers = {op.result: op for op in block.ops if len(op.results) == 1}
        self.steps: dict[Value, str] = {}
        self.scalars: dict[Value, None] = {}
        self.names: dict[Value, str] = {}

    def need(self, values: Sequence[Value]) -> None:
        """Enter what makes these values."""
        pending = [(v, False) for v in reversed(values)]
        while pending:
            value, ready = pending.pop()
            op = self.makers.get(value)
            if value in self.names:
                continue
            if op is None or not _moves(op):
                self._name(value)
                self.scalars[value] = None
            elif not ready:
                pending.append((value, True))
                pending += [(v, False) for v in reversed(op.operands)]
            else:
                text = _TEXT[op.name](op, [self.names[v] for v in op.operands])
                self.steps[value] = f"{self._name(value)} = {text}"

    def _name(self, value: Value) -> str:
        self.names[value] = f"v{len(self.names)}"
        return self.names[value]

    def function(self, scalars: Sequence[Value], words: Sequence[Value]) -> str:
        """The source of a function `words`: numbers for the scalars → the words."""
        taken = ", ".join(self.names[v] for v in scalars)
        given = ", ".join(self.names[v] for v in words)
        body = "".join(f"    {step}\n" for step in self.steps.values())
        return f"def words({taken}):\n{body}    return [{given}]\n"


def _moves(op: Op) -> bool:
    """Whether the host computes an operation exactly as XLA does."""
    if op.name not in _TEXT or any(v.type.rank for v in (*op.operands, *op.results)):
        return False
    given = {v.type.dtype for v in op.operands}
    kind = op.result.type.dtype.kind
    match op.name:
        case "constant":
            return kind in "ib"
        case "compare":
            return {dtype.kind for dtype in given} <= set("ibf")
        case "and" | "or" | "not":
            return kind == "b"
        case "add" | "subtract" | "maximum" | "minimum":
            return bool(op.result.type == I64)
        case "convert":
            return op.result.type == I64 and {dtype.kind for dtype in given} <= set("ib")
        case "bitcast_convert":
            return op.result.type == I64 and given == {np.dtype(np.float64)}
    return kind in "ibf"


_COMPARISONS = {"EQ": "==", "NE": "!=", "LT": "<", "LE": "<=", "GT": ">", "GE": ">="}


def _wrapped(sign: str) -> Callable[[Op, list[str]], str]:
    return lambda _, args: f"(({args[0]} {sign} {args[1]} + {1 << 63}) & {(1 << 64) - 1}) - {1 << 63}"


_TEXT: dict[str, Callable[[Op, list[str]], str]] = {
    "constant": lambda op, _: repr(op.attrs["value"].item()),
    "compare": lambda op, args: f"{args[0]} {_COMPARISONS[op.attrs['direction']]} {args[1]}",
    "select": lambda _, args: f"{args[1]} if {args[0]} else {args[2]}",
    "and": lambda _, args: f"{args[0]} and {args[1]}",
    "or": lambda _, args: f"{args[0]} or {args[1]}",
    "not": lambda _, args: f"not {args[0]}",
    "add": _wrapped("+"),
    "subtract": _wrapped("-"),
    "maximum": lambda _, args: f"max({args[0]}, {args[1]})",
    "minimum": lambda _, args: f"min({args[0]}, {args[1]})",
    "convert": lambda _, args: f"int({args[0]})",
    "bitcast_convert": lambda _, args: f"bits({args[0]})",
}
"""Operations as Python expressions of numbers."""
