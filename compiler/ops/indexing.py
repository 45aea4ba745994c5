"""Reading and writing parts of arrays at indices that are data. Writes are functional: they give a new array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc import mlir
from hloc.diagnostics.errors import DTypeError, ShapeError
from hloc.ir.opdef import register
from hloc.ir.types import Shape, TensorType
from hloc.mlir import build
from hloc.mlir.build import sizes_of
from hloc.ops import prelude, scattered, scattering
from hloc.ops.algebra import Into, clipped, emit, zeros
from hloc.ops.checks import check_dims, check_index, check_kind, check_same_dtype, check_shape, check_starts
from hloc.ops.linear import Linear, on_tangents
from hloc.ops.sampling import Domain, Sample, dtypes_of, integers

if TYPE_CHECKING:
    from hloc.ir.core import Op

COMBINE = {"set": None, "add": np.add, "multiply": np.multiply, "minimum": np.minimum, "maximum": np.maximum}


@register
class Read(Linear):
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
        return (a.with_shape(sizes_of(sizes, drop)),)

    @staticmethod
    def reference(a: Any, *starts: Any, sizes: tuple[int, ...], drop: tuple[int, ...]) -> Any:
        return prelude.op_read(a, starts, sizes, drop)

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        sizes, drop = tuple(op.attrs["sizes"]), tuple(op.attrs["drop"])
        return f"op_read({args[0]}, {tuple_text(args[1:])}, {sizes}, {drop})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        if not op.operands[0].type.shape:
            return [args[0]]
        window = mlir.hlo.dynamic_slice(args[0], list(args[1:]), list(op.attrs["sizes"]))
        return [build.reshape(ctx, window, op.result.type)]

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        (a, *starts), (ct,), drop = op.operands, cotangents, op.attrs["drop"]
        if ct.type.size == a.type.size:
            return [ct if ct.type == a.type else emit(b, "reshape", ct, shape=a.type.shape), *(None for _ in starts)]
        place = Into(lambda running: emit(b, "upd", running, ct, *starts, drop=drop, mode="add"))
        return [place, *(None for _ in starts)]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        cases = (
            ((5,), (2,), (1,), (0,)),
            ((5,), (9,), (1,), ()),
            ((5,), (-3,), (3,), ()),
            ((3, 4), (1, 2), (1, 2), (0,)),
            ((3, 4), (2, 3), (1, 1), (0, 1)),
            ((3, 4), (5, 0), (2, 0), ()),
            ((0,), (0,), (0,), ()),
            ((), (), (), ()),
        )
        for dtype in dtypes_of("biufc"):
            for shape, starts, sizes, drop in cases:
                arrays = (Domain().draw(rng, shape, dtype), *integers(*starts))
                yield Sample(arrays, {"sizes": sizes, "drop": drop})


@register
class Upd(Linear):
    """a with the window that begins at the start indices replaced by v ("set") or increased by v ("add").

    v has the shape of the window without the dimensions in `drop`, where the window has size 1. Starts are clamped so
    that the window lies inside a. Attributes: drop, mode.
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

    @staticmethod
    def reference(a: Any, v: Any, *starts: Any, drop: tuple[int, ...], mode: str) -> Any:
        return prelude.op_upd(a, v, starts, drop, mode == "add")

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        drop, add = tuple(op.attrs["drop"]), op.attrs["mode"] == "add"
        return f"op_upd({args[0]}, {args[1]}, {tuple_text(args[2:])}, {drop}, {add})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        a, v, *starts = args
        type = op.result.type.with_shape(window(op.operands[1].type, op.attrs["drop"]))
        v = build.reshape(ctx, v, type)
        if op.attrs["mode"] == "add":
            v = mlir.hlo.add(mlir.hlo.dynamic_slice(a, starts, list(type.shape)) if starts else a, v)
        return [mlir.hlo.dynamic_update_slice(a, v, starts) if starts else v]

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        (_, v, *starts), (ct,), drop = op.operands, cotangents, op.attrs["drop"]
        sizes = window(v.type, drop)
        value = emit(b, "read", ct, *starts, sizes=sizes, drop=drop) if wanted[1] else None
        if wanted[0] and op.attrs["mode"] == "set":
            ct = emit(b, "upd", ct, zeros(b, v.type), *starts, drop=drop, mode="set")
        return [ct if wanted[0] else None, value, *(None for _ in starts)]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        cases = (
            ((5,), (2,), (), (0,)),
            ((5,), (9,), (2,), ()),
            ((3, 4), (1, -1), (2,), (0,)),
            ((3, 4), (1, 3), (), (0, 1)),
            ((3, 4), (0, 0), (3, 4), ()),
            ((4,), (0,), (0,), ()),
            ((), (), (), ()),
        )
        for dtype in dtypes_of("biufc"):
            for shape, starts, sizes, drop in cases:
                arrays = (Domain().draw(rng, shape, dtype), Domain().draw(rng, sizes, dtype), *integers(*starts))
                for mode in ("set",) if dtype.kind == "b" else ("set", "add"):
                    yield Sample(arrays, {"drop": drop, "mode": mode})


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
        if ctx.platform == "cpu" and ctx.in_loop:
            return [scattering.by_loop(ctx, op, args)]
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


def tuple_text(items: Sequence[str]) -> str:
    """A Python tuple of these expressions."""
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


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
