"""Arithmetic of Python numbers, at least one of them data: Python's types and errors; powers with a known exponent."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import DTypeError
from hloc.frontend import numbers
from hloc.frontend.effects import check, fail
from hloc.frontend.values import (
    AbstractValue,
    Const,
    NeverV,
    Tensor,
)
from hloc.ir.core import Value
from hloc.ops import helpers
from hloc.ops.elementwise import (
    Add,
    And,
    Divide,
    Floor,
    FloorDivide,
    FloorMod,
    Minimum,
    Multiply,
    Not,
    Or,
    Power,
    ShiftLeft,
    ShiftRightArithmetic,
    Sqrt,
    Subtract,
    Xor,
)

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


_ARITHMETIC = {"Add": Add, "Sub": Subtract, "Mult": Multiply}


_DIVISIONS: dict[str, Callable[[Any, Any], Any]] = {
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
}
_BITWISE = {"BitAnd": And, "BitOr": Or, "BitXor": Xor}


def operands(sp: Specializer, dtype: np.dtype, *values: AbstractValue) -> list[Value]:
    return [helpers.convert(sp.builder, sp.number(v), dtype) for v in values]


def python_binary(sp: Specializer, name: str, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    """Two Python numbers, at least one of them data."""
    kinds = [(described[0].dtype, True) for v in (a, b) if (described := numbers.describe(v))]
    dtype = numbers.promote(kinds)
    if name in _BITWISE:
        if dtype.kind in "fc":
            raise DTypeError(f"operator {name}: no meaning for {dtype}")
        return Tensor(sp.emit(_BITWISE[name], *operands(sp, dtype, a, b)), True)
    dtype = numbers.INT if dtype == numbers.BOOL else dtype
    if name in _ARITHMETIC:
        return Tensor(sp.emit(_ARITHMETIC[name], *operands(sp, dtype, a, b)), True)
    if name == "Div":
        kind = dtype.kind
        dtype = numbers.FLOAT if dtype == numbers.INT else dtype
        x, y = operands(sp, dtype, a, b)
        _check_nonzero(sp, name, b, y, kind)
        return Tensor(sp.emit(Divide, x, y), True)
    if name in ("FloorDiv", "Mod"):
        if dtype.kind == "c":
            raise DTypeError("complex numbers have no // and %")
        x, y = operands(sp, dtype, a, b)
        _check_nonzero(sp, name, b, y, dtype.kind)
        return Tensor(sp.emit(FloorDivide if name == "FloorDiv" else FloorMod, x, y, nonnegative=False), True)
    if name == "Pow":
        return _python_power(sp, a, b, dtype)
    return _python_shift(sp, name, a, b, dtype)


@cache
def _zero_message(name: str, kind: str) -> str:
    """The message of CPython's ZeroDivisionError for this operator, as the running interpreter words it."""
    one = {"i": 1, "f": 1.0, "c": 1j}[kind]
    try:
        _DIVISIONS[name](one, type(one)(0))
    except ZeroDivisionError as error:
        return str(error)
    raise AssertionError(name)


def _check_nonzero(sp: Specializer, name: str, divisor: AbstractValue, value: Value, kind: str) -> None:
    if isinstance(divisor, Const) and divisor.obj != 0:
        return
    ok = helpers.compare(sp.builder, value, "NE", sp.constant(0, value.type.dtype))
    check(sp, ok, ZeroDivisionError, Const(_zero_message(name, kind)))


def _python_shift(sp: Specializer, name: str, a: AbstractValue, b: AbstractValue, dtype: np.dtype) -> AbstractValue:
    if dtype != numbers.INT:
        raise DTypeError(f"operator {name}: no meaning for {dtype}")
    x, y = operands(sp, dtype, a, b)
    if not (isinstance(b, Const) and b.obj >= 0):
        ok = helpers.compare(sp.builder, y, "GE", sp.constant(0, np.int64))
        check(sp, ok, ValueError, Const("negative shift count"))
    if name == "LShift":
        return Tensor(sp.emit(ShiftLeft, x, y), True)
    return Tensor(sp.emit(ShiftRightArithmetic, x, sp.emit(Minimum, y, sp.constant(63, np.int64))), True)


def _python_power(sp: Specializer, a: AbstractValue, b: AbstractValue, dtype: np.dtype) -> AbstractValue:
    if isinstance(b, Const) and dtype == numbers.INT and b.obj < 0:
        dtype = numbers.FLOAT
    if dtype == numbers.INT:
        x, y = operands(sp, dtype, a, b)
        if isinstance(b, Const):
            return Tensor(_integer_power(sp, x, b.obj), True)
        ok = helpers.compare(sp.builder, y, "GE", sp.constant(0, np.int64))
        message = "a negative exponent makes an int power a float; write float(x) ** n"
        check(sp, ok, ValueError, Const(message))
        return Tensor(sp.emit(Power, x, y), True)
    x, y = operands(sp, dtype, a, b)
    if dtype.kind == "f":
        _check_float_power(sp, x, y, b)
        short = _float_power(sp, x, b.obj) if isinstance(b, Const) else None
        if short is not None:
            return Tensor(short, True)
    return Tensor(sp.emit(Power, x, y), True)


def _check_float_power(sp: Specializer, x: Value, y: Value, exponent: AbstractValue) -> None:
    """Python: 0.0 to a negative power fails; a negative number to a fraction is complex, which hloc refuses."""
    b = sp.builder
    zero = sp.constant(0.0, x.type.dtype)
    if not (isinstance(exponent, Const) and exponent.obj >= 0):
        bad = sp.emit(And, helpers.compare(b, x, "EQ", zero), helpers.compare(b, y, "LT", zero))
        check(sp, sp.emit(Not, bad), ZeroDivisionError, Const(_negative_power_message()))
    if not (isinstance(exponent, Const) and float(exponent.obj).is_integer()):
        fraction = helpers.compare(b, sp.emit(Floor, y), "NE", y)
        bad = sp.emit(And, helpers.compare(b, x, "LT", zero), fraction)
        check(
            sp,
            sp.emit(Not, bad),
            ValueError,
            Const("a negative number to a fractional power is complex; use complex(x)"),
        )


@cache
def _negative_power_message() -> str:
    try:
        return str(0.0**-1.0)
    except ZeroDivisionError as error:
        return str(error)


def _integer_power(sp: Specializer, x: Value, n: int) -> Value:
    """x to a known non-negative power by repeated squaring."""
    result, square = None, x
    while n:
        if n & 1:
            result = square if result is None else sp.emit(Multiply, result, square)
        n >>= 1
        if n:
            square = sp.emit(Multiply, square, square)
    return result if result is not None else helpers.ones_like(sp.builder, x)


def _float_power(sp: Specializer, x: Value, n: float) -> Value | None:
    """Powers that multiplications or a square root compute faster than `power`."""
    if float(n).is_integer() and 1 <= n <= 4:
        return _integer_power(sp, x, int(n))
    if n == 0.5 and x.type.dtype.kind == "f":
        return sp.emit(Sqrt, x)
    if n == 1.5 and x.type.dtype.kind == "f":
        return sp.emit(Multiply, x, sp.emit(Sqrt, x))
    if n == -1:
        return sp.emit(Divide, helpers.ones_like(sp.builder, x), x)
    return None


def constant_power(sp: Specializer, a: AbstractValue, b: AbstractValue) -> AbstractValue | None:
    """NumPy's `x ** n` with a Python number n known now; None where `np.power` is as good."""
    if not isinstance(b, Const) or not numbers.is_python_number(b) or isinstance(b.obj, complex | bool):
        return None
    described = numbers.describe(a)
    dtype = described[0].dtype if described else a.type.dtype  # type: ignore[attr-defined]
    if dtype.kind in "iu" and isinstance(b.obj, int):
        if b.obj < 0:
            fail(sp, None, ValueError, [Const("Integers to negative integer powers are not allowed.")])
            return NeverV()
        return sp.result(_integer_power(sp, sp.number(a), b.obj))
    if dtype.kind == "f":
        short = _float_power(sp, sp.number(a), b.obj)
        return None if short is None else sp.result(short)
    return None
