"""Cotangents of slice, pad and concatenate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hloc.ir.types import B1, I64
from hloc.ops.algebra import Into, Term, emit, full, where, zeros

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


def padding_total(b: Builder, op: Op, ct: Value) -> Value:
    """Of `pad`, for the scalar: the sum over the places that it fills."""
    array = full(b, op.operands[0].type.with_dtype(B1.dtype), True)
    outside = emit(b, "constant", value=np.asarray(False))
    kept = emit(b, "pad", array, outside, **op.attrs)
    rest = where(Term(b, kept), 0, Term(b, ct)).value
    return emit(b, "reduce_sum", rest, axes=tuple(range(ct.type.rank)))


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
