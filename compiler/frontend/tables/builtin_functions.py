"""Python's builtin functions on numbers, sequences and arrays."""

from __future__ import annotations

import builtins
import functools
import types
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import DTypeError, MissingAttributeError, UnsupportedError
from hloc.frontend import numbers, operators
from hloc.frontend.arrays import list_items, resolve_list
from hloc.frontend.attributes import get_attribute
from hloc.frontend.branches import branch
from hloc.frontend.effects import check, print_values
from hloc.frontend.iteration import Iteration
from hloc.frontend.structure import kind_of
from hloc.frontend.tables.containers import sort_items
from hloc.frontend.tables.registry import implements
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    BuiltinMethodV,
    ChoiceRef,
    Const,
    DictRef,
    EnumerateV,
    FormatV,
    FunctionV,
    ListRef,
    MapV,
    MaskedV,
    MethodV,
    NeverV,
    ObjectRef,
    PartialV,
    RangeV,
    ReversedV,
    SliceV,
    Tensor,
    TupleV,
    TypeOfV,
    ZipV,
)
from hloc.library import sequences
from hloc.library.integers import modular_power
from hloc.ops import helpers
from hloc.ops.elementwise import Abs, Complex, Not, RoundNearestEven

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

NONE = Const(None)


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
            return sp.call(Const(cls.__len__), value)
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
        return sp.number(sp.call(Const(getattr(value.cls, method)), value))
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


# --- several values


def extreme(
    sp: Specializer, order: str, values: list[AbstractValue], key: AbstractValue | None = None
) -> AbstractValue:
    """The first value that no other beats (`order` is "Lt" for min, "Gt" for max)."""
    best = values[0]
    best_key = best if key is None else sp.call(key, best)
    for value in values[1:]:
        value_key = value if key is None else sp.call(key, value)
        better = operators.truth(sp, operators.compare(sp, order, value_key, best_key))
        best, best_key = _choose(sp, better, (value, value_key), (best, best_key))
    return best


def _choose(
    sp: Specializer, condition: Any, a: tuple[AbstractValue, ...], b: tuple[AbstractValue, ...]
) -> tuple[AbstractValue, ...]:
    if isinstance(condition, bool):
        return a if condition else b
    if all(numbers.describe(v) is not None for v in (*a, *b)):
        return tuple(operators.select(sp, condition, x, y) for x, y in zip(a, b, strict=True))
    joined = branch(sp, condition, lambda: TupleV(a), lambda: TupleV(b))
    assert isinstance(joined, TupleV)
    return joined.items


def _min_max(
    sp: Specializer,
    order: str,
    name: str,
    args: Sequence[AbstractValue],
    key: AbstractValue,
    default: AbstractValue | None,
) -> AbstractValue:
    key_function = None if isinstance(key, Const) and key.obj is None else key
    if not args:
        raise DTypeError(f"{name} expected at least 1 argument, got 0")
    if len(args) > 1:
        return extreme(sp, order, list(args), key_function)
    sequence = resolve_list(sp, args[0])
    if isinstance(sequence, ArrayRef) and sequence.type.rank == 1 and key_function is None and sequence.type.shape[0]:
        return _array_extreme(sp, order, sequence)
    items = list_items(sp, sequence)
    if not items:
        if default is not None:
            return default
        return operators.python_call(sp, min if name == "min" else max, [])
    return extreme(sp, order, items, key_function)


def _array_extreme(sp: Specializer, order: str, array: ArrayRef) -> AbstractValue:
    """min/max of a vector; beside NaN Python's answer depends on the order, which a loop reproduces."""
    if array.type.dtype.kind == "f":
        return sp.call(Const(sequences.first_min if order == "Lt" else sequences.first_max), array)
    x = sp.number(sp.call(Const(np.min if order == "Lt" else np.max), ArrayRef(array.cell, array.type, array.view)))
    return Tensor(x, array.is_list)


@implements(builtins.min)
def min_(
    sp: Specializer, *args: AbstractValue, key: AbstractValue = NONE, default: AbstractValue | None = None
) -> AbstractValue:
    return _min_max(sp, "Lt", "min", args, key, default)


@implements(builtins.max)
def max_(
    sp: Specializer, *args: AbstractValue, key: AbstractValue = NONE, default: AbstractValue | None = None
) -> AbstractValue:
    return _min_max(sp, "Gt", "max", args, key, default)


@implements(builtins.sum)
def sum_(sp: Specializer, iterable: AbstractValue, start: AbstractValue = Const(0)) -> AbstractValue:
    iterable = resolve_list(sp, iterable)
    if isinstance(iterable, MaskedV):
        return operators.binary(sp, "Add", start, sp.call(Const(np.sum), iterable))
    if isinstance(iterable, TupleV | ListRef | DictRef):
        result = start
        for item in list_items(sp, iterable):
            result = operators.binary(sp, "Add", result, item)
        return result
    return sp.call(Const(sequences.sum_of), iterable, start)


def _quantifier(sp: Specializer, iterable: AbstractValue, stop: bool) -> AbstractValue:
    iterable = resolve_list(sp, iterable)
    if isinstance(iterable, ArrayRef | ChoiceRef) and iterable.type.rank == 1:
        whole = ArrayRef(iterable.cell, iterable.type, iterable.view) if isinstance(iterable, ArrayRef) else iterable
        return Tensor(sp.number(sp.call(Const(np.any if stop else np.all), whole)), True)
    result: AbstractValue = Const(not stop)
    for item in list_items(sp, iterable):
        combine = operators.logical_or if stop else operators.logical_and
        result = combine(sp, result, item)
    return result


@implements(builtins.any)
def any_(sp: Specializer, iterable: AbstractValue) -> AbstractValue:
    return _quantifier(sp, iterable, True)


@implements(builtins.all)
def all_(sp: Specializer, iterable: AbstractValue) -> AbstractValue:
    return _quantifier(sp, iterable, False)


@implements(builtins.sorted)
def sorted_(
    sp: Specializer, iterable: AbstractValue, key: AbstractValue = NONE, reverse: AbstractValue = Const(False)
) -> AbstractValue:
    key_function = None if isinstance(key, Const) and key.obj is None else key
    return sort_items(sp, iterable, key_function, bool(sp.static(reverse, "reverse")))


# --- iterators and containers


@implements(builtins.enumerate)
def enumerate_(sp: Specializer, iterable: AbstractValue, start: AbstractValue = Const(0)) -> AbstractValue:
    return EnumerateV(iterable, start)


@implements(builtins.zip)
def zip_(sp: Specializer, *iterables: AbstractValue, strict: AbstractValue = Const(False)) -> AbstractValue:
    return ZipV(iterables, bool(sp.static(strict, "strict")))


@implements(builtins.reversed)
def reversed_(sp: Specializer, iterable: AbstractValue) -> AbstractValue:
    return ReversedV(iterable)


@implements(builtins.map)
def map_(sp: Specializer, function: AbstractValue, *iterables: AbstractValue) -> AbstractValue:
    return MapV(function, iterables)


@implements(builtins.list)
def list_(sp: Specializer, iterable: AbstractValue = Const(())) -> AbstractValue:
    iterable = resolve_list(sp, iterable)
    if isinstance(iterable, ArrayRef) and iterable.is_list:
        return sp.new_array(sp.load(iterable), is_list=True)
    return sp.new_list(list_items(sp, iterable))


@implements(builtins.tuple)
def tuple_(sp: Specializer, iterable: AbstractValue = Const(())) -> AbstractValue:
    return TupleV(tuple(list_items(sp, iterable)))


@implements(builtins.dict)
def dict_(sp: Specializer, mapping: AbstractValue | None = None, **entries: AbstractValue) -> AbstractValue:
    found: dict[Any, AbstractValue] = {}
    if isinstance(mapping, DictRef):
        found.update(sp.entries(mapping))
    elif mapping is not None:
        for pair in list_items(sp, mapping):
            key, value = list_items(sp, pair)
            found[sp.static(key, "the key of a dict")] = value
    return sp.new_dict({**found, **entries})


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


# --- types


def type_of(sp: Specializer, value: AbstractValue) -> type:
    """The Python class of a value."""
    value = resolve_list(sp, value)
    match value:
        case Const(obj):
            return type(obj)
        case Tensor(v, weak):
            return {"b": bool, "i": int, "f": float, "c": complex}[v.type.dtype.kind] if weak else v.type.dtype.type
        case ArrayRef(is_list=True) | ListRef():
            return list
        case ArrayRef() | ChoiceRef() | MaskedV():
            return np.ndarray
        case TupleV(cls=cls):
            return cls or tuple
        case DictRef():
            return dict
        case ObjectRef(cls=cls):
            return cls
        case RangeV():
            return range
        case SliceV():
            return slice
        case FormatV():
            return str
        case FunctionV():
            return types.FunctionType
        case MethodV():
            return types.MethodType
        case PartialV():
            return functools.partial
        case BuiltinMethodV():
            return types.BuiltinMethodType
        case NeverV():
            return object
        case TypeOfV():
            return type
        case EnumerateV():
            return enumerate
        case ZipV():
            return zip
        case MapV():
            return map
    raise DTypeError(f"type(): {kind_of(value)} has no type known at compile time")


@implements(builtins.type)
def type_(sp: Specializer, value: AbstractValue) -> AbstractValue:
    return Const(type_of(sp, value))


@implements(builtins.isinstance)
def isinstance_(sp: Specializer, value: AbstractValue, classes: AbstractValue) -> AbstractValue:
    return Const(issubclass(type_of(sp, value), sp.static(classes, "the classes of isinstance")))


@implements(builtins.issubclass)
def issubclass_(sp: Specializer, cls: AbstractValue, classes: AbstractValue) -> AbstractValue:
    return Const(issubclass(sp.static(cls, "a class"), sp.static(classes, "the classes of issubclass")))


@implements(builtins.callable)
def callable_(sp: Specializer, value: AbstractValue) -> AbstractValue:
    if isinstance(value, Const):
        return Const(callable(value.obj))
    return Const(isinstance(value, FunctionV | MethodV | PartialV | BuiltinMethodV))


@implements(builtins.hasattr)
def hasattr_(sp: Specializer, value: AbstractValue, name: AbstractValue) -> AbstractValue:
    try:
        get_attribute(sp, value, sp.static(name, "an attribute name"))
    except MissingAttributeError:
        return Const(False)
    return Const(True)


@implements(builtins.getattr)
def getattr_(sp: Specializer, value: AbstractValue, name: AbstractValue) -> AbstractValue:
    return get_attribute(sp, value, sp.static(name, "an attribute name"))


@implements(functools.partial)
def partial_(sp: Specializer, function: AbstractValue, *args: AbstractValue, **kwargs: AbstractValue) -> AbstractValue:
    return PartialV(function, args, kwargs)


@implements(functools.reduce)
def reduce_(
    sp: Specializer, function: AbstractValue, iterable: AbstractValue, initial: AbstractValue | None = None
) -> AbstractValue:
    items = list_items(sp, iterable)
    if initial is not None:
        items = [initial, *items]
    result = items[0]
    for item in items[1:]:
        result = sp.call(function, result, item)
    return result
