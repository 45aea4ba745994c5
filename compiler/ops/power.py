"""Lowering of integer powers: XLA looks at the lowest six bits of the exponent only."""

from __future__ import annotations

from typing import Any

import numpy as np

from hloc import mlir
from hloc.ir.types import TensorType
from hloc.mlir import build
from hloc.mlir.build import MlirValue


def int_power(ctx: Any, x: MlirValue, y: MlirValue, type: TensorType) -> MlirValue:
    """Repeated squaring modulo 2^width while an exponent has bits left; negative exponents give 0 but for 1 and -1."""
    hlo = mlir.hlo
    zero, one = build.full(ctx, type, 0), build.full(ctx, type, 1)
    if type.dtype.kind == "u":
        return _square_and_multiply(ctx, x, y, type)
    inverse = build.compare(y, "LT", zero)
    result = _square_and_multiply(ctx, x, hlo.select(inverse, hlo.and_(y, one), y), type)
    unit = hlo.or_(build.compare(x, "EQ", one), build.compare(x, "EQ", build.full(ctx, type, -1)))
    return hlo.select(hlo.and_(inverse, hlo.not_(unit)), zero, result)


def _square_and_multiply(ctx: Any, x: MlirValue, y: MlirValue, type: TensorType) -> MlirValue:
    hlo = mlir.hlo
    zero, one = build.full(ctx, type, 0), build.full(ctx, type, 1)
    none = ctx.constant(np.asarray(0, type.dtype))

    def left(power: MlirValue, base: MlirValue, exponent: MlirValue) -> MlirValue:
        axes = range(type.rank)
        return build.compare(build.reduce(ctx, exponent, type, 0, axes, hlo.maximum), "NE", none)

    def step(power: MlirValue, base: MlirValue, exponent: MlirValue) -> list[MlirValue]:
        odd = build.compare(hlo.and_(exponent, one), "NE", zero)
        power = hlo.select(odd, hlo.multiply(power, base), power)
        return [power, hlo.multiply(base, base), hlo.shift_right_logical(exponent, one)]

    return build.while_loop([one, x, y], left, step)[0]
