"""Reading and writing parts of arrays at indices that are data. Writes are functional: they give a new array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hloc.diagnostics.errors import DTypeError, ShapeError
from hloc.ir.opdef import OpDef, register
from hloc.ir.types import Shape, TensorType
from hloc.ops.checks import check_dims, check_index, check_kind, check_same_dtype, check_shape, check_starts


@register
class Read(OpDef):
    """The window of `sizes` that begins at the start indices (i64 scalars, one a dimension of a).

    Starts are clamped so that the window lies inside a. Attributes: sizes; drop: dimensions of size 1 that the result
    leaves out.
    """

    name = "read"
    cheap = True

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        a, *starts = types
        check_starts("read", starts, a)
        sizes, drop = attrs["sizes"], attrs["drop"]
        check_dims("read", "drop", drop, a)
        fits = len(sizes) == a.rank and all(0 <= n <= m for n, m in zip(sizes, a.shape, strict=True))
        if not fits or any(sizes[d] != 1 for d in drop):
            raise ShapeError(f"read: window {list(sizes)} with drop {tuple(drop)} does not fit a, {a}")
        return (a.with_shape(tuple(n for d, n in enumerate(sizes) if d not in drop)),)


@register
class Upd(OpDef):
    """a with the window that begins at the start indices replaced by v ("set") or increased by v ("add").

    v has the shape of the window without the dimensions in `drop`, where the window has size 1. Starts are clamped so that
    the window lies inside a. Attributes: drop, mode.
    """

    name = "upd"

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        a, v, *starts = types
        check_starts("upd", starts, a)
        check_same_dtype("upd", "a", a, "v", v)
        check_mode("upd", attrs["mode"], a, ("set", "add"))
        check_dims("upd", "drop", attrs["drop"], a)
        if v.rank + len(attrs["drop"]) != a.rank:
            raise ShapeError(f"upd: v, {v}, with drop {tuple(attrs['drop'])} does not fit a, {a}")
        if any(n > m for n, m in zip(window(v, attrs["drop"]), a.shape, strict=True)):
            raise ShapeError(f"upd: v, {v}, is larger than a, {a}")
        return (a,)


@register
class Gather(OpDef):
    """Elements (or slices) of a at index arrays: a[i_0, i_1, …] in NumPy's notation.

    The index arrays are i64 of one shape S, for the dimensions `dims` of a (increasing); the result has the shape S plus the
    other dimensions of a. Indices are clamped into range. Attributes: dims.
    """

    name = "gather"

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        a, *indices = types
        check_indices("gather", indices, attrs["dims"], a)
        return (a.with_shape(indices[0].shape + _remaining(a, attrs["dims"])),)


@register
class Scatter(OpDef):
    """a with the places at index arrays set to, or combined with, v: a[i_0, i_1, …] = v in NumPy's notation.

    The index arrays are i64 of one shape S, for the dimensions `dims` of a (increasing); v has the shape S plus the other
    dimensions of a. Of several values set at one place the last in row-major order wins; values for places outside a are dropped.
    Attributes: dims; mode: set, add, multiply, minimum or maximum; unique (False): no place is met twice.
    """

    name = "scatter"

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        a, v, *indices = types
        check_indices("scatter", indices, attrs["dims"], a)
        check_same_dtype("scatter", "a", a, "v", v)
        check_mode("scatter", attrs["mode"], a, ("set", "add", "multiply", "minimum", "maximum"))
        shape = indices[0].shape + _remaining(a, attrs["dims"])
        check_shape("scatter", "v", v, shape, "that of the indices, then the other dimensions of a")
        return (a,)


def window(v: TensorType, drop: Sequence[int]) -> Shape:
    """The shape of the window that v is written to: v's sizes, and 1 at the dropped dimensions."""
    sizes = list(v.shape)
    for d in sorted(drop):
        sizes.insert(d, 1)
    return tuple(sizes)


def check_mode(op: str, mode: str, a: TensorType, modes: Sequence[str]) -> None:
    if mode not in modes:
        raise DTypeError(f"{op}: mode must be one of {', '.join(modes)}, found {mode!r}")
    if mode in ("add", "multiply"):
        check_kind(op, f"a with mode {mode}", a, "iufc")
    if mode in ("minimum", "maximum"):
        check_kind(op, f"a with mode {mode}", a, "biuf")


def check_indices(op: str, indices: Sequence[TensorType], dims: Sequence[int], a: TensorType) -> None:
    """Index arrays of one shape, one for each of `dims`."""
    check_dims(op, "dim", dims, a, increasing=True)
    if not indices or len(indices) != len(dims):
        raise ShapeError(f"{op}: needs one index array for each of dims {tuple(dims)}, found {len(indices)}")
    for number, index in enumerate(indices):
        check_index(op, f"index {number}", index)
        check_shape(op, f"index {number}", index, indices[0].shape, "that of index 0")


def _remaining(a: TensorType, dims: Sequence[int]) -> Shape:
    return tuple(n for d, n in enumerate(a.shape) if d not in dims)
