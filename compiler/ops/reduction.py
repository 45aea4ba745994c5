"""Reductions over axes and running reductions along one axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from hloc.ir.opdef import OpDef, register
from hloc.ir.types import I64, TensorType
from hloc.ops.checks import check_count, check_dims, check_kind


class Reduce(OpDef):
    """Combine the elements along `axes`, which the result drops. Attributes: axes (increasing)."""

    kinds: ClassVar[str] = "iufc"

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count(cls.name, types, 1)
        (operand,), axes = types, attrs["axes"]
        check_kind(cls.name, "operand", operand, cls.kinds)
        check_dims(cls.name, "axis", axes, operand, increasing=True)
        return (operand.with_shape(tuple(n for d, n in enumerate(operand.shape) if d not in axes)),)


@register
class ReduceSum(Reduce):
    """Sum in the element type of the operand; integers wrap."""

    name = "reduce_sum"


@register
class ReduceProd(Reduce):
    """Product in the element type of the operand; integers wrap."""

    name = "reduce_prod"


@register
class ReduceMax(Reduce):
    """Maximum, NaN if there is one; -inf or the least integer when empty."""

    name = "reduce_max"
    kinds = "biuf"


@register
class ReduceMin(Reduce):
    """Minimum, NaN if there is one; inf or the greatest integer when empty."""

    name = "reduce_min"
    kinds = "biuf"


@register
class ReduceAnd(Reduce):
    """All bits set: logical for bools, bitwise for integers."""

    name = "reduce_and"
    kinds = "biu"


@register
class ReduceOr(Reduce):
    """Any bit set: logical for bools, bitwise for integers."""

    name = "reduce_or"
    kinds = "biu"


class ArgReduce(OpDef):
    """Index (i64) of the first extreme element along `axis`, which the result drops; the first NaN counts as extreme.

    An empty axis gives 0. Attributes: axis.
    """

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count(cls.name, types, 1)
        (operand,), axis = types, attrs["axis"]
        check_kind(cls.name, "operand", operand, "biuf")
        check_dims(cls.name, "axis", (axis,), operand)
        return (TensorType(operand.shape[:axis] + operand.shape[axis + 1 :], I64.dtype),)


@register
class Argmax(ArgReduce):
    """Index of the first maximum."""

    name = "argmax"


@register
class Argmin(ArgReduce):
    """Index of the first minimum."""

    name = "argmin"


class Cumulative(OpDef):
    """Running reduction along `axis`: element k combines elements 0 … k. Attributes: axis."""

    kinds: ClassVar[str] = "iufc"

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count(cls.name, types, 1)
        check_kind(cls.name, "operand", types[0], cls.kinds)
        check_dims(cls.name, "axis", (attrs["axis"],), types[0])
        return (types[0],)


@register
class Cumsum(Cumulative):
    """Running sum."""

    name = "cumsum"


@register
class Cumprod(Cumulative):
    """Running product."""

    name = "cumprod"


@register
class Cummax(Cumulative):
    """Running maximum; NaN from the first NaN on."""

    name = "cummax"
    kinds = "biuf"


@register
class Cummin(Cumulative):
    """Running minimum; NaN from the first NaN on."""

    name = "cummin"
    kinds = "biuf"
