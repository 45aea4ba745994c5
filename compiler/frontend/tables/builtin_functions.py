"""Python's built-in functions on numbers: conversions, range, len, print; functools.partial."""

from __future__ import annotations

import builtins
import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import DTypeError, UnsupportedError
from hloc.frontend import numbers, operators
from hloc.frontend.arrays import resolve_list
from hloc.frontend.effects import check, print_values
from hloc.frontend.iteration import Iteration
from hloc.frontend.members import member
from hloc.frontend.structure import kind_of
from hloc.frontend.tables.builtin_iterables import extreme
from hloc.frontend.tables.registry import implements
from hloc.frontend.values import (
    NONE,
    AbstractValue,
    ArrayRef,
    ChoiceRef,
    Const,
    DictRef,
    FormatV,
    ListRef,
    MaskedV,
    ObjectRef,
    PartialV,
    RangeV,
    SliceV,
    Tensor,
    TupleV,
)
from hloc.library.integers import modular_power
from hloc.ops import helpers
from hloc.ops.elementwise import Abs, Complex, Not, RoundNearestEven

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


@implements(builtins.print)
def print_(
    sp: Specializer,
    *args: AbstractValue,
    sep: AbstractValue = NONE,
    end: AbstractValue = NONE,
    flush: AbstractValue = NONE,
) -> AbstractValue:
    texts = [sp.static(v, "the sep or end of print") for v in (sep, end)]
    print_values(
        sp, [resolve_list(sp, a) for a in args], *(t if t is not None else d for t, d in zip(texts, " \n", strict=True))
    )
    return NONE


@implements(builtins.range)
def range_(
    sp: Specializer, first: AbstractValue, stop: AbstractValue | None = None, step: AbstractValue = Const(1)
) -> AbstractValue:
    for bound in (first, stop, step):
        if bound is not None and not _is_integer(bound):
            raise DTypeError(f"range() needs integers, found {kind_of(bound)}")
    start, end = (Const(0), first) if stop is None else (first, stop)
    if isinstance(step, Const) and step.obj == 0:
        return operators.python_call(sp, range, 0, 0, 0)
    return RangeV(*(_as_python_int(sp, v) for v in (start, end, step)))


def _is_integer(value: AbstractValue) -> bool:
    if isinstance(value, ArrayRef | ChoiceRef):
        return value.type.dtype.kind in "iu" and not value.type.shape
    described = numbers.describe(value)
    return described is not None and described[0].dtype.kind in "iub"


def _as_python_int(sp: Specializer, value: AbstractValue) -> AbstractValue:
    if isinstance(value, Const):
        return Const(int(value.obj))
    return Tensor(helpers.convert(sp.builder, sp.number(value), np.int64), True)


@implements(builtins.len)
def len_(sp: Specializer, value: AbstractValue) -> AbstractValue:
    value = resolve_list(sp, value)
    match value:
        case ArrayRef() | ChoiceRef():
            if not value.type.shape:
                return operators.python_call(sp, len, np.float64(0))
            return Const(value.type.shape[0])
        case MaskedV():
            return Tensor(sp.number(sp.call(Const(np.count_nonzero), sp.new_array(value.mask))), True)
        case TupleV(items=items):
            return Const(len(items))
        case ListRef():
            return Const(len(sp.items(value)))
        case DictRef():
            return Const(len(sp.entries(value)))
        case RangeV():
            return _not_negative(sp, Iteration.over(sp, value).length)
        case ObjectRef(cls=cls) if hasattr(cls, "__len__"):
            return sp.call(member(sp, cls, "__len__"), value)
        case Const(obj):
            return operators.python_call(sp, len, obj)
    raise DTypeError(f"{kind_of(value)} has no len()")


def _not_negative(sp: Specializer, length: AbstractValue) -> AbstractValue:
    return extreme(sp, "Gt", [length, Const(0)])


@implements(builtins.abs)
def abs_(sp: Specializer, value: AbstractValue) -> AbstractValue:
    return operators.absolute(sp, value)


@implements(builtins.divmod)
def divmod_(sp: Specializer, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    return TupleV((operators.binary(sp, "FloorDiv", a, b), operators.binary(sp, "Mod", a, b)))


@implements(builtins.pow)
def pow_(sp: Specializer, a: AbstractValue, b: AbstractValue, modulus: AbstractValue | None = None) -> AbstractValue:
    if modulus is None:
        return operators.binary(sp, "Pow", a, b)
    return sp.call(Const(modular_power), a, b, modulus)


# --- conversions


@implements(builtins.int)
def int_(sp: Specializer, value: AbstractValue = Const(0)) -> AbstractValue:
    """Truncation; NaN and infinities raise as in CPython, and so does what 64 bits cannot hold."""
    if isinstance(value, Const):
        return operators.python_call(sp, int, value.obj)
    x = _scalar(sp, value, "int()")
    if x.type.dtype.kind == "c":
        raise DTypeError("int() argument must not be complex")
    if x.type.dtype.kind == "f":
        whole = helpers.convert(sp.builder, x, np.float64)
        is_number = helpers.compare(sp.builder, whole, "EQ", whole)
        check(sp, is_number, ValueError, Const("cannot convert float NaN to integer"))
        size = sp.emit(Abs, whole)
        finite = sp.emit(Not, helpers.compare(sp.builder, size, "EQ", sp.constant(np.inf, np.float64)))
        check(sp, finite, OverflowError, Const("cannot convert float infinity to integer"))
        fits = sp.emit(Not, helpers.compare(sp.builder, size, "GE", sp.constant(2.0**63, np.float64)))
        check(sp, fits, OverflowError, Const("int() of a float beyond 64 bits"))
    return Tensor(helpers.convert(sp.builder, x, np.int64), True)


def _scalar(sp: Specializer, value: AbstractValue, what: str) -> Any:
    if isinstance(value, ObjectRef):
        method = {"int()": "__int__", "float()": "__float__", "complex()": "__complex__"}[what]
        return sp.number(sp.call(member(sp, value.cls, method), value))
    x = sp.number(value)
    if x.type.size != 1:
        raise DTypeError(f"{what}: only arrays of one element can be converted to a number, found {x.type}")
    return helpers.reshape(sp.builder, x, ())


@implements(builtins.float)
def float_(sp: Specializer, value: AbstractValue = Const(0.0)) -> AbstractValue:
    if isinstance(value, Const):
        return operators.python_call(sp, float, value.obj)
    x = _scalar(sp, value, "float()")
    if x.type.dtype.kind == "c":
        raise DTypeError("float() argument must not be complex", help="take its .real")
    return Tensor(helpers.convert(sp.builder, x, np.float64), True)


@implements(builtins.complex)
def complex_(sp: Specializer, real: AbstractValue = Const(0.0), imag: AbstractValue = Const(0.0)) -> AbstractValue:
    if isinstance(real, Const) and isinstance(imag, Const):
        return operators.python_call(sp, complex, real.obj, imag.obj)
    re, im = _scalar(sp, real, "complex()"), _scalar(sp, imag, "complex()")
    if re.type.dtype.kind == "c" and isinstance(imag, Const):
        return Tensor(helpers.convert(sp.builder, re, np.complex128), True)
    parts = [helpers.convert(sp.builder, v, np.float64) for v in (re, im)]
    return Tensor(sp.emit(Complex, *parts), True)


@implements(builtins.bool)
def bool_(sp: Specializer, value: AbstractValue = Const(False)) -> AbstractValue:
    known = operators.truth(sp, resolve_list(sp, value))
    return Const(known) if isinstance(known, bool) else Tensor(known, True)


@implements(builtins.round)
def round_(sp: Specializer, value: AbstractValue, ndigits: AbstractValue = NONE) -> AbstractValue:
    """Half to even. Of a Python float without digits: an int."""
    if isinstance(value, Const) and isinstance(ndigits, Const):
        args = (value.obj,) if ndigits.obj is None else (value.obj, ndigits.obj)
        return operators.python_call(sp, round, *args)
    if isinstance(ndigits, Const) and ndigits.obj is None:
        x = _scalar(sp, value, "int()")
        if x.type.dtype.kind in "iub":
            return Tensor(helpers.convert(sp.builder, x, np.int64), True)
        return int_(sp, Tensor(sp.emit(RoundNearestEven, x), True))
    digits = sp.static_int(ndigits, "the digits of round")
    if numbers.is_python_number(value) and digits > 0:
        raise UnsupportedError(
            "round(x, digits) of a Python float rounds its decimal text, which compiled code cannot",
            help="use np.round(x, digits), which scales, rounds and scales back",
        )
    return sp.call(Const(np.round), value, Const(digits))


@implements(builtins.slice)
def slice_(sp: Specializer, *args: AbstractValue) -> AbstractValue:
    full = (NONE, *args, NONE) if len(args) == 1 else (*args, NONE)[:3]
    return SliceV(*full)


@implements(builtins.str)
def str_(sp: Specializer, value: AbstractValue = Const("")) -> AbstractValue:
    return Const(str(value.obj)) if isinstance(value, Const) else FormatV(((value, 115, ""),))


@implements(builtins.repr)
def repr_(sp: Specializer, value: AbstractValue) -> AbstractValue:
    return Const(repr(value.obj)) if isinstance(value, Const) else FormatV(((value, 114, ""),))


@implements(functools.partial)
def partial_(sp: Specializer, function: AbstractValue, *args: AbstractValue, **kwargs: AbstractValue) -> AbstractValue:
    return PartialV(function, args, kwargs)


@implements(functools.update_wrapper)
def update_wrapper_(
    sp: Specializer, wrapper: AbstractValue, wrapped: AbstractValue, **how: AbstractValue
) -> AbstractValue:
    """Also what functools.wraps calls: names and docstrings of functions are not data."""
    return wrapper
