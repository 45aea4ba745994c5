"""Cotangents of slice, pad and concatenate; the batching rule of pad."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hloc.ir.types import B1, I64
from hloc.ops.algebra import Into, Term, emit, full, where, zeros
from hloc.ops.lanes import spread

if TYPE_CHECKING:
    from hloc.ir.builder import Builder
    from hloc.ir.core import Op, Value

SMALL_PART = 4
"""A slice of at most one part in so many is added in place; larger ones are padded, which merges with other work."""


def uncut(b: Builder, op: Op, ct: Value) -> Value | Into:
    """Of `slice`: the cotangent at its place, zeros around it."""
    start, stride = op.attrs["start"], op.attrs["stride"]
    sizes, nothing = op.operands[0].type.shape, (0,) * len(start)
    zero = zeros(b, ct.type.with_shape(()))
    between = tuple(step - 1 for step in stride)
    extents = tuple(max((n - 1) * step + 1, 0) if n else 0 for n, step in zip(ct.type.shape, stride, strict=True))
    window = ct.type.with_shape(extents)
    if window.size * SMALL_PART > op.operands[0].type.size:
        high = tuple(m - i - n for m, i, n in zip(sizes, start, extents, strict=True))
        return emit(b, "pad", ct, zero, low=start, high=high, interior=between)
    spread = emit(b, "pad", ct, zero, low=nothing, high=nothing, interior=between) if any(between) else ct
    starts = [full(b, I64, i) for i in start]
    return Into(lambda running: emit(b, "upd", running, spread, *starts, drop=(), mode="add"))


def unpad(b: Builder, op: Op, ct: Value) -> Value:
    """Of `pad`, for the array: its places. Elements that the padding removed get zeros."""
    low, high, interior = (op.attrs[name] for name in ("low", "high", "interior"))
    if min((*low, *high), default=0) < 0:
        back = {"low": tuple(max(-n, 0) for n in low), "high": tuple(max(-n, 0) for n in high)}
        ct = emit(b, "pad", ct, zeros(b, ct.type.with_shape(())), **back, interior=(0,) * len(low))
    start = tuple(max(n, 0) for n in low)
    limit = tuple(m - max(n, 0) for m, n in zip(ct.type.shape, high, strict=True))
    return emit(b, "slice", ct, start=start, limit=limit, stride=tuple(n + 1 for n in interior))


def padded_lanes(b: Builder, op: Op, operands: Sequence[Value], batched: Sequence[bool], size: int) -> Value:
    """Of `pad`: where the scalar varies by lane, it is chosen at the places that a pad of flags marks."""
    (x, value), (has, varies) = operands, batched
    attrs = {name: (0, *op.attrs[name]) if has else op.attrs[name] for name in ("low", "high", "interior")}
    if not varies:
        return emit(b, "pad", x, value, **attrs)
    kept = spread(b, _kept(b, op), False, size)
    wide = spread(b, emit(b, "pad", x, zeros(b, x.type.with_shape(())), **attrs), has, size)
    fill = emit(b, "broadcast_in_dim", value, shape=wide.type.shape, dims=(0,))
    return emit(b, "select", kept, wide, fill)


def padding_total(b: Builder, op: Op, ct: Value) -> Value:
    """Of `pad`, for the scalar: the sum over the places that it fills."""
    rest = where(Term(b, _kept(b, op)), 0, Term(b, ct)).value
    return emit(b, "reduce_sum", rest, axes=tuple(range(ct.type.rank)))


def _kept(b: Builder, op: Op) -> Value:
    """Of `pad`: which elements of the result come from the array, as bools."""
    array = full(b, op.operands[0].type.with_dtype(B1.dtype), True)
    return emit(b, "pad", array, full(b, B1, False), **op.attrs)


def parts(b: Builder, op: Op, ct: Value, wanted: Sequence[bool]) -> list[Value | None]:
    """Of `concatenate`: the part of each operand."""
    dim, first = op.attrs["dim"], 0
    result: list[Value | None] = []
    for operand, want in zip(op.operands, wanted, strict=True):
        last = first + operand.type.shape[dim]
        start = tuple(first if d == dim else 0 for d in range(ct.type.rank))
        limit = tuple(last if d == dim else n for d, n in enumerate(ct.type.shape))
        result.append(emit(b, "slice", ct, start=start, limit=limit, stride=(1,) * len(start)) if want else None)
        first = last
    return result
