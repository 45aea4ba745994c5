"""Tensor types of the SSA program: a static shape and an element type.

`TensorType((3, 4), float64)` prints as `f64[3,4]`, a scalar as `f64`.
"""

from __future__ import annotations

from functools import cached_property
from math import prod

import numpy as np

from hloc.classes import dataclass

Shape = tuple[int, ...]

_SHORT_NAMES = {
    "bool": "b1",
    "int8": "i8",
    "int16": "i16",
    "int32": "i32",
    "int64": "i64",
    "uint8": "u8",
    "uint16": "u16",
    "uint32": "u32",
    "uint64": "u64",
    "float16": "f16",
    "float32": "f32",
    "float64": "f64",
    "complex64": "c64",
    "complex128": "c128",
}
_BY_SHORT_NAME = {short: np.dtype(name) for name, short in _SHORT_NAMES.items()}
ELEMENT_TYPES: tuple[np.dtype, ...] = tuple(_BY_SHORT_NAME.values())


def dtype_name(dtype: np.dtype) -> str:
    """The short name of an element type: `f64` for float64, `b1` for bool."""
    return _SHORT_NAMES[np.dtype(dtype).name]


def dtype_of_name(name: str) -> np.dtype:
    """The element type with this short name. Raises KeyError for a name that is none."""
    return _BY_SHORT_NAME[name]


@dataclass(frozen=True)
class TensorType:
    """Shape and element type of an SSA value. Dimensions are non-negative ints; a scalar has shape ()."""

    shape: Shape
    dtype: np.dtype

    def __str__(self) -> str:
        dims = ",".join(map(str, self.shape))
        return dtype_name(self.dtype) + (f"[{dims}]" if self.shape else "")

    __repr__ = __str__

    @property
    def rank(self) -> int:
        return len(self.shape)

    @cached_property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def with_shape(self, shape: Shape) -> TensorType:
        return TensorType(tuple(shape), self.dtype)

    def with_dtype(self, dtype: np.dtype) -> TensorType:
        return TensorType(self.shape, np.dtype(dtype))


def scalar(dtype: np.dtype | type | str) -> TensorType:
    """The type of a scalar of this element type."""
    return TensorType((), np.dtype(dtype))


def parse_type(text: str) -> TensorType:
    """Read `f64[3,4]` or `f64`. Raises ValueError for text that is no type."""
    name, bracket, rest = text.strip().partition("[")
    sizes = [part.strip() for part in rest.removesuffix("]").split(",") if part.strip()]
    closed = not bracket or rest.endswith("]")
    if name.rstrip() not in _BY_SHORT_NAME or not closed or not all(size.isdecimal() for size in sizes):
        raise ValueError(f"{text!r} is no tensor type; write f64, i64[10] or b1[3,4]")
    return TensorType(tuple(map(int, sizes)), _BY_SHORT_NAME[name.rstrip()])


B1 = scalar(np.bool_)
I32 = scalar(np.int32)
I64 = scalar(np.int64)
F64 = scalar(np.float64)
