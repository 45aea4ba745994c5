"""Operations on two operands of the same type, element by element."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hloc import mlir
from hloc.diagnostics.errors import DTypeError
from hloc.ir.opdef import register
from hloc.ir.types import TensorType
from hloc.mlir.build import compare
from hloc.ops import division, power, prelude
from hloc.ops.algebra import Term, complex_of, mul0, terms, where
from hloc.ops.families import Binary
from hloc.ops.sampling import Domain, Sample
from hloc.ops.slopes import half_of_ties, over_square, slope_of_base, slope_of_exponent

if TYPE_CHECKING:
    from hloc.ir.builder import Builder
    from hloc.ir.core import Op, Value

NONZERO = Domain(1.0, 5.0)


class CheapBinary(Binary):
    """An operation of a few instructions an element."""

    cheap = True


@register
class Add(CheapBinary):
    """x + y; integers wrap."""

    name = "add"
    reference = np.add
    text = "{0} + {1}"

    @classmethod
    def push(cls, number: int, tangent: Term, *values: Term) -> Term:
        return tangent


@register
class Subtract(CheapBinary):
    """x - y; integers wrap."""

    name = "subtract"
    reference = np.subtract
    text = "{0} - {1}"

    @classmethod
    def jvp(cls, b: Builder, op: Op, tangents: Sequence[Value | None]) -> Sequence[Value | None]:
        if None not in tangents:
            x, y = terms(b, *(t for t in tangents if t is not None))
            return ((x - y).value,)
        return super().jvp(b, op, tangents)

    @classmethod
    def push(cls, number: int, tangent: Term, *values: Term) -> Term:
        return -tangent if number else tangent


@register
class Multiply(CheapBinary):
    """x * y; integers wrap."""

    name = "multiply"
    reference = np.multiply
    text = "{0} * {1}"
    partials = (lambda x, y, z: y, lambda x, y, z: x)


@register
class Divide(CheapBinary):
    """x / y; integers are truncated towards zero. An integer divided by zero gives some integer."""

    name = "divide"
    reference = staticmethod(prelude.op_divide)
    text = "op_divide({0}, {1})"
    domains = (Domain(-20.0, 20.0), NONZERO)
    partials = (lambda x, y, z: 1 / y, lambda x, y, z: -(z / y))


@register
class Remainder(CheapBinary):
    """x - trunc(x / y) * y, with the sign of x as in C. An integer remainder by zero gives some integer."""

    name = "remainder"
    kinds = "iuf"
    reference = np.fmod
    text = "np.fmod({0}, {1})"
    domains = (Domain(-20.0, 20.0), NONZERO)

    @classmethod
    def push(cls, number: int, tangent: Term, *values: Term) -> Term:
        """x - q y with q = trunc(x / y), a constant, here found from the result: x / y may be rounded up to it."""
        x, y, z = values
        return mul0(tangent, ((z - x) / y).apply("round_nearest_even")) if number else tangent


@register
class FloorDivide(CheapBinary):
    """Python's x // y, exactly as np.floor_divide; an integer by zero gives 0.

    Attributes: nonnegative (False): the operands are integers known to be x >= 0 and y > 0.
    """

    differentiable = False
    name = "floor_divide"
    kinds = "iuf"
    text = "{0} // {1}"
    domains = (Domain(-20.0, 20.0), NONZERO)

    @staticmethod
    def reference(x: Any, y: Any, nonnegative: bool = False) -> Any:
        return np.floor_divide(x, y)

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        divide = division.float_floor_divide if op.result.type.dtype.kind == "f" else division.int_floor_divide
        x, y = args
        return [divide(ctx, x, y, op.result.type, op.attrs.get("nonnegative", False))]


@register
class FloorMod(CheapBinary):
    """Python's x % y, with the sign of y, exactly as np.remainder; an integer by zero gives 0.

    Attributes: nonnegative (False): the operands are integers known to be x >= 0 and y > 0.
    """

    name = "floor_mod"
    kinds = "iuf"
    text = "{0} % {1}"
    domains = (Domain(-20.0, 20.0), NONZERO)

    @staticmethod
    def reference(x: Any, y: Any, nonnegative: bool = False) -> Any:
        return np.remainder(x, y)

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        modulus = division.float_floor_mod if op.result.type.dtype.kind == "f" else division.int_floor_mod
        x, y = args
        return [modulus(ctx, x, y, op.result.type, op.attrs.get("nonnegative", False))]

    @classmethod
    def push(cls, number: int, tangent: Term, *values: Term) -> Term:
        """x - q y with q = floor(x / y), a constant."""
        x, y, _ = values
        return mul0(tangent, -x.apply("floor_divide", y)) if number else tangent


@register
class Power(Binary):
    """x ** y; integer powers wrap, and a negative integer exponent gives 0 unless x is 1 or -1."""

    name = "power"
    reference = staticmethod(prelude.op_power)
    text = "op_power({0}, {1})"
    domains = (Domain(0.5, 3.0), Domain(-2.0, 3.0))
    partials = (slope_of_base, slope_of_exponent)

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        if op.result.type.dtype.kind in "iu":
            return [power.int_power(ctx, args[0], args[1], op.result.type)]
        return [mlir.hlo.power(*args)]


class Choice(CheapBinary):
    """Maximum or minimum. XLA's CPU compiler hands reductions with one in them to a library that loses NaN."""

    kinds = "biuf"
    direction: ClassVar[str]

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        (x, y), kind = args, op.result.type.dtype.kind
        if kind != "f" or ctx.platform != "cpu" or ctx.in_loop or ctx.fast_math:
            return super().lower(ctx, op, args)
        first = mlir.hlo.or_(compare(x, cls.direction, y), compare(x, "NE", x))
        return [mlir.hlo.select(first, x, y)]  # a form that the library does not know


@register
class Maximum(Choice):
    """The greater operand; NaN if one is NaN. Logical or of bools."""

    name = "maximum"
    direction = "GE"
    reference = np.maximum
    text = "np.maximum({0}, {1})"

    @classmethod
    def push(cls, number: int, tangent: Term, *values: Term) -> Term:
        mine, other = values[number], values[1 - number]
        return where(mine > other, tangent, half_of_ties(mine, other, tangent))


@register
class Minimum(Choice):
    """The smaller operand; NaN if one is NaN. Logical and of bools."""

    name = "minimum"
    direction = "LE"
    reference = np.minimum
    text = "np.minimum({0}, {1})"

    @classmethod
    def push(cls, number: int, tangent: Term, *values: Term) -> Term:
        mine, other = values[number], values[1 - number]
        return where(mine < other, tangent, half_of_ties(mine, other, tangent))


@register
class Atan2(Binary):
    """Angle of the point (rhs, lhs) in radians, in [-pi, pi]."""

    name = "atan2"
    kinds = "f"
    reference = np.arctan2
    text = "np.arctan2({0}, {1})"
    partials = (lambda y, x, z: over_square(x, y), lambda y, x, z: -over_square(y, x))


@register
class NextAfter(Binary):
    """The next float after lhs in the direction of rhs. CHLO `next_after`."""

    name = "next_after"
    kinds = "f"
    reference = np.nextafter
    text = "np.nextafter({0}, {1})"
    builder = "chlo.next_after"

    @classmethod
    def push(cls, number: int, tangent: Term, *values: Term) -> Term | None:
        """x and a step that is constant between powers of two."""
        return None if number else tangent


@register
class And(CheapBinary):
    """Logical and of bools, bitwise and of integers."""

    differentiable = False
    name = "and"
    kinds = "biu"
    reference = np.bitwise_and
    text = "{0} & {1}"
    builder = "and_"


@register
class Or(CheapBinary):
    """Logical or of bools, bitwise or of integers."""

    differentiable = False
    name = "or"
    kinds = "biu"
    reference = np.bitwise_or
    text = "{0} | {1}"
    builder = "or_"


@register
class Xor(CheapBinary):
    """Exclusive or of bools and of the bits of integers."""

    differentiable = False
    name = "xor"
    kinds = "biu"
    reference = np.bitwise_xor
    text = "{0} ^ {1}"


class Shift(CheapBinary):
    """A shift of the bits of lhs by rhs places, read as unsigned; beyond the width all bits are shifted out."""

    differentiable = False
    kinds = "iu"
    domains = (Domain(-100.0, 100.0), Domain(0.0, 7.0))


@register
class ShiftLeft(Shift):
    """x * 2**y modulo the width."""

    name = "shift_left"
    reference = np.left_shift
    text = "{0} << {1}"


@register
class ShiftRightArithmetic(Shift):
    """Shift in copies of the sign bit."""

    name = "shift_right_arithmetic"
    kinds = "i"
    reference = np.right_shift
    text = "{0} >> {1}"


@register
class ShiftRightLogical(Shift):
    """Shift in zeros, also for negative integers."""

    name = "shift_right_logical"
    reference = staticmethod(prelude.op_shift_right_logical)
    text = "op_shift_right_logical({0}, {1})"


@register
class Complex(CheapBinary):
    """The complex number lhs + i rhs."""

    name = "complex"
    kinds = "f"
    reference = staticmethod(prelude.op_complex)
    text = "op_complex({0}, {1})"

    @classmethod
    def push(cls, number: int, tangent: Term, *values: Term) -> Term:
        return complex_of(0, tangent) if number else complex_of(tangent, 0)

    @classmethod
    def pull(cls, number: int, cotangent: Term, *values: Term) -> Term:
        return cotangent.apply("imag") if number else cotangent.apply("real")

    @staticmethod
    def result(operand: TensorType) -> TensorType:
        if operand.dtype == np.float16:
            raise DTypeError(f"complex: lhs must be f32 or f64, found {operand}")
        return operand.with_dtype(np.result_type(operand.dtype, np.complex64))

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        return (sample for sample in super().samples(rng) if sample.operands[0].dtype != np.float16)
