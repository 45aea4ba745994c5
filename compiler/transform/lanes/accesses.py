"""Reads at the lane's own number, and writes that only some lanes make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hloc.ir.core import Op, Value
from hloc.ops.algebra import emit, full
from hloc.ops.windows import Read
from hloc.transform.lanes.carries import window_access
from hloc.transform.lanes.combining import neutral

if TYPE_CHECKING:
    from hloc.transform.lanes.vectorize import Vectorizer


def batched(v: Vectorizer, op: Op) -> Sequence[Value] | None:
    """What stands for the result of an access; None where the record of the operation knows."""
    if op.name == "read" and not v.varies(op.operands[0]):
        own = _own_row(v, op)
        return None if own is None else [own]
    if op in v.stores and op.name == "upd":
        return [_masked_upd(v, op)]
    if op in v.stores and op.name == "scatter":
        return [_masked_scatter(v, op)]
    return None


def _own_row(v: Vectorizer, op: Op) -> Value | None:
    """An array that is the same for all lanes, read at the lane's number in one dimension: no gather is needed."""
    array, *_ = op.operands
    starts, sizes = window_access(op)
    lane_dims = [d for d, start in enumerate(starts) if v.varies(start)]
    if len(lane_dims) != 1:
        return None
    (dim,) = lane_dims
    if starts[dim] not in v.counters or sizes[dim] != 1 or array.type.shape[dim] < v.total:
        return None
    places = [v.first or v.number(0) if d == dim else v.get(start) for d, start in enumerate(starts)]
    wide = tuple(v.size if d == dim else n for d, n in enumerate(sizes))
    value, drop = v.get(array), tuple(d for d in op.attrs["drop"] if d != dim)
    if wide != array.type.shape:
        value = emit(v.b, "read", value, *places, sizes=wide, drop=drop)
        dim -= sum(d < dim for d in drop)
    if dim:
        order = (dim, *(d for d in range(value.type.rank) if d != dim))
        value = emit(v.b, "transpose", value, permutation=order)
    shape = (v.size, *op.result.type.shape)
    return value if value.type.shape == shape else emit(v.b, "reshape", value, shape=shape)


def _masked_upd(v: Vectorizer, op: Op) -> Value:
    """A write that puts back what was there in lanes that are not."""
    assert v.mask is not None
    array, value, *starts = op.operands
    operands = [v.lanes(array), v.get(value), *map(v.get, starts)]
    batched = [True, v.varies(value), *map(v.varies, starts)]
    if op.attrs["mode"] == "add":
        nothing = neutral(v.b, v.lanes(value), "add")
        operands[1] = v.choose(v.mask, v.lanes(value), nothing)
    else:
        sizes = window_access(op)[1]
        old = _read_again(v, op, operands, batched, sizes)
        operands[1] = v.choose(v.mask, v.lanes(value), old)
    batched[1] = True
    (result,) = op.kind.batch(v.b, op, operands, batched, v.size)
    return result


def _read_again(
    v: Vectorizer, op: Op, operands: Sequence[Value], batched: Sequence[bool], sizes: Sequence[int]
) -> Value:
    """What a write is about to change."""
    array, value, *starts = op.operands
    attrs = {"sizes": tuple(sizes), "drop": tuple(op.attrs["drop"])}
    read = Op(Read, (array, *starts), attrs, (), (Value(value.type),), op.span)
    some = [operands[0], *operands[2:]]
    old: Value
    (old,) = Read.batch(v.b, read, some, [batched[0], *batched[2:]], v.size)
    return old


def _masked_scatter(v: Vectorizer, op: Op) -> Value:
    """A scatter of which the updates of lanes that are not there go out of range."""
    assert v.mask is not None
    array, value, first, *indices = op.operands
    index = v.lanes(first)
    outside = full(v.b, index.type, array.type.shape[op.attrs["dims"][0]])
    index = v.choose(v.mask, index, outside)
    operands = [v.lanes(array), v.get(value), index, *map(v.get, indices)]
    batched = [True, v.varies(value), True, *map(v.varies, indices)]
    (result,) = op.kind.batch(v.b, op, operands, batched, v.size)
    return result
