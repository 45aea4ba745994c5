"""Small StableHLO combinations that lowerings share. An MLIR context, insertion point and location are active.

`ctx` is the lowering context of hloc.emit: `ctx.type(TensorType)` and `ctx.constant(array)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hloc import mlir
from hloc.ir.types import I64, Shape, TensorType

MlirValue = Any


def full(ctx: Any, type: TensorType, value: Any) -> MlirValue:
    """One number everywhere."""
    number = ctx.constant(np.asarray(value, type.dtype))
    return number if not type.shape else mlir.hlo.broadcast_in_dim(ctx.type(type), number, [])


def index(ctx: Any, value: int) -> MlirValue:
    """An i64 scalar."""
    return ctx.constant(np.asarray(value, np.int64))


def compare(x: MlirValue, direction: str, y: MlirValue) -> MlirValue:
    return mlir.hlo.compare(x, y, mlir.hlo.ComparisonDirectionAttr.get(direction))


def broadcast(ctx: Any, x: MlirValue, type: TensorType, dims: Sequence[int]) -> MlirValue:
    """x (whose dimensions become `dims`) repeated to `type`."""
    return mlir.hlo.broadcast_in_dim(ctx.type(type), x, list(dims))


def reshape(ctx: Any, x: MlirValue, type: TensorType) -> MlirValue:
    return x if list(x.type.shape) == list(type.shape) else mlir.hlo.reshape(ctx.type(type), x)


def convert(ctx: Any, x: MlirValue, type: TensorType) -> MlirValue:
    return mlir.hlo.convert(ctx.type(type), x)


def iota(ctx: Any, type: TensorType, dim: int) -> MlirValue:
    return mlir.hlo.iota(ctx.type(type), dim)


def sizes_of(shape: Sequence[int], drop: Sequence[int]) -> Shape:
    """A shape without the dimensions `drop`."""
    return tuple(n for d, n in enumerate(shape) if d not in drop)


def values(op: Any) -> list[MlirValue]:
    """The results of what a dialect's builder returned: an operation, a list of results, or one result."""
    if hasattr(op, "results"):
        return list(op.results)
    return list(op) if isinstance(op, Sequence) else [op]


def reduce(
    ctx: Any, x: MlirValue, type: TensorType, start: Any, axes: Sequence[int], combine: Callable[..., MlirValue]
) -> MlirValue:
    """Combine the elements of x, of this type, along `axes`, beginning with the number `start`."""
    if not axes:
        return x
    result = type.with_shape(sizes_of(type.shape, axes))
    initial = ctx.constant(np.asarray(start, type.dtype))
    op = mlir.hlo.ReduceOp([ctx.type(result)], [x], [initial], list(axes))
    scalar = ctx.type(type.with_shape(()))
    _fill(op.body, [scalar, scalar], lambda a, b: [combine(a, b)])
    return op.results[0]


def while_loop(
    carry: Sequence[MlirValue],
    condition: Callable[..., MlirValue],
    body: Callable[..., Sequence[MlirValue]],
) -> list[MlirValue]:
    """Repeat `body` on the carried values while `condition` holds."""
    types = [value.type for value in carry]
    op = mlir.hlo.WhileOp(types, list(carry))
    _fill(op.regions[0], types, lambda *args: [condition(*args)])
    _fill(op.regions[1], types, body)
    return list(op.results)


def counted_loop(
    ctx: Any, count: int, carry: Sequence[MlirValue], body: Callable[..., Sequence[MlirValue]]
) -> list[MlirValue]:
    """Repeat `body(k, *carry)` for k (i64) = 0 … count - 1."""
    one, limit = index(ctx, 1), index(ctx, count)
    return while_loop(
        [index(ctx, 0), *carry],
        lambda k, *_: compare(k, "LT", limit),
        lambda k, *rest: [mlir.hlo.add(k, one), *body(k, *rest)],
    )[1:]


def sort(
    ctx: Any,
    operands: Sequence[MlirValue],
    types: Sequence[TensorType],
    dim: int,
    stable: bool,
    less: Callable[[Sequence[MlirValue], Sequence[MlirValue]], MlirValue],
) -> list[MlirValue]:
    """Sort along `dim`; `less(a, b)` compares the scalars of two places, one of each operand."""
    op = mlir.hlo.SortOp([x.type for x in operands], list(operands), dimension=dim, is_stable=stable)
    scalars = [ctx.type(type.with_shape(())) for type in types for _ in range(2)]
    _fill(op.regions[0], scalars, lambda *pairs: [less(pairs[::2], pairs[1::2])])
    return list(op.results)


def scatter(
    ctx: Any,
    a: MlirValue,
    type: TensorType,
    indices: MlirValue,
    updates: MlirValue,
    numbers: Any,
    combine: Callable[[MlirValue, MlirValue], MlirValue],
    unique: bool,
) -> MlirValue:
    """Combine updates into a at `indices`, whose last dimension is the index vector."""
    op = mlir.hlo.ScatterOp([ctx.type(type)], [a], indices, [updates], numbers, unique_indices=unique)
    scalar = ctx.type(type.with_shape(()))
    _fill(op.regions[0], [scalar, scalar], lambda old, new: [combine(old, new)])
    return op.results[0]


def index_array(ctx: Any, shape: Shape, dim: int) -> MlirValue:
    """0, 1, 2, … (i64) along `dim`."""
    return iota(ctx, TensorType(shape, I64.dtype), dim)


def _fill(region: Any, types: Sequence[Any], body: Callable[..., Sequence[MlirValue]]) -> None:
    """Give a region one block with arguments of these types that returns what `body` builds from them."""
    location = mlir.ir.Location.current
    block = region.blocks.append(*types, arg_locs=[location] * len(types)) if types else region.blocks.append()
    with mlir.ir.InsertionPoint(block):
        mlir.hlo.return_(list(body(*block.arguments)))
