"""Running reductions along one axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hloc import mlir
from hloc.ir.opdef import OpDef, register
from hloc.ir.types import TensorType
from hloc.mlir import build
from hloc.ops import prelude, products
from hloc.ops.algebra import Term, conj, emit, mul0, terms, where
from hloc.ops.checks import check_count, check_dims, check_kind
from hloc.ops.lanes import same
from hloc.ops.linear import Linear
from hloc.ops.literal import type_name
from hloc.ops.sampling import Sample, applications
from hloc.ops.scanning import recurrence, segmented, shifted

if TYPE_CHECKING:
    from hloc.ir.core import Op


class Cumulative(OpDef):
    """Running reduction along `axis`: element k combines elements 0 … k. Attributes: axis."""

    kinds: ClassVar[str] = "iufc"
    ufunc: ClassVar[np.ufunc]
    builder: ClassVar[str]

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count(cls.name, types, 1)
        check_kind(cls.name, "operand", types[0], cls.kinds)
        check_dims(cls.name, "axis", (attrs["axis"],), types[0])
        return (types[0],)

    @classmethod
    def reference(cls, x: Any, axis: int) -> Any:
        return cls.ufunc.accumulate(x, axis, x.dtype)

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        return (
            f"np.{cls.ufunc.__name__}.accumulate({args[0]}, {op.attrs['axis']}, np.{type_name(op.result.type.dtype)})"
        )

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        type, axis = op.result.type, op.attrs["axis"]
        combine = getattr(mlir.hlo, cls.builder)
        if type.size == 0 or type.shape[axis] == 1:
            return args
        if ctx.platform != "cpu":
            return [_by_doubling(ctx, args[0], type, axis, combine, cls.neutral(type.dtype))]
        return [_by_loop(ctx, args[0], type, axis, combine)]

    @staticmethod
    def neutral(dtype: np.dtype) -> Any:
        raise NotImplementedError

    @classmethod
    def batch(cls, b: Any, op: Op, operands: Sequence[Any], batched: Sequence[bool], size: int) -> Sequence[Any]:
        return same(b, op, operands, batched, size, axis=op.attrs["axis"] + 1)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for shape, axis in (((9,), 0), ((1,), 0), ((0,), 0), ((3, 4), 0), ((3, 4), 1), ((2, 5, 3), 1), ((0, 3), 1)):
            yield from applications(rng, cls.kinds, shape, axis=axis)


def _by_loop(ctx: Any, x: Any, type: TensorType, axis: int, combine: Any) -> Any:
    """One pass with a running total; XLA's CPU compiler makes one native loop of it."""
    hlo = mlir.hlo
    row = type.with_shape(tuple(1 if d == axis else n for d, n in enumerate(type.shape)))
    total = type.with_shape(build.sizes_of(type.shape, (axis,)))
    zero = build.index(ctx, 0)

    def starts(k: Any) -> list[Any]:
        return [k if d == axis else zero for d in range(type.rank)]

    def body(k: Any, running: Any, result: Any) -> list[Any]:
        element = build.reshape(ctx, hlo.dynamic_slice(x, starts(k), list(row.shape)), total)
        running = combine(running, element)
        return [running, hlo.dynamic_update_slice(result, build.reshape(ctx, running, row), starts(k))]

    first = build.reshape(ctx, hlo.dynamic_slice(x, starts(zero), list(row.shape)), total)
    carry = [first, x]
    one, limit = build.index(ctx, 1), build.index(ctx, type.shape[axis])
    return build.while_loop(
        [one, *carry],
        lambda k, *_: build.compare(k, "LT", limit),
        lambda k, *rest: [hlo.add(k, one), *body(k, *rest)],
    )[2]


def _by_doubling(ctx: Any, x: Any, type: TensorType, axis: int, combine: Any, neutral: Any) -> Any:
    """log2(n) parallel passes, each combining with the element 1, 2, 4, … places before (Hillis and Steele)."""
    fill = ctx.constant(np.asarray(neutral, type.dtype))
    nothing = [0] * type.rank
    distance = 1
    while distance < type.shape[axis]:
        low = [distance if d == axis else 0 for d in range(type.rank)]
        shifted = mlir.hlo.pad(x, fill, low, [-n for n in low], nothing)
        x, distance = combine(shifted, x), 2 * distance
    return x


@register
class Cumsum(Cumulative, Linear):
    """Running sum."""

    name = "cumsum"
    ufunc = np.add
    builder = "add"

    @staticmethod
    def neutral(dtype: np.dtype) -> Any:
        return 0

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        ct, axis = cotangents[0], op.attrs["axis"]
        total = emit(b, "cumsum", emit(b, "reverse", ct, dims=(axis,)), axis=axis)
        return [emit(b, "reverse", total, dims=(axis,))]


@register
class Cumprod(Cumulative):
    """Running product."""

    name = "cumprod"
    ufunc = np.multiply
    builder = "multiply"

    @staticmethod
    def neutral(dtype: np.dtype) -> Any:
        return 1

    @classmethod
    def jvp(cls, b: Any, op: Op, tangents: Sequence[Any]) -> Sequence[Any]:
        """y[k]' = x[k]' y[k - 1] + x[k] y[k - 1]', without division, so exact where there are zeros."""
        (dx, x), axis = terms(b, tangents[0], op.operands[0]), op.attrs["axis"]
        return [recurrence(x, mul0(dx, products.before(x, axis)), axis).value]

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        """The cotangent of y[k] collects that of y[k + 1] times x[k + 1]."""
        (ct, x), axis = terms(b, cotangents[0], op.operands[0]), op.attrs["axis"]
        collected = recurrence(shifted(conj(x), -1, 1, axis), ct, axis, step=-1)
        return [mul0(collected, conj(products.before(x, axis))).value]


class RunningExtreme(Cumulative):
    """Running maximum or minimum. The derivative is shared equally by the elements that are extreme so far."""

    kinds = "biuf"

    @classmethod
    def jvp(cls, b: Any, op: Op, tangents: Sequence[Any]) -> Sequence[Any]:
        axis, (here, same, count) = op.attrs["axis"], cls.extremes(b, op)
        chosen = where(here, Term(b, tangents[0]), 0)
        return [(segmented(chosen, same, axis, "add") / count).value]

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        axis, (here, same, count) = op.attrs["axis"], cls.extremes(b, op)
        same = shifted(same, -1, False, axis)
        return [where(here, segmented(Term(b, cotangents[0]) / count, same, axis, "add", step=-1), 0).value]

    @staticmethod
    def extremes(b: Any, op: Op) -> tuple[Term, Term, Term]:
        """Which elements are extreme so far, which results equal the one before, how many elements share a result."""
        (x, best), axis = terms(b, op.operands[0], op.result), op.attrs["axis"]
        here = x.equals(best)
        same = best.equals(shifted(best, 1, np.nan, axis))
        count = segmented(here.apply("convert", dtype=x.type.dtype), same, axis, "add")
        return here, same, count.apply("maximum", 1)


@register
class Cummax(RunningExtreme):
    """Running maximum; NaN from the first NaN on."""

    name = "cummax"
    ufunc = np.maximum
    builder = "maximum"

    @staticmethod
    def neutral(dtype: np.dtype) -> Any:
        return prelude.op_limit(dtype, largest=False)


@register
class Cummin(RunningExtreme):
    """Running minimum; NaN from the first NaN on."""

    name = "cummin"
    ufunc = np.minimum
    builder = "minimum"

    @staticmethod
    def neutral(dtype: np.dtype) -> Any:
        return prelude.op_limit(dtype, largest=True)
