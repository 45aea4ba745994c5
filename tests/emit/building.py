"""Short ways to write test programs in the IR, and to compile and run them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hloc.emit import EmitOptions, emit_module
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module, Value
from hloc.ir.types import I64, TensorType, parse_type
from hloc.ops.control import Call, For, If, Switch, While
from hloc.ops.elementwise import Add, And, Compare, Convert, Divide, Maximum, Minimum, Multiply, Select, Subtract
from hloc.ops.helpers import constant
from hloc.ops.indexing import Read, Upd
from hloc.runtime.compile import compile_stablehlo
from hloc.runtime.executable import Executable

Results = Value | Sequence[Value]


class Code:
    """A builder with a method for each thing that the test programs do; numbers take the other operand's type."""

    def __init__(self, block: Block) -> None:
        self.b = Builder(block)

    def _pair(self, x: Any, y: Any) -> tuple[Value, Value]:
        like = x if isinstance(x, Value) else y
        lift = lambda v: v if isinstance(v, Value) else constant(self.b, v, like.type.dtype)  # noqa: E731
        return lift(x), lift(y)

    def const(self, value: Any, dtype: Any = np.int64) -> Value:
        return constant(self.b, value, dtype)

    def add(self, x: Any, y: Any) -> Value:
        return self.b.emit(Add, *self._pair(x, y))

    def sub(self, x: Any, y: Any) -> Value:
        return self.b.emit(Subtract, *self._pair(x, y))

    def mul(self, x: Any, y: Any) -> Value:
        return self.b.emit(Multiply, *self._pair(x, y))

    def div(self, x: Any, y: Any) -> Value:
        return self.b.emit(Divide, *self._pair(x, y))

    def both(self, x: Value, y: Value) -> Value:
        return self.b.emit(And, *self._pair(x, y))

    def minimum(self, x: Any, y: Any) -> Value:
        return self.b.emit(Minimum, *self._pair(x, y))

    def maximum(self, x: Any, y: Any) -> Value:
        return self.b.emit(Maximum, *self._pair(x, y))

    def cmp(self, x: Any, direction: str, y: Any) -> Value:
        return self.b.emit(Compare, *self._pair(x, y), direction=direction)

    def select(self, p: Value, x: Any, y: Any) -> Value:
        return self.b.emit(Select, p, *self._pair(x, y))

    def to(self, x: Value, dtype: Any) -> Value:
        return self.b.emit(Convert, x, dtype=np.dtype(dtype))

    def read(self, a: Value, *index: Any) -> Value:
        starts = [i if isinstance(i, Value) else self.const(i) for i in index]
        return self.b.emit(Read, a, *starts, sizes=(1,) * a.type.rank, drop=tuple(range(a.type.rank)))

    def store(self, a: Value, value: Any, *index: Any, mode: str = "set") -> Value:
        starts = [i if isinstance(i, Value) else self.const(i) for i in index]
        value = value if isinstance(value, Value) else self.const(value, a.type.dtype)
        return self.b.emit(Upd, a, value, *starts, drop=tuple(range(a.type.rank)), mode=mode)

    def loop(
        self, n: Any, inits: Sequence[Value], body: Callable[..., Results], direction: int = 1
    ) -> tuple[Value, ...]:
        """`for`: body(code, k, *carried) gives the new carried values."""
        n = n if isinstance(n, Value) else self.const(n)
        region = _region([I64, *(v.type for v in inits)], body)
        types = [v.type for v in inits]
        return self.b.emit_op(For, [n, *inits], types, {"direction": direction}, [region])

    def while_(
        self, inits: Sequence[Value], cond: Callable[..., Value], body: Callable[..., Results]
    ) -> tuple[Value, ...]:
        """`while`: body(code, k, *carried); gives the trip count and the carried values."""
        types = [v.type for v in inits]
        regions = [_region(types, cond), _region([I64, *types], body)]
        return self.b.emit_op(While, inits, [I64, *types], {}, regions)

    def if_(self, p: Value, then: Callable[..., Results], other: Callable[..., Results]) -> tuple[Value, ...]:
        regions = [_region([], then), _region([], other)]
        return self.b.emit_op(If, [p], [v.type for v in regions[0].results], {}, regions)

    def switch(self, index: Value, *cases: Callable[..., Results]) -> tuple[Value, ...]:
        regions = [_region([], case) for case in cases]
        return self.b.emit_op(Switch, [index], [v.type for v in regions[0].results], {}, regions)

    def call(self, function: Function, *args: Value) -> tuple[Value, ...]:
        types = [v.type for v in function.results]
        return self.b.emit_op(Call, args, types, {"function": function.name})


def _region(types: Sequence[TensorType], build: Callable[..., Results]) -> Block:
    block = Block()
    args = [block.add_arg(t) for t in types]
    results = build(Code(block), *args)
    block.results = [results] if isinstance(results, Value) else list(results)
    return block


def define(name: str, types: Sequence[str], build: Callable[..., Results]) -> Function:
    """A function whose parameters have these types; build(code, *params) gives its results."""
    return Function(name, _region([parse_type(t) for t in types], build))


def program(types: Sequence[str], build: Callable[..., Results], *helpers: Function) -> Module:
    """A module with `main` and the functions it calls."""
    module = Module()
    for function in (*helpers, define("main", types, build)):
        module.add(function)
    return module


def compiled(module: Module, options: EmitOptions | None = None) -> Executable:
    emitted = emit_module(module, options or EmitOptions())
    return compile_stablehlo(emitted.bytecode, emitted.build_options)


def run(module: Module, *arguments: Any, options: EmitOptions | None = None) -> list[np.ndarray]:
    return [np.asarray(r) for r in compiled(module, options).execute(arguments)]
