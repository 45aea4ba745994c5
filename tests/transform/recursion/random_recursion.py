"""Random programs of functions that call each other: they end, because each call has less fuel than its caller.

Integers only, so that all ways to run a program give the same bits. Calls stand in branches, in loops, in last place;
results of several types; arrays that are handed on, written, copied, forgotten.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module, Value
from hloc.ir.types import B1, I64, TensorType
from hloc.ops.control import Call, For, If, Switch, While
from hloc.ops.elementwise import Add, And, Compare, Maximum, Multiply, Select, Subtract, Xor
from hloc.ops.helpers import constant, full
from hloc.ops.indexing import Read, Upd

SHORT, LONG = TensorType((3,), I64.dtype), TensorType((20,), I64.dtype)
TYPES = (I64, SHORT, LONG, B1)
Scope = list[Value]


def random_recursion(seed: int) -> Module:
    """A module of one to three recursive functions, perhaps a second cycle that they call, and main."""
    return Maker(random.Random(seed)).module()


def random_recursion_arguments(seed: int) -> list[Any]:
    """An integer and two arrays."""
    rng = np.random.default_rng(seed)
    return [rng.integers(-9, 9), rng.integers(-9, 9, 3), rng.integers(-9, 9, 20)]


class Maker:
    """Fields: types, of parameters, results and what branches and loops hand on; array_types, of written arrays; element, of
    what is written into them."""

    types: Sequence[TensorType] = TYPES
    array_types: Sequence[TensorType] = (SHORT, LONG)
    element: TensorType = I64

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.signatures: dict[str, tuple[list[TensorType], list[TensorType]]] = {}
        self.b = Builder(Block())
        self.fuel: Value | None = None
        self.sites = 0

    def module(self) -> Module:
        module = Module()
        cycles = [["f", "g", "h"][: self.rng.choice((1, 1, 1, 2, 2, 3))]]
        if self.rng.random() < 0.3:
            cycles.insert(0, ["p"])
        known: list[str] = []
        for cycle in cycles:
            for name in cycle:
                params = [I64, *(self.rng.choice(self.types) for _ in range(self.rng.randint(1, 4)))]
                results = [self.rng.choice(self.types[:3]) for _ in range(self.rng.randint(1, 3))]
                if self.rng.random() < 0.5:
                    results = params[1:]
                if self.rng.random() < 0.5 and name != cycle[0]:
                    params, results = self.signatures[cycle[0]]
                self.signatures[name] = (params, results)
            for name in cycle:
                module.add(self.function(name, cycle, known))
            known += cycle
        module.add(self.main(known, cycles[-1]))
        return module

    def main(self, known: Sequence[str], last: Sequence[str]) -> Function:
        block = Block([Value(I64, "x"), Value(SHORT, "s"), Value(LONG, "l")])
        self.b = Builder(block)
        scope = list(block.args)
        results = []
        for name in self.rng.sample(list(last), self.rng.randint(1, len(last))):
            self.fuel = constant(self.b, self.rng.randint(0, 4), np.int64)
            found = self.call(name, scope, self.fuel)
            results += found
            scope += found
        block.results = results
        return Function("main", block)

    def function(self, name: str, cycle: Sequence[str], known: Sequence[str]) -> Function:
        params, results = self.signatures[name]
        block = Block([Value(t, f"{name}{n}") for n, t in enumerate(params)])
        self.b = Builder(block)
        self.fuel = block.args[0]
        self.sites = self.rng.randint(1, 3)
        scope = list(block.args)
        if self.rng.random() < 0.3:
            self.statement(scope, 1)
        more = self.b.emit(Compare, self.fuel, constant(self.b, 0, np.int64), direction="GT")
        base, rest = Block(), Block()
        with self.b.at(base):
            inner = list(scope)
            if self.rng.random() < 0.5:
                self.statement(inner, 1)
            base.results = [self.pick(inner, t) for t in results]
        with self.b.at(rest):
            rest.results = self.body(list(scope), results, cycle, known)
        scope += self.b.emit_op(If, [more], results, {}, [rest, base])
        after = self.rng.random() < 0.3
        if after:
            self.statement(scope, 1)
        block.results = [self.pick(scope, t, last=not after) for t in results]
        return Function(name, block)

    def body(self, scope: Scope, results: Sequence[TensorType], cycle: Sequence[str], known: Sequence[str]) -> Scope:
        """Statements with calls among them; the last one may be a call whose results are returned."""
        for _ in range(self.rng.randint(1, 4)):
            self.statement(scope, 2, [*cycle, *known])
        fitting = [f for f in cycle if self.signatures[f][1] == list(results)]
        if fitting and self.rng.random() < 0.5:
            return self.call(self.rng.choice(fitting), scope, self.less())
        return [self.pick(scope, t, last=self.rng.random() < 0.5) for t in results]

    # --- statements, which add to the scope

    def statement(self, scope: Scope, depth: int, callees: Sequence[str] = ()) -> None:
        kinds = [self.arithmetic] * 3 + [self.read, self.write, self.write, self.whole]
        if depth:
            kinds += [self.loop]
        kind = self.rng.choice(kinds)
        if callees and depth and self.rng.random() < 0.6:
            kind = self.rng.choice([self.if_, self.if_, self.switch, self.loop, self.while_])
            kind(scope, depth, callees)
        elif callees and self.sites and self.rng.random() < 0.9:
            self.sites -= 1
            scope += self.call(self.rng.choice(callees), scope, self.less())
        elif kind == self.loop:
            self.loop(scope, depth, ())
        else:
            kind(scope)

    def less(self) -> Value:
        assert self.fuel is not None
        return self.b.emit(Subtract, self.fuel, constant(self.b, self.rng.randint(1, 2), np.int64))

    def call(self, name: str, scope: Scope, fuel: Value) -> Scope:
        params, results = self.signatures[name]
        operands = [fuel, *(self.pick(scope, t, last=self.rng.random() < 0.6) for t in params[1:])]
        return list(self.b.emit_op(Call, operands, results, {"function": name}))

    def arithmetic(self, scope: Scope) -> None:
        x, y = self.pick(scope, I64), self.pick(scope, I64)
        kind = self.rng.choice([Add, Subtract, Multiply, Maximum, Xor, Compare, Select, And])
        if kind is Compare:
            scope.append(self.b.emit(Compare, x, y, direction=self.rng.choice(["LT", "EQ", "NE"])))
        elif kind is Select:
            scope.append(self.b.emit(Select, self.pick(scope, B1), x, y))
        elif kind is Multiply:
            scope.append(self.b.emit(Multiply, x, constant(self.b, self.rng.randint(-3, 3), np.int64)))
        else:
            scope.append(self.b.emit(kind, x, y))

    def read(self, scope: Scope) -> None:
        a = self.pick(scope, self.rng.choice(self.array_types))
        scope.append(self.b.emit(Read, a, self.pick(scope, I64), sizes=(1,), drop=(0,)))

    def write(self, scope: Scope) -> None:
        a = self.pick(scope, self.rng.choice(self.array_types), last=True)
        mode = self.rng.choice(("set", "add"))
        scope.append(self.b.emit(Upd, a, self.pick(scope, self.element), self.pick(scope, I64), drop=(0,), mode=mode))

    def whole(self, scope: Scope) -> None:
        type_ = self.rng.choice(self.array_types)
        scope.append(self.b.emit(self.rng.choice((Add, Subtract)), self.pick(scope, type_), self.pick(scope, type_)))

    def if_(self, scope: Scope, depth: int, callees: Sequence[str]) -> None:
        types = self.some_types()
        regions = [self.region(scope, [], types, depth, callees) for _ in range(2)]
        scope += self.b.emit_op(If, [self.pick(scope, B1)], types, {}, regions)

    def switch(self, scope: Scope, depth: int, callees: Sequence[str]) -> None:
        types = self.some_types()
        regions = [self.region(scope, [], types, depth, callees) for _ in range(self.rng.randint(1, 3))]
        scope += self.b.emit_op(Switch, [self.pick(scope, I64)], types, {}, regions)

    def loop(self, scope: Scope, depth: int, callees: Sequence[str]) -> None:
        types = self.some_types()
        count = self.b.emit(And, self.pick(scope, I64), constant(self.b, 1 if callees else 3, np.int64))
        inits = [self.pick(scope, t, last=True) for t in types]
        region = self.region(scope, [I64, *types], types, depth, callees)
        scope += self.b.emit_op(For, [count, *inits], types, {"direction": self.rng.choice((1, -1))}, [region])

    def while_(self, scope: Scope, depth: int, callees: Sequence[str]) -> None:
        types = [I64, *self.some_types()]
        inits = [constant(self.b, self.rng.randint(-1, 1), np.int64), *(self.pick(scope, t) for t in types[1:])]
        cond = Block([Value(t) for t in types])
        with self.b.at(cond):
            inner = [*scope, *cond.args]
            self.arithmetic(inner)
            low = self.b.emit(Compare, cond.args[0], constant(self.b, 1, np.int64), direction="LT")
            cond.results = [self.b.emit(And, low, self.pick(inner, B1)) if self.rng.random() < 0.3 else low]
        body = self.region(scope, [I64, *types], types, depth, callees)
        with self.b.at(body):
            body.results[0] = self.b.emit(Add, body.args[1], constant(self.b, 1, np.int64))
        scope += self.b.emit_op(While, inits, [I64, *types], {}, [cond, body])

    def region(
        self,
        scope: Scope,
        args: Sequence[TensorType],
        results: Sequence[TensorType],
        depth: int,
        callees: Sequence[str],
    ) -> Block:
        block = Block([Value(t) for t in args])
        with self.b.at(block):
            inner = [*scope, *block.args]
            for _ in range(self.rng.randint(0, 2)):
                self.statement(inner, depth - 1, callees)
            block.results = [self.pick(inner, t, last=self.rng.random() < 0.7) for t in results]
        return block

    def some_types(self) -> list[TensorType]:
        return [self.rng.choice(self.types) for _ in range(self.rng.randint(1, 3))]

    def pick(self, scope: Scope, type_: TensorType, *, last: bool = False) -> Value:
        """A value of the type, perhaps the latest one, or a new one where there is none."""
        fitting = [v for v in scope if v.type == type_]
        if not fitting:
            return full(self.b, type_.shape, self.rng.randint(0, 1), type_.dtype)
        return fitting[-1] if last else self.rng.choice(fitting)
