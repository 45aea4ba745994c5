"""The sum over lanes of a product is a contraction over lanes, so that gradients of parameters that all lanes share are
never there for each lane.

    %g = dot_general %x, %y                         →    dot_general that contracts the lanes too
    %g = multiply (broadcast %x), (broadcast %y)    →    dot_general %x, %y
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hloc.ir.core import Op, Value
from hloc.ops.algebra import emit, full
from hloc.ops.contraction import ATTRS
from hloc.transform.lanes.combining import neutral

if TYPE_CHECKING:
    from hloc.transform.lanes.vectorize import Vectorizer


def present(v: Vectorizer, value: Value, how: str) -> Value:
    """A value of all lanes, T[B, …], with what changes nothing where a lane is not there."""
    lanes = v.lanes(value)
    return lanes if v.mask is None else v.choose(v.mask, lanes, neutral(v.b, lanes, how))


def alike(v: Vectorizer, one: Value, how: str) -> Value:
    """What all lanes have alike, combined."""
    return _if_any(v, _repeated_sum(v, one) if how == "add" else one, how)


def _if_any(v: Vectorizer, result: Value, how: str) -> Value:
    """What is combined, if any lane is there: what all lanes share might be infinite, and 0 times that is NaN."""
    return result if v.mask is None else emit(v.b, "select", v.any(v.mask), result, neutral(v.b, result, how))


def _repeated_sum(v: Vectorizer, one: Value) -> Value:
    """A value times the number of lanes that are there, which may be more than its type holds."""
    b, dtype = v.b, one.type.dtype
    count = v.number(v.size)
    if v.mask is not None:
        count = emit(b, "reduce_sum", emit(b, "convert", v.mask, dtype=np.dtype(np.int64)), axes=(0,))
    wide = np.dtype(np.float64 if dtype.kind == "f" else np.complex128 if dtype.kind == "c" else np.int64)
    count = emit(b, "convert", count, dtype=wide)
    if one.type.rank:
        count = emit(b, "broadcast_in_dim", count, shape=one.type.shape, dims=())
    product = emit(b, "multiply", emit(b, "convert", one, dtype=wide), count)
    return emit(b, "convert", product, dtype=dtype)


def lane_sum(v: Vectorizer, value: Value) -> Value:
    """The sum of a value over the lanes that are there."""
    if not v.varies(value):
        return alike(v, v.get(value), "add")
    op = v.producers.get(value)
    rule = _PUSHED.get(op.name) if op is not None and len(v.uses.get(value, ())) == 1 else None
    pushed = rule(v, op) if rule is not None and op is not None else None
    return pushed if pushed is not None else emit(v.b, "reduce_sum", present(v, value, "add"), axes=(0,))


def _contracts(v: Vectorizer, value: Value) -> bool:
    """Whether the sum of a value over lanes is best made by summing what it is computed from."""
    op = v.producers.get(value)
    if op is None or not v.varies(value) or len(v.uses.get(value, ())) > 1:
        return False
    if op.name in ("reshape", "transpose", "negate"):
        return _contracts(v, op.operands[0])
    if op.name in ("add", "subtract"):
        return any(_contracts(v, x) for x in op.operands)
    return op.name in ("dot_general", "broadcast_in_dim") or (op.name == "multiply" and _outer(v, op) is not None)


def _push_along(v: Vectorizer, op: Op) -> Value | None:
    """Through what is linear, if something below gains by it."""
    if not any(_contracts(v, x) for x in op.operands):
        return None
    return emit(v.b, op.name, *(lane_sum(v, x) for x in op.operands), **op.attrs)


def _push_broadcast(v: Vectorizer, op: Op) -> Value:
    return emit(v.b, op.name, lane_sum(v, op.operands[0]), **op.attrs)


def _push_dot(v: Vectorizer, op: Op) -> Value:
    x, y = op.operands
    if not (v.varies(x) and v.varies(y)):
        factors = (lane_sum(v, z) if v.varies(z) else v.get(z) for z in (x, y))
        return _if_any(v, emit(v.b, "dot_general", *factors, **op.attrs), "add")
    attrs = {name: tuple(d + 1 for d in op.attrs[name]) for name in ATTRS}
    attrs["lhs_contract"], attrs["rhs_contract"] = (0, *attrs["lhs_contract"]), (0, *attrs["rhs_contract"])
    return emit(v.b, "dot_general", _there(v, x), _there(v, y), **attrs)


def _there(v: Vectorizer, value: Value) -> Value:
    """A factor of all lanes, 0 where a lane is not there: what it has there might be infinite."""
    lanes = v.lanes(value)
    return lanes if v.mask is None else v.choose(v.mask, lanes, full(v.b, lanes.type, 0))


def _outer(v: Vectorizer, op: Op) -> Sequence[Op] | None:
    """The broadcasts whose product an operation is, if they fill dimensions of their own: an outer product."""
    x, y = (v.producers.get(z) for z in op.operands)
    if x is None or y is None or not all(z.name == "broadcast_in_dim" and v.varies(z.result) for z in (x, y)):
        return None
    dims = (*x.attrs["dims"], *y.attrs["dims"])
    plain = all(
        z.operands[0].type.shape[i] == z.result.type.shape[d] for z in (x, y) for i, d in enumerate(z.attrs["dims"])
    )
    return (x, y) if plain and sorted(dims) == list(range(op.result.type.rank)) else None


def _push_product(v: Vectorizer, op: Op) -> Value | None:
    """Of an outer product; of a product with what is the same for all lanes."""
    factors = _outer(v, op)
    if factors is None:
        if all(map(v.varies, op.operands)) or not any(_contracts(v, x) for x in op.operands):
            return None
        shared = (lane_sum(v, z) if v.varies(z) else v.get(z) for z in op.operands)
        return _if_any(v, emit(v.b, "multiply", *shared), "add")
    factors = sorted(factors, key=lambda factor: factor.attrs["dims"])
    x, y = (_there(v, factor.operands[0]) for factor in factors)
    product = emit(v.b, "dot_general", x, y, lhs_batch=(), rhs_batch=(), lhs_contract=(0,), rhs_contract=(0,))
    dims = (*factors[0].attrs["dims"], *factors[1].attrs["dims"])
    if dims == tuple(sorted(dims)):
        return product
    return emit(v.b, "transpose", product, permutation=tuple(dims.index(d) for d in range(len(dims))))


_PUSHED = {
    "dot_general": _push_dot,
    "multiply": _push_product,
    "broadcast_in_dim": _push_broadcast,
    "reshape": _push_along,
    "transpose": _push_along,
    "negate": _push_along,
    "add": _push_along,
    "subtract": _push_along,
}
