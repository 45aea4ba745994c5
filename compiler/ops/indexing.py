"""Reading and writing elements of arrays at index arrays. Windows are in hloc.ops.windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc import mlir
from hloc.diagnostics.errors import ShapeError
from hloc.ir.opdef import register
from hloc.ir.types import TensorType
from hloc.mlir import build
from hloc.mlir.build import sizes_of
from hloc.ops import indexed_lanes, prelude, scattered, scattering
from hloc.ops.algebra import Into, clipped, emit
from hloc.ops.checks import check_dims, check_index, check_same_dtype, check_shape
from hloc.ops.linear import Linear, on_tangents
from hloc.ops.sampling import Domain, Sample, dtypes_of
from hloc.ops.windows import Read, Upd, check_mode, tuple_text, window

if TYPE_CHECKING:
    from hloc.ir.core import Op

__all__ = ["Gather", "Read", "Scatter", "Upd", "window"]

COMBINE = {"set": None, "add": np.add, "multiply": np.multiply, "minimum": np.minimum, "maximum": np.maximum}


@register
class Gather(Linear):
    """Elements (or slices) of a at index arrays: a[i_0, i_1, …] in NumPy's notation.

    The index arrays are i64 of one shape S, for the dimensions `dims` of a (increasing); the result has the shape S
    plus the other dimensions of a. Indices are clamped into range. Attributes: dims.
    """

    name = "gather"

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        a, *indices = types
        check_indices("gather", indices, attrs["dims"], a)
        return (a.with_shape(indices[0].shape + sizes_of(a.shape, attrs["dims"])),)

    @staticmethod
    def reference(a: Any, *indices: Any, dims: tuple[int, ...]) -> Any:
        return prelude.op_gather(a, indices, dims)

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        return f"op_gather({args[0]}, {tuple_text(args[1:])}, {tuple(op.attrs['dims'])})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        type, dims = op.operands[0].type, op.attrs["dims"]
        if not op.result.type.size or any(type.shape[d] == 0 for d in dims):
            return [build.full(ctx, op.result.type, 0)]
        index_rank = op.operands[1].type.rank
        offsets = range(index_rank, op.result.type.rank)
        numbers = mlir.hlo.GatherDimensionNumbers.get(list(offsets), list(dims), [], [], list(dims), index_rank)
        sizes = [1 if d in dims else n for d, n in enumerate(type.shape)]
        vectors = scattering.index_vectors(ctx, args[1:], op.operands[1].type)
        return [mlir.hlo.gather(args[0], vectors, numbers, sizes)]

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        (a, *indices), (ct,), dims = op.operands, cotangents, op.attrs["dims"]
        if not a.type.size or not ct.type.size:
            return [None for _ in op.operands]
        places = [clipped(b, i, a.type.shape[d] - 1) for i, d in zip(indices, dims, strict=True)]
        sums = Into(lambda running: emit(b, "scatter", running, ct, *places, dims=dims, mode="add"))
        return [sums, *(None for _ in indices)]

    @classmethod
    def batch(cls, b: Any, op: Op, operands: Sequence[Any], batched: Sequence[bool], size: int) -> Sequence[Any]:
        return [indexed_lanes.gather(b, op, operands, batched, size)]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for dtype in dtypes_of("biufc"):
            for shape, index_shape, dims in INDEX_CASES:
                a = Domain().draw(rng, shape, dtype)
                indices = (np.asarray(rng.integers(-2, shape[d] + 2, index_shape)) for d in dims)
                yield Sample((a, *indices), {"dims": dims})


@register
class Scatter(Linear):
    """a with the places at index arrays set to, or combined with, v: a[i_0, i_1, …] = v in NumPy's notation.

    The index arrays are i64 of one shape S, for the dimensions `dims` of a (increasing); v has the shape S plus the
    other dimensions of a. Of several values set at one place the last in row-major order wins; places outside a are
    left out.
    Attributes: dims; mode: set, add, multiply, minimum or maximum; unique (False): no place is met twice.
    """

    name = "scatter"

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        a, v, *indices = types
        check_indices("scatter", indices, attrs["dims"], a)
        check_same_dtype("scatter", "a", a, "v", v)
        check_mode("scatter", attrs["mode"], a, ("set", "add", "multiply", "minimum", "maximum"))
        shape = indices[0].shape + sizes_of(a.shape, attrs["dims"])
        check_shape("scatter", "v", v, shape, "that of the indices, then the other dimensions of a")
        return (a,)

    @staticmethod
    def reference(a: Any, v: Any, *indices: Any, dims: tuple[int, ...], mode: str, unique: bool = False) -> Any:
        return prelude.op_scatter(a, v, indices, dims, COMBINE[mode])

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        mode, dims = op.attrs["mode"], tuple(op.attrs["dims"])
        combine = "None" if mode == "set" else f"np.{mode}"
        return f"op_scatter({args[0]}, {args[1]}, {tuple_text(args[2:])}, {dims}, {combine})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        if not op.operands[1].type.size or not op.result.type.size:
            return [args[0]]
        if ctx.platform != "cpu" and op.attrs["mode"] == "set" and not op.attrs.get("unique", False):
            return [scattering.last_wins(ctx, op, args)]
        return [scattering.direct(ctx, op, args)]

    @classmethod
    def jvp(cls, b: Any, op: Op, tangents: Sequence[Any]) -> Sequence[Any]:
        if op.attrs["mode"] in ("set", "add"):
            return [on_tangents(b, op, tangents)]
        return [scattered.combined_jvp(b, op, tangents)]

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        return [*scattered.cotangents(b, op, cotangents[0], wanted), *(None for _ in op.operands[2:])]

    @classmethod
    def batch(cls, b: Any, op: Op, operands: Sequence[Any], batched: Sequence[bool], size: int) -> Sequence[Any]:
        return [indexed_lanes.scatter(b, op, operands, batched, size)]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for dtype in dtypes_of("biufc"):
            for shape, index_shape, dims in INDEX_CASES:
                a = Domain().draw(rng, shape, dtype)
                v = Domain().draw(rng, index_shape + sizes_of(shape, dims), dtype)
                indices = tuple(np.asarray(rng.integers(-1, shape[d] + 1, index_shape)) for d in dims)
                for mode in _modes(dtype):
                    yield Sample((a, v, *indices), {"dims": dims, "mode": mode})
        order = rng.permutation(6)
        yield Sample((np.zeros(6), rng.normal(size=6), order), {"dims": (0,), "mode": "set", "unique": True})


def check_indices(op: str, indices: Sequence[TensorType], dims: Sequence[int], a: TensorType) -> None:
    """Index arrays of one shape, one for each of `dims`."""
    check_dims(op, "dim", dims, a, increasing=True)
    if not indices or len(indices) != len(dims):
        raise ShapeError(f"{op}: needs one index array for each of dims {tuple(dims)}, found {len(indices)}")
    for number, index in enumerate(indices):
        check_index(op, f"index {number}", index)
        check_shape(op, f"index {number}", index, indices[0].shape, "that of index 0")


def _modes(dtype: np.dtype) -> Sequence[str]:
    """All modes for one type of each kind, the common ones for the others."""
    if dtype.kind in "bc":
        return ("set", "maximum") if dtype.kind == "b" else ("set", "add", "multiply")
    return tuple(COMBINE) if dtype.name in ("int64", "uint8", "float64") else ("set", "add")


INDEX_CASES = (
    ((5,), (), (0,)),
    ((5,), (30,), (0,)),
    ((4,), (0,), (0,)),
    ((4, 3), (2, 3), (0,)),
    ((4, 3), (6,), (1,)),
    ((4, 3), (2, 4), (0, 1)),
    ((2, 3, 4), (5,), (0, 2)),
)
"""Shape of a, shape of the index arrays, indexed dimensions."""
