"""Where the extreme element stands: argmax and argmin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isqrt
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hloc import mlir
from hloc.ir.opdef import OpDef, register
from hloc.ir.types import I64, TensorType
from hloc.mlir import build
from hloc.mlir.build import MlirValue
from hloc.ops import prelude
from hloc.ops.checks import check_count, check_dims, check_kind
from hloc.ops.lanes import same
from hloc.ops.sampling import Sample, applications

if TYPE_CHECKING:
    from hloc.ir.core import Op


class ArgReduce(OpDef):
    """Index (i64) of the first extreme element along `axis`, which the result drops; the first NaN counts as extreme.

    An empty axis gives 0. Attributes: axis.
    """

    differentiable = False
    function: ClassVar[Any]
    largest: ClassVar[bool]

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count(cls.name, types, 1)
        (operand,), axis = types, attrs["axis"]
        check_kind(cls.name, "operand", operand, "biuf")
        check_dims(cls.name, "axis", (axis,), operand)
        return (TensorType(build.sizes_of(operand.shape, (axis,)), I64.dtype),)

    @classmethod
    def reference(cls, x: Any, axis: int) -> Any:
        return prelude.op_arg(cls.function, x, axis)

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        axis = op.attrs["axis"]
        if not op.operands[0].type.shape[axis]:
            return f"op_arg(np.{cls.name}, {args[0]}, {axis})"
        return f"np.{cls.name}({args[0]}, {axis})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        (x,), type, axis = args, op.operands[0].type, op.attrs["axis"]
        if not type.shape[axis]:
            return [build.full(ctx, op.result.type, 0)]
        width = _row_width(type) if ctx.platform == "cpu" and not ctx.in_loop else 0
        if width:
            return [_by_rows(ctx, x, type, width, cls.largest)]
        if type.dtype.kind == "b":
            return [_first_bool(ctx, x, type, axis, cls.largest)]
        return [_by_two_passes(ctx, x, type, axis, cls.largest)]

    @classmethod
    def batch(cls, b: Any, op: Op, operands: Sequence[Any], batched: Sequence[bool], size: int) -> Sequence[Any]:
        return same(b, op, operands, batched, size, axis=op.attrs["axis"] + 1)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for shape, axis in (((7,), 0), ((1,), 0), ((3, 40), 1), ((40, 3), 0), ((2, 5, 3), 1), ((2, 0), 1), ((0, 2), 1)):
            yield from applications(rng, "biuf", shape, axis=axis)
        long = rng.normal(size=5120).round(1)
        for place, value in ((17, 99.0), (4000, -99.0), (4001, np.nan), (63, np.nan)):
            long = np.where(np.arange(5120) == place, value, long)
            yield Sample((long,), {"axis": 0})
        for special in ([1.0, np.nan, 3.0, np.nan], [-np.inf, -np.inf], [np.inf, 1.0, np.inf], [-0.0, 0.0]):
            yield Sample((np.array(special),), {"axis": 0})


def _by_two_passes(ctx: Any, x: MlirValue, type: TensorType, axis: int, largest: bool) -> MlirValue:
    """Two plain reductions, which XLA vectorises: the extreme value, then the least index that has it.

    NaN is found in the second pass, its indices moved below all others: XLA's CPU compiler may lose it in the first.
    """
    hlo, size = mlir.hlo, type.shape[axis]
    combine = hlo.maximum if largest else hlo.minimum
    best = build.reduce(ctx, x, type, prelude.op_limit(type.dtype, not largest), (axis,), combine)
    others = [d for d in range(type.rank) if d != axis]
    hit = build.compare(x, "EQ", build.broadcast(ctx, best, type, others))
    narrow = type.with_dtype(np.dtype(np.int32 if size < 2**31 else np.int64))
    places, count = build.iota(ctx, narrow, axis), build.full(ctx, narrow, size)
    candidates = hlo.select(hit, places, build.full(ctx, narrow, size - 1))
    if type.dtype.kind == "f":
        candidates = hlo.select(build.compare(x, "NE", x), hlo.subtract(places, count), candidates)
    found = build.reduce(ctx, candidates, narrow, size - 1, (axis,), hlo.minimum)
    result = narrow.with_shape(build.sizes_of(type.shape, (axis,)))
    if type.dtype.kind == "f":
        moved = build.compare(found, "LT", build.full(ctx, result, 0))
        found = hlo.select(moved, hlo.add(found, build.full(ctx, result, size)), found)
    return build.convert(ctx, found, result.with_dtype(I64.dtype))


def _first_bool(ctx: Any, x: MlirValue, type: TensorType, axis: int, wanted: bool) -> MlirValue:
    """The least index that has the wanted bool, 0 where none has, by one reduction."""
    hlo, size = mlir.hlo, type.shape[axis]
    narrow = type.with_dtype(np.dtype(np.int32 if size < 2**31 else np.int64))
    places, none = build.iota(ctx, narrow, axis), build.full(ctx, narrow, size)
    candidates = hlo.select(x, places, none) if wanted else hlo.select(x, none, places)
    found = build.reduce(ctx, candidates, narrow, size, (axis,), hlo.minimum)
    result = narrow.with_shape(build.sizes_of(type.shape, (axis,)))
    zero, missing = build.full(ctx, result, 0), build.compare(found, "EQ", build.full(ctx, result, size))
    return build.convert(ctx, hlo.select(missing, zero, found), result.with_dtype(I64.dtype))


def _row_width(type: TensorType) -> int:
    """How to cut a long float vector into rows of one length, not too far from square; 0 where that is no use."""
    if type.rank != 1 or type.dtype.kind != "f" or type.size < LONG:
        return 0
    middle = isqrt(type.size)
    return next((n for n in range(middle, max(middle // 8, FEWEST), -1) if type.size % n == 0), 0)


def _by_rows(ctx: Any, x: MlirValue, type: TensorType, width: int, largest: bool) -> MlirValue:
    """First the row that has the extreme value or a NaN, then the place in it.

    The reductions over all elements are those that XLA does fast: a maximum that may lose NaN, and a sum of squares,
    which is NaN only where there is one.
    """
    hlo, grid = mlir.hlo, type.with_shape((type.size // width, width))
    column, row = type.with_shape(grid.shape[:1]), type.with_shape((width,))
    table = build.reshape(ctx, x, grid)
    combine = hlo.maximum if largest else hlo.minimum
    best = build.reduce(ctx, table, grid, prelude.op_limit(type.dtype, not largest), (1,), combine)
    squares = build.reduce(ctx, hlo.multiply(table, table), grid, 0, (1,), hlo.add)
    best = hlo.select(build.compare(squares, "NE", squares), build.full(ctx, column, np.nan), best)
    start = hlo.multiply(_by_two_passes(ctx, best, column, 0, largest), build.index(ctx, width))
    place = _by_two_passes(ctx, hlo.dynamic_slice(x, [start], [width]), row, 0, largest)
    return hlo.add(start, place)


LONG = 4096
"""From so many elements on, a vector is searched by rows."""
FEWEST = 16
"""No shorter rows than this."""


@register
class Argmax(ArgReduce):
    """Index of the first maximum."""

    name = "argmax"
    function = staticmethod(np.argmax)
    largest = True


@register
class Argmin(ArgReduce):
    """Index of the first minimum."""

    name = "argmin"
    function = staticmethod(np.argmin)
    largest = False
