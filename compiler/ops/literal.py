"""Arrays as Python text."""

from __future__ import annotations

from typing import Any

import numpy as np


def literal(value: np.ndarray) -> str:
    """An expression for this array ("np.full((3,), 0.0, np.float64)"), or for a scalar if 0-d ("np.float64(2.5)")."""
    name = type_name(value.dtype)
    if not value.shape:
        return f"np.{name}({_number(value.item())})"
    if value.size > 1 and value.tobytes() == value.reshape(-1)[:1].tobytes() * value.size:
        return f"np.full({value.shape}, {_number(value.reshape(-1)[0].item())}, np.{name})"
    if not value.size:
        return f"np.zeros({value.shape}, np.{name})"
    return f"np.array({_nested(value.tolist())}, np.{name})"


def type_name(dtype: np.dtype) -> str:
    """NumPy's name of an element type, to follow `np.`."""
    return "bool_" if dtype.kind == "b" else dtype.name


def _nested(items: Any) -> str:
    return f"[{', '.join(map(_nested, items))}]" if isinstance(items, list) else _number(items)


def _number(value: Any) -> str:
    if isinstance(value, complex):
        return f"complex({_number(value.real)}, {_number(value.imag)})"
    if isinstance(value, float) and not np.isfinite(value):
        return "np.nan" if value != value else "np.inf" if value > 0 else "-np.inf"
    return repr(value)
