"""Scatters in loops → loops of stores, for the CPU: a scatter would keep all loops around it from being native.

    %b = scatter %a, %v, %lane, %i {dims = (0, 1), mode = "set"}       %lane: iota

becomes

    %b = for %size (%c = %a) { ^(%k):
      %j = read %i, %k;  %w = read %v, %k;  %old = read %c, %k, %j
      %new = select (0 <= %j < n), %w, %old;  %d = upd %c, %new, %k, %j;  yield %d }

The updates come in row-major order, so the last one of a place wins. Where operations show that an index stays inside
its dimension, it is not compared; where all do, a value that is set replaces what is there unseen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hloc.emit.bounds import bounds
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Op, Value, substitute, walk
from hloc.ir.opdef import REGISTRY
from hloc.ir.types import I64
from hloc.ops.control import For, While
from hloc.ops.elementwise import And, Compare, FloorDivide, FloorMod, Select
from hloc.ops.helpers import constant, reshape
from hloc.ops.indexing import Read, Scatter, Upd
from hloc.ops.shape import Iota


def write_scatters_as_loops(function: Function, in_loop: bool) -> None:
    """Rewrite the scatters in loops of a function whose loops are not canonical yet, in place.

    in_loop: the function may be called from a loop.
    """
    makers = {v: op for op in walk(function.block) for v in op.results}
    _rewrite(function.block, makers, in_loop)


def _rewrite(block: Block, makers: Mapping[Value, Op], in_loop: bool) -> None:
    old, block.ops = block.ops, []
    renamed: dict[Value, Value] = {}
    for op in old:
        for region in op.regions:
            _rewrite(region, makers, in_loop or op.kind in (For, While))
        if op.kind is Scatter and in_loop and op.operands[1].type.size and op.result.type.size:
            renamed[op.result] = _Stores(Builder(block, op.span), op, makers).write()
        else:
            block.ops.append(op)
    substitute(block, renamed)


class _Stores:
    """The updates of one scatter, one after another."""

    def __init__(self, b: Builder, op: Op, makers: Mapping[Value, Op]) -> None:
        self.b, self.op = b, op
        self.array, values, *indices = op.operands
        self.dims, self.type = tuple(op.attrs["dims"]), op.result.type
        self.shape = indices[0].type.shape
        self.count = indices[0].type.size
        self.values = reshape(b, values, (self.count, *values.type.shape[len(self.shape) :]))
        sizes = [self.type.shape[d] for d in self.dims]
        self.unsure = [not _inside(i, n, makers) for i, n in zip(indices, sizes, strict=True)]
        self.counted = [_counted_dim(i, makers) for i in indices]
        self.lines = [
            i if dim is not None else reshape(b, i, (self.count,)) for i, dim in zip(indices, self.counted, strict=True)
        ]

    def write(self) -> Value:
        """The array with all updates."""
        body = Block()
        k, array = body.add_arg(I64), body.add_arg(self.type)
        with self.b.at(body):
            body.results = [self._store(k, array)]
        count = constant(self.b, self.count, np.int64)
        (result,) = self.b.emit_op(For, [count, self.array], [self.type], {"direction": 1}, [body])
        return result

    def _store(self, k: Value, array: Value) -> Value:
        """The array with update number k."""
        b, rank = self.b, self.values.type.rank
        zero = constant(b, 0, np.int64)
        row = b.emit(Read, self.values, k, *[zero] * (rank - 1), sizes=(1, *self.values.type.shape[1:]), drop=(0,))
        places = [self._place(number, k) for number in range(len(self.dims))]
        starts = [places[self.dims.index(d)] if d in self.dims else zero for d in range(self.type.rank)]
        mode = self.op.attrs["mode"]
        if mode in ("set", "add") and not any(self.unsure):
            return b.emit(Upd, array, row, *starts, drop=self.dims, mode=mode)
        sizes = tuple(1 if d in self.dims else n for d, n in enumerate(self.type.shape))
        old = b.emit(Read, array, *starts, sizes=sizes, drop=self.dims)
        new = row if mode == "set" else b.emit(REGISTRY[mode], old, row)
        happens = self._happens(places)
        new = new if happens is None else b.emit(Select, happens, new, old)
        return b.emit(Upd, array, new, *starts, drop=self.dims, mode="set")

    def _place(self, number: int, k: Value) -> Value:
        """Index `number` of update k."""
        dim, line = self.counted[number], self.lines[number]
        if dim is None:
            return self.b.emit(Read, line, k, sizes=(1,), drop=(0,))
        inner = int(np.prod(self.shape[dim + 1 :], dtype=np.int64))
        place = k
        if inner > 1:
            place = self.b.emit(FloorDivide, place, constant(self.b, inner, np.int64), nonnegative=True)
        if dim > 0:
            place = self.b.emit(FloorMod, place, constant(self.b, self.shape[dim], np.int64), nonnegative=True)
        return place

    def _happens(self, places: Sequence[Value]) -> Value | None:
        """Whether the place of an update is in the array; None where it always is."""
        b, result = self.b, None
        for place, dim, unsure in zip(places, self.dims, self.unsure, strict=True):
            if not unsure:
                continue
            limits = (("GE", 0), ("LT", self.type.shape[dim]))
            for direction, limit in limits:
                one = b.emit(Compare, place, constant(b, limit, np.int64), direction=direction)
                result = one if result is None else b.emit(And, result, one)
        return result


def _inside(index: Value, size: int, makers: Mapping[Value, Op]) -> bool:
    low, high = bounds(index, makers)
    return low >= 0 and high < size


def _counted_dim(index: Value, makers: Mapping[Value, Op]) -> int | None:
    """The dimension along which an index array counts 0, 1, 2, …; None where it does not."""
    op = makers.get(index)
    return op.attrs["dim"] if op is not None and op.kind is Iota else None
