"""Reading and writing windows of arrays at starts that are data. Writes are functional: they give a new array."""

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
from hloc.ops import indexed_lanes, prelude
from hloc.ops.algebra import Into, emit, zeros
from hloc.ops.checks import check_dims, check_kind, check_same_dtype, check_starts
from hloc.ops.lanes import with_ones
from hloc.ops.linear import Linear
from hloc.ops.sampling import Domain, Sample, dtypes_of, integers

if TYPE_CHECKING:
    from hloc.ir.core import Op


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
    def batch(cls, b: Any, op: Op, operands: Sequence[Any], batched: Sequence[bool], size: int) -> Sequence[Any]:
        return [indexed_lanes.read(b, op, operands, batched, size)]

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
    def batch(cls, b: Any, op: Op, operands: Sequence[Any], batched: Sequence[bool], size: int) -> Sequence[Any]:
        return [indexed_lanes.upd(b, op, operands, batched, size)]

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


def window(v: TensorType, drop: Sequence[int]) -> Shape:
    """The shape of the window that v is written to: v's sizes, and 1 at the dropped dimensions."""
    return with_ones(v.shape, drop)


def check_mode(op: str, mode: str, a: TensorType, modes: Sequence[str]) -> None:
    if mode not in modes:
        raise DTypeError(f"{op}: mode must be one of {', '.join(modes)}, found {mode!r}")
    if mode in ("add", "multiply"):
        check_kind(op, f"a with mode {mode}", a, "iufc")
    if mode in ("minimum", "maximum"):
        check_kind(op, f"a with mode {mode}", a, "biuf")


def tuple_text(items: Sequence[str]) -> str:
    """A Python tuple of these expressions."""
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
