"""What operations that are linear in their float operands have in common.

The rule forwards is the operation itself on the tangents; integer operands (places, indices) stay what they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hloc.ir.opdef import OpDef
from hloc.ops.algebra import is_float, zeros

if TYPE_CHECKING:
    from hloc.ir.builder import Builder
    from hloc.ir.core import Op, Value


class Linear(OpDef):
    """An operation with one result that is linear in all its float operands together."""

    @classmethod
    def jvp(cls, b: Any, op: Op, tangents: Sequence[Any]) -> Sequence[Any]:
        return [on_tangents(b, op, tangents)]


def on_tangents(b: Builder, op: Op, tangents: Sequence[Value | None]) -> Value | None:
    """The operation with tangents in place of the float operands; None where all tangents are."""
    if all(tangent is None for tangent in tangents):
        return None
    return b.emit(op.kind, *(tangent_of(b, x, dx) for x, dx in zip(op.operands, tangents, strict=True)), **op.attrs)


def tangent_of(b: Builder, x: Value, tangent: Value | None) -> Value:
    """The tangent, zeros where it is None; an operand that has none, such as an index, as it is."""
    if not is_float(x.type):
        return x
    return zeros(b, x.type) if tangent is None else tangent
