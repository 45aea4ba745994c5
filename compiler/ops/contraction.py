"""Products of arrays that sum over dimensions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc import mlir
from hloc.diagnostics.errors import ShapeError
from hloc.ir.opdef import OpDef, register
from hloc.ir.types import TensorType
from hloc.mlir import build
from hloc.mlir.build import MlirValue
from hloc.ops import matrix_lanes, prelude
from hloc.ops.algebra import add_all, conj, emit, terms
from hloc.ops.checks import check_count, check_dims, check_kind, check_same_dtype
from hloc.ops.sampling import Domain, Sample, dtypes_of

if TYPE_CHECKING:
    from hloc.ir.builder import Builder
    from hloc.ir.core import Op, Value

SMALL = 2048
"""Inside loops, float products of matrices with up to so many multiplications are written as multiply and reduce: a
`dot_general` from 4x4 on ends the native form of all loops around it (XLA's CPU compiler)."""

LARGE = 24
"""From this size on, products of integers that XLA has no library for are written as a loop of outer products."""

ATTRS = ("lhs_batch", "rhs_batch", "lhs_contract", "rhs_contract")


@register
class DotGeneral(OpDef):
    """Multiply and sum over the contracted dimensions, for each index of the batch dimensions.

    The result has the batch dimensions, then the free dimensions of lhs, then those of rhs.
    Attributes: lhs_batch, rhs_batch, lhs_contract, rhs_contract: dimension numbers, in corresponding order.
    """

    name = "dot_general"
    reference = staticmethod(prelude.op_dot_general)

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("dot_general", types, 2)
        lhs, rhs = types
        check_same_dtype("dot_general", "lhs", lhs, "rhs", rhs)
        check_kind("dot_general", "lhs", lhs, "iufc")
        for group in ("batch", "contract"):
            _check_pairs(group, lhs, attrs[f"lhs_{group}"], rhs, attrs[f"rhs_{group}"])
        check_dims("dot_general", "lhs dim", (*attrs["lhs_batch"], *attrs["lhs_contract"]), lhs)
        check_dims("dot_general", "rhs dim", (*attrs["rhs_batch"], *attrs["rhs_contract"]), rhs)
        return (lhs.with_shape(_result_shape(lhs, rhs, attrs)),)

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        lhs, rhs = (operand.type for operand in op.operands)
        numbers = tuple(tuple(op.attrs[name]) for name in ATTRS)
        plain = ((), (), (lhs.rank - 1,), (max(rhs.rank - 2, 0),))
        if numbers == plain and lhs.rank in (1, 2) and rhs.rank in (1, 2):
            return f"{args[0]} @ {args[1]}"
        return f"op_dot_general({args[0]}, {args[1]}, {', '.join(map(str, numbers))})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        numbers = [list(op.attrs[name]) for name in ATTRS]
        if not numbers[2] or (ctx.platform == "cpu" and ctx.in_loop and _is_small(op)):
            return [_multiply_and_reduce(ctx, op, *args)]
        if ctx.platform == "tpu" and op.result.type.dtype.kind in "iu" and op.result.type.dtype.itemsize == 8:
            return [_multiply_and_reduce(ctx, op, *args)]  # XLA has no such dot: "rewriting is not implemented"
        if ctx.platform == "cpu" and _is_large_integer(op):
            return [_by_outer_products(ctx, op, *args)]
        if ctx.platform == "cpu" and not ctx.in_loop and _is_large_double(op):
            args = [_apart(args[0]), args[1]]
        dims = mlir.hlo.DotDimensionNumbers.get(*numbers)
        precision = _precision(ctx) if op.result.type.dtype.kind in "fc" else None
        return [mlir.hlo.dot_general(ctx.type(op.result.type), *args, dims, precision_config=precision)]

    @classmethod
    def jvp(cls, b: Any, op: Op, tangents: Sequence[Any]) -> Sequence[Any]:
        (x, y), (dx, dy) = op.operands, tangents
        pairs = [pair for pair in ((dx, y), (x, dy)) if None not in pair]
        products = terms(b, *(emit(b, "dot_general", *pair, **op.attrs) for pair in pairs))
        return [add_all(products).value if products else None]

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        x, y = (conj(operand).value for operand in terms(b, *op.operands))
        return [
            _lhs_cotangent(b, op, cotangents[0], y) if wanted[0] else None,
            _rhs_cotangent(b, op, cotangents[0], x) if wanted[1] else None,
        ]

    @classmethod
    def batch(cls, b: Any, op: Op, operands: Sequence[Any], batched: Sequence[bool], size: int) -> Sequence[Any]:
        return [matrix_lanes.dot_general(b, op, operands, batched, size)]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        cases: tuple[Any, ...] = (
            ((4,), (4,), ((), (), (0,), (0,))),
            ((0,), (0,), ((), (), (0,), (0,))),
            ((3, 4), (4, 5), ((), (), (1,), (0,))),
            ((17, 16), (16, 18), ((), (), (1,), (0,))),
            ((3, 4), (4,), ((), (), (1,), (0,))),
            ((4,), (4, 3), ((), (), (0,), (0,))),
            ((4, 3), (5, 4), ((), (), (0,), (1,))),
            ((2, 3, 4), (2, 4, 5), ((0,), (0,), (2,), (1,))),
            ((3, 2, 4), (5, 4, 2), ((1,), (2,), (2,), (1,))),
            ((2, 3, 4), (3, 4, 2), ((), (), (1, 2), (0, 1))),
            ((3,), (2,), ((), (), (), ())),
            ((), (), ((), (), (), ())),
            ((2, 3), (2, 3), ((0,), (0,), (), ())),
            ((2, 0), (0, 3), ((), (), (1,), (0,))),
            ((0, 2), (2, 3), ((), (), (1,), (0,))),
        )
        for dtype in dtypes_of("iufc"):
            for lhs, rhs, numbers in cases:
                arrays = (Domain(-1, 1).draw(rng, lhs, dtype), Domain(-1, 1).draw(rng, rhs, dtype))
                yield Sample(arrays, dict(zip(ATTRS, numbers, strict=True)))


def free_dims(type: TensorType, batch: Sequence[int], contract: Sequence[int]) -> tuple[int, ...]:
    """The dimensions that are neither batch nor contracted, in order."""
    return tuple(d for d in range(type.rank) if d not in batch and d not in contract)


def _result_shape(lhs: TensorType, rhs: TensorType, attrs: dict[str, Any]) -> tuple[int, ...]:
    batch = (lhs.shape[d] for d in attrs["lhs_batch"])
    lhs_free = (lhs.shape[d] for d in free_dims(lhs, attrs["lhs_batch"], attrs["lhs_contract"]))
    rhs_free = (rhs.shape[d] for d in free_dims(rhs, attrs["rhs_batch"], attrs["rhs_contract"]))
    return (*batch, *lhs_free, *rhs_free)


def _lhs_cotangent(b: Builder, op: Op, ct: Value, y: Value) -> Value:
    """ct and y multiplied and summed over the free dimensions of rhs."""
    batch, free, (_, rhs_free) = _result_groups(op)
    product = emit(
        b,
        "dot_general",
        ct,
        y,
        lhs_batch=batch,
        rhs_batch=tuple(op.attrs["rhs_batch"]),
        lhs_contract=tuple(range(free[1], ct.type.rank)),
        rhs_contract=rhs_free,
    )
    pairs = sorted(zip(op.attrs["rhs_contract"], op.attrs["lhs_contract"], strict=True))
    lhs_free = free_dims(op.operands[0].type, op.attrs["lhs_batch"], op.attrs["lhs_contract"])
    return _in_order(b, product, (*op.attrs["lhs_batch"], *lhs_free, *(i for _, i in pairs)))


def _rhs_cotangent(b: Builder, op: Op, ct: Value, x: Value) -> Value:
    """x and ct multiplied and summed over the free dimensions of lhs."""
    batch, free, (lhs_free, rhs_free) = _result_groups(op)
    product = emit(
        b,
        "dot_general",
        x,
        ct,
        lhs_batch=tuple(op.attrs["lhs_batch"]),
        rhs_batch=batch,
        lhs_contract=lhs_free,
        rhs_contract=tuple(range(*free)),
    )
    pairs = sorted(zip(op.attrs["lhs_contract"], op.attrs["rhs_contract"], strict=True))
    return _in_order(b, product, (*op.attrs["rhs_batch"], *(j for _, j in pairs), *rhs_free))


def _result_groups(op: Op) -> tuple[tuple[int, ...], tuple[int, int], tuple[tuple[int, ...], tuple[int, ...]]]:
    """Batch dimensions of the result; where the free ones of lhs begin and end there; the free ones of lhs and rhs."""
    lhs_free = free_dims(op.operands[0].type, op.attrs["lhs_batch"], op.attrs["lhs_contract"])
    rhs_free = free_dims(op.operands[1].type, op.attrs["rhs_batch"], op.attrs["rhs_contract"])
    count = len(op.attrs["lhs_batch"])
    return tuple(range(count)), (count, count + len(lhs_free)), (lhs_free, rhs_free)


def _in_order(b: Builder, x: Value, dims: Sequence[int]) -> Value:
    """x, whose dimensions are those of an operand in the order `dims`, with them in their own order."""
    order = tuple(dims)
    if order == tuple(sorted(order)):
        return x
    return emit(b, "transpose", x, permutation=tuple(order.index(d) for d in range(len(order))))


def _check_pairs(
    group: str, lhs: TensorType, lhs_dims: Sequence[int], rhs: TensorType, rhs_dims: Sequence[int]
) -> None:
    """Corresponding dimensions exist and have equal sizes."""
    check_dims("dot_general", f"lhs_{group}", lhs_dims, lhs)
    check_dims("dot_general", f"rhs_{group}", rhs_dims, rhs)
    if len(lhs_dims) != len(rhs_dims):
        raise ShapeError(f"dot_general: {len(lhs_dims)} dimensions in lhs_{group} and {len(rhs_dims)} in rhs_{group}")
    for i, j in zip(lhs_dims, rhs_dims, strict=True):
        if lhs.shape[i] != rhs.shape[j]:
            raise ShapeError(
                f"dot_general: sizes differ, {lhs.shape[i]} in dimension {i} of lhs {lhs} "
                f"and {rhs.shape[j]} in dimension {j} of rhs {rhs}"
            )


def _precision(ctx: Any) -> Any:
    """What is asked of both operands; None where the target computes as exactly as it can anyway."""
    if ctx.precision is None:
        return None
    return mlir.ir.ArrayAttr.get([mlir.hlo.PrecisionAttr.get(ctx.precision.upper())] * 2)


def _is_small(op: Op) -> bool:
    """A float product of matrices with few multiplications; vectors, also in batches, stay native as they are."""
    lhs, rhs = (operand.type for operand in op.operands)
    others = len(op.attrs["lhs_batch"]) + len(op.attrs["lhs_contract"])
    matrices = min(lhs.rank, rhs.rank) > others
    multiplications = op.result.type.size * prod(lhs.shape[d] for d in op.attrs["lhs_contract"])
    return lhs.dtype.kind in "fc" and matrices and multiplications <= SMALL


def _is_large_integer(op: Op) -> bool:
    """A product of integer matrices for which XLA has no library: all but 32 bits, over one dimension."""
    lhs, (contract, *others) = op.operands[0].type, op.attrs["lhs_contract"]
    return (
        lhs.dtype.kind in "iu"
        and lhs.dtype.itemsize != 4
        and not others
        and lhs.shape[contract] >= LARGE
        and op.result.type.size >= LARGE * LARGE
    )


def _is_large_double(op: Op) -> bool:
    """A product of f64 matrices with many rows and columns."""
    return op.result.type.dtype == np.float64 and op.result.type.rank == 2 and min(op.result.type.shape) >= LARGE


def _apart(x: MlirValue) -> MlirValue:
    """A transposed matrix is made first: XLA would read it across in the product, which takes twice as long."""
    made_by = getattr(x.owner, "name", "")
    return mlir.hlo.optimization_barrier([x]) if made_by == "stablehlo.transpose" else x


def _multiply_and_reduce(ctx: Any, op: Op, x: MlirValue, y: MlirValue) -> MlirValue:
    """Both operands broadcast to [batch…, lhs free…, rhs free…, contracted…], multiplied, and the last ones summed."""
    lhs, contract = op.operands[0].type, op.attrs["lhs_contract"]
    full = op.result.type.with_shape((*op.result.type.shape, *(lhs.shape[d] for d in contract)))
    product = mlir.hlo.multiply(*_aligned(ctx, op, x, y, full))
    summed = range(op.result.type.rank, full.rank)
    return build.reduce(ctx, product, full, 0, summed, mlir.hlo.add)


def _by_outer_products(ctx: Any, op: Op, x: MlirValue, y: MlirValue) -> MlirValue:
    """Add the outer product of column k and row k for k = 0, 1, …: XLA's own loop is 10 to 30 times slower."""
    (lhs_dim,), (rhs_dim,) = op.attrs["lhs_contract"], op.attrs["rhs_contract"]
    result, lhs = op.result.type, op.operands[0].type
    layer = result.with_shape((*result.shape, 1))

    def body(k: MlirValue, total: MlirValue) -> list[MlirValue]:
        column = _slab(ctx, x, lhs, lhs_dim, k)
        row = _slab(ctx, y, op.operands[1].type, rhs_dim, k)
        product = mlir.hlo.multiply(*_aligned(ctx, op, column, row, layer))
        return [mlir.hlo.add(total, build.reshape(ctx, product, result))]

    return build.counted_loop(ctx, lhs.shape[lhs_dim], [build.full(ctx, result, 0)], body)[0]


def _slab(ctx: Any, x: MlirValue, type: TensorType, dim: int, k: MlirValue) -> MlirValue:
    """The elements of x with index k in `dim`, which keeps size 1."""
    starts = [k if d == dim else build.index(ctx, 0) for d in range(type.rank)]
    return mlir.hlo.dynamic_slice(x, starts, [1 if d == dim else n for d, n in enumerate(type.shape)])


def _aligned(ctx: Any, op: Op, x: MlirValue, y: MlirValue, full: TensorType) -> tuple[MlirValue, MlirValue]:
    """Both operands broadcast to `full`, whose dimensions are [batch…, lhs free…, rhs free…, contracted…]."""
    lhs, rhs = (operand.type for operand in op.operands)
    lhs_batch, rhs_batch, lhs_contract, rhs_contract = (tuple(op.attrs[name]) for name in ATTRS)
    lhs_free, rhs_free = free_dims(lhs, lhs_batch, lhs_contract), free_dims(rhs, rhs_batch, rhs_contract)
    rank, batch = op.result.type.rank, list(range(len(lhs_batch)))
    contract = list(range(rank, full.rank))
    split = len(batch) + len(lhs_free)
    x_places = [*batch, *range(len(batch), split), *contract]
    x = _spread(ctx, x, lhs_batch + lhs_free + lhs_contract, full, x_places)
    return x, _spread(ctx, y, rhs_batch + rhs_free + rhs_contract, full, [*batch, *range(split, rank), *contract])


def _spread(ctx: Any, x: MlirValue, order: Sequence[int], full: TensorType, places: Sequence[int]) -> MlirValue:
    """x with its dimensions in this order, broadcast to `full` at `places`."""
    if list(order) != list(range(len(order))):
        x = mlir.hlo.transpose(x, list(order))
    return build.broadcast(ctx, x, full, places)
