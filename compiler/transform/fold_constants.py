"""Compute what is known, and drop what changes nothing: constants, identities, decided control flow.

    %c = add 2, 3                                       %y = multiply %x, 5
    %y = multiply %x, %c                         →
    %r = if %true then { yield %y } else { … }          (uses of %r become %y)

One forward walk (`Rewriter`) applies, to each op, the rules of `identities`, `data_movement` and `fold_control`, and
computes ops on small constants with their NumPy reference. Only operations whose compiled result is the same bit for
bit are computed: arithmetic that IEEE 754 rounds correctly, wrapping integers, comparisons, moved elements; no
integer division by zero or overflowing quotient, no conversion outside the integer range, nothing that has or gives
subnormal floats.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hloc.ir.core import Module, Op, Value
from hloc.ir.types import B1
from hloc.transform import data_movement, fold_control, identities
from hloc.transform.rewrite import Replacement, Rewriter, rewrite_functions

LARGEST = 64
"""Constants with more elements are left alone."""

_EXACT_NAMES = """
    abs negate sign floor ceil trunc round_nearest_even not popcnt is_finite real imag conj sqrt complex
    add subtract multiply divide remainder floor_divide floor_mod maximum minimum
    and or xor shift_left shift_right_arithmetic shift_right_logical compare select convert
    broadcast_in_dim reshape transpose reverse slice pad concatenate read
    reduce_max reduce_min reduce_and reduce_or
"""
_EXACT = frozenset(_EXACT_NAMES.split())
_QUOTIENTS = frozenset({"divide", "remainder", "floor_divide", "floor_mod"})
_ZERO_SIGNS = frozenset({"maximum", "minimum", "reduce_max", "reduce_min", "sign"})
"""Operations whose results for 0.0 and -0.0 differ between implementations."""
_SHIFTS = frozenset({"shift_left", "shift_right_arithmetic", "shift_right_logical"})
_RULES = {**identities.RULES, **data_movement.RULES, **fold_control.BEFORE}


def fold_constants(module: Module) -> bool:
    """Fold every function of `module` in place; says whether anything changed."""
    return rewrite_functions(module, lambda _: _Folder())


class _Folder(Rewriter):
    """Folds one function; `assumed` holds the booleans that are known inside the region being walked."""

    def __init__(self) -> None:
        super().__init__()
        self.assumed: dict[Value, bool] = {}

    def walk_region(self, op: Op, index: int) -> None:
        """Walk a region; inside the branches of an `if` its predicate is known."""
        if op.name != "if":
            super().walk_region(op, index)
            return
        before = self.assumed
        self.assumed = {**before, **self.implied(op.operands[0], index == 0)}
        super().walk_region(op, index)
        self.assumed = before

    def implied(self, value: Value, truth: bool) -> dict[Value, bool]:
        """What is known when `value` is `truth`: itself, and the parts of a conjunction, disjunction or negation."""
        known: dict[Value, bool] = {}
        pending = [(value, truth)]
        while pending:
            value, truth = pending.pop()
            producer = self.producers.get(value)
            if value in known or value.type != B1 or (producer is not None and producer.name == "constant"):
                continue
            known[value] = truth
            if producer is not None and producer.name == "not":
                pending.append((producer.operands[0], not truth))
            elif producer is not None and producer.name == ("and" if truth else "or"):
                pending.extend((v, truth) for v in producer.operands)
        return known

    def resolve(self, value: Value) -> Value:
        value = super().resolve(value)
        if value in self.assumed:
            self.changed = True
            return self.constant(np.array(self.assumed[value]), value.type)
        return value

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
    parts = np.abs(np.stack([np.real(array), np.imag(array)]))
    return bool(np.any((parts > 0) & (parts < np.finfo(array.dtype).tiny)))
