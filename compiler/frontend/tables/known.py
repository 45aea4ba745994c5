"""Arrays whose elements are known at compile time: evaluated from the constants that they are computed from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.frontend.tables.arguments import Unknown, array_value, constant_of
from hloc.frontend.values import AbstractValue, MaskedV
from hloc.ir.core import Value
from hloc.ops.control import Control

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

MAX_ELEMENTS = 1 << 20
MAX_OPS = 200


def known_array(sp: Specializer, a: AbstractValue) -> Any:
    """The elements of a number, list or array that is known now, as an ndarray; None for data."""
    if isinstance(a, MaskedV):
        return None
    try:
        return np.asarray(constant_of(sp, a))
    except Unknown:
        return known_value(sp, array_value(sp, a))


def known_value(sp: Specializer, value: Value) -> Any:
    """The elements of an SSA value that only constants flow into; None for data."""
    order = _operations(sp, value)
    if order is None:
        return None
    results: dict[Value, Any] = {}
    with np.errstate(all="ignore"):
        for op in order:
            if op.name == "constant":
                found: Any = op.attrs["value"]
            else:
                found = op.kind.reference(*(results[v] for v in op.operands), **op.attrs)
            several = found if isinstance(found, tuple | list) else (found,)
            results.update(zip(op.results, several, strict=True))
    return np.asarray(results[value], value.type.dtype).reshape(value.type.shape)


def _operations(sp: Specializer, value: Value) -> list[Any] | None:
    """The operations that compute a value, operands first; None where data enters or they are many."""
    order: list[Any] = []
    done: set[Any] = set()
    pending: list[tuple[Value, bool]] = [(value, False)]
    while pending:
        v, ready = pending.pop()
        op = sp.builder.producers.get(v)
        if (
            op is None
            or issubclass(op.kind, Control)
            or v in sp.input_of
            or v.type.size > MAX_ELEMENTS
            or len(order) > MAX_OPS
        ):
            return None
        if op in done:
            continue
        if ready:
            done.add(op)
            order.append(op)
        else:
            pending.append((v, True))
            pending.extend((operand, False) for operand in op.operands)
    return order
