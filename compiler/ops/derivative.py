"""Operations that derivative rules are written with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc import mlir
from hloc.ir.opdef import register
from hloc.ir.types import TensorType
from hloc.mlir.build import MlirValue, compare, convert, full
from hloc.ops import prelude
from hloc.ops.algebra import Term, conj, mul0, terms
from hloc.ops.families import Binary, Unary
from hloc.ops.sampling import SHAPES, Domain, Sample, dtypes_of

if TYPE_CHECKING:
    from hloc.ir.builder import Builder
    from hloc.ir.core import Op, Value


@register
class Mul0(Binary):
    """factor * partial, and 0 where factor is 0, whatever partial is there: infinite, NaN.

    factor is a tangent or cotangent; it is exactly 0 where a value was computed and then not chosen.
    """

    name = "mul0"
    cheap = True
    operand_names = ("factor", "partial")
    kinds = "fc"
    reference = staticmethod(prelude.op_mul0)
    text = "op_mul0({0}, {1})"

    @classmethod
    def push(cls, number: int, tangent: Term, *values: Term) -> Term:
        factor, partial, _ = values
        return mul0(factor, tangent) if number else mul0(tangent, partial)

    @classmethod
    def pull(cls, number: int, cotangent: Term, *values: Term) -> Term:
        """The partial of an operation that was not chosen gets 0: here factor is what decides, not the cotangent."""
        factor, partial, _ = values
        return mul0(conj(factor), cotangent) if number else mul0(cotangent, conj(partial))

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        (factor, partial), zero = args, full(ctx, op.result.type, 0)
        return [mlir.hlo.select(compare(factor, "EQ", zero), zero, mlir.hlo.multiply(factor, partial))]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for sample in super().samples(rng):
            factor, partial = sample.operands
            yield sample
            if factor.shape == (7,):
                yield Sample((np.where(np.real(factor) > 0, factor, 0).astype(factor.dtype), partial))


@register
class StopGradient(Unary):
    """The operand, as a constant for derivatives."""

    name = "stop_gradient"
    cheap = True
    differentiable = False
    kinds = "biufc"
    text = "{0}"

    @staticmethod
    def reference(x: Any) -> Any:
        return x

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        return args


@register
class Polygamma(Unary):
    """Digamma differentiated `order` times, at least once. CHLO `polygamma`, which is right from about -9 upwards."""

    name = "polygamma"
    kinds = "f"

    @staticmethod
    def reference(x: Any, order: int) -> Any:
        return prelude.op_polygamma(order, x)

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        return f"op_polygamma({op.attrs['order']}, {args[0]})"

    @classmethod
    def jvp(cls, b: Builder, op: Op, tangents: Sequence[Value | None]) -> Sequence[Value | None]:
        (tangent,) = tangents
        return (None if tangent is None else _times_slope(b, op, tangent),)

    @classmethod
    def vjp(
        cls, b: Builder, op: Op, cotangents: Sequence[Value | None], wanted: Sequence[bool]
    ) -> Sequence[Value | None]:
        return cls.jvp(b, op, cotangents)

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        type, order = op.result.type, op.attrs["order"]
        wide = type.with_dtype(np.result_type(type.dtype, np.float32))
        x, half = convert(ctx, args[0], wide), full(ctx, wide, 0.5)
        left = compare(x, "LT", half)
        mirrored = mlir.hlo.select(left, mlir.hlo.subtract(full(ctx, wide, 1), x), x)
        right = mlir.chlo.polygamma(full(ctx, wide, order), mirrored)
        sign = full(ctx, wide, (-1) ** order)
        reflected = mlir.hlo.subtract(mlir.hlo.multiply(sign, right), _cotangent(ctx, x, order, wide))
        return [convert(ctx, mlir.hlo.select(left, reflected, right), type)]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for order, domain in ((1, Domain(0.2, 6.0)), (2, Domain(0.2, 6.0)), (3, Domain(-20.4, -20.2))):
            for dtype in dtypes_of("f"):
                for shape in SHAPES[1:] if order == 1 else SHAPES[:1]:
                    yield Sample((domain.draw(rng, shape, dtype),), {"order": order})


def _times_slope(b: Builder, op: Op, factor: Value) -> Value:
    f, x = terms(b, factor, op.operands[0])
    return mul0(f, x.apply("polygamma", order=op.attrs["order"] + 1)).value


def _cotangent(ctx: Any, x: MlirValue, order: int, type: TensorType) -> MlirValue:
    """pi cot(pi x) differentiated `order` times: a polynomial in c = cot(pi x), as c' = -pi (1 + c^2)."""
    hlo, pi = mlir.hlo, np.pi
    polynomial = np.polynomial.Polynomial([0, pi])
    for _ in range(order):
        polynomial = polynomial.deriv() * np.polynomial.Polynomial([-pi, 0, -pi])
    rest = hlo.subtract(x, hlo.round_nearest_even(x))
    c = hlo.divide(full(ctx, type, 1), hlo.tan(hlo.multiply(rest, full(ctx, type, pi))))
    result = full(ctx, type, polynomial.coef[-1])
    for coefficient in polynomial.coef[-2::-1]:
        result = hlo.add(hlo.multiply(result, c), full(ctx, type, coefficient))
    return result
