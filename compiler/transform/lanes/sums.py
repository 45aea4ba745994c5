"""What all lanes add to: each addition adds the sum over the lanes that are there.

%c1 = add %c, %v                   →    %c1 = add %c, (reduce_sum %v over lanes)
%c1 = upd %c, %v, %i {add}         →    scatter of all lanes, where %i varies
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hloc.ir.core import Op, Value
from hloc.ops.algebra import emit
from hloc.ops.indexed_lanes import Windows
from hloc.transform.lanes.carries import window_access
from hloc.transform.lanes.combining import COMBINED
from hloc.transform.lanes.contractions import alike, lane_sum, present

if TYPE_CHECKING:
    from hloc.transform.lanes.vectorize import Vectorizer


def add_lanes(v: Vectorizer, op: Op) -> Sequence[Value]:
    """What stands for the result of an operation that adds to a sum."""
    how = v.sums[op.result].how
    if op.name == "upd":
        return [_into_window(v, op)]
    if op.name == "scatter":
        return [_into_places(v, op)]
    total, other = op.operands if op.operands[0] in v.sums else op.operands[::-1]
    new = combined(v, other, how)
    if how == "add" and v.mask is None and v.get(total) in v.zeros:
        return [new]  # of lanes that are not there a sum may be -0.0
    return [emit(v.b, op.name, v.get(total), new)]


def _into_window(v: Vectorizer, op: Op) -> Value:
    total, value, *starts = op.operands
    if not any(map(v.varies, starts)):
        return emit(v.b, "upd", v.get(total), combined(v, value, "add"), *map(v.get, starts), **op.attrs)
    windows = Windows(total.type.shape, window_access(op)[1], op.attrs["drop"])
    if not windows.moving:
        value = combined(v, value, "add")
        return emit(v.b, "upd", v.get(total), value, *(v.number(0) for _ in starts), **op.attrs)
    places = windows.places(v.b, [v.get(s) for s in starts], [v.varies(s) for s in starts], v.size)
    rows = windows.to_rows(v.b, present(v, value, "add"))
    return emit(v.b, "scatter", v.get(total), rows, *places, dims=windows.moving, mode="add")


def _into_places(v: Vectorizer, op: Op) -> Value:
    total, value, *indices = op.operands
    if any(map(v.varies, indices)):
        value, indices = present(v, value, "add"), [v.lanes(i) for i in indices]
    else:
        value, indices = combined(v, value, "add"), [v.get(i) for i in indices]
    attrs = {**op.attrs, "unique": op.attrs.get("unique", False) and not any(map(v.varies, op.operands[2:]))}
    return emit(v.b, "scatter", v.get(total), value, *indices, **attrs)


def combined(v: Vectorizer, value: Value, how: str) -> Value:
    """A value of all lanes that are there as one."""
    if not v.varies(value):
        return alike(v, v.get(value), how)
    if how == "add":
        return lane_sum(v, value)
    return emit(v.b, COMBINED[how], present(v, value, how), axes=(0,))
