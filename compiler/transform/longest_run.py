"""How long a run may take at most, roughly: decides whether Ctrl-C has to be able to interrupt it.

    for i in range(n):            (2, ())  +  (40, (1,))  +  (3, (1, 1))     ns, where n is input number 1
        for j in range(i): …

A sum of terms: ns, times the inputs with these numbers (their absolute values). There is none where a loop's trips
depend on more than the numbers that are given: a `while`, the length of what was found, recursion. Estimates are within
a factor of ten, which is enough to tell microseconds from seconds. Branches count as if all were taken.
"""

from __future__ import annotations

import math

from hloc.ir.core import Block, Module, Op, Value

Terms = dict[tuple[int, ...], float]
Work = tuple[tuple[int, tuple[int, ...]], ...]

_MOST_FACTORS = 4
_OF_ARRAYS = 200.0
"""ns for starting one operation on arrays in a loop."""
_SLOW = 20.0
"""ns of an element of a function such as `exponential`."""
_FAST = frozenset(
    [
        *("add", "subtract", "multiply", "divide", "negate", "abs", "sign", "minimum", "maximum", "mul0", "compare"),
        *("select", "and", "or", "xor", "not", "convert", "floor", "ceil", "trunc", "round_nearest_even", "is_finite"),
        *("reshape", "broadcast_in_dim", "transpose", "slice", "concatenate", "pad", "reverse", "iota", "copy"),
        *("read", "upd", "bitcast_convert", "shift_left", "shift_right_arithmetic", "shift_right_logical"),
    ]
)
_FREE = frozenset({"constant", "empty", "barrier"})


class _Unbounded(Exception):
    """There is a loop of which nothing is known beforehand."""


def longest_run(module: Module) -> Work | None:
    """The terms for the entry of a module; None where there is no bound."""
    params = module.entry.params
    known: dict[Value, Terms] = {v: {(j,): 1.0} for j, v in enumerate(params) if _is_integer(v)}
    try:
        found = _Estimate(module).block(module.entry.block, known)
    except _Unbounded:
        return None
    return tuple((math.ceil(ns), inputs) for inputs, ns in sorted(found.items()))


class _Estimate:
    """known: bounds of the absolute values of integers, as far as they are known."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.active: set[str] = set()
        self.functions: dict[tuple[object, ...], Terms] = {}

    def block(self, block: Block, known: dict[Value, Terms]) -> Terms:
        total: Terms = {}
        for op in block.ops:
            total = _sum(total, self.op(op, known))
            if len(op.results) == 1 and _is_integer(op.result):
                bound = _bound(op, known)
                if bound is not None:
                    known[op.result] = bound
        return total

    def op(self, op: Op, known: dict[Value, Terms]) -> Terms:
        match op.name:
            case "if" | "switch":
                branches = [self.block(region, known) for region in op.regions]
                return _sum({(): 1.0}, *branches)
            case "for":
                trips = known.get(op.operands[0])
                if trips is None:
                    raise _Unbounded
                body = op.regions[0]
                return _product(_sum(trips, {(): 1.0}), self.block(body, known | {body.args[0]: trips}))
            case "call":
                return self.call(op, known)
        if op.regions or op.name in ("linearize", "pullback", "pushforward", "jvp"):
            raise _Unbounded
        return {(): _plain(op)}

    def call(self, op: Op, known: dict[Value, Terms]) -> Terms:
        name = op.attrs["function"]
        given = [known.get(v) for v in op.operands]
        key = (name, *(None if bound is None else tuple(sorted(bound.items())) for bound in given))
        if key not in self.functions:
            if name in self.active:  # recursion
                raise _Unbounded
            self.active.add(name)
            function = self.module.functions[name]
            inner = {v: bound for v, bound in zip(function.params, given, strict=True) if bound is not None}
            self.functions[key] = self.block(function.block, inner)
            self.active.remove(name)
        return self.functions[key]


def _is_integer(value: Value) -> bool:
    return not value.type.shape and value.type.dtype.kind in "iu"


def _bound(op: Op, known: dict[Value, Terms]) -> Terms | None:
    """Of the absolute value of an integer; None where it depends on other things than the integers known."""
    if op.name == "constant":
        return {(): float(abs(int(op.attrs["value"])))}
    given = [known.get(v) for v in op.operands if _is_integer(v)]
    bounds = [bound for bound in given if bound is not None]
    if not bounds or len(bounds) < len(given):
        return None
    match op.name:
        case "add" | "subtract" | "maximum" | "minimum" | "select":
            return _sum(*bounds)
        case "multiply":
            return _product(*bounds)
        case "negate" | "abs" | "convert" | "copy":
            return bounds[0]
        case "floor_divide" | "divide":
            return _sum(bounds[0], {(): 1.0})
    return None


def _sum(*parts: Terms) -> Terms:
    total: Terms = {}
    for part in parts:
        for inputs, factor in part.items():
            total[inputs] = total.get(inputs, 0.0) + factor
    return total


def _product(x: Terms, y: Terms) -> Terms:
    total: Terms = {}
    for left, a in x.items():
        for right, b in y.items():
            inputs = tuple(sorted(left + right))
            if len(inputs) > _MOST_FACTORS:
                raise _Unbounded
            total[inputs] = total.get(inputs, 0.0) + a * b
    return total


def _plain(op: Op) -> float:
    """ns of an operation without regions."""
    if op.name in _FREE:
        return 0.0
    size = max((v.type.size for v in (*op.operands, *op.results)), default=0)
    if op.name in ("read", "upd"):  # in place: what is moved counts, not what it is part of
        size = op.operands[1].type.size if op.name == "upd" else op.result.type.size
    start = _OF_ARRAYS if size > 1 else 0.0
    if op.name == "dot_general":
        left, right = op.operands
        shared: int = math.prod(left.type.shape[d] for d in (*op.attrs["lhs_contract"], *op.attrs["lhs_batch"]))
        return start + 0.3 * left.type.size * right.type.size / max(1, shared)
    if op.name in ("sort", "lu", "cholesky", "triangular_solve"):
        return start + float(size ** (1.5 if op.name != "sort" else 1.0)) * _SLOW
    return start + size * (1.0 if op.name in _FAST else _SLOW)
