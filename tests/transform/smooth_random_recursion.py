"""Random programs of functions that call each other and can be differentiated; see `recursion.random_recursion`."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module, Value
from hloc.ir.types import B1, I64, TensorType
from hloc.ops.elementwise import Add, Compare, Multiply, Sine, Subtract
from hloc.ops.helpers import constant
from hloc.ops.indexing import Read
from tests.transform.recursion.random_recursion import Maker, Scope

REAL = TensorType((), np.dtype(np.float64))
SHORT, LONG = REAL.with_shape((3,)), REAL.with_shape((20,))
TYPES = (REAL, REAL, REAL, SHORT, LONG, LONG, I64, B1)


def random_smooth_recursion(seed: int) -> Module:
    """A module of one to three recursive functions, perhaps a second cycle that they call, and main."""
    return _Maker(random.Random(seed)).module()


def random_smooth_arguments(seed: int) -> list[Any]:
    """A number, two arrays, an integer."""
    rng = np.random.default_rng(seed)
    return [rng.uniform(-1, 1), rng.uniform(-1, 1, 3), rng.uniform(-1, 1, 20), rng.integers(0, 9)]


class _Maker(Maker):
    types = TYPES
    array_types = (SHORT, LONG)
    element = REAL

    def main(self, known: Sequence[str], last: Sequence[str]) -> Function:
        block = Block([Value(REAL, "x"), Value(SHORT, "s"), Value(LONG, "l"), Value(I64, "n")])
        self.b = Builder(block)
        scope = list(block.args)
        results: Scope = []
        for name in self.rng.sample(list(last), self.rng.randint(1, len(last))):
            self.fuel = constant(self.b, self.rng.randint(1, 4), np.int64)
            found = self.call(name, scope, self.fuel)
            results += found
            scope += found
        block.results = sorted(results, key=lambda v: v.type.dtype.kind != "f")
        return Function("main", block)

    def pick(self, scope: Scope, type_: TensorType, *, last: bool = False) -> Value:
        """Mostly late values, so that results depend on what was computed, and on something where nothing fits."""
        if type_.rank or type_.dtype.kind != "f" or any(v.type == type_ for v in scope):
            return super().pick(scope, type_, last=last or self.rng.random() < 0.6)
        arrays = [v for v in scope if v.type in self.array_types]
        if not arrays:
            return super().pick(scope, type_)
        index = constant(self.b, self.rng.randint(0, 2), np.int64)
        return self.b.emit(Read, self.rng.choice(arrays), index, sizes=(1,), drop=(0,))

    def arithmetic(self, scope: Scope) -> None:
        x, y = self.pick(scope, REAL), self.pick(scope, REAL)
        kind = self.rng.choice([Add, Subtract, Multiply, Sine, Sine, Compare, None])
        if kind is None:
            super().arithmetic(scope)
        elif kind is Compare:
            scope.append(self.b.emit(Compare, x, y, direction="LT"))
        else:
            scope.append(self.b.emit(kind, x) if kind is Sine else self.b.emit(kind, x, y))

    def whole(self, scope: Scope) -> None:
        type_ = self.rng.choice(self.array_types)
        x, y = self.pick(scope, type_), self.pick(scope, type_)
        scope.append(self.b.emit(Sine, x) if self.rng.random() < 0.4 else self.b.emit(Multiply, x, y))
