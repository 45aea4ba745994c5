"""Scatters in loops → loops of stores, for the CPU: a scatter would keep all loops around it from being native.

    %b = scatter %a, %v, %lane, %i {dims = (0, 1), mode = "set"}       %lane: iota

becomes

    %b = for %size (%c = %a) { ^(%k):
      %j = read %i, %k;  %w = read %v, %k;  %old = read %c, %k, %j
      %new = select (0 <= %j < n), %w, %old;  %d = upd %c, %new, %k, %j;  yield %d }

The updates come in row-major order, so the last one of a place wins. Where operations show that an index stays inside
its dimension, it is not compared; where all do, a value that is set replaces what is there unseen, and updates whose
places are neighbours are stored together (hloc.emit.places).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np

from hloc.emit.places import Places
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Module, Op, Value, substitute, walk
from hloc.ir.opdef import REGISTRY
from hloc.ir.types import I64
from hloc.ops.control import Call, For, While
from hloc.ops.elementwise import And, Compare, FloorDivide, FloorMod, Select
from hloc.ops.helpers import constant, reshape, transpose
from hloc.ops.indexing import Read, Scatter, Upd


def write_scatters_as_loops(module: Module) -> None:
    """Rewrite the scatters in loops of a module whose loops are not canonical yet, in place.

    Functions stand after those they call, so that going backwards tells which are called in loops.
    """
    called_in_loops: set[str] = set()
    for function in reversed(module.functions.values()):
        makers = {v: op for op in walk(function.block) for v in op.results}
        _rewrite(function.block, makers, called_in_loops, function.name in called_in_loops)


def _rewrite(block: Block, makers: Mapping[Value, Op], called_in_loops: set[str], in_loop: bool) -> None:
    old, block.ops = block.ops, []
    renamed: dict[Value, Value] = {}
    for op in old:
        for region in op.regions:
            _rewrite(region, makers, called_in_loops, in_loop or op.kind in (For, While))
        if op.kind is Call and in_loop:
            called_in_loops.add(op.attrs["function"])
        if op.kind is Scatter and in_loop and op.operands[1].type.size and op.result.type.size:
            renamed[op.result] = _Stores(Builder(block, op.span), op, makers).write()
        else:
            block.ops.append(op)
    substitute(block, renamed)


class _Stores:
    """The updates of one scatter, one after another."""

    def __init__(self, b: Builder, op: Op, makers: Mapping[Value, Op]) -> None:
        self.b, self.mode = b, op.attrs["mode"]
        self.array, values, *_ = op.operands
        self.type, self.dims = op.result.type, tuple(op.attrs["dims"])
        self.places = Places(b, op, makers)
        self.count = prod(self.places.shape)
        self.values = reshape(b, values, (self.count, *values.type.shape[len(self.places.shape) :]))
        self.drop = tuple(d for d, window in zip(self.dims, self.places.windows, strict=True) if window is None)

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
        b, row = self.b, self._row(k)
        places = [self._place(number, k) for number in range(len(self.dims))]
        zero = constant(b, 0, np.int64)
        starts = [places[self.dims.index(d)] if d in self.dims else zero for d in range(self.type.rank)]
        happens = self._happens(places)
        if happens is None and self.mode in ("set", "add"):
            return b.emit(Upd, array, row, *starts, drop=self.drop, mode=self.mode)
        old = b.emit(Read, array, *starts, sizes=self._window(), drop=self.drop)
        new = row if self.mode == "set" else b.emit(REGISTRY[self.mode], old, row)
        new = new if happens is None else b.emit(Select, happens, new, old)
        return b.emit(Upd, array, new, *starts, drop=self.drop, mode="set")

    def _window(self) -> tuple[int, ...]:
        """The sizes of what one store replaces."""
        windows = dict(zip(self.dims, self.places.windows, strict=True))
        return tuple(windows.get(d, n) or 1 for d, n in enumerate(self.type.shape))

    def _row(self, k: Value) -> Value:
        """What update k stores, its dimensions in the order of the array's."""
        shape, zero = self.values.type.shape, constant(self.b, 0, np.int64)
        starts = (k, *(zero for _ in shape[1:]))
        row = self.b.emit(Read, self.values, *starts, sizes=(1, *shape[1:]), drop=(0,))
        dims = [self.dims[number] for number in self.places.order]
        dims += [d for d in range(self.type.rank) if d not in self.dims]
        return transpose(self.b, row, [dims.index(d) for d in sorted(dims)])

    def _place(self, number: int, k: Value) -> Value:
        """Where update k begins in dimension `dims[number]`."""
        b, shape, index = self.b, self.places.shape, self.places.indices[number]
        if isinstance(index, Value):
            return b.emit(Read, index, k, sizes=(1,), drop=(0,))
        inner = prod(shape[index + 1 :])
        place = k if inner == 1 else b.emit(FloorDivide, k, constant(b, inner, np.int64), nonnegative=True)
        if index == 0:
            return place
        return b.emit(FloorMod, place, constant(b, shape[index], np.int64), nonnegative=True)

    def _happens(self, places: list[Value]) -> Value | None:
        """Whether the place of an update is in the array; None where it always is."""
        b, result = self.b, None
        for place, dim, inside in zip(places, self.dims, self.places.inside, strict=True):
            for direction, limit in () if inside else (("GE", 0), ("LT", self.type.shape[dim])):
                one = b.emit(Compare, place, constant(b, limit, np.int64), direction=direction)
                result = one if result is None else b.emit(And, result, one)
        return result
