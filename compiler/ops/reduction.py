"""Reductions over axes. Running reductions and arg reductions are in hloc.ops.cumulative and hloc.ops.extreme."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hloc import mlir
from hloc.ir.opdef import OpDef, register
from hloc.ir.types import B1, Shape, TensorType
from hloc.mlir import build
from hloc.ops import prelude, products
from hloc.ops.algebra import Term, conj, emit, mul0, terms, where
from hloc.ops.checks import check_count, check_dims, check_kind
from hloc.ops.cumulative import Cummax, Cummin, Cumprod, Cumsum
from hloc.ops.extreme import Argmax, Argmin
from hloc.ops.lanes import behind, same
from hloc.ops.linear import Linear
from hloc.ops.literal import type_name
from hloc.ops.sampling import Sample, applications

if TYPE_CHECKING:
    from hloc.ir.core import Op

__all__ = [
    "Argmax",
    "Argmin",
    "Cummax",
    "Cummin",
    "Cumprod",
    "Cumsum",
    "ReduceAnd",
    "ReduceMax",
    "ReduceMin",
    "ReduceOr",
    "ReduceProd",
    "ReduceSum",
]


class Reduce(OpDef):
    """Combine the elements along `axes`, which the result drops. Attributes: axes (increasing).

    Slots: ufunc: NumPy's form; builder: the combining StableHLO operation; neutral: the result for no elements.
    """

    kinds: ClassVar[str] = "iufc"
    ufunc: ClassVar[np.ufunc]
    builder: ClassVar[str]

    @staticmethod
    def neutral(dtype: np.dtype) -> Any:
        raise NotImplementedError

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count(cls.name, types, 1)
        (operand,), axes = types, attrs["axes"]
        check_kind(cls.name, "operand", operand, cls.kinds)
        check_dims(cls.name, "axis", axes, operand, increasing=True)
        return (operand.with_shape(build.sizes_of(operand.shape, axes)),)

    @classmethod
    def reference(cls, x: Any, axes: tuple[int, ...]) -> Any:
        return cls.ufunc.reduce(x, axes, x.dtype, initial=cls.neutral(x.dtype))

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        type = op.operands[0].type
        start = literal_number(cls.neutral(type.dtype))
        axes = tuple(op.attrs["axes"])
        return f"np.{cls.ufunc.__name__}.reduce({args[0]}, {axes}, np.{type_name(type.dtype)}, initial={start})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        type = op.operands[0].type
        wide = cls.accumulator(type)
        x = args[0] if wide == type else build.convert(ctx, args[0], wide)
        combine = getattr(mlir.hlo, cls.builder)
        result = build.reduce(ctx, x, wide, cls.neutral(type.dtype), op.attrs["axes"], combine)
        return [result if wide == type else build.convert(ctx, result, op.result.type)]

    @staticmethod
    def accumulator(type: TensorType) -> TensorType:
        """The type in which operands of this type are combined."""
        return type

    @classmethod
    def batch(cls, b: Any, op: Op, operands: Sequence[Any], batched: Sequence[bool], size: int) -> Sequence[Any]:
        return same(b, op, operands, batched, size, axes=behind(op.attrs["axes"]))

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for shape, axes in REDUCTIONS:
            yield from applications(rng, cls.kinds, shape, axes=axes)


REDUCTIONS: tuple[tuple[Shape, tuple[int, ...]], ...] = (
    ((), ()),
    ((5,), (0,)),
    ((0,), (0,)),
    ((3, 4), (0,)),
    ((3, 4), (1,)),
    ((2, 1), (1,)),
    ((2, 0), (0,)),
    ((2, 3), ()),
    ((2, 3, 4), (0, 2)),
    ((17, 9), (0, 1)),
)
"""Shape of the operand, axes."""


def literal_number(value: Any) -> str:
    """A Python expression for an int, bool or float."""
    return repr(value) if np.isfinite(value) else "np.inf" if value > 0 else "-np.inf"


def repeated(op: Op, result: Term) -> Term:
    """A value like the result of a reduction, for each element of the operand."""
    shape, axes = op.operands[0].type.shape, op.attrs["axes"]
    dims = tuple(d for d in range(len(shape)) if d not in axes)
    return Term(result.b, emit(result.b, "broadcast_in_dim", result.value, shape=shape, dims=dims))


@register
class ReduceSum(Reduce, Linear):
    """Sum in the element type of the operand; integers wrap."""

    name = "reduce_sum"
    ufunc = np.add
    builder = "add"

    @staticmethod
    def accumulator(type: TensorType) -> TensorType:
        return type.with_dtype(np.dtype(np.float32)) if type.dtype == np.float16 else type

    @staticmethod
    def neutral(dtype: np.dtype) -> Any:
        return 0

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        return [repeated(op, Term(b, cotangents[0])).value]


@register
class ReduceProd(Reduce):
    """Product in the element type of the operand; integers wrap."""

    name = "reduce_prod"
    ufunc = np.multiply
    builder = "multiply"

    @staticmethod
    def neutral(dtype: np.dtype) -> Any:
        return 1

    @classmethod
    def jvp(cls, b: Any, op: Op, tangents: Sequence[Any]) -> Sequence[Any]:
        change = mul0(Term(b, tangents[0]), products.of_others(Term(b, op.operands[0]), op.attrs["axes"]))
        return [emit(b, "reduce_sum", change.value, axes=op.attrs["axes"])]

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        others = products.of_others(Term(b, op.operands[0]), op.attrs["axes"])
        return [mul0(repeated(op, Term(b, cotangents[0])), conj(others)).value]


class Extreme(Reduce):
    """Maximum or minimum. XLA's CPU compiler hands large ones to a library that loses NaN.

    The derivative is shared equally by the elements that are extreme.
    """

    kinds = "biuf"
    direction: ClassVar[str]

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        (x,), type, axes = args, op.operands[0].type, op.attrs["axes"]
        if type.dtype.kind != "f" or ctx.platform != "cpu":
            return super().lower(ctx, op, args)
        start = cls.neutral(type.dtype)
        if prod(type.shape[d] for d in axes) <= FEW and not ctx.fast_math:
            return [build.reduce(ctx, x, type, start, axes, cls.choose)]
        best = build.reduce(ctx, x, type, start, axes, getattr(mlir.hlo, cls.builder))
        if ctx.fast_math:
            return [best]
        return [mlir.hlo.select(cls.any_nan(ctx, x, type, axes), build.full(ctx, op.result.type, np.nan), best)]

    @staticmethod
    def any_nan(ctx: Any, x: Any, type: TensorType, axes: Sequence[int]) -> Any:
        """Whether there is a NaN. A sum of squares is NaN only then, and quick; in loops it would not be."""
        if ctx.in_loop:
            flags = type.with_dtype(B1.dtype)
            return build.reduce(ctx, build.compare(x, "NE", x), flags, False, axes, mlir.hlo.or_)
        squares = build.reduce(ctx, mlir.hlo.multiply(x, x), type, 0, axes, mlir.hlo.add)
        return build.compare(squares, "NE", squares)

    @classmethod
    def choose(cls, x: Any, y: Any) -> Any:
        """The greater (smaller) operand, or NaN: in a form that the library does not know."""
        first = mlir.hlo.or_(build.compare(x, cls.direction, y), build.compare(x, "NE", x))
        return mlir.hlo.select(first, x, y)

    @classmethod
    def jvp(cls, b: Any, op: Op, tangents: Sequence[Any]) -> Sequence[Any]:
        here, count = cls.extremes(b, op)
        chosen = where(here, Term(b, tangents[0]), 0)
        return [(Term(b, emit(b, "reduce_sum", chosen.value, axes=op.attrs["axes"])) / count).value]

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        here, count = cls.extremes(b, op)
        return [where(here, repeated(op, Term(b, cotangents[0]) / count), 0).value]

    @staticmethod
    def extremes(b: Any, op: Op) -> tuple[Term, Term]:
        """Which elements are extreme, and how many for each result; none for NaN, counted as one."""
        x, best = terms(b, op.operands[0], op.result)
        here = x.equals(repeated(op, best))
        ones = here.apply("convert", dtype=x.type.dtype)
        count = Term(b, emit(b, "reduce_sum", ones.value, axes=op.attrs["axes"]))
        return here, where(count.equals(0), 1, count)


FEW = 64
"""Up to so many elements to a result, a reduction is written in a form that stays with XLA's own code."""


@register
class ReduceMax(Extreme):
    """Maximum, NaN if there is one; -inf or the least integer when empty."""

    name = "reduce_max"
    direction = "GE"
    ufunc = np.maximum
    builder = "maximum"

    @staticmethod
    def neutral(dtype: np.dtype) -> Any:
        return prelude.op_limit(dtype, largest=False)


@register
class ReduceMin(Extreme):
    """Minimum, NaN if there is one; inf or the greatest integer when empty."""

    name = "reduce_min"
    direction = "LE"
    ufunc = np.minimum
    builder = "minimum"

    @staticmethod
    def neutral(dtype: np.dtype) -> Any:
        return prelude.op_limit(dtype, largest=True)


@register
class ReduceAnd(Reduce):
    """All bits set: logical for bools, bitwise for integers."""

    name = "reduce_and"
    differentiable = False
    kinds = "biu"
    ufunc = np.bitwise_and
    builder = "and_"

    @staticmethod
    def neutral(dtype: np.dtype) -> Any:
        return True if dtype.kind == "b" else int(np.invert(np.zeros((), dtype)))


@register
class ReduceOr(Reduce):
    """Any bit set: logical for bools, bitwise for integers."""

    name = "reduce_or"
    differentiable = False
    kinds = "biu"
    ufunc = np.bitwise_or
    builder = "or_"

    @staticmethod
    def neutral(dtype: np.dtype) -> Any:
        return False if dtype.kind == "b" else 0
