"""Compute what is known, and drop what changes nothing: constants, identities, decided control flow.

    %c = add 2, 3                                       %y = multiply %x, 5
    %y = multiply %x, %c                         →
    %r = if %true then { yield %y } else { … }          (uses of %r become %y)

One forward walk (`Rewriter`) applies, to each op, the rules of `identities`, `data_movement` and `fold_control`, and computes
ops on small constants with their NumPy reference. Only operations whose compiled result is the same bit for bit are
computed: arithmetic that IEEE 754 rounds correctly, wrapping integers, comparisons, moved elements; no integer division by
zero or overflowing quotient, no conversion outside the integer range, nothing that has or gives subnormal floats.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hloc.ir.core import Module, Op, Value
from hloc.transform import data_movement, fold_control, identities
from hloc.transform.rewrite import Replacement, Rewriter

LARGEST = 64
"""Constants with more elements are left alone."""

_EXACT = frozenset(
    "abs negate sign floor ceil trunc round_nearest_even not popcnt is_finite real imag conj add subtract multiply divide "
    "remainder floor_divide floor_mod maximum minimum and or xor shift_left shift_right_arithmetic shift_right_logical "
    "compare select convert broadcast_in_dim reshape transpose reverse slice pad concatenate read sqrt complex "
    "reduce_max reduce_min reduce_and reduce_or".split()
)
_QUOTIENTS = frozenset({"divide", "remainder", "floor_divide", "floor_mod"})
_ZERO_SIGNS = frozenset({"maximum", "minimum", "reduce_max", "reduce_min", "sign"})
"""Operations whose results for 0.0 and -0.0 differ between implementations."""
_SHIFTS = frozenset({"shift_left", "shift_right_arithmetic", "shift_right_logical"})
_RULES = {**identities.RULES, **data_movement.RULES, **fold_control.BEFORE}


def fold_constants(module: Module) -> bool:
    """Fold every function of `module` in place; says whether anything changed."""
    return any([_Folder().run(function) for function in module.functions.values()])


class _Folder(Rewriter):
    def rewrite(self, op: Op) -> Replacement:
        computed = self.compute(op)
        if computed is not None:
            return [computed]
        rule = _RULES.get(op.name)
        return rule(self, op) if rule is not None else None

    def rewrite_after(self, op: Op) -> Replacement:
        rule = fold_control.AFTER.get(op.name)
        return rule(self, op) if rule is not None else None

    def compute(self, op: Op) -> Value | None:
        """The result of an op on small constants."""
        if op.name not in _EXACT or not op.operands or op.result.type.size > LARGEST:
            return None
        arrays = [self.constant_of(v) for v in op.operands]
        known = [a for a in arrays if a is not None and a.size <= LARGEST]
        if len(known) < len(arrays) or not _computable(op, known):
            return None
        with np.errstate(all="ignore"):
            result = np.asarray(op.kind.reference(*known, **op.attrs))
        type = op.result.type
        if result.shape != type.shape or result.dtype != type.dtype or _has_subnormal(result):
            return None
        return self.constant(result, type)


def _computable(op: Op, arrays: list[np.ndarray]) -> bool:
    """Whether NumPy and compiled code agree on these operands."""
    if any(map(_has_subnormal, arrays)):
        return False
    kind = arrays[0].dtype.kind
    if kind == "c" and op.name in ("multiply", "divide", "sqrt", "abs", "sign"):
        return False
    if kind == "f" and op.name in _ZERO_SIGNS:
        return all(bool(np.all(a != 0)) for a in arrays)
    if op.name in _QUOTIENTS and kind in "iu":
        overflow = (arrays[0] == np.iinfo(arrays[0].dtype).min) & (arrays[1].astype(np.int64) == -1)
        return bool(np.all(arrays[1] != 0) and (kind == "u" or not np.any(overflow)))
    if op.name in _QUOTIENTS - {"divide"}:
        return False
    if op.name in _SHIFTS:
        return bool(np.all((arrays[1] >= 0) & (arrays[1] < 8 * arrays[1].dtype.itemsize)))
    return op.name != "convert" or _convertible(arrays[0], op.result.type.dtype)


def _convertible(array: np.ndarray, target: np.dtype[Any]) -> bool:
    """Whether a conversion keeps within the range of an integer type; others are always well defined."""
    if array.dtype.kind not in "fc" or target.kind not in "iu":
        return array.dtype.kind != "c"
    limits = np.iinfo(target)
    with np.errstate(all="ignore"):
        return bool(np.all((array > float(limits.min) - 0.5) & (array < float(limits.max) * (1 - 2.0**-50))))


def _has_subnormal(array: np.ndarray) -> bool:
    """Whether a float is so small that compiled code may flush it to zero."""
    if array.dtype.kind not in "fc":
        return False
    parts = np.abs(np.stack([array.real, array.imag]))
    return bool(np.any((parts > 0) & (parts < np.finfo(array.dtype).tiny)))
