"""Large windows written with values computed from other windows of the same array.

    u[1:-1, 1:-1] = f(u[2:, 1:-1], u[:-2, 1:-1], …)

XLA:CPU fuses the computation into the update, which must then not read the array at other places: it copies each
shifted window first. Kept apart by a barrier, the windows are read by one fused loop, and the update only stores.

Small windows are kept apart where the array is another one in a new shape (a row of a matrix, say):

    %a = read %m, %k, 0 {sizes = (1, 6), drop = (0,)};  %w = slice %a {start = (0,), limit = (5,)};  upd %a, %w, 1

XLA:CPU may take the window from the array as it was before, does not see that it writes what it reads, and updates in
place, from below: wrong values.
"""

from __future__ import annotations

from collections.abc import Sequence

from hloc.ir.core import Op, Value
from hloc.ir.types import I64
from hloc.ops.indexing import Read, Upd
from hloc.ops.shape import Constant, Reshape, Slice

LARGE_WINDOW = 256
"""Elements from which on a pass over the window costs more than a separate loop."""


def writes_from_shifted_windows(ops: Sequence[Op], position: int, array: Value) -> bool:
    """Whether `ops[position]` stores a window of `array` that is computed from windows of it at other places, and that
    is large or in an array of a new shape."""
    store = ops[position]
    if store.kind is not Upd or store.operands[0] is not array:
        return False
    if store.operands[1].type.size < LARGE_WINDOW and not _has_new_shape(ops[:position], array):
        return False
    indices = [op for op in ops if op.kind is Constant and op.result.type == I64]
    constants = {op.result: int(op.attrs["value"]) for op in indices}
    start = [constants.get(v, v) for v in store.operands[2:]]
    feeding = _feeding(ops[:position], store.operands[1])
    return any(op.operands[0] is array and _start(op, constants) != start for op in feeding)


def _has_new_shape(ops: Sequence[Op], array: Value) -> bool:
    makers = [op for op in ops if array in op.results]
    return any(op.kind is Reshape or (op.kind is Read and op.attrs["drop"]) for op in makers)


def _feeding(ops: Sequence[Op], value: Value) -> list[Op]:
    """The windows read by what computes `value`."""
    needed, found = {value}, []
    for op in reversed(ops):
        if needed.isdisjoint(op.results):
            continue
        if op.kind in (Slice, Read):
            found.append(op)
        needed.update(op.operands)
    return found


def _start(op: Op, constants: dict[Value, int]) -> list[int | Value]:
    if op.kind is Slice:
        return list(op.attrs["start"])
    return [constants.get(v, v) for v in op.operands[1:]]
