"""New arrays from parts of one: roll, tile, repeat, pad, take with positions known now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import ShapeError, UnsupportedError
from hloc.frontend.arrays import list_items, resolve_list
from hloc.frontend.tables.arguments import (
    NONE,
    ZERO,
    array_value,
    is_none,
    normal_axis,
    numpy_function,
    one_axis,
)
from hloc.frontend.tables.array_methods import static_shape
from hloc.frontend.tables.joining import at_least, joined
from hloc.frontend.tables.known import known_array
from hloc.frontend.tables.reductions import Reduction, mean_value
from hloc.frontend.values import AbstractValue, Const, ListRef, TupleV
from hloc.ir.core import Value
from hloc.ops import helpers
from hloc.ops.elementwise import FloorMod, RoundNearestEven, Subtract
from hloc.ops.indexing import Gather, Read
from hloc.ops.reduction import ReduceMax, ReduceMin, ReduceSum
from hloc.ops.shape import Pad, Reverse, Slice

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

MAX_RUNS = 8
"""Up to so many runs of positions are cut out by slices; more are gathered."""


def part_of(sp: Specializer, x: Value, axis: int, start: int, stop: int) -> Value:
    """`x[start:stop]` along an axis, both in range."""
    if start == 0 and stop == x.type.shape[axis]:
        return x
    starts, limits = [0] * x.type.rank, list(x.type.shape)
    starts[axis], limits[axis] = start, stop
    return sp.emit(Slice, x, start=tuple(starts), limit=tuple(limits), stride=(1,) * x.type.rank)


def picked(sp: Specializer, x: Value, positions: Sequence[int], axis: int) -> Value:
    """Elements at positions known now, along an axis: runs of positions by slices, many runs by a gather."""
    runs = _runs(positions)
    if not runs:
        return part_of(sp, x, axis, 0, 0)
    if len(runs) > MAX_RUNS:
        index = sp.constant(np.asarray(positions, np.int64), np.int64)
        gathered = sp.emit(Gather, x, index, dims=(axis,))
        order = list(range(1, x.type.rank))
        order.insert(axis, 0)
        return helpers.transpose(sp.builder, gathered, order)
    return joined(sp, [_run(sp, x, axis, *run) for run in runs], axis)


def _run(sp: Specializer, x: Value, axis: int, start: int, step: int, count: int) -> Value:
    if step == 1:
        return part_of(sp, x, axis, start, start + count)
    if step == -1:
        return sp.emit(Reverse, part_of(sp, x, axis, start - count + 1, start + 1), dims=(axis,))
    one = part_of(sp, x, axis, start, start + 1)
    shape = list(x.type.shape)
    shape[axis] = count
    return helpers.broadcast_to(sp.builder, one, tuple(shape))


def _runs(positions: Sequence[int]) -> list[tuple[int, int, int]]:
    """Positions as (start, step, count) with steps -1, 0, 1."""
    runs: list[tuple[int, int, int]] = []
    for p in positions:
        if runs:
            start, step, count = runs[-1]
            last = start + step * (count - 1)
            if count == 1 and abs(p - start) <= 1:
                runs[-1] = (start, p - start, 2)
                continue
            if count > 1 and p == last + step:
                runs[-1] = (start, step, count + 1)
                continue
        runs.append((int(p), 1, 1))
    return runs


# --- roll


@numpy_function(np.roll)
def roll_(sp: Specializer, a: AbstractValue, shift: AbstractValue, axis: AbstractValue = NONE) -> AbstractValue:
    x = array_value(sp, a)
    shape = x.type.shape
    if is_none(axis):
        flat = helpers.reshape(sp.builder, x, (x.type.size,))
        return sp.result(helpers.reshape(sp.builder, _rolled(sp, flat, shift, 0), shape))
    known = sp.static(axis, "an axis")
    axes = [normal_axis(int(d), x.type.rank) for d in (known if isinstance(known, tuple | list) else (known,))]
    several = isinstance(resolve_list(sp, shift), TupleV | ListRef)
    shifts = list_items(sp, shift) if several else [shift]
    if len(shifts) != len(axes) and 1 not in (len(shifts), len(axes)):
        raise ShapeError("'shift' and 'axis' should be scalars or 1D sequences")
    count = max(len(shifts), len(axes))
    for s, d in zip(shifts * (count // len(shifts)), axes * (count // len(axes)), strict=True):
        x = _rolled(sp, x, s, d)
    return sp.result(x)


def _rolled(sp: Specializer, x: Value, shift: AbstractValue, axis: int) -> Value:
    n = x.type.shape[axis]
    if n == 0:
        return x
    if isinstance(shift, Const):
        k = int(shift.obj) % n
        return joined(sp, [part_of(sp, x, axis, n - k, n), part_of(sp, x, axis, 0, n - k)], axis) if k else x
    b = sp.builder
    size = sp.constant(n, np.int64)
    places = helpers.convert(b, helpers.reshape(b, sp.number(shift), ()), np.int64)
    start = sp.emit(Subtract, size, sp.emit(FloorMod, places, size, nonnegative=False))
    zero = sp.constant(0, np.int64)
    starts = [start if d == axis else zero for d in range(x.type.rank)]
    return sp.emit(Read, joined(sp, [x, x], axis), *starts, sizes=x.type.shape, drop=())


# --- tile, repeat


@numpy_function(np.tile)
def tile_(sp: Specializer, A: AbstractValue, reps: AbstractValue) -> AbstractValue:
    x = array_value(sp, A)
    counts = static_shape(sp, reps)
    rank = max(len(counts), x.type.rank)
    counts = (*[1] * (rank - len(counts)), *counts)
    shape = (*[1] * (rank - x.type.rank), *x.type.shape)
    b = sp.builder
    pairs = [n for d in range(rank) for n in (1, shape[d])]
    spread = [n for d in range(rank) for n in (counts[d], shape[d])]
    x = helpers.broadcast_to(b, helpers.reshape(b, x, tuple(pairs)), tuple(spread))
    return sp.new_array(helpers.reshape(b, x, tuple(m * n for m, n in zip(counts, shape, strict=True))))


@numpy_function(np.repeat, methods="repeat")
def repeat_(sp: Specializer, a: AbstractValue, repeats: AbstractValue, axis: AbstractValue = NONE) -> AbstractValue:
    x, b = array_value(sp, a), sp.builder
    if is_none(axis):
        x, d = helpers.reshape(b, x, (x.type.size,)), 0
    else:
        x = at_least(sp, x, 1)
        d = one_axis(sp, axis, x.type.rank)
    n = x.type.shape[d]
    counts = known_array(sp, repeats)
    if counts is None:
        counts = np.asarray(sp.static(repeats, "the repeats"))
    if np.any(counts < 0):
        raise ShapeError("repeats may not contain negative values.")
    if counts.size != 1:
        if counts.shape != (n,):
            raise ShapeError(f"operands could not be broadcast together with shape ({n},) {counts.shape}")
        return sp.new_array(picked(sp, x, [int(p) for p in np.repeat(np.arange(n), counts)], d))
    count = int(counts.ravel()[0])
    lead, tail = x.type.shape[:d], x.type.shape[d + 1 :]
    x = helpers.broadcast_to(b, helpers.reshape(b, x, (*lead, n, 1, *tail)), (*lead, n, count, *tail))
    return sp.new_array(helpers.reshape(b, x, (*lead, n * count, *tail)))


@numpy_function(np.resize)
def resize_(sp: Specializer, a: AbstractValue, new_shape: AbstractValue) -> AbstractValue:
    x, shape = array_value(sp, a), static_shape(sp, new_shape)
    size = int(np.prod(shape))
    if not x.type.size:
        return sp.new_array(helpers.full(sp.builder, shape, 0, x.type.dtype))
    flat = helpers.reshape(sp.builder, x, (x.type.size,))
    times = -(-size // x.type.size)
    flat = joined(sp, [flat] * times, 0) if times else flat
    return sp.new_array(helpers.reshape(sp.builder, part_of(sp, flat, 0, 0, size), shape))


# --- pad


CONSTANT = Const("constant")
PAD_MODES = "modes: constant, edge, reflect, symmetric, wrap, maximum, minimum, mean"
COPYING = {"edge", "reflect", "symmetric", "wrap"}
REDUCING = {"maximum": ReduceMax, "minimum": ReduceMin, "mean": ReduceSum}


@numpy_function(np.pad)
def pad_(
    sp: Specializer,
    array: AbstractValue,
    pad_width: AbstractValue,
    mode: AbstractValue = CONSTANT,
    *,
    constant_values: AbstractValue = ZERO,
) -> AbstractValue:
    """Modes constant, edge, reflect, symmetric, wrap, maximum, minimum, mean and empty."""
    x = array_value(sp, array)
    widths = _pad_widths(sp.static(pad_width, "pad_width"), x.type.rank)
    kind = sp.static(mode, "the mode of pad")
    if kind in ("constant", "empty"):
        return sp.result(_pad_constant(sp, x, widths, constant_values))
    for d, (low, high) in enumerate(widths):
        if low == high == 0:
            continue
        if kind in COPYING:
            n = x.type.shape[d]
            if n == 0:
                raise ShapeError(f"can't extend empty axis {d} using modes other than 'constant' or 'empty'")
            places = np.pad(np.arange(n), (low, high), mode=kind)
            x = picked(sp, x, [int(p) for p in places], d)
        elif kind in REDUCING:
            x = _pad_reduced(sp, x, d, low, high, kind)
        else:
            raise UnsupportedError(f"np.pad: mode {kind!r} is not supported", help=PAD_MODES)
    return sp.result(x)


def _pad_widths(known: Any, rank: int) -> list[tuple[int, int]]:
    if isinstance(known, dict):
        pairs = [(0, 0)] * rank
        for axis, width in known.items():
            pairs[normal_axis(axis, rank)] = (width, width) if hasattr(width, "__index__") else tuple(width)
        return pairs
    try:
        pairs = np.broadcast_to(np.asarray(known), (rank, 2)).tolist()
    except ValueError:
        raise ShapeError(f"pad_width {known} does not fit an array of {rank} dimensions") from None
    if any(n < 0 for pair in pairs for n in pair):
        raise ShapeError("index can't contain negative values")
    return [(int(low), int(high)) for low, high in pairs]


def _pad_constant(sp: Specializer, x: Value, widths: list[tuple[int, int]], constant_values: AbstractValue) -> Value:
    b, rank = sp.builder, x.type.rank
    fill = helpers.convert(b, array_value(sp, constant_values), x.type.dtype)
    zeros = (0,) * rank
    if fill.type.size == 1:
        low, high = zip(*widths, strict=True) if widths else ((), ())
        return sp.emit(Pad, x, helpers.reshape(b, fill, ()), low=low, high=high, interior=zeros)
    fill = helpers.broadcast_to(b, fill, (rank, 2))
    for d, pair in enumerate(widths):
        for side, width in enumerate(pair):
            value = sp.emit(Slice, fill, start=(d, side), limit=(d + 1, side + 1), stride=(1, 1))
            amount = tuple(width if e == d else 0 for e in range(rank))
            low, high = (zeros, amount) if side else (amount, zeros)
            x = sp.emit(Pad, x, helpers.reshape(b, value, ()), low=low, high=high, interior=zeros)
    return x


def _pad_reduced(sp: Specializer, x: Value, d: int, low: int, high: int, kind: str) -> Value:
    r = Reduction.of(sp, sp.new_array(x), Const(d), Const(True))
    one = mean_value(r, None) if kind == "mean" else r.apply(REDUCING[kind])
    if kind == "mean" and x.type.dtype.kind in "iu":
        one = sp.emit(RoundNearestEven, one)
    one = helpers.convert(sp.builder, one, x.type.dtype)
    parts = [picked(sp, one, [0] * low, d), x, picked(sp, one, [0] * high, d)]
    return joined(sp, parts, d)
