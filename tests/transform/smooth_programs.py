"""Random SSA programs that have derivatives: nested loops, branches and calls over floats that stay small.

Seeded with a number, as in `programs`. Floats go through sines and other bounded functions, so that differences are
exact enough; integers and conditions come from arguments, counters and, for conditions, from floats. Arrays are read
and written in place.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

import hloc.ops  # noqa: F401
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module, Value
from hloc.ir.opdef import REGISTRY
from hloc.ir.types import B1, F64, I64, TensorType

ROW = TensorType((4,), np.dtype(np.float64))
TYPES = (F64, F64, ROW, ROW, I64, B1)
PARAMS = (F64, ROW, F64, F64, I64, I64, B1)
WRT = 3
CUT = 0.37


def smooth_module(seed: int, size: int = 7, depth: int = 3) -> Module:
    """A module with a main function (f64, f64[4], f64, f64, i64, i64, b1) → (f64, f64[4], i64)."""
    rng, module = Random(seed), Module()
    for name in ("helper", "main"):
        block = Block()
        for number, type in enumerate(PARAMS):
            block.add_arg(type, f"p{number}")
        module.add(Function(name, block))
        _Generator(rng, module, module.functions[name]).fill(depth - (name == "helper"), size)
    return module


def smooth_arguments(seed: int) -> list[Any]:
    """Arguments for the main function of such a module."""
    rng = Random(seed)
    floats = [rng.uniform(-1, 1) for _ in range(7)]
    row = np.array(floats[3:])
    return [floats[0], row, floats[1], floats[2], rng.randint(-1, 4), rng.randint(0, 3), rng.random() < 0.5]


class _Generator:
    def __init__(self, rng: Random, module: Module, function: Function) -> None:
        self.rng, self.module, self.function = rng, module, function
        self.b = Builder(function.block)
        self.scope: list[Value] = list(function.params)

    def fill(self, depth: int, size: int) -> None:
        self.steps(depth, size)
        self.function.block.results = [self.summary(t) for t in (F64, ROW, I64)]

    def emit(self, name: str, *operands: Value, **attrs: Any) -> Value:
        value = self.b.emit(REGISTRY[name], *operands, **attrs)
        self.scope.append(value)
        return value

    def number(self, value: float, type: TensorType = I64) -> Value:
        return self.b.emit(REGISTRY["constant"], value=np.full(type.shape, value, type.dtype))

    def pick(self, type: TensorType) -> Value:
        known = [v for v in self.scope if v.type == type]
        if known and self.rng.random() < 0.92:
            return self.rng.choice(known[-3:] if self.rng.random() < 0.6 else known)
        return self.number(
            self.rng.choice({"f": (0.5, -0.75, 1.25), "i": (0, 1, 2), "b": (0, 1)}[type.dtype.kind]), type
        )

    def summary(self, type: TensorType) -> Value:
        total = self.pick(type)
        if type.dtype.kind == "f":
            for _ in range(self.rng.randint(0, 2)):
                total = self.emit("add", total, self.emit("sine", self.pick(type)))
        return total

    def steps(self, depth: int, size: int) -> None:
        plain = (self.unary, self.binary, self.binary, self.read, self.write, self.write, self.mixed, self.integer)
        control = (self.branch, self.choice, self.counted, self.counted, self.loop, self.loop, self.call)
        for _ in range(self.rng.randint(1, size)):
            if depth and self.rng.random() < 0.35:
                step: Callable[[int], None] = self.rng.choice(control)
                step(depth - 1)
            else:
                self.rng.choice(plain)()

    def unary(self) -> None:
        x = self.pick(self.rng.choice((F64, ROW)))
        name = self.rng.choice(("sine", "cosine", "tanh", "logistic", "negate", "stop_gradient", "sine"))
        self.emit(name, x)

    def binary(self) -> None:
        type = self.rng.choice((F64, ROW))
        name = self.rng.choice(("add", "subtract", "multiply", "multiply"))
        self.emit(name, self.emit("sine", self.pick(type)), self.pick(type))
        if self.rng.random() < 0.6:
            self.emit("tanh", self.scope[-1])

    def mixed(self) -> None:
        choice = self.rng.randrange(6)
        if choice == 0:
            self.emit("broadcast_in_dim", self.pick(F64), shape=(4,), dims=())
        elif choice == 1:
            self.emit("tanh", self.emit("reduce_sum", self.pick(ROW), axes=(0,)))
        elif choice == 2:
            self.emit("select", self.pick(B1), *(self.pick(t) for t in [self.rng.choice((F64, ROW))] * 2))
        elif choice == 3:
            self.emit("compare", self.pick(F64), self.number(CUT, F64), direction=self.rng.choice(("LT", "GE")))
        elif choice == 4:
            self.emit("sine", self.emit("convert", self.pick(I64), dtype=np.dtype(np.float64)))
        else:
            x = self.pick(ROW)
            self.emit("dot_general", x, self.emit("cosine", x), lhs_batch=(), rhs_batch=(), lhs_contract=(0,),
                      rhs_contract=(0,))  # fmt: skip
            self.emit("tanh", self.scope[-1])

    def integer(self) -> None:
        self.emit("floor_mod", self.emit("add", self.pick(I64), self.pick(I64)), self.number(5))

    def read(self) -> None:
        self.emit("read", self.pick(ROW), self.pick(I64), sizes=(1,), drop=(0,))

    def write(self) -> None:
        mode = self.rng.choice(("set", "add"))
        self.emit("upd", self.pick(ROW), self.emit("sine", self.pick(F64)), self.pick(I64), drop=(0,), mode=mode)

    def region(self, args: list[TensorType], depth: int, results: list[TensorType]) -> Block:
        block, outside = Block(), len(self.scope)
        with self.b.at(block):
            self.scope += [block.add_arg(t) for t in args]
            self.steps(depth, 5)
            block.results = [self.summary(t) for t in results]
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

    def bound(self) -> Value:
        limit = self.number(self.rng.randint(0, 4))
        return limit if self.rng.random() < 0.4 else self.emit("minimum", self.pick(I64), limit)

    def counted(self, depth: int) -> None:
        types, count = self.types(), self.bound()
        inits = [self.pick(t) for t in types]
        body = self.region([I64, *types], depth, types)
        self.control("for", [count, *inits], types, body, direction=self.rng.choice((1, 1, -1)))

    def loop(self, depth: int) -> None:
        """`while i < bound and x < CUT`: a condition on a float carry where there is one."""
        types, bound = self.types(), self.bound()
        inits = [self.number(0), *(self.pick(t) for t in types)]
        condition = Block()
        with self.b.at(condition):
            counter, *others = [condition.add_arg(t) for t in (I64, *types)]
            going = self.b.emit(REGISTRY["compare"], counter, bound, direction="LT")
            floats = [v for v in others if v.type == F64]
            if floats and self.rng.random() < 0.5:
                low = self.b.emit(REGISTRY["compare"], floats[0], self.number(CUT, F64), direction="LT")
                going = self.b.emit(REGISTRY["and"], going, low)
            condition.results = [going]
        body = self.region([I64, I64, *types], depth, types)
        with self.b.at(body):
            body.results.insert(0, self.b.emit(REGISTRY["add"], body.args[1], self.number(1)))
        self.control("while", inits, [I64, I64, *types], condition, body)

    def call(self, depth: int) -> None:
        helper = self.module.functions["helper"]
        if self.function is not helper:
            attrs = {"function": "helper"} | ({"checkpoint": True} if self.rng.random() < 0.3 else {})
            arguments = [self.pick(p.type) for p in helper.params]
            self.control("call", arguments, [v.type for v in helper.results], **attrs)
