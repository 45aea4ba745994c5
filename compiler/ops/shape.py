"""Operations that move whole arrays: broadcast, reshape, transpose, reverse. Also hloc.ops.layout, hloc.ops.sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc import mlir
from hloc.diagnostics.errors import ShapeError
from hloc.ir.opdef import register
from hloc.ir.types import TensorType
from hloc.mlir import build
from hloc.ops import prelude
from hloc.ops.algebra import emit
from hloc.ops.checks import check_count, check_dims
from hloc.ops.lanes import behind, same
from hloc.ops.layout import Concatenate, Pad, Slice
from hloc.ops.linear import Linear
from hloc.ops.sampling import Sample, applications
from hloc.ops.sources import Constant, Empty, Iota

if TYPE_CHECKING:
    from hloc.ir.core import Op

__all__ = [
    "BroadcastInDim",
    "Concatenate",
    "Constant",
    "Empty",
    "Iota",
    "Pad",
    "Reshape",
    "Reverse",
    "Slice",
    "Transpose",
]


@register
class BroadcastInDim(Linear):
    """Repeat the operand. Attributes: shape of the result; dims: where each dimension of the operand goes.

    A dimension of the operand has size 1 or the size of its place in the result; `dims` increase.
    """

    name = "broadcast_in_dim"
    cheap = True
    reference = staticmethod(prelude.op_broadcast_in_dim)

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("broadcast_in_dim", types, 1)
        (operand,), shape, dims = types, tuple(attrs["shape"]), tuple(attrs["dims"])
        result = operand.with_shape(shape)
        check_dims("broadcast_in_dim", "dim", dims, result, increasing=True)
        fits = len(dims) == operand.rank and all(n in (1, shape[d]) for n, d in zip(operand.shape, dims, strict=True))
        if not fits:
            raise ShapeError(f"broadcast_in_dim: operand {operand} with dims {dims} does not fit {list(shape)}")
        return (result,)

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        (operand,), result, dims = op.operands, op.result.type, tuple(op.attrs["dims"])
        if not operand.type.shape:
            return f"np.full({result.shape}, {args[0]})"
        if dims == tuple(range(result.rank - operand.type.rank, result.rank)):
            return f"np.broadcast_to({args[0]}, {result.shape}).copy()"
        return f"op_broadcast_in_dim({args[0]}, {result.shape}, {dims})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        return [build.broadcast(ctx, args[0], op.result.type, op.attrs["dims"])]

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        x, shape = op.operands[0].type, op.result.type.shape
        sources = dict(zip(op.attrs["dims"], x.shape, strict=True))
        repeated = tuple(d for d, n in enumerate(shape) if sources.get(d) != n)
        total = emit(b, "reduce_sum", cotangents[0], axes=repeated) if repeated else cotangents[0]
        return [total if total.type == x else emit(b, "reshape", total, shape=x.shape)]

    @classmethod
    def batch(cls, b: Any, op: Op, operands: Sequence[Any], batched: Sequence[bool], size: int) -> Sequence[Any]:
        dims = (0, *behind(op.attrs["dims"]))
        return same(b, op, operands, batched, size, shape=(size, *op.result.type.shape), dims=dims)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        cases = (((), (3,), ()), ((), (0, 2), ()), ((3,), (2, 3), (1,)), ((2,), (2, 3), (0,)))
        more = (((1, 3), (4, 3), (0, 1)), ((2, 1), (2, 5, 3), (0, 2)), ((0,), (0, 2), (0,)), ((1,), (0,), (0,)))
        for operand, shape, dims in cases + more:
            yield from applications(rng, "biufc", operand, shape=shape, dims=dims)


@register
class Reshape(Linear):
    """The same elements in row-major order in another shape. Attributes: shape."""

    name = "reshape"
    cheap = True

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("reshape", types, 1)
        result = types[0].with_shape(attrs["shape"])
        if result.size != types[0].size:
            raise ShapeError(f"reshape: operand {types[0]} has {types[0].size} elements, {result} has {result.size}")
        return (result,)

    @staticmethod
    def reference(x: Any, shape: tuple[int, ...]) -> Any:
        return np.reshape(x, shape)

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        return f"{args[0]}.reshape({op.result.type.shape})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        return [build.reshape(ctx, args[0], op.result.type)]

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        return [emit(b, "reshape", cotangents[0], shape=op.operands[0].type.shape)]

    @classmethod
    def batch(cls, b: Any, op: Op, operands: Sequence[Any], batched: Sequence[bool], size: int) -> Sequence[Any]:
        return same(b, op, operands, batched, size, shape=(size, *op.result.type.shape))

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for operand, shape in (((), (1, 1)), ((1,), ()), ((2, 3), (3, 2)), ((2, 0), (0,)), ((6,), (1, 2, 3))):
            yield from applications(rng, "biufc", operand, shape=shape)


@register
class Transpose(Linear):
    """Reorder dimensions. Attributes: permutation: result dimension i is operand dimension permutation[i]."""

    name = "transpose"
    cheap = True

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("transpose", types, 1)
        (operand,), permutation = types, attrs["permutation"]
        check_dims("transpose", "permutation entry", permutation, operand)
        if len(permutation) != operand.rank:
            raise ShapeError(f"transpose: permutation {tuple(permutation)} does not fit operand {operand}")
        return (operand.with_shape(tuple(operand.shape[d] for d in permutation)),)

    @staticmethod
    def reference(x: Any, permutation: tuple[int, ...]) -> Any:
        return np.transpose(x, permutation)

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        permutation = tuple(op.attrs["permutation"])
        plain = permutation == tuple(reversed(range(len(permutation))))
        return f"{args[0]}.T" if plain else f"np.transpose({args[0]}, {permutation})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        return [mlir.hlo.transpose(args[0], list(op.attrs["permutation"]))]

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        permutation = op.attrs["permutation"]
        back = tuple(permutation.index(d) for d in range(len(permutation)))
        return [emit(b, "transpose", cotangents[0], permutation=back)]

    @classmethod
    def batch(cls, b: Any, op: Op, operands: Sequence[Any], batched: Sequence[bool], size: int) -> Sequence[Any]:
        return same(b, op, operands, batched, size, permutation=(0, *behind(op.attrs["permutation"])))

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for operand, permutation in (((), ()), ((2, 3), (1, 0)), ((2, 0, 1), (2, 0, 1)), ((2, 3, 4), (1, 2, 0))):
            yield from applications(rng, "biufc", operand, permutation=permutation)


@register
class Reverse(Linear):
    """Reverse the order of elements along dimensions. Attributes: dims."""

    name = "reverse"
    cheap = True

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("reverse", types, 1)
        check_dims("reverse", "dim", attrs["dims"], types[0])
        return (types[0],)

    @staticmethod
    def reference(x: Any, dims: tuple[int, ...]) -> Any:
        return np.flip(x, dims)

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        return f"np.flip({args[0]}, {tuple(op.attrs['dims'])})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        return [mlir.hlo.reverse(args[0], list(op.attrs["dims"]))]

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        return [emit(b, "reverse", cotangents[0], dims=op.attrs["dims"])]

    @classmethod
    def batch(cls, b: Any, op: Op, operands: Sequence[Any], batched: Sequence[bool], size: int) -> Sequence[Any]:
        return same(b, op, operands, batched, size, dims=behind(op.attrs["dims"]))

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for operand, dims in (((4,), (0,)), ((0,), (0,)), ((2, 3), (1,)), ((2, 1, 3), (0, 2)), ((2,), ())):
            yield from applications(rng, "biufc", operand, dims=dims)
