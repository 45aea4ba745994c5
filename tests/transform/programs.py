"""Random SSA programs over scalars and small arrays, with nested loops, branches, calls and checks of indices.

The generator is seeded with a number, so a failing program is found again by its seed. Programs end: each `while`
counts up to a bound. They are biased towards what the passes look for: constants, copies of expressions, invariant
and dead carries, indices near the bounds.
"""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np

import hloc.ops  # noqa: F401
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module, Value
from hloc.ir.opdef import REGISTRY
from hloc.ir.types import B1, F64, I64, TensorType

ROW = TensorType((5,), np.dtype(np.float64))
TABLE = TensorType((4,), np.dtype(np.int64))
TYPES = (I64, F64, B1, ROW, TABLE)
NUMBERS = (0, 1, -1, 2, 3, 4, 5, 7, -3, 2**63 - 1, -(2**63))
FLOATS = (0.0, -0.0, 1.0, -1.0, 0.5, 3.0, float("nan"), float("inf"))
INTEGER_OPS = ("add", "subtract", "multiply", "minimum", "maximum", "and", "or", "xor", "floor_divide", "floor_mod")
FLOAT_OPS = ("add", "subtract", "multiply", "divide", "maximum", "minimum")


def random_module(seed: int, size: int = 8, *, recursive: bool = False) -> Module:
    """A module with a main function `(i64, i64, f64, b1, f64[5], i64[4])` and an inner function that it may call.

    recursive: the inner function calls itself, and main calls it at least once.
    """
    rng = Random(seed)
    module = Module()
    for name, params in (("main", (I64, I64, F64, B1, ROW, TABLE)), ("helper", (I64, F64, ROW))):
        block = Block()
        for number, type in enumerate(params):
            block.add_arg(type, f"p{number}")
        module.add(Function(name, block))
    (_Recursive if recursive else Generator)(rng, module, module.functions["helper"]).fill(2, size // 2, (F64, ROW))
    main = Generator(rng, module, module.functions["main"])
    if recursive:
        main.call(0)
    main.fill(3, size)
    return module


def random_arguments(seed: int) -> list[Any]:
    """Arguments for the main function of a random module; integers are mostly small."""
    rng = Random(seed)
    numbers = [rng.choice((rng.randint(-2, 6), rng.choice(NUMBERS))) for _ in range(2)]
    row = [rng.choice(FLOATS[:6]) * rng.randint(1, 9) for _ in range(5)]
    table = [rng.randint(-6, 6) for _ in range(4)]
    return [*numbers, rng.choice(FLOATS), rng.random() < 0.5, np.array(row), np.array(table)]


class Generator:
    """Fills one function; `scope` holds the values that may be used, the innermost last."""

    def __init__(self, rng: Random, module: Module, function: Function) -> None:
        self.rng, self.module, self.function = rng, module, function
        self.b = Builder(function.block)
        self.scope: list[Value] = list(function.params)

    def fill(self, depth: int, size: int, types: tuple[TensorType, ...] | None = None) -> None:
        """Fill the function; it returns values of these types, or all that are in scope at its end."""
        self.steps(depth, size)
        params = len(self.function.params)
        self.function.block.results = [self.summary(t, params) for t in types] if types else self.scope[params:]

    def steps(self, depth: int, size: int) -> None:
        for _ in range(self.rng.randint(1, size)):
            step = self.rng.choice((self.integer, self.integer, self.float, self.logic, self.access, self.access))
            if depth and self.rng.random() < 0.3:
                step = self.rng.choice((self.branch, self.branch, self.counted, self.loop, self.choice, self.call))
                step(depth - 1)
            else:
                step()

    def pick(self, type: TensorType) -> Value:
        """A value of this type, often a recent one, sometimes a new constant."""
        known = [v for v in self.scope if v.type == type]
        if known and self.rng.random() < 0.75:
            return self.rng.choice(known[-4:] if self.rng.random() < 0.6 else known)
        numbers = {"i": NUMBERS, "f": FLOATS, "b": (False, True)}[type.dtype.kind]
        small = numbers[:8] if self.rng.random() < 0.9 else numbers
        value = np.array([self.rng.choice(small) for _ in range(type.size)], type.dtype).reshape(type.shape)
        return self.emit("constant", value=value)

    def summary(self, type: TensorType, start: int) -> Value:
        """A value of this type that depends on many of the values in scope from `start` on, so that they matter."""
        total = self.pick(type)
        mix = {"i": "add", "b": "xor", "f": "add"}[type.dtype.kind]
        for value in [v for v in self.scope[start:] if v.type == type][-6:]:
            if self.rng.random() < 0.7:
                total = self.emit(mix, total, value)
        if type == I64:
            for value in [v for v in self.scope[start:] if v.type == B1][-3:]:
                total = self.emit("add", total, self.emit("convert", value, dtype=np.dtype(np.int64)))
        return total

    def emit(self, name: str, *operands: Value, **attrs: Any) -> Value:
        value = self.b.emit(REGISTRY[name], *operands, **attrs)
        self.scope.append(value)
        return value

    def number(self, value: int) -> Value:
        return self.emit("constant", value=np.array(value, np.int64))

    def integer(self) -> None:
        type = self.rng.choice((I64, I64, I64, TABLE))
        self.emit(self.rng.choice(INTEGER_OPS), self.pick(type), self.pick(type))

    def float(self) -> None:
        type = self.rng.choice((F64, ROW))
        self.emit(self.rng.choice(FLOAT_OPS), self.pick(type), self.pick(type))

    def logic(self) -> None:
        kind = self.rng.randrange(5)
        if kind == 0:
            self.emit(self.rng.choice(("and", "or", "xor")), self.pick(B1), self.pick(B1))
        elif kind == 1:
            self.emit("not", self.pick(B1))
        elif kind == 2:
            type = self.rng.choice(TYPES)
            self.emit("select", self.pick(B1), self.pick(type), self.pick(type))
        elif kind == 3:
            self.emit("convert", self.pick(B1), dtype=np.dtype(np.int64))
        else:
            type = self.rng.choice((I64, I64, F64))
            direction = self.rng.choice(("EQ", "NE", "LT", "LE", "GT", "GE"))
            self.emit("compare", self.pick(type), self.pick(type), direction=direction)

    def access(self) -> None:
        """A read or write with the front end's check of the index, whose outcome becomes an integer in scope."""
        array, index = self.pick(self.rng.choice((ROW, TABLE))), self.pick(I64)
        size, zero = self.number(array.type.shape[0]), self.number(0)
        negative = self.emit("compare", index, zero, direction="LT")
        wrapped = self.emit("select", negative, self.emit("add", index, size), index)
        low = self.emit("compare", wrapped, zero, direction="GE")
        ok = self.emit("and", low, self.emit("compare", wrapped, size, direction="LT"))
        fresh = self.emit("and", self.emit("compare", self.pick(I64), zero, direction="EQ"), self.emit("not", ok))
        self.emit("select", fresh, self.number(9), self.pick(I64))
        element = array.type.with_shape(())
        if self.rng.random() < 0.5:
            self.emit("read", array, wrapped, sizes=(1,), drop=(0,))
        else:
            self.emit("upd", array, self.pick(element), wrapped, drop=(0,), mode=self.rng.choice(("set", "set", "add")))

    def region(self, args: list[TensorType], depth: int, results: list[TensorType], size: int = 5) -> Block:
        """A region that computes values of the types `results`; what it defines is not seen outside."""
        block, outside = Block(), len(self.scope)
        with self.b.at(block):
            self.scope += [block.add_arg(t) for t in args]
            self.steps(depth, size)
            block.results = [self.summary(t, outside) for t in results]
        del self.scope[outside:]
        return block

    def control(self, name: str, operands: list[Value], types: list[TensorType], *regions: Block, **attrs: Any) -> None:
        self.scope += self.b.emit_op(REGISTRY[name], operands, types, attrs, regions)

    def types(self) -> list[TensorType]:
        return [self.rng.choice(TYPES) for _ in range(self.rng.randint(1, 3))]

    def branch(self, depth: int) -> None:
        types = self.types()
        self.control("if", [self.pick(B1)], types, *(self.region([], depth, types) for _ in range(2)))

    def choice(self, depth: int) -> None:
        types = self.types()
        self.control("switch", [self.pick(I64)], types, *(self.region([], depth, types) for _ in range(3)))

    def counted(self, depth: int) -> None:
        types = self.types()
        limit = self.emit("minimum", self.pick(I64), self.number(self.rng.randint(0, 5)))
        body = self.carrying(depth, [I64, *types], types)
        inits = [self.pick(t) for t in types]
        self.control("for", [limit, *inits], types, body, direction=self.rng.choice((1, 1, -1)))

    def carrying(self, depth: int, args: list[TensorType], types: list[TensorType]) -> Block:
        """A loop body; some carries yield themselves, or a step further."""
        body = self.region(args, depth, types)
        for number, (arg, type) in enumerate(zip(body.args[-len(types) :], types, strict=True)):
            draw = self.rng.random()
            if draw < 0.15:
                body.results[number] = arg
            elif draw < 0.5 and type == I64:
                with self.b.at(body):
                    step = self.b.emit(REGISTRY["constant"], value=np.array(self.rng.choice((1, 1, 2, -1)), np.int64))
                    stepped = self.b.emit(REGISTRY["add"], arg, step)
                    flags = [v for v in self.scope if v.type == B1]
                    if draw > 0.3 and flags:
                        stepped = self.b.emit(REGISTRY["select"], self.rng.choice(flags), stepped, arg)
                    body.results[number] = stepped
        return body

    def loop(self, depth: int) -> None:
        """`while i < bound [and flag]`, i counting up from a small number."""
        types, step = self.types(), self.rng.choice((1, 1, 2))
        bound = self.emit("minimum", self.pick(I64), self.number(self.rng.randint(0, 5)))
        start = self.emit("maximum", self.pick(I64), self.number(self.rng.choice((0, 0, -2))))
        condition, flagged = Block(), self.rng.random() < 0.3
        with self.b.at(condition):
            counter, *others = [condition.add_arg(t) for t in (I64, *types)]
            going = self.b.emit(REGISTRY["compare"], counter, bound, direction="LT")
            flags = [v for v in (*others, *self.scope) if v.type == B1]
            if flagged and flags:
                going = self.b.emit(REGISTRY["and"], going, self.rng.choice(flags))
            condition.results = [going]
        body = self.carrying(depth, [I64, I64, *types], types)
        with self.b.at(body):
            one = self.b.emit(REGISTRY["constant"], value=np.array(step, np.int64))
            body.results.insert(0, self.b.emit(REGISTRY["add"], body.args[1], one))
        inits = [start, *(self.pick(t) for t in types)]
        self.control("while", inits, [I64, I64, *types], condition, body)

    def call(self, depth: int) -> None:
        helper = self.module.functions["helper"]
        if self.function is not helper:
            arguments = [self.pick(p.type) for p in helper.params]
            self.control("call", arguments, [v.type for v in helper.results], function="helper")


class _Recursive(Generator):
    """Fills a function `(i64, f64, f64[5]) → (f64, f64[5])` that calls itself with less than its first argument."""

    def fill(self, depth: int, size: int, types: tuple[TensorType, ...] | None = None) -> None:
        for _ in range(self.rng.randint(1, 2)):
            self.steps(depth, size)
            if self.rng.random() < 0.7:
                self.again()
            else:
                self.again_in_a_loop()
        super().fill(depth, size, types)

    def again(self) -> None:
        """`if min(n, 3) > 0: f(min(n, 3) - 1, …)`."""
        n = self.emit("minimum", self.function.params[0], self.number(3))
        going = self.emit("compare", n, self.number(0), direction="GT")
        called, other, outside = Block(), Block(), len(self.scope)
        with self.b.at(called):
            less = self.emit("subtract", n, self.number(1))
            arguments = [less, self.pick(F64), self.pick(ROW)]
            called.results = list(self.b.emit_op(REGISTRY["call"], arguments, [F64, ROW], {"function": "helper"}, ()))
        del self.scope[outside:]
        with self.b.at(other):
            other.results = [self.pick(F64), self.pick(ROW)]
        del self.scope[outside:]
        self.control("if", [going], [F64, ROW], called, other)

    def again_in_a_loop(self) -> None:
        body, outside = Block(), len(self.scope)
        with self.b.at(body):
            self.scope += [body.add_arg(t) for t in (I64, F64, ROW)]
            self.again()
            body.results = self.scope[-2:]
        del self.scope[outside:]
        inits = [self.number(2), self.pick(F64), self.pick(ROW)]
        self.control("for", inits, [F64, ROW], body, direction=1)
