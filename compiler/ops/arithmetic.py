"""Elementwise arithmetic on one operand: signs, rounding, parts of complex numbers, bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc import mlir
from hloc.ir.opdef import register
from hloc.ir.types import B1, TensorType
from hloc.mlir.build import compare, convert, full
from hloc.ops import prelude
from hloc.ops.families import Unary, real_type

if TYPE_CHECKING:
    from hloc.ir.core import Op


class CheapUnary(Unary):
    """An operation of a few instructions an element."""

    cheap = True


@register
class Abs(CheapUnary):
    """Absolute value; the modulus of a complex number is real."""

    name = "abs"
    reference = np.abs
    text = "np.abs({0})"

    result = staticmethod(real_type)

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        return args if op.operands[0].type.dtype.kind == "u" else [mlir.hlo.abs(*args)]


@register
class Negate(CheapUnary):
    """-x; unsigned integers wrap."""

    name = "negate"
    reference = np.negative
    text = "-{0}"


@register
class Sign(CheapUnary):
    """-1, 0 or 1, NaN for NaN; x / |x| for complex numbers and 0 for zero."""

    name = "sign"
    reference = np.sign
    text = "np.sign({0})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        type = op.operands[0].type
        if type.dtype.kind != "u":
            return [mlir.hlo.sign(*args)]
        return [convert(ctx, compare(args[0], "NE", full(ctx, type, 0)), type)]


@register
class Floor(CheapUnary):
    name = "floor"
    kinds = "f"
    reference = np.floor
    text = "np.floor({0})"


@register
class Ceil(CheapUnary):
    name = "ceil"
    kinds = "f"
    reference = np.ceil
    text = "np.ceil({0})"


@register
class Trunc(CheapUnary):
    """Towards zero, keeping the sign of zero."""

    name = "trunc"
    kinds = "f"
    reference = np.trunc
    text = "np.trunc({0})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        (x,) = args
        negative = compare(x, "LT", full(ctx, op.operands[0].type, 0))
        return [mlir.hlo.select(negative, mlir.hlo.ceil(x), mlir.hlo.floor(x))]


@register
class RoundNearestEven(CheapUnary):
    """To the nearest whole number, halves to the even one."""

    name = "round_nearest_even"
    kinds = "f"
    reference = np.rint
    text = "np.rint({0})"


@register
class Not(CheapUnary):
    """Logical not of bools, bitwise not of integers."""

    name = "not"
    kinds = "biu"
    reference = np.invert
    text = "~{0}"
    builder = "not_"


@register
class Popcnt(CheapUnary):
    """Number of one bits, as the operand's type (NumPy gives u8, and counts the bits of |x|)."""

    name = "popcnt"
    kinds = "iu"
    reference = staticmethod(prelude.op_popcnt)
    text = "op_popcnt({0})"


@register
class IsFinite(CheapUnary):
    name = "is_finite"
    kinds = "f"
    reference = np.isfinite
    text = "np.isfinite({0})"

    @staticmethod
    def result(operand: TensorType) -> TensorType:
        return operand.with_dtype(B1.dtype)


@register
class Real(CheapUnary):
    """Real part of a complex number."""

    name = "real"
    kinds = "c"
    reference = np.real
    text = "np.real({0})"

    result = staticmethod(real_type)


@register
class Imag(CheapUnary):
    """Imaginary part of a complex number."""

    name = "imag"
    kinds = "c"
    reference = np.imag
    text = "np.imag({0})"

    result = staticmethod(real_type)


@register
class Conj(CheapUnary):
    """Complex conjugate. CHLO `conj`."""

    name = "conj"
    kinds = "c"
    reference = np.conjugate
    text = "np.conjugate({0})"
    builder = "chlo.conj"
