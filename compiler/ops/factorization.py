"""Pieces of the lowerings of matrix factorisations."""

from __future__ import annotations

from typing import Any

import numpy as np

from hloc import mlir
from hloc.ir.types import I64, TensorType
from hloc.mlir import build
from hloc.mlir.build import MlirValue


def not_finite(ctx: Any, l: MlirValue, factor: TensorType, info: TensorType) -> MlirValue:
    """1 for each matrix that has NaN on its diagonal, else 0."""
    real = mlir.hlo.real(l) if factor.dtype.kind == "c" else l
    flags = factor.with_dtype(np.dtype(np.int32))
    nan = build.convert(ctx, build.compare(real, "NE", real), flags)
    return build.reduce(ctx, nan, flags, 0, (factor.rank - 2, factor.rank - 1), mlir.hlo.maximum)


def lower_or_nan(ctx: Any, l: MlirValue, factor: TensorType, failed: MlirValue, info: TensorType) -> MlirValue:
    """The lower triangle of each matrix, zeros above it; NaN in the lower triangle where it failed."""
    rank = factor.rank
    places = factor.with_dtype(I64.dtype)
    below = build.compare(build.iota(ctx, places, rank - 2), "GE", build.iota(ctx, places, rank - 1))
    batch = list(range(rank - 2))
    works = build.compare(failed, "EQ", build.full(ctx, info, 0))
    works = build.broadcast(ctx, works, factor.with_dtype(np.dtype(np.bool_)), batch)
    l = mlir.hlo.select(works, l, build.full(ctx, factor, np.nan))
    return mlir.hlo.select(below, l, build.full(ctx, factor, 0))


def permutation(ctx: Any, exchanged: MlirValue, pivots: TensorType, rows: TensorType) -> MlirValue:
    """The order of rows after exchanging row j with row exchanged[j] for j = 0, 1, …, in all matrices alike."""
    hlo, last = mlir.hlo, rows.rank - 1
    column = rows.with_shape((*rows.shape[:-1], 1))
    places = build.iota(ctx, rows, last)
    zero = build.index(ctx, 0)
    wide = build.convert(ctx, exchanged, pivots.with_dtype(I64.dtype))

    def at(k: MlirValue) -> list[MlirValue]:
        return [zero] * last + [k]

    def body(k: MlirValue, order: MlirValue) -> list[MlirValue]:
        target = hlo.dynamic_slice(wide, at(k), list(column.shape))
        hit = build.compare(places, "EQ", build.broadcast(ctx, target, rows, range(rows.rank)))
        mine = hlo.dynamic_slice(order, at(k), list(column.shape))
        none = build.full(ctx, rows, 0)
        other = build.reduce(ctx, hlo.select(hit, order, none), rows, 0, (last,), hlo.add)
        order = hlo.select(hit, build.broadcast(ctx, mine, rows, range(rows.rank)), order)
        return [hlo.dynamic_update_slice(order, build.reshape(ctx, other, column), at(k))]

    return build.counted_loop(ctx, pivots.shape[-1], [places], body)[0]


def lu_by_loop(
    ctx: Any, a: MlirValue, lu: TensorType, pivots: TensorType, rows: TensorType, info: TensorType
) -> list[MlirValue]:
    """Elimination column by column, for devices without LAPACK: the pivot row is found by masks, all matrices at once."""
    raise NotImplementedError
