"""Short ways to build common combinations of operations; nothing is emitted where nothing is to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hloc.diagnostics.errors import ShapeError
from hloc.ir.builder import Builder
from hloc.ir.core import Value
from hloc.ir.types import Shape
from hloc.ops.elementwise import Compare, Convert, Select, Sqrt
from hloc.ops.shape import BroadcastInDim, Constant, Reshape, Transpose


def constant(b: Builder, value: Any, dtype: np.dtype | type | None = None) -> Value:
    """A constant array or number; the element type is NumPy's for `value` unless given."""
    return b.emit(Constant, value=np.asarray(value, dtype))


def full(b: Builder, shape: Shape, value: Any, dtype: np.dtype | type) -> Value:
    """An array of this shape with one number everywhere."""
    return broadcast_to(b, constant(b, value, dtype), shape)


def zeros_like(b: Builder, x: Value) -> Value:
    """Zeros (False) of the type of x."""
    return full(b, x.type.shape, 0, x.type.dtype)


def ones_like(b: Builder, x: Value) -> Value:
    """Ones (True) of the type of x."""
    return full(b, x.type.shape, 1, x.type.dtype)


def broadcast_to(b: Builder, x: Value, shape: Shape) -> Value:
    """x repeated to `shape` by NumPy's rules: dimensions align on the right, size 1 repeats. Raises ShapeError."""
    shape = tuple(shape)
    if x.type.shape == shape:
        return x
    offset = len(shape) - x.type.rank
    if offset < 0 or any(n not in (1, m) for n, m in zip(x.type.shape, shape[offset:], strict=True)):
        raise ShapeError(f"broadcast: {x.type} does not fit the shape {list(shape)}")
    return b.emit(BroadcastInDim, x, shape=shape, dims=tuple(range(offset, len(shape))))


def broadcast_shapes(*shapes: Shape) -> Shape:
    """The common shape by NumPy's rules. Raises ShapeError naming the two sizes that differ."""
    rank = max(map(len, shapes), default=0)
    result = []
    for d in range(-rank, 0):
        sizes = {shape[d] for shape in shapes if len(shape) >= -d and shape[d] != 1}
        if len(sizes) > 1:
            listing = ", ".join(str(list(shape)) for shape in shapes)
            raise ShapeError(f"broadcast: sizes {' and '.join(map(str, sorted(sizes)))} differ in shapes {listing}")
        result.append(sizes.pop() if sizes else 1)
    return tuple(result)


def convert(b: Builder, x: Value, dtype: np.dtype | type) -> Value:
    """x in another element type."""
    dtype = np.dtype(dtype)
    return x if x.type.dtype == dtype else b.emit(Convert, x, dtype=dtype)


def reshape(b: Builder, x: Value, shape: Shape) -> Value:
    """x in another shape."""
    return x if x.type.shape == tuple(shape) else b.emit(Reshape, x, shape=tuple(shape))


def transpose(b: Builder, x: Value, permutation: Sequence[int]) -> Value:
    """x with its dimensions reordered."""
    same = tuple(permutation) == tuple(range(x.type.rank))
    return x if same else b.emit(Transpose, x, permutation=tuple(permutation))


def expand_dims(b: Builder, x: Value, dims: Sequence[int]) -> Value:
    """x with dimensions of size 1 put in, so that they have the numbers `dims` in the result."""
    shape = list(x.type.shape)
    for d in sorted(dims):
        shape.insert(d, 1)
    return reshape(b, x, tuple(shape))


def root_of_squares(b: Builder, total: Value) -> Value:
    """The square root of a sum of squares; where they all are 0 it is a constant for derivatives."""
    zeros = zeros_like(b, total)
    none = compare(b, total, "EQ", zeros)
    return b.emit(Select, none, zeros, b.emit(Sqrt, b.emit(Select, none, ones_like(b, total), total)))


def compare(b: Builder, x: Value, direction: str, y: Value) -> Value:
    """x <direction> y: EQ, NE, LT, LE, GT or GE."""
    return b.emit(Compare, x, y, direction=direction)
