"""Element types of numbers and how they promote: NumPy's rules (NEP 50), with Python numbers weak."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hloc.diagnostics.errors import DTypeError
from hloc.frontend.values import AbstractValue, Const, Tensor
from hloc.ir.types import TensorType, scalar

BOOL, INT, FLOAT, COMPLEX = (np.dtype(t) for t in (np.bool_, np.int64, np.float64, np.complex128))
_PYTHON_DTYPES: dict[type, np.dtype] = {bool: BOOL, int: INT, float: FLOAT, complex: COMPLEX}
_EXAMPLES: dict[str, np.dtype | complex] = {"b": np.dtype(np.bool_), "i": 0, "f": 0.0, "c": 0j}

Kind = tuple[np.dtype, bool]
"""An element type and whether it is weak (a Python number)."""


def is_number(obj: object) -> bool:
    """Python and NumPy numbers."""
    return isinstance(obj, bool | int | float | complex | np.bool_ | np.number)


def describe(value: AbstractValue) -> tuple[TensorType, bool] | None:
    """Type and weakness of a number; None for anything else."""
    if isinstance(value, Tensor):
        return value.value.type, value.weak
    if isinstance(value, Const) and is_number(value.obj):
        if type(value.obj) in _PYTHON_DTYPES:
            return scalar(_PYTHON_DTYPES[type(value.obj)]), True
        if isinstance(value.obj, np.generic):
            return scalar(np.dtype(type(value.obj))), False
        base = next(base for base in _PYTHON_DTYPES if isinstance(value.obj, base))  # of a member of an enumeration
        return scalar(_PYTHON_DTYPES[base]), True
    return None


def is_python_number(value: AbstractValue) -> bool:
    """A Python number: weak in promotion, with Python's errors."""
    described = describe(value)
    return described is not None and described[1]


def promote(kinds: Sequence[Kind]) -> np.dtype:
    """The common element type. All weak: as Python's bool < int < float < complex."""
    if all(weak for _, weak in kinds):
        return max((dtype for dtype, _ in kinds), key=[BOOL, INT, FLOAT, COMPLEX].index)
    return np.result_type(*(_EXAMPLES[dtype.kind] if weak else dtype for dtype, weak in kinds))


def loop_dtypes(ufunc: np.ufunc, kinds: Sequence[Kind]) -> tuple[list[np.dtype], list[np.dtype]]:
    """The element types in which NumPy's loop of `ufunc` computes: operands and results. Raises DTypeError."""
    if all(weak for _, weak in kinds):
        kinds = [(dtype, False) for dtype, _ in kinds]
    weak_types = {"i": int, "f": float, "c": complex}
    request = tuple(weak_types.get(dtype.kind, dtype) if weak else dtype for dtype, weak in kinds)
    try:
        found = ufunc.resolve_dtypes(request + (None,) * ufunc.nout)
    except TypeError:
        names = ", ".join(str(dtype) for dtype, _ in kinds)
        raise DTypeError(f"np.{ufunc.__name__} has no meaning for {names}") from None
    return list(found[: ufunc.nin]), list(found[ufunc.nin :])
