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
from hloc.ops.algebra import Term, complex_of, conj, mul0, real, sign, where
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

    @classmethod
    def push(cls, number: int, tangent: Term, *values: Term) -> Term:
        return real(mul0(tangent, conj(sign(values[0]))))

    @classmethod
    def pull(cls, number: int, cotangent: Term, *values: Term) -> Term:
        direction = sign(values[0])
        if direction.type.dtype.kind != "c":
            return mul0(cotangent, direction)
        re, im = direction.apply("real"), direction.apply("imag")
        return complex_of(mul0(cotangent, re), mul0(cotangent, im))


@register
class Negate(CheapUnary):
    """-x; unsigned integers wrap."""

    name = "negate"
    reference = np.negative
    text = "-{0}"

    @classmethod
    def push(cls, number: int, tangent: Term, *values: Term) -> Term:
        return -tangent


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

    @classmethod
    def push(cls, number: int, tangent: Term, *values: Term) -> Term | None:
        """Real: constant but at 0. Complex: the part of the tangent across the direction, over |x|; 0 at 0."""
        x, y = values
        if x.type.dtype.kind != "c":
            return None
        along = real(mul0(tangent, conj(y)))
        across = tangent - complex_of(mul0(along, y.apply("real")), mul0(along, y.apply("imag")))
        return where(x.equals(0), 0, mul0(across, 1 / complex_of(x.apply("abs"), 0)))


@register
class Floor(CheapUnary):
    name = "floor"
    differentiable = False
    kinds = "f"
    reference = np.floor
    text = "np.floor({0})"


@register
class Ceil(CheapUnary):
    name = "ceil"
    differentiable = False
    kinds = "f"
    reference = np.ceil
    text = "np.ceil({0})"


@register
class Trunc(CheapUnary):
    """Towards zero, keeping the sign of zero."""

    name = "trunc"
    differentiable = False
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
    differentiable = False
    kinds = "f"
    reference = np.rint
    text = "np.rint({0})"


@register
class Not(CheapUnary):
    """Logical not of bools, bitwise not of integers."""

    name = "not"
    differentiable = False
    kinds = "biu"
    reference = np.invert
    text = "~{0}"
    builder = "not_"


@register
class Popcnt(CheapUnary):
    """Number of one bits, as the operand's type (NumPy gives u8, and counts the bits of |x|)."""

    name = "popcnt"
    differentiable = False
    kinds = "iu"
    reference = staticmethod(prelude.op_popcnt)
    text = "op_popcnt({0})"


@register
class IsFinite(CheapUnary):
    name = "is_finite"
    differentiable = False
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

    @classmethod
    def push(cls, number: int, tangent: Term, *values: Term) -> Term:
        return real(tangent)

    @classmethod
    def pull(cls, number: int, cotangent: Term, *values: Term) -> Term:
        return complex_of(cotangent, 0)


@register
class Imag(CheapUnary):
    """Imaginary part of a complex number."""

    name = "imag"
    kinds = "c"
    reference = np.imag
    text = "np.imag({0})"

    result = staticmethod(real_type)

    @classmethod
    def push(cls, number: int, tangent: Term, *values: Term) -> Term:
        return tangent.apply("imag")

    @classmethod
    def pull(cls, number: int, cotangent: Term, *values: Term) -> Term:
        return complex_of(0, cotangent)


@register
class Conj(CheapUnary):
    """Complex conjugate. CHLO `conj`."""

    name = "conj"
    kinds = "c"
    reference = np.conjugate
    text = "np.conjugate({0})"
    builder = "chlo.conj"

    @classmethod
    def push(cls, number: int, tangent: Term, *values: Term) -> Term:
        return conj(tangent)
