"""The math and operator modules on numbers; with Python's domain errors."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import DTypeError
from hloc.frontend import numbers, operators
from hloc.frontend.effects import check
from hloc.frontend.structure import kind_of
from hloc.frontend.subscripts import get_item
from hloc.frontend.tables.builtin_functions import int_
from hloc.frontend.tables.registry import Rule, implements
from hloc.frontend.ufuncs import UFUNCS
from hloc.frontend.values import AbstractValue, Const, Tensor
from hloc.ir.core import Value
from hloc.library import integers
from hloc.library.special import gamma
from hloc.ops import elementwise as e
from hloc.ops import helpers

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


def _float(sp: Specializer, value: AbstractValue) -> Value:
    """A number as a Python float."""
    x = sp.number(value)
    if x.type.shape or x.type.dtype.kind == "c":
        if x.type.size != 1 or x.type.dtype.kind == "c":
            raise DTypeError(f"math functions take real numbers, found {kind_of(value)}", help="use the function of np")
        x = helpers.reshape(sp.builder, x, ())
    return helpers.convert(sp.builder, x, np.float64)


def _compare(sp: Specializer, x: Value, direction: str, bound: float) -> Value:
    return helpers.compare(sp.builder, x, direction, sp.constant(bound, np.float64))


def _rule(function: Any, ufunc: np.ufunc, *valid: tuple[str, float]) -> None:
    """`math.f` computed by a ufunc's operation; ValueError unless the first argument compares as each of `valid`."""

    @implements(function)
    def rule(sp: Specializer, *args: AbstractValue) -> AbstractValue:
        if all(isinstance(a, Const) for a in args):
            return operators.python_call(sp, function, *(a.obj for a in args if isinstance(a, Const)))
        values = [_float(sp, a) for a in args]
        for direction, bound in valid:
            outside = {"GE": "LT", "GT": "LE", "LE": "GT", "LT": "GE"}[direction]
            check(
                sp,
                sp.emit(e.Not, _compare(sp, values[0], outside, bound)),
                ValueError,
                Const(domain_message(function, bound, direction)),
            )
        return Tensor(UFUNCS[ufunc](sp.builder, *values), True)


def domain_message(function: Any, bound: float, direction: str) -> str:
    """How the running Python words the error for an argument outside the domain."""
    bad = bound if direction in ("GT", "LT") else math.nextafter(bound, math.inf if direction == "LE" else -math.inf)
    try:
        function(bad)
    except ValueError as error:
        return str(error).replace(repr(bad), "the argument")
    return "math domain error"


_UFUNC_OF: dict[Any, np.ufunc] = {
    math.sin: np.sin,
    math.cos: np.cos,
    math.tan: np.tan,
    math.atan: np.arctan,
    math.atan2: np.arctan2,
    math.sinh: np.sinh,
    math.cosh: np.cosh,
    math.tanh: np.tanh,
    math.asinh: np.arcsinh,
    math.exp: np.exp,
    math.expm1: np.expm1,
    math.fabs: np.absolute,
    math.copysign: np.copysign,
    math.degrees: np.degrees,
    math.radians: np.radians,
    math.fmod: np.fmod,
    math.nextafter: np.nextafter,
    math.cbrt: np.cbrt,
    math.exp2: np.exp2,
}
for _function, _ufunc in _UFUNC_OF.items():
    _rule(_function, _ufunc)
_rule(math.sqrt, np.sqrt, ("GE", 0.0))
_rule(math.log2, np.log2, ("GT", 0.0))
_rule(math.log10, np.log10, ("GT", 0.0))
_rule(math.log1p, np.log1p, ("GT", -1.0))
_rule(math.asin, np.arcsin, ("GE", -1.0), ("LE", 1.0))
_rule(math.acos, np.arccos, ("GE", -1.0), ("LE", 1.0))
_rule(math.acosh, np.arccosh, ("GE", 1.0))
_rule(math.atanh, np.arctanh, ("GT", -1.0), ("LT", 1.0))


@implements(math.log)
def log_(sp: Specializer, x: AbstractValue, base: AbstractValue | None = None) -> AbstractValue:
    given = [v for v in (x, base) if v is not None]
    if all(isinstance(v, Const) for v in given):
        return operators.python_call(sp, math.log, *(v.obj for v in given if isinstance(v, Const)))
    logs = []
    for v in given:
        value = _float(sp, v)
        check(
            sp, sp.emit(e.Not, _compare(sp, value, "LE", 0.0)), ValueError, Const(domain_message(math.log, 0.0, "GT"))
        )
        logs.append(sp.emit(e.Log, value))
    return Tensor(logs[0] if base is None else sp.emit(e.Divide, *logs), True)


@implements(math.pow)
def pow_(sp: Specializer, x: AbstractValue, y: AbstractValue) -> AbstractValue:
    if isinstance(x, Const) and isinstance(y, Const):
        return operators.python_call(sp, math.pow, x.obj, y.obj)
    return Tensor(sp.emit(e.Power, _float(sp, x), _float(sp, y)), True)


@implements(math.hypot)
def hypot_(sp: Specializer, *coordinates: AbstractValue) -> AbstractValue:
    values = [_float(sp, c) for c in coordinates]
    result = sp.emit(e.Abs, values[0]) if values else sp.constant(0.0, np.float64)
    for value in values[1:]:
        result = UFUNCS[np.hypot](sp.builder, result, value)
    return Tensor(result, True)


@implements(math.erf)
def erf_(sp: Specializer, x: AbstractValue) -> AbstractValue:
    return Tensor(sp.emit(e.Erf, _float(sp, x)), True)


@implements(math.erfc)
def erfc_(sp: Specializer, x: AbstractValue) -> AbstractValue:
    return Tensor(sp.emit(e.Erfc, _float(sp, x)), True)


@implements(math.lgamma)
def lgamma_(sp: Specializer, x: AbstractValue) -> AbstractValue:
    return Tensor(sp.emit(e.Lgamma, _float(sp, x)), True)


@implements(math.gamma)
def gamma_(sp: Specializer, x: AbstractValue) -> AbstractValue:
    """By exp(lgamma x) for positive x, reflected for the others."""
    return sp.call(Const(gamma), Tensor(_float(sp, x), True))


def _to_int(function: Any, record: Any) -> None:
    @implements(function)
    def rule(sp: Specializer, x: AbstractValue) -> AbstractValue:
        if isinstance(x, Const):
            return operators.python_call(sp, function, x.obj)
        described = numbers.describe(x)
        if described is not None and described[0].dtype.kind in "iub":
            return int_(sp, x)
        return int_(sp, Tensor(sp.emit(record, _float(sp, x)), True))


_to_int(math.floor, e.Floor)
_to_int(math.ceil, e.Ceil)
_to_int(math.trunc, e.Trunc)


def _predicate(function: Any, ufunc: np.ufunc) -> None:
    @implements(function)
    def rule(sp: Specializer, x: AbstractValue) -> AbstractValue:
        if isinstance(x, Const):
            return operators.python_call(sp, function, x.obj)
        return Tensor(UFUNCS[ufunc](sp.builder, _float(sp, x)), True)


_predicate(math.isnan, np.isnan)
_predicate(math.isinf, np.isinf)
_predicate(math.isfinite, np.isfinite)
implements(math.gcd)(integers.gcd)
implements(math.lcm)(integers.lcm)
implements(np.gcd)(integers.gcd_arrays)
implements(np.lcm)(integers.lcm_arrays)
implements(math.factorial)(integers.factorial)
implements(math.comb)(integers.comb)
implements(math.isqrt)(integers.isqrt)


# --- operator


def _operator(function: Any, apply: Any) -> None:
    implements(function)(apply)


def _binary_rule(name: str) -> Rule:
    return lambda sp, a, b: operators.binary(sp, name, a, b)


def _compare_rule(name: str) -> Rule:
    return lambda sp, a, b: operators.compare(sp, name, a, b)


for _name, _binary in operators.BINARY.items():
    implements(_binary[0])(_binary_rule(_name))
for _name, _comparison in operators.COMPARE.items():
    implements(_comparison[0])(_compare_rule(_name))
implements(operator.neg)(lambda sp, a: operators.unary(sp, "USub", a))
implements(operator.pos)(lambda sp, a: operators.unary(sp, "UAdd", a))
implements(operator.invert)(lambda sp, a: operators.unary(sp, "Invert", a))
implements(operator.not_)(lambda sp, a: operators.unary(sp, "Not", a))
implements(operator.abs)(operators.absolute)


@implements(operator.getitem)
def getitem_(sp: Specializer, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    return get_item(sp, a, b)


@implements(operator.matmul)
def matmul_(sp: Specializer, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    return sp.call(Const(np.matmul), a, b)
