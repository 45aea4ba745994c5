"""False dependences: conditions that are never true, which XLA does not see through and LLVM does.

%never = compare.LT %x, %x;   %y2 = select %never, 85, %y          %y2 is %y, but comes after %x

The other value must not be what %y is, else XLA drops the selection: programs often store 0, rarely 85.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Value
from hloc.ops.elementwise import And, Compare, Convert, Not, Real, Select
from hloc.ops.helpers import constant, full
from hloc.ops.indexing import Read


class Never:
    """Emits such conditions, each a little different so that equal ones are not shared."""

    def __init__(self, b: Builder) -> None:
        self.b = b
        self.count = 0

    def __call__(self, value: Value) -> Value:
        """A condition that depends on a value (of an array, on its first element) and is never true."""
        b = self.b
        if value.type.rank:
            zero, rank = constant(b, 0, np.int64), value.type.rank
            value = b.emit(Read, value, *[zero] * rank, sizes=(1,) * rank, drop=tuple(range(rank)))
        if value.type.dtype.kind == "c":
            value = b.emit(Real, value)
        if value.type.dtype.kind == "f":
            return b.emit(Compare, value, value, direction="LT")
        return self._negative(value)

    def wait(self, value: Value, others: Iterable[Value]) -> Value:
        """`value`, not before `others` are there."""
        for other in others:
            if other.type.size:
                value = self.b.emit(Select, self(other), self._unlike(value), value)
        return value

    def _unlike(self, value: Value) -> Value:
        if value.type.dtype.kind == "b":
            return self.b.emit(Not, value)
        return full(self.b, value.type.shape, 85, value.type.dtype)

    def _negative(self, value: Value) -> Value:
        """`value & c < 0` for some c > 0."""
        b, dtype = self.b, value.type.dtype
        if dtype.kind != "i":
            dtype = np.dtype(np.int32 if dtype.kind == "b" else np.int64)
            value = b.emit(Convert, value, dtype=dtype)
        self.count = self.count % 127 + 1
        masked = b.emit(And, value, constant(b, self.count, dtype))
        return b.emit(Compare, masked, constant(b, 0, dtype), direction="LT")
