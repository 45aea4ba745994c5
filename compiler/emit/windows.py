"""Large windows written with values computed from other windows of the same array.

    u[1:-1, 1:-1] = f(u[2:, 1:-1], u[:-2, 1:-1], …)

XLA:CPU fuses the computation into the update, which must then not read the array at other places: it copies each
shifted window first. Kept apart by a barrier, the windows are read by one fused loop, and the update only stores.
"""

from __future__ import annotations

from collections.abc import Sequence

from hloc.ir.core import Op, Value
from hloc.ops.indexing import Read, Upd
from hloc.ops.shape import Constant, Slice

LARGE_WINDOW = 256
"""Elements from which on a pass over the window costs more than a separate loop."""


def writes_from_shifted_windows(ops: Sequence[Op], position: int, array: Value) -> bool:
    """Whether `ops[position]` stores a large window of `array` that is computed from windows of it at other places."""
    store = ops[position]
    if store.kind is not Upd or store.operands[0] is not array or store.operands[1].type.size < LARGE_WINDOW:
        return False
    constants = {op.result: int(op.attrs["value"]) for op in ops if op.kind is Constant and not op.result.type.shape}
    start = [constants.get(v, v) for v in store.operands[2:]]
    feeding = _feeding(ops[:position], store.operands[1])
    return any(op.operands[0] is array and _start(op, constants) != start for op in feeding)


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
