"""Comparison, choice, conversion of element types, and values passed on: elementwise operations with unlike operands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hloc.diagnostics.errors import DTypeError, ShapeError
from hloc.ir.opdef import OpDef, register
from hloc.ir.types import B1, TensorType
from hloc.ops.checks import check_count, check_kind, check_same
from hloc.ops.families import Binary, Unary

DIRECTIONS = {"EQ": "==", "NE": "!=", "LT": "<", "LE": "<=", "GT": ">", "GE": ">="}


@register
class Compare(Binary):
    """lhs <direction> rhs as bool; comparisons with NaN are false, except NE. Complex numbers have EQ and NE only.

    Attributes: direction: EQ, NE, LT, LE, GT or GE.
    """

    name = "compare"
    cheap = True
    kinds = "biufc"

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        super().infer(types, attrs)
        if types[0].dtype.kind == "c" and attrs["direction"] not in ("EQ", "NE"):
            raise DTypeError(f"compare: complex numbers have no order, found {types[0]} with {attrs['direction']}")
        return (types[0].with_dtype(B1.dtype),)


@register
class Select(OpDef):
    """x where pred holds, y elsewhere. pred: b1, scalar or of the shape of x and y, which have the same type."""

    name = "select"
    cheap = True

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("select", types, 3)
        pred, x, y = types
        check_kind("select", "pred", pred, "b")
        check_same("select", ("x", "y"), (x, y))
        if pred.shape not in ((), x.shape):
            raise ShapeError(f"select: pred must be a scalar or have the shape of x, found {pred} for x {x}")
        return (x,)


@register
class Convert(Unary):
    """The value in another element type. Attributes: dtype.

    To bool: x != 0. Float to integer: towards zero; outside the range some integer. Complex to real: the real part.
    """

    name = "convert"
    cheap = True
    kinds = "biufc"

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        (type,) = super().infer(types, attrs)
        return (type.with_dtype(attrs["dtype"]),)


@register
class BitcastConvert(Unary):
    """The same bits as another element type of the same size. Attributes: dtype."""

    name = "bitcast_convert"
    cheap = True
    kinds = "iuf"

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        (type,) = super().infer(types, attrs)
        target = type.with_dtype(attrs["dtype"])
        check_kind("bitcast_convert", "result", target, cls.kinds)
        if target.dtype.itemsize != type.dtype.itemsize:
            raise DTypeError(f"bitcast_convert: sizes of elements differ, operand is {type} and result {target}")
        return (target,)


@register
class Barrier(OpDef):
    """The operands, unchanged; XLA moves no computation across. StableHLO `optimization_barrier`."""

    name = "barrier"

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        return tuple(types)


@register
class Copy(Unary):
    """The operand in a buffer of its own."""

    name = "copy"
    kinds = "biufc"
    reference = np.copy
    text = "np.copy({0})"
