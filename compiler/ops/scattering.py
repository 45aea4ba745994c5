"""Ways to lower `scatter`, all with NumPy's meaning: the updates come one after another in row-major order.

XLA leaves the order of updates open. Its CPU backend goes through them in order; GPUs do not, so there the last update
of each place is found first. In loops on the CPU there are none: hloc.emit.scatters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from hloc import mlir
from hloc.ir.types import I64, TensorType
from hloc.mlir import build
from hloc.mlir.build import MlirValue

if TYPE_CHECKING:
    from hloc.ir.core import Op


def combiner(mode: str) -> Callable[[MlirValue, MlirValue], MlirValue]:
    """(old, new) → the value that is stored."""
    return (lambda old, new: new) if mode == "set" else getattr(mlir.hlo, mode)


def index_vectors(ctx: Any, indices: Sequence[MlirValue], type: TensorType) -> MlirValue:
    """Index arrays of one type as one array whose last dimension is the index vector."""
    column = type.with_shape((*type.shape, 1))
    columns = [build.reshape(ctx, index, column) for index in indices]
    return columns[0] if len(columns) == 1 else mlir.hlo.concatenate(columns, type.rank)


def direct(ctx: Any, op: Op, args: Sequence[MlirValue]) -> MlirValue:
    """StableHLO `scatter`; the updates of one place come in the order that XLA chooses."""
    a, v, *indices = args
    vectors = index_vectors(ctx, indices, op.operands[2].type)
    unique = bool(op.attrs.get("unique", False))
    return _scatter(ctx, op, a, v, vectors, op.attrs["mode"], unique)


def _scatter(ctx: Any, op: Op, a: MlirValue, v: MlirValue, vectors: MlirValue, mode: str, unique: bool) -> MlirValue:
    type, dims, index_rank = op.result.type, list(op.attrs["dims"]), op.operands[2].type.rank
    windows = list(range(index_rank, op.operands[1].type.rank))
    numbers = mlir.hlo.ScatterDimensionNumbers.get(windows, dims, [], [], dims, index_rank)
    return build.scatter(ctx, a, type, vectors, v, numbers, combiner(mode), unique)


def last_wins(ctx: Any, op: Op, args: Sequence[MlirValue]) -> MlirValue:
    """Set, on devices that scatter in any order: the greatest update number of each place, then only these updates."""
    a, v, *indices = args
    hlo, dims, index_type = mlir.hlo, op.attrs["dims"], op.operands[2].type
    sizes = [op.result.type.shape[d] for d in dims]
    vectors = index_vectors(ctx, indices, index_type)
    order_type = index_type.with_shape((index_type.size,))
    order = build.reshape(ctx, build.iota(ctx, order_type, 0), index_type)
    winners = TensorType(tuple(sizes), I64.dtype)
    rank, count = index_type.rank, len(dims)
    numbers = hlo.ScatterDimensionNumbers.get([], list(range(count)), [], [], list(range(count)), rank)
    none = build.full(ctx, winners, -1)
    last = build.scatter(ctx, none, winners, vectors, order, numbers, hlo.maximum, False)
    gathered = hlo.GatherDimensionNumbers.get([], list(range(count)), [], [], list(range(count)), rank)
    winner = hlo.gather(last, vectors, gathered, [1] * count)
    outside = build.full(ctx, index_type, sizes[0])
    kept = hlo.select(build.compare(winner, "EQ", order), indices[0], outside)
    return _scatter(ctx, op, a, v, index_vectors(ctx, [kept, *indices[1:]], index_type), "set", True)
