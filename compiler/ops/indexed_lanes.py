"""Batching rules of reads and writes at places that are data.

Where the lanes share the places, the lane axis is one more dimension that is taken whole. Where each lane has its own,
windows become index arrays, and the number of the lane is an index too:

    %y = read %a, %i {sizes = (3,), drop = ()}              one lane
    %y = gather %a, %lane, %place {dims = (0, 1)}           all lanes; %place: i64[size, 3] is %i + 0, 1, 2
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hloc.ir.types import I64, Shape
from hloc.ops.algebra import clipped, emit, full, iota
from hloc.ops.lanes import behind, reshaped, spread, transposed, with_ones

if TYPE_CHECKING:
    from hloc.ir.builder import Builder
    from hloc.ir.core import Op, Value


def read(b: Builder, op: Op, operands: Sequence[Value], batched: Sequence[bool], size: int) -> Value:
    """Of `read`: a read where the lanes share the starts, else a gather."""
    (a, *starts), (has, *varies), drop = operands, batched, op.attrs["drop"]
    windows = Windows(op.operands[0].type.shape, op.attrs["sizes"], drop)
    if any(varies[d] for d in windows.moving):
        places, dims = windows.places(b, starts, varies, size), windows.moving
        if has:
            places, dims = [iota(b, places[0].type.shape, 0), *places], (0, *behind(dims))
        return windows.from_rows(b, emit(b, "gather", a, *places, dims=dims), op.result.type.shape)
    starts = _shared(b, starts, varies)
    if not has:
        return spread(b, emit(b, "read", a, *starts, **op.attrs), False, size)
    sizes = (size, *op.attrs["sizes"])
    return emit(b, "read", a, full(b, I64, 0), *starts, sizes=sizes, drop=behind(drop))


def upd(b: Builder, op: Op, operands: Sequence[Value], batched: Sequence[bool], size: int) -> Value:
    """Of `upd`: an upd where the lanes share the starts, else a scatter, which meets no place twice."""
    (a, v, *starts), (a_has, v_has, *varies) = operands, batched
    shape, drop, mode = op.operands[0].type.shape, op.attrs["drop"], op.attrs["mode"]
    windows = Windows(shape, with_ones(op.operands[1].type.shape, drop), drop)
    v = spread(b, v, v_has, size)
    if not windows.moving:
        v = reshaped(b, v, (size, *shape))
        return v if mode == "set" else emit(b, "add", spread(b, a, a_has, size), v)
    a = spread(b, a, a_has, size)
    if not any(varies[d] for d in windows.moving):
        starts = _shared(b, starts, varies)
        return emit(b, "upd", a, v, full(b, I64, 0), *starts, drop=behind(drop), mode=mode)
    places = windows.places(b, starts, varies, size)
    places, dims = [iota(b, places[0].type.shape, 0), *places], (0, *behind(windows.moving))
    return emit(b, "scatter", a, windows.to_rows(b, v), *places, dims=dims, mode=mode, unique=True)


def gather(b: Builder, op: Op, operands: Sequence[Value], batched: Sequence[bool], size: int) -> Value:
    """Of `gather`: the number of the lane is an index too where array and indices vary."""
    (a, *indices), (has, *varies), dims = operands, batched, op.attrs["dims"]
    if any(varies):
        indices = [spread(b, i, own, size) for i, own in zip(indices, varies, strict=True)]
        if has:
            indices, dims = [iota(b, indices[0].type.shape, 0), *indices], (0, *behind(dims))
        return emit(b, "gather", a, *indices, dims=dims)
    rank = indices[0].type.rank
    rows = emit(b, "gather", a, *indices, dims=behind(dims))
    return transposed(b, rows, (rank, *range(rank), *range(rank + 1, rows.type.rank)))


def scatter(b: Builder, op: Op, operands: Sequence[Value], batched: Sequence[bool], size: int) -> Value:
    """Of `scatter`: the number of the lane is an index too where the indices vary; else rows of all lanes are put."""
    (a, v, *indices), (a_has, v_has, *varies), dims = operands, batched, behind(op.attrs["dims"])
    a, attrs = spread(b, a, a_has, size), {name: value for name, value in op.attrs.items() if name != "dims"}
    if any(varies):
        v = spread(b, v, v_has, size)
        indices = [spread(b, i, own, size) for i, own in zip(indices, varies, strict=True)]
        return emit(b, "scatter", a, v, iota(b, indices[0].type.shape, 0), *indices, dims=(0, *dims), **attrs)
    return emit(b, "scatter", a, _lanes_behind(b, v, v_has, indices[0].type.rank, size), *indices, dims=dims, **attrs)


class Windows:
    """A window for each lane of an array of this shape.

    moving: the dimensions that the window does not fill, so that its start matters. As index arrays and gathered
    elements have them, the dimensions of windows are those of `moving` that are no single places, then the filled ones.
    """

    def __init__(self, shape: Shape, sizes: Shape, drop: Sequence[int]) -> None:
        self.shape, self.sizes, self.drop = shape, sizes, drop
        self.moving = tuple(d for d, (n, m) in enumerate(zip(sizes, shape, strict=True)) if n < m)
        self.long = tuple(d for d in self.moving if sizes[d] != 1)
        self.rows = (*self.long, *(d for d in range(len(shape)) if d not in self.moving))

    def places(self, b: Builder, starts: Sequence[Value], varies: Sequence[bool], size: int) -> list[Value]:
        """Index arrays for the dimensions `moving`: i64[size, …], moved inside where a window would reach out."""
        shape = (size, *(self.sizes[d] for d in self.long))
        result = []
        for d in self.moving:
            first = clipped(b, starts[d], self.shape[d] - self.sizes[d])
            if first.type.shape != shape:
                first = emit(b, "broadcast_in_dim", first, shape=shape, dims=(0,) if varies[d] else ())
            if d in self.long:
                first = emit(b, "add", first, iota(b, shape, 1 + self.long.index(d)))
            result.append(first)
        return result

    def from_rows(self, b: Builder, rows: Value, shape: Shape) -> Value:
        """Gathered elements as windows of this shape, one for each lane."""
        order = sorted(self.rows)
        rows = transposed(b, rows, (0, *behind([self.rows.index(d) for d in order])))
        return reshaped(b, rows, (rows.type.shape[0], *shape))

    def to_rows(self, b: Builder, v: Value) -> Value:
        """Windows, one for each lane, as the updates of a scatter."""
        order = sorted(self.rows)
        v = reshaped(b, v, (v.type.shape[0], *(self.sizes[d] for d in order)))
        return transposed(b, v, (0, *behind([order.index(d) for d in self.rows])))


def _shared(b: Builder, starts: Sequence[Value], varies: Sequence[bool]) -> list[Value]:
    """Starts that lanes share. Those that vary are of dimensions that the window fills, where each start is 0."""
    return [full(b, I64, 0) if has else start for start, has in zip(starts, varies, strict=True)]


def _lanes_behind(b: Builder, v: Value, batched: bool, rank: int, size: int) -> Value:
    """v with the lane axis behind its first dimensions, `rank` of them."""
    if batched:
        return transposed(b, v, (*range(1, rank + 1), 0, *range(rank + 1, v.type.rank)))
    shape = v.type.shape
    dims = (*range(rank), *behind(range(rank, len(shape))))
    return emit(b, "broadcast_in_dim", v, shape=(*shape[:rank], size, *shape[rank:]), dims=dims)
