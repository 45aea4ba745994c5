"""Arithmetic on SSA values, so that derivative rules read like the formulas in the books.

    x, y = terms(b, *op.operands)
    cos(x) * y + 2.0

Each operation appends one op to the builder. Numbers become constants of the type of the other operand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Value
from hloc.ir.opdef import REGISTRY
from hloc.ir.types import I64, Shape, TensorType


@dataclass(frozen=True)
class Into:
    """A contribution to a cotangent that is made in place: `update(running)` gives the cotangent with it added.

    For operations that touch a part of their operand (`read`, `gather`): adding costs the part, not the array.
    """

    update: Callable[[Value], Value]


class Term:
    """A value with operators. Both operands have the same type, or one is a number."""

    __slots__ = ("b", "value")

    def __init__(self, b: Builder, value: Value) -> None:
        self.b = b
        self.value = value

    @property
    def type(self) -> TensorType:
        return self.value.type

    def apply(self, name: str, *others: Any, **attrs: Any) -> Term:
        """The op of this name on this term and others."""
        operands = (self.value, *(self.like(other).value for other in others))
        return Term(self.b, self.b.emit(REGISTRY[name], *operands, **attrs))

    def like(self, other: Any) -> Term:
        """A term as it is; a number as an array of this type."""
        return other if isinstance(other, Term) else Term(self.b, full(self.b, self.type, other))

    def __add__(self, other: Any) -> Term:
        return self.apply("add", other)

    def __radd__(self, other: Any) -> Term:
        return self.like(other).apply("add", self)

    def __sub__(self, other: Any) -> Term:
        return self.apply("subtract", other)

    def __rsub__(self, other: Any) -> Term:
        return self.like(other).apply("subtract", self)

    def __mul__(self, other: Any) -> Term:
        return self.apply("multiply", other)

    def __rmul__(self, other: Any) -> Term:
        return self.like(other).apply("multiply", self)

    def __truediv__(self, other: Any) -> Term:
        return self.apply("divide", other)

    def __rtruediv__(self, other: Any) -> Term:
        return self.like(other).apply("divide", self)

    def __pow__(self, other: Any) -> Term:
        return self.apply("power", other)

    def __neg__(self) -> Term:
        return self.apply("negate")

    def __lt__(self, other: Any) -> Term:
        return self.apply("compare", other, direction="LT")

    def __le__(self, other: Any) -> Term:
        return self.apply("compare", other, direction="LE")

    def __gt__(self, other: Any) -> Term:
        return self.apply("compare", other, direction="GT")

    def __ge__(self, other: Any) -> Term:
        return self.apply("compare", other, direction="GE")

    def equals(self, other: Any) -> Term:
        """Elementwise ==, as bools."""
        return self.apply("compare", other, direction="EQ")

    def differs(self, other: Any) -> Term:
        """Elementwise !=, as bools."""
        return self.apply("compare", other, direction="NE")

    def __and__(self, other: Any) -> Term:
        return self.apply("and", other)

    def __or__(self, other: Any) -> Term:
        return self.apply("or", other)

    def __invert__(self) -> Term:
        return self.apply("not")


def terms(b: Builder, *values: Value) -> tuple[Term, ...]:
    """Values with operators."""
    return tuple(Term(b, value) for value in values)


def full(b: Builder, type: TensorType, number: Any) -> Value:
    """An array of this type with one number everywhere."""
    value = b.emit(REGISTRY["constant"], value=np.asarray(number, type.dtype))
    if not type.shape:
        return value
    return b.emit(REGISTRY["broadcast_in_dim"], value, shape=type.shape, dims=())


def emit(b: Builder, name: str, *operands: Value, **attrs: Any) -> Value:
    """The op of this name, which has one result."""
    return b.emit(REGISTRY[name], *operands, **attrs)


def zeros(b: Builder, type: TensorType) -> Value:
    """An array of zeros."""
    return full(b, type, 0)


def is_float(type: TensorType) -> bool:
    """Real or complex floats: values that have derivatives."""
    return type.dtype.kind in "fc"


def clipped(b: Builder, i: Value, high: int) -> Value:
    """An index array with its elements moved into 0 … high."""
    return emit(b, "minimum", emit(b, "maximum", i, full(b, i.type, 0)), full(b, i.type, high))


def iota(b: Builder, shape: Shape, dim: int, dtype: np.dtype = I64.dtype) -> Value:
    """0, 1, 2, … along one dimension."""
    return emit(b, "iota", shape=shape, dtype=dtype, dim=dim)


def along(b: Builder, i: Value, dim: int) -> list[Value]:
    """Index arrays for all dimensions, like i: i itself for `dim`, an element's own place for the others."""
    return [i if d == dim else iota(b, i.type.shape, d) for d in range(i.type.rank)]


def where(pred: Term, x: Any, y: Any) -> Term:
    """x where pred holds, y elsewhere; one of them may be a number."""
    like = x if isinstance(x, Term) else y
    return pred.apply("select", like.like(x), like.like(y))


def mul0(factor: Term, partial: Term) -> Term:
    """factor * partial, and 0 where factor is 0, also when partial is infinite or NaN there."""
    return factor.apply("mul0", partial)


def conj(x: Term) -> Term:
    """The complex conjugate; a real term as it is."""
    return x.apply("conj") if x.type.dtype.kind == "c" else x


def sin(x: Term) -> Term:
    return x.apply("sine")


def cos(x: Term) -> Term:
    return x.apply("cosine")


def exp(x: Term) -> Term:
    return x.apply("exponential")


def log(x: Term) -> Term:
    return x.apply("log")


def sqrt(x: Term) -> Term:
    return x.apply("sqrt")


def rsqrt(x: Term) -> Term:
    """1 / sqrt(x)."""
    return x.apply("rsqrt")


def sign(x: Term) -> Term:
    """-1, 0 or 1; x / |x| for complex numbers and 0 for zero."""
    return x.apply("sign")


def real(x: Term) -> Term:
    """The real part; a real term as it is."""
    return x.apply("real") if x.type.dtype.kind == "c" else x


def complex_of(re: Any, im: Any) -> Term:
    """The complex term re + i im; one of them may be a number."""
    like = re if isinstance(re, Term) else im
    result: Term = like.like(re).apply("complex", like.like(im))
    return result


def stop_gradient(x: Term) -> Term:
    """x as a constant: no derivative goes through."""
    return x.apply("stop_gradient")


def add_all(values: Sequence[Term]) -> Term:
    """The sum of at least one term."""
    total, *rest = values
    for value in rest:
        total = total + value
    return total
