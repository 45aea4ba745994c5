"""Pieces of the lowerings of matrix factorisations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hloc import mlir
from hloc.ir.types import I32, I64, TensorType
from hloc.mlir import build
from hloc.mlir.build import MlirValue


def not_finite(ctx: Any, factors: MlirValue, factor: TensorType) -> MlirValue:
    """1 for each matrix that has NaN on its diagonal, else 0."""
    real = mlir.hlo.real(factors) if factor.dtype.kind == "c" else factors
    flags = factor.with_dtype(np.dtype(np.int32))
    nan = build.convert(ctx, build.compare(real, "NE", real), flags)
    return build.reduce(ctx, nan, flags, 0, (factor.rank - 2, factor.rank - 1), mlir.hlo.maximum)


def lower_or_nan(ctx: Any, factors: MlirValue, factor: TensorType, failed: MlirValue, info: TensorType) -> MlirValue:
    """The lower triangle of each matrix, zeros above it; NaN in the lower triangle where it failed."""
    rank = factor.rank
    places = factor.with_dtype(I64.dtype)
    below = build.compare(build.iota(ctx, places, rank - 2), "GE", build.iota(ctx, places, rank - 1))
    batch = list(range(rank - 2))
    works = build.compare(failed, "EQ", build.full(ctx, info, 0))
    works = build.broadcast(ctx, works, factor.with_dtype(np.dtype(np.bool_)), batch)
    factors = mlir.hlo.select(works, factors, build.full(ctx, factor, np.nan))
    return mlir.hlo.select(below, factors, build.full(ctx, factor, 0))


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


def lu_by_loop(ctx: Any, a: MlirValue, types: Sequence[TensorType]) -> list[MlirValue]:
    """Elimination column by column, for devices without LAPACK; rows are found by masks, for all matrices at once."""
    steps = Elimination(ctx, *types)
    order = build.iota(ctx, steps.rows, steps.rows.rank - 1)
    start = [a, build.full(ctx, steps.pivots, 0), order, build.full(ctx, steps.info, 0)]
    return build.counted_loop(ctx, steps.pivots.shape[-1], start, steps.step)


@dataclass
class Elimination:
    """One step of LU factorisation: choose the pivot of column k, exchange rows, eliminate below."""

    ctx: Any
    lu: TensorType
    pivots: TensorType
    rows: TensorType
    info: TensorType

    def step(self, k: MlirValue, a: MlirValue, pivots: MlirValue, order: MlirValue, info: MlirValue) -> list[MlirValue]:
        hlo, last = mlir.hlo, self.rows.rank - 1
        chosen = self.choose(k, a)
        target = build.convert(self.ctx, chosen, self.info.with_dtype(I32.dtype))
        exchanges = build.reshape(self.ctx, target, self.pivots.with_shape((*self.info.shape, 1)))
        pivots = hlo.dynamic_update_slice(pivots, exchanges, self.at(k, 1, 0))
        a = self.exchange(a, self.lu, last, k, chosen)
        order = self.exchange(order, self.rows, last, k, chosen)
        a, pivot = self.eliminate(k, a)
        zero_pivot = hlo.and_(
            build.compare(pivot, "EQ", build.full(self.ctx, self.lu.with_shape(self.info.shape), 0)),
            build.compare(info, "EQ", build.full(self.ctx, self.info, 0)),
        )
        number = hlo.add(build.convert(self.ctx, k, I32), self.ctx.constant(np.asarray(1, np.int32)))
        return [a, pivots, order, hlo.select(zero_pivot, build.broadcast(self.ctx, number, self.info, []), info)]

    def at(self, k: MlirValue, rank: int, dim: int) -> list[MlirValue]:
        """Start indices in an array [batch…, rank dimensions]: k in one of them, else 0."""
        zero = build.index(self.ctx, 0)
        return [zero] * self.info.rank + [k if d == dim else zero for d in range(rank)]

    def choose(self, k: MlirValue, a: MlirValue) -> MlirValue:
        """The row (from k on) with the largest element of column k: i64[batch…]."""
        column = self.lu.with_shape((*self.lu.shape[:-1], 1))
        x = build.reshape(
            self.ctx,
            mlir.hlo.dynamic_slice(a, self.at(k, 2, 1), list(column.shape)),
            self.lu.with_shape(self.rows.shape),
        )
        if self.lu.dtype.kind == "c":
            size = mlir.hlo.add(mlir.hlo.abs(mlir.hlo.real(x)), mlir.hlo.abs(mlir.hlo.imag(x)))
        else:
            size = mlir.hlo.abs(x)
        real = self.rows.with_dtype(np.real(np.empty(0, self.lu.dtype)).dtype)
        candidate = build.compare(self.row_numbers(), "GE", build.broadcast(self.ctx, k, self.rows, []))
        size = mlir.hlo.select(candidate, size, build.full(self.ctx, real, -1))
        best = build.reduce(self.ctx, size, real, -1, (self.rows.rank - 1,), mlir.hlo.maximum)
        hit = build.compare(size, "EQ", build.broadcast(self.ctx, best, real, range(self.info.rank)))
        end = self.rows.shape[-1] - 1
        places = mlir.hlo.select(hit, self.row_numbers(), build.full(self.ctx, self.rows, end))
        return build.reduce(self.ctx, places, self.rows, end, (self.rows.rank - 1,), mlir.hlo.minimum)

    def row_numbers(self) -> MlirValue:
        return build.iota(self.ctx, self.rows, self.rows.rank - 1)

    def exchange(self, x: MlirValue, type: TensorType, dim: int, k: MlirValue, chosen: MlirValue) -> MlirValue:
        """x, of this type, with places k and `chosen` of dimension `dim` exchanged."""
        hlo, ctx = mlir.hlo, self.ctx
        row = type.with_shape((*type.shape[:dim], 1, *type.shape[dim + 1 :]))
        places = build.iota(ctx, type.with_dtype(I64.dtype), dim)
        batch = range(self.info.rank)
        hit = build.compare(places, "EQ", build.broadcast(ctx, chosen, type.with_dtype(I64.dtype), batch))
        mine = hlo.dynamic_slice(x, self.at(k, type.rank - self.info.rank, 0), list(row.shape))
        other = build.reduce(ctx, hlo.select(hit, x, build.full(ctx, type, 0)), type, 0, (dim,), hlo.add)
        x = hlo.select(hit, build.broadcast(ctx, mine, type, range(type.rank)), x)
        return hlo.dynamic_update_slice(x, build.reshape(ctx, other, row), self.at(k, type.rank - self.info.rank, 0))

    def eliminate(self, k: MlirValue, a: MlirValue) -> tuple[MlirValue, MlirValue]:
        """Divide column k below the diagonal by the pivot, subtract multiples of row k; gives a and the pivots."""
        hlo, ctx, type, rank = mlir.hlo, self.ctx, self.lu, self.lu.rank
        places = type.with_dtype(I64.dtype)
        number = build.broadcast(ctx, k, places, [])
        below = build.compare(build.iota(ctx, places, rank - 2), "GT", number)
        right = build.compare(build.iota(ctx, places, rank - 1), "GT", number)
        here = build.compare(build.iota(ctx, places, rank - 1), "EQ", number)
        row = hlo.dynamic_slice(a, self.at(k, 2, 0), [*type.shape[:-2], 1, type.shape[-1]])
        single = type.with_shape((*self.info.shape, 1, 1))
        pivot = hlo.dynamic_slice(row, self.at(k, 2, 1), list(single.shape))
        zero = build.full(ctx, single, 0)
        divisor = hlo.select(build.compare(pivot, "EQ", zero), build.full(ctx, single, 1), pivot)
        every = range(rank)
        scaled = hlo.divide(a, build.broadcast(ctx, divisor, type, every))
        a = hlo.select(hlo.and_(below, here), scaled, a)
        column = hlo.dynamic_slice(a, self.at(k, 2, 1), [*type.shape[:-1], 1])
        product = hlo.multiply(build.broadcast(ctx, column, type, every), build.broadcast(ctx, row, type, every))
        a = hlo.select(hlo.and_(below, right), hlo.subtract(a, product), a)
        return a, build.reshape(ctx, pivot, type.with_shape(self.info.shape))
