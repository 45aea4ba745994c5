"""The batching rule of `dot_general`: an operand that all lanes share is multiplied with those of all lanes at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hloc.ops.algebra import emit
from hloc.ops.lanes import behind

if TYPE_CHECKING:
    from hloc.ir.builder import Builder
    from hloc.ir.core import Op, Value


def dot_general(b: Builder, op: Op, operands: Sequence[Value], batched: Sequence[bool]) -> Value:
    """One dot_general; a transpose behind it where the lane axis cannot be the first of its result.

    The result has batch dimensions, then the free ones of the first operand, then those of the second. The lane axis
    is a batch dimension of both operands, or the first free one of the only operand that has it.
    """
    sides = [_Side(op, side, x, has) for side, x, has in zip(("lhs", "rhs"), operands, batched, strict=True)]
    if all(batched):
        for side in sides:
            side.batch = (0, *side.batch)
        return _product(b, *sides)
    shared, rest = sides if batched[1] else reversed(sides)
    if batched[0] or not rest.free:
        return _lanes_first(b, _product(b, rest, shared), len(rest.batch))
    return _lanes_first(b, _product(b, shared, rest), len(rest.batch) + shared.free)


class _Side:
    """One operand, its batch and contracted dimensions, and how many others one lane has."""

    def __init__(self, op: Op, side: str, value: Value, has_lanes: bool) -> None:
        batch, contract = op.attrs[f"{side}_batch"], op.attrs[f"{side}_contract"]
        self.value = value
        self.free = value.type.rank - has_lanes - len(batch) - len(contract)
        self.batch = behind(batch) if has_lanes else tuple(batch)
        self.contract = behind(contract) if has_lanes else tuple(contract)


def _product(b: Builder, x: _Side, y: _Side) -> Value:
    numbers = {"lhs_batch": x.batch, "rhs_batch": y.batch, "lhs_contract": x.contract, "rhs_contract": y.contract}
    return emit(b, "dot_general", x.value, y.value, **numbers)


def _lanes_first(b: Builder, x: Value, place: int) -> Value:
    """x with the lane axis, which is dimension `place`, in front."""
    if not place:
        return x
    others = (d for d in range(x.type.rank) if d != place)
    return emit(b, "transpose", x, permutation=(place, *others))
