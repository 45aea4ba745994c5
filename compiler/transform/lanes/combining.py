"""How lanes combine what they have into one value."""

from __future__ import annotations

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Value
from hloc.ops.algebra import full

COMBINED = {
    "add": "reduce_sum",
    "maximum": "reduce_max",
    "minimum": "reduce_min",
    "or": "reduce_or",
    "and": "reduce_and",
}
"""The operation on two values → on all lanes."""


def neutral(b: Builder, like: Value, how: str) -> Value:
    """An array of what changes nothing when it is combined."""
    dtype = like.type.dtype
    if how == "add":
        return full(b, like.type, {"f": -0.0, "c": complex(-0.0, -0.0)}.get(dtype.kind, 0))
    if how in ("or", "and"):
        return full(b, like.type, how == "and")
    low, high = (float("-inf"), float("inf")) if dtype.kind == "f" else _range(dtype)
    return full(b, like.type, low if how == "maximum" else high)


def _range(dtype: np.dtype) -> tuple[int, int]:
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)
