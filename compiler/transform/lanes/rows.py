"""What lanes have of arrays that go from trip to trip: taken before the body, put together after it.

body(%k, %o: f64[B,3]) {                          body(%k, %row: f64[3]) {
  %o1 = upd %o, %y, %k, %zero {drop = (0,)}  →      yield %y }
  yield %o1 }
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Op, Value, substitute
from hloc.ir.types import Shape
from hloc.ops.algebra import emit
from hloc.transform.lanes.carries import Row, Start, window_access


def keep_own_part(body: Block, row: Row) -> None:
    """Rewrite the accesses to a carry in place, so that each lane carries its own part only."""
    _Narrowing(row).run(body)


class _Narrowing:
    def __init__(self, row: Row) -> None:
        self.removed = row.removed
        self.accesses = set(row.versions.accesses)
        self.same: dict[Value, Value] = {}
        for version in row.versions.values:
            version.type = version.type.with_shape(row.shape(version.type.shape))

    def run(self, body: Block) -> None:
        self.block(body)
        substitute(body, self.same)

    def block(self, block: Block) -> None:
        ops, block.ops = block.ops, []
        b = Builder(block)
        for op in ops:
            for region in op.regions:
                self.block(region)
            if op not in self.accesses:
                block.ops.append(op)
                continue
            b.span = op.span
            new = self.read(b, op) if op.name == "read" else self.write(b, op)
            new.name = new.name or op.result.name
            self.same[op.result] = new

    def kept(self, items: Sequence[int]) -> Shape:
        return tuple(item for d, item in enumerate(items) if d not in self.removed)

    def drop(self, op: Op) -> Shape:
        """The dimensions of the narrow array that its windows leave out."""
        names = self.kept(range(len(self.removed) + op.operands[0].type.rank))
        return tuple(names.index(d) for d in op.attrs["drop"] if d in names)

    def read(self, b: Builder, op: Op) -> Value:
        array = op.operands[0]
        starts, sizes = window_access(op)
        starts, sizes = tuple(v for d, v in enumerate(starts) if d not in self.removed), self.kept(sizes)
        if sizes == array.type.shape:
            return _shaped(b, array, op.result.type.shape)
        part = emit(b, "read", array, *starts, sizes=sizes, drop=self.drop(op))
        return _shaped(b, part, op.result.type.shape)

    def write(self, b: Builder, op: Op) -> Value:
        array, value = op.operands[:2]
        starts, sizes = window_access(op)
        starts, sizes = tuple(v for d, v in enumerate(starts) if d not in self.removed), self.kept(sizes)
        whole, drop = sizes == array.type.shape, self.drop(op)
        value = _shaped(b, value, tuple(n for d, n in enumerate(sizes) if whole or d not in drop))
        if not whole:
            return emit(b, "upd", array, value, *starts, drop=drop, mode=op.attrs["mode"])
        return value if op.attrs["mode"] == "set" else emit(b, "add", array, value)


def _shaped(b: Builder, value: Value, shape: Shape) -> Value:
    return value if value.type.shape == shape else emit(b, "reshape", value, shape=shape)


def take_rows(b: Builder, whole: Value, row: Row, size: int) -> Value:
    """The parts of all lanes, stacked in front."""
    shape, dim = whole.type.shape, row.dim
    if row.prefix is None:
        order = (dim, *(d for d in range(len(shape)) if d != dim))
        moved = whole if dim == 0 else emit(b, "transpose", whole, permutation=order)
        return _first(b, moved, size)
    if dim == 0:
        return _first(b, whole, size)
    starts = _starts(b, row, len(shape))
    sizes = (*(1 for _ in range(dim)), size, *shape[dim + 1 :])
    return emit(b, "read", whole, *starts, sizes=sizes, drop=tuple(range(dim)))


def put_rows(b: Builder, whole: Value, rows: Value, row: Row) -> Value:
    """The array with the parts of all lanes in place."""
    shape, dim = whole.type.shape, row.dim
    if row.prefix is None:
        rank = len(shape)
        back = (*range(1, dim + 1), 0, *range(dim + 1, rank))
        rows = rows if dim == 0 else emit(b, "transpose", rows, permutation=back)
        drop: Shape = ()
    else:
        drop = tuple(range(dim))
    if rows.type == whole.type:
        return rows
    return emit(b, "upd", whole, rows, *_starts(b, row, len(shape)), drop=drop, mode="set")


def _starts(b: Builder, row: Row, rank: int) -> list[Value]:
    """Where the window that holds the parts of all lanes begins."""
    prefix: tuple[Start, ...] = row.prefix or ()
    starts = [start if isinstance(start, Value) else number(b, start) for start in prefix]
    return starts + [number(b, 0) for _ in range(rank - len(starts))]


def _first(b: Builder, array: Value, size: int) -> Value:
    """The first `size` entries."""
    if array.type.shape[0] == size:
        return array
    zeros, ones = (0,) * array.type.rank, (1,) * array.type.rank
    return emit(b, "slice", array, start=zeros, limit=(size, *array.type.shape[1:]), stride=ones)


def number(b: Builder, value: int) -> Value:
    """An i64 scalar."""
    return emit(b, "constant", value=np.array(value, np.int64))
