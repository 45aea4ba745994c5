"""Batching rules of `dot_general` and `triangular_solve`: what all lanes share is used for all of them at once.

%y = dot_general %w, %x {…}       f64[m,k] f64[k]             one lane
%y = dot_general %x, %w {…}       f64[size,k] f64[m,k]        all lanes: f64[size,m]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hloc.ops.algebra import emit
from hloc.ops.lanes import behind, reshaped, same, spread, transposed

if TYPE_CHECKING:
    from hloc.ir.builder import Builder
    from hloc.ir.core import Op, Value

FEW = 64
"""Where a lane's product has fewer elements, starting it costs more than reordering the product of all lanes."""


def dot_general(b: Builder, op: Op, operands: Sequence[Value], batched: Sequence[bool], size: int) -> Value:
    """One dot_general, and a transpose where the lane axis is not the first of its result.

    The result has batch dimensions, then the free ones of the first operand, then those of the second. The lane axis
    is a batch dimension of both operands, or the first free one of the only operand that has it, which comes first.
    """
    x, y = (_Side(op, side, v, has) for side, v, has in zip(("lhs", "rhs"), operands, batched, strict=True))
    if batched[1] and not batched[0] and _repeat(op, x, y):
        x = _Side(op, "lhs", spread(b, x.value, False, size), True)
    if x.has_lanes and y.has_lanes:
        x.batch, y.batch = (0, *x.batch), (0, *y.batch)
        return _product(b, x, y)
    mine, shared = (x, y) if x.has_lanes else (y, x)
    z, lane = _product(b, mine, shared), len(mine.batch)
    free = [*range(lane + 1, z.type.rank)]
    if mine is y:
        free = free[y.free :] + free[: y.free]
    return transposed(b, z, (lane, *range(lane), *free))


class _Side:
    """One operand, its batch and contracted dimensions, and how many free ones a lane has."""

    def __init__(self, op: Op, side: str, value: Value, has_lanes: bool) -> None:
        batch, contract = op.attrs[f"{side}_batch"], op.attrs[f"{side}_contract"]
        self.value, self.has_lanes = value, has_lanes
        self.free = value.type.rank - has_lanes - len(batch) - len(contract)
        self.batch = behind(batch) if has_lanes else tuple(batch)
        self.contract = behind(contract) if has_lanes else tuple(contract)


def _repeat(op: Op, x: _Side, y: _Side) -> bool:
    """Whether to repeat lhs, which the lanes share: XLA's CPU compiler reorders slowly what comes out otherwise."""
    if not (x.free and y.free):
        return False
    small = op.operands[0].type.size <= op.operands[1].type.size and op.result.type.size >= FEW
    return small or not x.contract


def _product(b: Builder, x: _Side, y: _Side) -> Value:
    numbers = {"lhs_batch": x.batch, "rhs_batch": y.batch, "lhs_contract": x.contract, "rhs_contract": y.contract}
    return emit(b, "dot_general", x.value, y.value, **numbers)


def triangular_solve(b: Builder, op: Op, operands: Sequence[Value], batched: Sequence[bool], size: int) -> Value:
    """Of a matrix that lanes share: one system with the right-hand sides of all lanes."""
    if batched[0]:
        return same(b, op, operands, batched, size)[0]
    (a, x), shape = operands, op.operands[1].type.shape
    place = len(shape) - (1 if op.attrs["left"] else 2)
    joined = (*shape[:place], size * shape[place], *shape[place + 1 :])
    apart = (*shape[:place], size, *shape[place:])
    rest = range(place + 1, len(apart))
    x = reshaped(b, transposed(b, x, (*range(1, place + 1), 0, *rest)), joined)
    y = emit(b, "triangular_solve", a, x, **op.attrs)
    return transposed(b, reshaped(b, y, apart), (place, *range(place), *rest))
