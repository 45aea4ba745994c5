"""Running reductions along one axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hloc import mlir
from hloc.ir.opdef import OpDef, register
from hloc.ir.types import TensorType
from hloc.mlir import build
from hloc.ops import prelude
from hloc.ops.checks import check_count, check_dims, check_kind
from hloc.ops.literal import type_name
from hloc.ops.sampling import Sample, applications

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
class Cumsum(Cumulative):
    """Running sum."""

    name = "cumsum"
    ufunc = np.add
    builder = "add"

    @staticmethod
    def neutral(dtype: np.dtype) -> Any:
        return 0


@register
class Cumprod(Cumulative):
    """Running product."""

    name = "cumprod"
    ufunc = np.multiply
    builder = "multiply"

    @staticmethod
    def neutral(dtype: np.dtype) -> Any:
        return 1


@register
class Cummax(Cumulative):
    """Running maximum; NaN from the first NaN on."""

    name = "cummax"
    kinds = "biuf"
    ufunc = np.maximum
    builder = "maximum"

    @staticmethod
    def neutral(dtype: np.dtype) -> Any:
        return prelude.op_limit(dtype, largest=False)


@register
class Cummin(Cumulative):
    """Running minimum; NaN from the first NaN on."""

    name = "cummin"
    kinds = "biuf"
    ufunc = np.minimum
    builder = "minimum"

    @staticmethod
    def neutral(dtype: np.dtype) -> Any:
        return prelude.op_limit(dtype, largest=True)
