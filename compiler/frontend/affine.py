"""Differences of index expressions that are known although the indices are data: `(i + 3) - (i - 1) = 4`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hloc.frontend.values import AbstractValue, Const, Tensor
from hloc.ir.core import Value

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

Terms = dict[Value, int]


def difference(sp: Specializer, a: AbstractValue, b: AbstractValue) -> int | None:
    """`a - b` where it does not depend on data; None where it does."""
    terms_a, constant_a = _affine(sp, a)
    terms_b, constant_b = _affine(sp, b)
    return constant_a - constant_b if terms_a == terms_b else None


def _affine(sp: Specializer, value: AbstractValue) -> tuple[Terms, int]:
    if isinstance(value, Const):
        return {}, int(value.obj)
    assert isinstance(value, Tensor)
    terms: Terms = {}
    constant = _collect(sp, value.value, 1, terms)
    return {v: factor for v, factor in terms.items() if factor}, constant


def _collect(sp: Specializer, value: Value, factor: int, terms: Terms) -> int:
    """Add `factor * value` to the terms; gives the constant part."""
    op = sp.builder.producers.get(value)
    name = op.name if op is not None else ""
    if op is not None and name == "constant" and not value.type.shape:
        return factor * int(op.attrs["value"])
    if op is not None and name in ("add", "subtract"):
        x, y = op.operands
        sign = 1 if name == "add" else -1
        return _collect(sp, x, factor, terms) + _collect(sp, y, sign * factor, terms)
    if op is not None and name == "multiply":
        for x, y in (op.operands, op.operands[::-1]):
            known = sp.builder.producers.get(x)
            if known is not None and known.name == "constant":
                return _collect(sp, y, factor * int(known.attrs["value"]), terms)
    terms[value] = terms.get(value, 0) + factor
    return 0
