"""Random programs of loops, branches, reads and stores in the IR, and a plain interpreter of the IR as their meaning.

All numbers are small integers or integers as floats, so results are exact whatever XLA contracts.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from hloc.ir.core import Block, Function, Module, Op, Value
from hloc.ops.elementwise import Negate
from tests.emit.building import Code, program

SIZE = 6
TYPES = ["i64", "i64", "i64", "f64", "f64", f"f64[{SIZE}]", f"f64[{SIZE}]"]
INTS, FLOATS, ARRAYS = range(3), range(3, 5), range(5, 7)


def random_arguments(seed: int) -> list[Any]:
    rng = np.random.default_rng(seed)
    ints = [np.int64(v) for v in rng.integers(-3, SIZE + 2, len(INTS))]
    floats = [np.float64(v) for v in rng.integers(-4, 5, len(FLOATS))]
    return ints + floats + [rng.integers(-4, 5, SIZE).astype(float) for _ in ARRAYS]


def random_program(seed: int) -> Module:
    """A module whose parameters and results are the variables of TYPES."""
    return program(TYPES, lambda c, *variables: _Writer(random.Random(seed)).block(c, list(variables), 3))


class _Writer:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def block(self, c: Code, v: list[Value], depth: int) -> list[Value]:
        """Some statements; gives the new values of the variables."""
        for _ in range(self.rng.randint(1, 4)):
            kinds = [self.arithmetic, self.read, self.store, self.store, self.swap, self.take]
            kinds += [self.branch, self.branch, self.switch, self.counted, self.counted, self.search] if depth else []
            self.rng.choice(kinds)(c, v, depth)
        return v

    def pick(self, of: range) -> int:
        return self.rng.choice(of)

    def index(self, c: Code, v: list[Value]) -> Value:
        return v[self.pick(INTS)] if self.rng.random() < 0.7 else c.add(v[self.pick(INTS)], self.rng.randint(-2, 2))

    def arithmetic(self, c: Code, v: list[Value], depth: int) -> None:
        kind = INTS if self.rng.random() < 0.5 else FLOATS
        op = self.rng.choice([c.add, c.sub, c.minimum, c.maximum])
        result = op(v[self.pick(kind)], v[self.pick(kind)])
        v[self.pick(kind)] = c.minimum(c.maximum(result, -9), 9)

    def condition(self, c: Code, v: list[Value]) -> Value:
        kind = INTS if self.rng.random() < 0.5 else FLOATS
        return c.cmp(v[self.pick(kind)], self.rng.choice(["LT", "GE", "EQ", "NE"]), v[self.pick(kind)])

    def read(self, c: Code, v: list[Value], depth: int) -> None:
        v[self.pick(FLOATS)] = c.read(v[self.pick(ARRAYS)], self.index(c, v))

    def take(self, c: Code, v: list[Value], depth: int) -> None:
        """x += a[i]; a[i] = y"""
        m, x, i = self.pick(ARRAYS), self.pick(FLOATS), self.index(c, v)
        total = c.minimum(c.add(v[x], c.read(v[m], i)), 9)
        v[m], v[x] = c.store(v[m], v[self.pick(FLOATS)], i), total

    def store(self, c: Code, v: list[Value], depth: int) -> None:
        m = self.pick(ARRAYS)
        mode = self.rng.choice(["set", "set", "add"])
        v[m] = c.store(v[m], v[self.pick(FLOATS)], self.index(c, v), mode=mode)

    def swap(self, c: Code, v: list[Value], depth: int) -> None:
        m, i, j = self.pick(ARRAYS), self.index(c, v), self.index(c, v)
        x, y = c.read(v[m], i), c.read(v[m], j)
        v[m] = c.store(c.store(v[m], y, i), c.b.emit(Negate, x), j)

    def branch(self, c: Code, v: list[Value], depth: int) -> None:
        def side(c: Code) -> list[Value]:
            return self.block(c, list(v), depth - 1) if self.rng.random() < 0.7 else list(v)

        v[:] = c.if_(self.condition(c, v), side, side)

    def switch(self, c: Code, v: list[Value], depth: int) -> None:
        case = lambda c: self.block(c, list(v), depth - 1)  # noqa: E731
        v[:] = c.switch(v[self.pick(INTS)], case, case, case)

    def counted(self, c: Code, v: list[Value], depth: int) -> None:
        n = self.rng.randint(0, SIZE) if self.rng.random() < 0.6 else v[self.pick(INTS)]

        def body(c: Code, k: Value, *inner: Value) -> list[Value]:
            values = list(inner)
            if self.rng.random() < 0.7:
                values[self.pick(INTS)] = k
            return self.block(c, values, depth - 1)

        v[:] = c.loop(n, v, body, direction=self.rng.choice([1, 1, -1]))

    def search(self, c: Code, v: list[Value], depth: int) -> None:
        """A `while` that ends: at most SIZE trips."""

        def cond(c: Code, left: Value, *inner: Value) -> Value:
            return c.both(c.cmp(left, "GT", 0), self.condition(c, list(inner)))

        def body(c: Code, k: Value, left: Value, *inner: Value) -> list[Value]:
            values = list(inner)
            if self.rng.random() < 0.3:
                values[self.pick(INTS)] = k
            return [c.sub(left, 1), *self.block(c, values, depth - 1)]

        trips, _, *v[:] = c.while_([c.const(SIZE), *v], cond, body)
        if self.rng.random() < 0.3:
            v[self.pick(INTS)] = trips


def interpret(module: Module, arguments: list[Any]) -> list[Any]:
    """Run `main` as the IR defines it, on NumPy values."""
    return _run(module, module.entry.block, dict(zip(module.entry.params, arguments, strict=True)))


def _run(module: Module, block: Block, scope: dict[Value, Any]) -> list[Any]:
    for op in block.ops:
        scope.update(zip(op.results, _evaluate(module, op, scope), strict=True))
    return [scope[v] for v in block.results]


def _evaluate(module: Module, op: Op, scope: dict[Value, Any]) -> list[Any]:
    args = [scope[v] for v in op.operands]
    if op.name == "if":
        return _run(module, op.regions[0 if args[0] else 1], dict(scope))
    if op.name == "switch":
        return _run(module, op.regions[min(max(int(args[0]), 0), len(op.regions) - 1)], dict(scope))
    if op.name == "for":
        return _counted(module, op, args, scope)
    if op.name == "while":
        return _while(module, op, args, scope)
    if op.name == "call":
        callee: Function = module.functions[op.attrs["function"]]
        return _run(module, callee.block, dict(zip(callee.params, args, strict=True)))
    return [op.kind.reference(*args, **op.attrs)]


def _counted(module: Module, op: Op, args: list[Any], scope: dict[Value, Any]) -> list[Any]:
    (body,), carried = op.regions, args[1:]
    for k in range(int(args[0]))[:: op.attrs["direction"]]:
        carried = _run(module, body, scope | dict(zip(body.args, [np.int64(k), *carried], strict=True)))
    return carried


def _while(module: Module, op: Op, args: list[Any], scope: dict[Value, Any]) -> list[Any]:
    (cond, body), carried, count = op.regions, args, 0
    while _run(module, cond, scope | dict(zip(cond.args, carried, strict=True)))[0]:
        carried = _run(module, body, scope | dict(zip(body.args, [np.int64(count), *carried], strict=True)))
        count += 1
    return [np.int64(count), *carried]
