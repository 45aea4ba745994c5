"""Constants, and operations that move elements without computing: broadcast, reshape, transpose, slice, pad, concatenate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hloc.diagnostics.errors import ShapeError
from hloc.ir.opdef import OpDef, register
from hloc.ir.types import TensorType
from hloc.ops.checks import check_count, check_dims, check_kind, check_same_dtype, check_shape


@register
class Constant(OpDef):
    """A literal array. Attributes: value (np.ndarray)."""

    name = "constant"
    cheap = True

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        value = attrs["value"]
        return (TensorType(value.shape, value.dtype),)


@register
class Iota(OpDef):
    """0, 1, 2, … along one dimension, repeated along the others. Attributes: shape, dtype, dim."""

    name = "iota"
    cheap = True

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        type = TensorType(tuple(attrs["shape"]), np.dtype(attrs["dtype"]))
        check_kind("iota", "result", type, "iufc")
        check_dims("iota", "dim", (attrs["dim"],), type)
        return (type,)


@register
class BroadcastInDim(OpDef):
    """Repeat the operand. Attributes: shape of the result; dims: where each dimension of the operand goes.

    A dimension of the operand has size 1 or the size of its place in the result; `dims` increase.
    """

    name = "broadcast_in_dim"
    cheap = True

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


@register
class Reshape(OpDef):
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


@register
class Transpose(OpDef):
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


@register
class Reverse(OpDef):
    """Reverse the order of elements along dimensions. Attributes: dims."""

    name = "reverse"
    cheap = True

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("reverse", types, 1)
        check_dims("reverse", "dim", attrs["dims"], types[0])
        return (types[0],)


@register
class Slice(OpDef):
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


@register
class Pad(OpDef):
    """Add copies of the scalar `value` before, after and between elements. Attributes: low, high, interior.

    One int for each dimension; negative low or high remove elements, interior >= 0.
    """

    name = "pad"
    cheap = True

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


@register
class Concatenate(OpDef):
    """Join operands along a dimension; their other dimensions are equal. Attributes: dim."""

    name = "concatenate"
    cheap = True

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        if not types:
            raise ShapeError("concatenate: needs at least one operand")
        first, dim = types[0], attrs["dim"]
        check_dims("concatenate", "dim", (dim,), first)
        total = 0
        for number, type in enumerate(types):
            check_same_dtype("concatenate", "operand 0", first, f"operand {number}", type)
            if type.rank != first.rank or _without(type, dim) != _without(first, dim):
                raise ShapeError(
                    f"concatenate: operand {number} is {type}, operand 0 is {first}; they may differ in dimension {dim} only"
                )
            total += type.shape[dim]
        return (first.with_shape((*first.shape[:dim], total, *first.shape[dim + 1 :])),)


def _without(type: TensorType, dim: int) -> tuple[int, ...]:
    return type.shape[:dim] + type.shape[dim + 1 :]
