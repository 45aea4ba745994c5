"""Operations that cut and join arrays: slice, pad, concatenate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc import mlir
from hloc.diagnostics.errors import ShapeError
from hloc.ir.opdef import register
from hloc.ir.types import TensorType
from hloc.ops import cutting, prelude
from hloc.ops.checks import check_count, check_dims, check_same_dtype, check_shape
from hloc.ops.lanes import same
from hloc.ops.linear import Linear
from hloc.ops.sampling import Domain, Sample, applications, dtypes_of

if TYPE_CHECKING:
    from hloc.ir.core import Op


@register
class Slice(Linear):
    """Every stride-th element from start to limit. Attributes: start, limit, stride: an int for each dimension.

    0 <= start <= limit <= size and stride >= 1.
    """

    name = "slice"
    cheap = True

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("slice", types, 1)
        (operand,), bounds = types, (attrs["start"], attrs["limit"], attrs["stride"])
        if any(len(bound) != operand.rank for bound in bounds):
            raise ShapeError(f"slice: start, limit and stride need {operand.rank} entries for operand {operand}")
        dims = list(zip(operand.shape, *bounds, strict=True))
        for d, (size, start, limit, stride) in enumerate(dims):
            if not (0 <= start <= limit <= size and stride >= 1):
                raise ShapeError(f"slice: {start}:{limit}:{stride} does not fit dimension {d} of operand {operand}")
        return (operand.with_shape(tuple(-((start - limit) // stride) for _, start, limit, stride in dims)),)

    @staticmethod
    def reference(x: Any, start: Sequence[int], limit: Sequence[int], stride: Sequence[int]) -> Any:
        return x[tuple(map(slice, start, limit, stride))]

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        bounds = zip(op.attrs["start"], op.attrs["limit"], op.attrs["stride"], strict=True)
        places = [f"{i}:{j}" if step == 1 else f"{i}:{j}:{step}" for i, j, step in bounds]
        return f"{args[0]}[{', '.join(places) or '()'}].copy()"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        return [mlir.hlo.slice(args[0], *(list(op.attrs[bound]) for bound in ("start", "limit", "stride")))]

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        return [cutting.uncut(b, op, cotangents[0])]

    @classmethod
    def batch(cls, b: Any, op: Op, operands: Sequence[Any], batched: Sequence[bool], size: int) -> Sequence[Any]:
        bounds = {name: (lane, *op.attrs[name]) for name, lane in (("start", 0), ("limit", size), ("stride", 1))}
        return same(b, op, operands, batched, size, **bounds)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        cases = (((6,), (1,), (6,), (2,)), ((6,), (3,), (3,), (1,)), ((3, 4), (0, 1), (2, 4), (1, 3)))
        for operand, start, limit, stride in (*cases, ((), (), (), ()), ((0,), (0,), (0,), (1,))):
            yield from applications(rng, "biufc", operand, start=start, limit=limit, stride=stride)


@register
class Pad(Linear):
    """Add copies of the scalar `value` before, after and between elements. Attributes: low, high, interior.

    One int for each dimension; negative low or high remove elements, interior >= 0.
    """

    name = "pad"
    cheap = True
    reference = staticmethod(prelude.op_pad)

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("pad", types, 2)
        operand, value = types
        check_same_dtype("pad", "operand", operand, "value", value)
        check_shape("pad", "value", value, (), "a scalar")
        amounts = (attrs["low"], attrs["high"], attrs["interior"])
        if any(len(amount) != operand.rank for amount in amounts):
            raise ShapeError(f"pad: low, high and interior need {operand.rank} entries for operand {operand}")
        dims = zip(operand.shape, *amounts, strict=True)
        shape = tuple(low + n + max(n - 1, 0) * interior + high for n, low, high, interior in dims)
        if min(shape, default=0) < 0 or min(attrs["interior"], default=0) < 0:
            raise ShapeError(f"pad: operand {operand} would get the shape {list(shape)}")
        return (operand.with_shape(shape),)

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        amounts = (tuple(op.attrs[name]) for name in ("low", "high", "interior"))
        return f"op_pad({args[0]}, {args[1]}, {', '.join(map(str, amounts))})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        return [mlir.hlo.pad(*args, *(list(op.attrs[name]) for name in ("low", "high", "interior")))]

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        array = cutting.unpad(b, op, cotangents[0]) if wanted[0] else None
        return [array, cutting.padding_total(b, op, cotangents[0]) if wanted[1] else None]

    @classmethod
    def batch(cls, b: Any, op: Op, operands: Sequence[Any], batched: Sequence[bool], size: int) -> Sequence[Any]:
        return [cutting.padded_lanes(b, op, operands, batched, size)]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        cases = (((4,), (1,), (2,), (0,)), ((4,), (0,), (-1,), (2,)), ((2, 3), (-1, 0), (1, 1), (0, 1)))
        for operand, low, high, interior in (*cases, ((), (), (), ()), ((0,), (1,), (1,), (1,))):
            for dtype in dtypes_of("biufc"):
                arrays = (Domain().draw(rng, operand, dtype), Domain().draw(rng, (), dtype))
                yield Sample(arrays, {"low": low, "high": high, "interior": interior})


@register
class Concatenate(Linear):
    """Join operands along a dimension; their other dimensions are equal. Attributes: dim."""

    name = "concatenate"
    cheap = True

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        if not types:
            raise ShapeError("concatenate: needs at least one operand")
        first, dim = types[0], attrs["dim"]
        check_dims("concatenate", "dim", (dim,), first)
        for number, type in enumerate(types):
            check_same_dtype("concatenate", "operand 0", first, f"operand {number}", type)
            if type.rank != first.rank or _without(type, dim) != _without(first, dim):
                raise ShapeError(
                    f"concatenate: operand {number} is {type}, operand 0 is {first}; "
                    f"only the sizes of dimension {dim} may differ"
                )
        total = sum(type.shape[dim] for type in types)
        return (first.with_shape((*first.shape[:dim], total, *first.shape[dim + 1 :])),)

    @staticmethod
    def reference(*operands: Any, dim: int) -> Any:
        return np.concatenate(operands, dim)

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        return f"np.concatenate([{', '.join(args)}], {op.attrs['dim']})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        return [mlir.hlo.concatenate(list(args), op.attrs["dim"])]

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        return cutting.parts(b, op, cotangents[0], wanted)

    @classmethod
    def batch(cls, b: Any, op: Op, operands: Sequence[Any], batched: Sequence[bool], size: int) -> Sequence[Any]:
        return same(b, op, operands, batched, size, dim=op.attrs["dim"] + 1)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for shapes, dim in ((((2,), (3,), (0,)), 0), (((2, 1), (2, 3)), 1), (((1, 2),), 0), (((1, 2), (3, 2)), 0)):
            for dtype in dtypes_of("biufc"):
                yield Sample(tuple(Domain().draw(rng, shape, dtype) for shape in shapes), {"dim": dim})


def _without(type: TensorType, dim: int) -> tuple[int, ...]:
    return type.shape[:dim] + type.shape[dim + 1 :]
