"""Lowerings of Python's // and %: XLA has C's truncating division only.

Integers: XLA never traps (x / 0 and INT_MIN / -1 give some integer); division by zero is made 0 as in NumPy.
Floats: NumPy's `npy_divmod`, step by step, so that all special cases agree: the remainder by `fmod` is exact, then the
quotient is corrected.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hloc import mlir
from hloc.ir.types import TensorType
from hloc.mlir.build import MlirValue, compare, convert, full


def int_floor_divide(ctx: Any, x: MlirValue, y: MlirValue, type: TensorType, nonnegative: bool) -> MlirValue:
    """Quotient rounded down. With `nonnegative` (x >= 0, y > 0) one unsigned division."""
    hlo = mlir.hlo
    if nonnegative:
        return _unsigned(ctx, hlo.divide, x, y, type)
    zero = full(ctx, type, 0)
    quotient = hlo.divide(x, y)
    if type.dtype.kind == "i":
        rest = hlo.subtract(x, hlo.multiply(quotient, y))
        adjusted = hlo.subtract(quotient, full(ctx, type, 1))
        quotient = hlo.select(_signs_differ(rest, y, zero), adjusted, quotient)
    return hlo.select(compare(y, "EQ", zero), zero, quotient)


def int_floor_mod(ctx: Any, x: MlirValue, y: MlirValue, type: TensorType, nonnegative: bool) -> MlirValue:
    """Remainder with the sign of y. With `nonnegative` (x >= 0, y > 0) one unsigned remainder."""
    hlo = mlir.hlo
    if nonnegative:
        return _unsigned(ctx, hlo.remainder, x, y, type)
    zero = full(ctx, type, 0)
    rest = hlo.remainder(x, y)
    if type.dtype.kind == "i":
        rest = hlo.select(_signs_differ(rest, y, zero), hlo.add(rest, y), rest)
    return hlo.select(compare(y, "EQ", zero), zero, rest)


def _unsigned(ctx: Any, divide: Any, x: MlirValue, y: MlirValue, type: TensorType) -> MlirValue:
    unsigned = type.with_dtype(np.dtype(f"u{type.dtype.itemsize}"))
    return convert(ctx, divide(convert(ctx, x, unsigned), convert(ctx, y, unsigned)), type)


def _signs_differ(rest: MlirValue, y: MlirValue, zero: MlirValue) -> MlirValue:
    """rest != 0 with the sign opposite to y's: integers."""
    opposite = compare(mlir.hlo.xor(rest, y), "LT", zero)
    return mlir.hlo.and_(compare(rest, "NE", zero), opposite)


def float_floor_divide(ctx: Any, x: MlirValue, y: MlirValue, type: TensorType, nonnegative: bool) -> MlirValue:
    """Quotient rounded down; infinite or NaN where y is 0."""
    hlo = mlir.hlo
    x, y, wide = _widen(ctx, x, y, type)
    zero, one = full(ctx, wide, 0), full(ctx, wide, 1)
    rest = hlo.remainder(x, y)
    quotient = hlo.divide(hlo.subtract(x, rest), y)
    quotient = hlo.select(_float_signs_differ(rest, y, zero), hlo.subtract(quotient, one), quotient)
    floored = hlo.floor(quotient)
    above = compare(hlo.subtract(quotient, floored), "GT", full(ctx, wide, 0.5))
    floored = hlo.select(above, hlo.add(floored, one), floored)
    exact = hlo.divide(x, y)
    signed_zero = hlo.multiply(exact, zero)  # exact is finite where the quotient is 0
    result = hlo.select(compare(quotient, "EQ", zero), signed_zero, floored)
    return convert(ctx, hlo.select(compare(y, "EQ", zero), exact, result), type)


def float_floor_mod(ctx: Any, x: MlirValue, y: MlirValue, type: TensorType, nonnegative: bool) -> MlirValue:
    """Remainder with the sign of y; NaN where y is 0."""
    hlo = mlir.hlo
    x, y, wide = _widen(ctx, x, y, type)
    zero = full(ctx, wide, 0)
    rest = hlo.remainder(x, y)
    moved = hlo.select(_float_signs_differ(rest, y, zero), hlo.add(rest, y), rest)
    signed_zero = hlo.select(compare(y, "LT", zero), full(ctx, wide, -0.0), zero)
    return convert(ctx, hlo.select(compare(rest, "EQ", zero), signed_zero, moved), type)


def _widen(ctx: Any, x: MlirValue, y: MlirValue, type: TensorType) -> tuple[MlirValue, MlirValue, TensorType]:
    """f16 is computed in f32, as NumPy does."""
    if type.dtype.itemsize > 2:
        return x, y, type
    wide = type.with_dtype(np.dtype(np.float32))
    return convert(ctx, x, wide), convert(ctx, y, wide), wide


def _float_signs_differ(rest: MlirValue, y: MlirValue, zero: MlirValue) -> MlirValue:
    """rest is not 0, and exactly one of rest and y is negative (NaN counts as positive)."""
    opposite = mlir.hlo.xor(compare(y, "LT", zero), compare(rest, "LT", zero))
    return mlir.hlo.and_(compare(rest, "NE", zero), opposite)
