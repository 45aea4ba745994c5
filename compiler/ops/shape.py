"""Constants, and operations that move whole arrays: broadcast, reshape, transpose, reverse. See hloc.ops.layout too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc import mlir
from hloc.diagnostics.errors import ShapeError
from hloc.ir.opdef import OpDef, register
from hloc.ir.types import TensorType
from hloc.mlir import build
from hloc.ops import prelude
from hloc.ops.algebra import emit
from hloc.ops.checks import check_count, check_dims, check_kind
from hloc.ops.lanes import behind, same
from hloc.ops.layout import Concatenate, Pad, Slice
from hloc.ops.linear import Linear
from hloc.ops.literal import literal, type_name
from hloc.ops.sampling import Domain, Sample, applications, dtypes_of

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
class Constant(OpDef):
    """A literal array. Attributes: value (np.ndarray)."""

    name = "constant"
    cheap = True
    differentiable = False

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("constant", types, 0)
        return (TensorType(attrs["value"].shape, attrs["value"].dtype),)

    @staticmethod
    def reference(value: np.ndarray) -> np.ndarray:
        return value

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        return literal(op.attrs["value"])

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        return [ctx.constant(op.attrs["value"])]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for dtype in dtypes_of("biufc"):
            for shape in ((), (1,), (5,), (0,), (2, 3)):
                yield Sample((), {"value": Domain().draw(rng, shape, dtype)})
            yield Sample((), {"value": np.ones((2, 2), dtype)})
        yield Sample((), {"value": np.array([np.nan, -0.0, np.inf, -np.inf, 1e-300])})


@register
class Iota(OpDef):
    """0, 1, 2, … along one dimension, repeated along the others. Attributes: shape, dtype, dim."""

    name = "iota"
    cheap = True
    differentiable = False
    reference = staticmethod(prelude.op_iota)

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("iota", types, 0)
        type = TensorType(tuple(attrs["shape"]), np.dtype(attrs["dtype"]))
        check_kind("iota", "result", type, "iufc")
        check_dims("iota", "dim", (attrs["dim"],), type)
        return (type,)

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        type = op.result.type
        if type.rank == 1:
            return f"np.arange({type.size}, dtype=np.{type.dtype.name})"
        return f"op_iota({type.shape}, np.{type.dtype.name}, {op.attrs['dim']})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        return [build.iota(ctx, op.result.type, op.attrs["dim"])]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for dtype in dtypes_of("iufc"):
            for shape, dim in (((5,), 0), ((0,), 0), ((2, 3), 0), ((2, 3), 1), ((3, 1, 2), 1)):
                yield Sample((), {"shape": shape, "dtype": dtype, "dim": dim})


@register
class Empty(OpDef):
    """An array whose elements nobody reads before they are written. Attributes: shape, dtype.

    Two of them are two arrays. XLA would share equal ones and copy them for each use, so each is filled with a number
    of its own.
    """

    name = "empty"
    cheap = True
    differentiable = False

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("empty", types, 0)
        return (TensorType(tuple(attrs["shape"]), np.dtype(attrs["dtype"])),)

    @staticmethod
    def reference(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        return np.zeros(shape, dtype)

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        type = op.result.type
        shape = type.size if type.rank == 1 else type.shape
        return f"np.empty({shape})" if type.dtype == np.float64 else f"np.empty({shape}, np.{type_name(type.dtype)})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        return [build.full(ctx, op.result.type, ctx.fill())]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for dtype in dtypes_of("biufc"):
            for shape in ((0,), (2, 0)):
                yield Sample((), {"shape": shape, "dtype": dtype})


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
