"""Hypothesis strategies for random IR programs: arithmetic, windows read and written, branches, loops, calls.

All loops end: `while` counts down a variable of its own. Every value has one of few types, so that operands are easy to
find; names are drawn from few hints, so that printers must keep them apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module, Value
from hloc.ir.types import B1, F64, I64, TensorType
from hloc.ops import control, elementwise, indexing, reduction, shape

F32 = TensorType((), np.dtype(np.float32))
I8 = TensorType((), np.dtype(np.int8))
VECTOR = TensorType((4,), np.dtype(np.float64))
MATRIX = TensorType((3, 4), np.dtype(np.float64))
INDICES = TensorType((4,), np.dtype(np.int64))
TYPES = (F64, I64, B1, F32, I8, VECTOR, MATRIX, INDICES)
HINTS = ("", "", "", "x", "a", "a", "i", "x_1", "lambda", "np")
DEEPEST = 3


@st.composite
def modules(draw: Any) -> Module:
    """A module of one to three functions; later ones may call earlier ones."""
    module = Module()
    for number in range(draw(st.integers(0, 2))):
        Program(draw, module).function(f"f{number}", steps=4)
    Program(draw, module).function("main", steps=10)
    return module


def arguments(module: Module, seed: int) -> list[np.ndarray]:
    """Random arguments for the entry function."""
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.integers(-3, 6, v.type.shape)).astype(v.type.dtype) for v in module.entry.params]


class Program:
    """Builds one function; `scope` holds the values that may be used."""

    def __init__(self, draw: Any, module: Module) -> None:
        self.draw, self.module = draw, module
        self.scope: list[Value] = []
        self.builder = Builder(Block())
        self.depth = 0

    def function(self, name: str, steps: int) -> None:
        block = self.builder.block
        types = [I64, VECTOR, *self.draw(st.lists(st.sampled_from(TYPES), max_size=2))]
        self.scope = [block.add_arg(t, self.hint()) for t in types]
        self.steps(steps)
        block.results = [self.value(t) for t in self.draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=3))]
        self.module.add(Function(name, block))

    # ---- values

    def hint(self) -> str:
        return str(self.draw(st.sampled_from(HINTS)))

    def value(self, type_: TensorType) -> Value:
        """A value of a type: one in scope, the latest ones more often, or a constant."""
        found = [v for v in self.scope if v.type == type_]
        if found and self.draw(st.integers(0, 5)):
            return found[-1 - min(self.draw(st.integers(0, 3)), len(found) - 1)]
        return self.constant(type_)

    def constant(self, type_: TensorType) -> Value:
        if self.draw(st.booleans()):
            elements = self.draw(st.lists(st.integers(-2, 5), min_size=type_.size, max_size=type_.size))
            value = np.array(elements).reshape(type_.shape).astype(type_.dtype)
            return self.builder.emit(
                shape.Constant, value=value if type_.dtype.kind != "f" else value / type_.dtype.type(3)
            )
        number = self.builder.emit(shape.Constant, value=np.asarray(self.draw(st.integers(0, 2)), type_.dtype))
        return self.builder.emit(shape.BroadcastInDim, number, shape=type_.shape, dims=()) if type_.rank else number

    def emit(self, kind: Any, *operands: Value, **attrs: Any) -> None:
        self.add(self.builder.emit_many(kind, *operands, **attrs))

    def add(self, results: tuple[Value, ...]) -> None:
        for result in results:
            result.name = self.hint()
        self.scope += [r for r in results if r.type in TYPES]

    # ---- steps

    def steps(self, count: int) -> None:
        for _ in range(self.draw(st.integers(1, count))):
            kinds = STEPS if self.depth < DEEPEST else STEPS[: -len(CONTROL)]
            self.draw(st.sampled_from(kinds))(self)

    def binary(self) -> None:
        type_ = self.draw(st.sampled_from([t for t in TYPES if t.dtype.kind != "b"]))
        kind = self.draw(
            st.sampled_from([elementwise.Add, elementwise.Subtract, elementwise.Multiply, elementwise.Maximum])
        )
        self.emit(kind, self.value(type_), self.value(type_))

    def integer(self) -> None:
        kind = self.draw(st.sampled_from([elementwise.FloorDivide, elementwise.FloorMod, elementwise.Xor]))
        self.emit(kind, self.value(I64), self.value(I64))

    def unary(self) -> None:
        kind = self.draw(st.sampled_from([elementwise.Negate, elementwise.Abs, elementwise.Sign]))
        self.emit(kind, self.value(self.draw(st.sampled_from([F64, I64, F32, VECTOR]))))

    def compare(self) -> None:
        direction = self.draw(st.sampled_from(["LT", "GE", "EQ"]))
        type_ = self.draw(st.sampled_from([F64, I64, F32, I8]))
        self.emit(elementwise.Compare, self.value(type_), self.value(type_), direction=direction)

    def logic(self) -> None:
        self.emit(elementwise.And, self.value(B1), self.value(B1))
        self.emit(elementwise.Not, self.value(B1))

    def select(self) -> None:
        type_ = self.draw(st.sampled_from(TYPES))
        self.emit(elementwise.Select, self.value(B1), self.value(type_), self.value(type_))

    def convert(self) -> None:
        source, target = self.draw(
            st.sampled_from([(I64, F64), (I64, F32), (I8, I64), (B1, I64), (I64, I8), (F32, F64)])
        )
        self.emit(elementwise.Convert, self.value(source), dtype=target.dtype)

    def moves(self) -> None:
        """Operations that NumPy does with views."""
        row = self.builder.emit(shape.BroadcastInDim, self.value(F64), shape=(3, 4), dims=())
        self.add((row,))
        self.emit(shape.BroadcastInDim, self.value(VECTOR), shape=(3, 4), dims=(1,))
        self.emit(shape.Reverse, self.value(VECTOR), dims=(0,))
        twisted = self.builder.emit(shape.Transpose, self.value(MATRIX), permutation=(1, 0))
        self.emit(shape.Reshape, twisted, shape=(3, 4))
        self.emit(shape.Slice, self.value(MATRIX), start=(0, 0), limit=(3, 4), stride=(1, 1))

    def reduce(self) -> None:
        self.emit(reduction.ReduceSum, self.value(VECTOR), axes=(0,))
        self.emit(reduction.ReduceMax, self.value(MATRIX), axes=(0,))

    def read(self) -> None:
        i, j = self.value(I64), self.value(I64)
        self.emit(indexing.Read, self.value(VECTOR), i, sizes=(1,), drop=(0,))
        self.emit(indexing.Read, self.value(MATRIX), i, j, sizes=(1, 4), drop=(0,))
        self.emit(indexing.Read, self.value(INDICES), j, sizes=(1,), drop=(0,))

    def write(self) -> None:
        mode = self.draw(st.sampled_from(["set", "add"]))
        self.emit(indexing.Upd, self.value(VECTOR), self.value(F64), self.value(I64), drop=(0,), mode=mode)

    def write_rows(self) -> None:
        mode = self.draw(st.sampled_from(["set", "add"]))
        matrix, i, j = self.value(MATRIX), self.value(I64), self.value(I64)
        self.emit(indexing.Upd, matrix, self.value(VECTOR), i, j, drop=(0,), mode=mode)
        window = self.builder.emit(indexing.Read, self.value(VECTOR), i, sizes=(2,), drop=())
        self.emit(indexing.Upd, self.value(VECTOR), window, j, drop=(), mode=mode)

    # ---- control

    def region(self, args: list[TensorType], results: list[TensorType], steps: int = 4) -> Block:
        block, before = Block(), list(self.scope)
        with self.builder.at(block):
            self.depth += 1
            self.scope += [block.add_arg(t, self.hint()) for t in args]
            self.steps(steps)
            block.results = [self.value(t) for t in results]
            self.depth -= 1
        self.scope = before
        return block

    def types(self) -> list[TensorType]:
        return list(self.draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=3)))

    def if_(self) -> None:
        types, pred = self.types(), self.value(B1)
        regions = (self.region([], types), self.region([], types))
        self.add(self.builder.emit_op(control.If, [pred], types, {}, regions))

    def switch(self) -> None:
        types, index = self.types(), self.value(I64)
        regions = [self.region([], types, 2) for _ in range(self.draw(st.integers(1, 3)))]
        self.add(self.builder.emit_op(control.Switch, [index], types, {}, regions))

    def for_(self) -> None:
        types = self.types()
        three = self.builder.emit(shape.Constant, value=np.asarray(3))
        count = self.builder.emit(elementwise.Minimum, self.value(I64), three)
        operands = [count, *map(self.value, types)]
        body = self.region([I64, *types], types)
        attrs = {"direction": self.draw(st.sampled_from([1, -1]))}
        self.add(self.builder.emit_op(control.For, operands, types, attrs, (body,)))

    def while_(self) -> None:
        types = [I64, *self.types()]
        start = self.builder.emit(shape.Constant, value=np.asarray(self.draw(st.integers(-1, 3))))
        operands = [start, *map(self.value, types[1:])]
        cond = self.region(types, [B1], 2)
        self.end_condition(cond)
        body = self.region([I64, *types], types)
        self.count_down(body)
        results = self.builder.emit_op(control.While, operands, [I64, *types], {}, (cond, body))
        self.add(results)

    def end_condition(self, cond: Block) -> None:
        with self.builder.at(cond):
            zero = self.builder.emit(shape.Constant, value=np.asarray(0))
            positive = self.builder.emit(elementwise.Compare, cond.args[0], zero, direction="GT")
            drawn = self.draw(st.booleans())
            cond.results = [self.builder.emit(elementwise.And, positive, cond.results[0]) if drawn else positive]

    def count_down(self, body: Block) -> None:
        with self.builder.at(body):
            one = self.builder.emit(shape.Constant, value=np.asarray(1))
            body.results[0] = self.builder.emit(elementwise.Subtract, body.args[1], one)

    def call(self) -> None:
        if self.module.functions:
            callee = self.module.functions[self.draw(st.sampled_from(sorted(self.module.functions)))]
            operands = [self.value(v.type) for v in callee.params]
            types = [v.type for v in callee.results]
            self.add(self.builder.emit_op(control.Call, operands, types, {"function": callee.name}))


CONTROL: list[Callable[[Program], None]] = [Program.if_, Program.switch, Program.for_, Program.while_, Program.call]
STEPS: list[Callable[[Program], None]] = [
    Program.binary,
    Program.binary,
    Program.integer,
    Program.unary,
    Program.compare,
    Program.logic,
    Program.select,
    Program.convert,
    Program.moves,
    Program.reduce,
    Program.read,
    Program.write,
    Program.write,
    Program.write_rows,
    *CONTROL,
]
