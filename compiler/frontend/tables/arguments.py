"""What the rules of NumPy functions share: entering them, folding constants, axis arguments, `out=`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import DTypeError, ShapeError
from hloc.frontend import numbers
from hloc.frontend.arrays import as_array, list_items
from hloc.frontend.operators import python_call
from hloc.frontend.tables.registry import R, Rule, implements, method
from hloc.frontend.ufuncs import kinds_of
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    ChoiceRef,
    Const,
    ListRef,
    NeverV,
    Sequence_,
    TupleV,
)
from hloc.ir.core import Value
from hloc.ops import helpers

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

NONE = Const(None)
TRUE = Const(True)
FALSE = Const(False)
ZERO = Const(0)
ONE = Const(1)
LAST = Const(-1)
OWNERS = "array scalar"
"""Kinds of values that have NumPy's array methods."""


class Unknown(Exception):
    """A value is not known at compile time."""


def numpy_function(*objects: Any, methods: str = "", kinds: str = OWNERS) -> Callable[[R], R]:
    """Enter a rule for NumPy functions and for methods of arrays; on constants NumPy itself is called now."""

    def enter(rule: R) -> R:
        guarded = _folding(rule, objects[0])
        implements(*objects)(guarded)
        if methods:
            method(kinds, *methods.split())(guarded)
        return rule

    return enter


def _folding(rule: Rule, function: Any) -> Rule:
    @functools.wraps(rule)
    def fold(sp: Specializer, *args: AbstractValue, **kwargs: AbstractValue) -> AbstractValue:
        for value in (*args, *kwargs.values()):
            if isinstance(value, NeverV):
                return value
        try:
            known = [constant_of(sp, a) for a in args]
            named = {key: constant_of(sp, a) for key, a in kwargs.items()}
        except Unknown:
            result: AbstractValue = rule(sp, *args, **kwargs)
            return result
        return python_call(sp, functools.partial(function, **named), *known)

    return fold


def constant_of(sp: Specializer, value: AbstractValue) -> Any:
    """The Python object of a number, or of a tuple or list of them. Raises Unknown for data."""
    match value:
        case Const(obj):
            return obj
        case TupleV(items, None):
            return tuple(constant_of(sp, item) for item in items)
        case ListRef(cell):
            content = sp.state[cell]
            if isinstance(content, Sequence_):
                return [constant_of(sp, item) for item in content.items]
    raise Unknown


def is_none(value: AbstractValue) -> bool:
    return isinstance(value, Const) and value.obj is None


def flag(sp: Specializer, value: AbstractValue, name: str) -> bool:
    """An on/off argument, known now."""
    return bool(sp.static(value, name))


def array_value(sp: Specializer, a: AbstractValue) -> Value:
    """The content of an array, number or nested list."""
    return sp.number(as_array(sp, a))


def array_ref(sp: Specializer, a: AbstractValue) -> ArrayRef | ChoiceRef:
    """An array object; numbers and lists become new ones."""
    value = as_array(sp, a)
    return value if isinstance(value, ArrayRef | ChoiceRef) else sp.new_array(sp.number(value))


def array_items(sp: Specializer, arrays: AbstractValue) -> list[AbstractValue]:
    """The arrays of a sequence of arrays, or along the first axis of one."""
    return [as_array(sp, item) for item in list_items(sp, arrays)]


def one_axis(sp: Specializer, axis: AbstractValue, rank: int, name: str = "axis") -> int:
    """An axis argument counted from the front. Raises ShapeError with NumPy's text."""
    return normal_axis(sp.static_int(axis, name), rank, "" if name == "axis" else f"{name}: ")


def normal_axis(axis: int, rank: int, prefix: str = "") -> int:
    """An axis counted from the front. Raises ShapeError with NumPy's text."""
    if not -rank <= axis < rank:
        raise ShapeError(f"{prefix}axis {axis} is out of bounds for array of dimension {rank}")
    return axis % rank


def axes_argument(sp: Specializer, axis: AbstractValue, rank: int) -> tuple[int, ...]:
    """An axis, a tuple of axes or None (all), as increasing dimension numbers."""
    known = sp.static(axis, "an axis")
    if known is None:
        return tuple(range(rank))
    given = tuple(known) if isinstance(known, tuple | list) else (known,)
    if rank == 0 and given in ((0,), (-1,)):
        return ()
    axes = sorted(normal_axis(_index(a), rank) for a in given)
    if len(set(axes)) < len(axes):
        raise ShapeError("duplicate value in 'axis'")
    return tuple(axes)


def _index(axis: Any) -> int:
    if isinstance(axis, bool) or not hasattr(axis, "__index__"):
        raise DTypeError(f"an axis must be an integer, found {axis!r}")
    return int(axis.__index__())


def kept_shape(shape: Sequence[int], axes: Sequence[int]) -> tuple[int, ...]:
    """The shape of a reduction with keepdims=True."""
    return tuple(1 if d in axes else n for d, n in enumerate(shape))


def deliver(sp: Specializer, value: Value, out: AbstractValue = NONE) -> AbstractValue:
    """The result of a function, written into `out` where one is given."""
    if is_none(out):
        return sp.result(value)
    if not isinstance(out, ArrayRef | ChoiceRef):
        raise DTypeError("return arrays must be of ArrayType", help="out= takes an array")
    if value.type.shape != out.type.shape:
        raise ShapeError(f"out has shape {out.type.shape}, the result {value.type.shape}")
    if not np.can_cast(value.type.dtype, out.type.dtype, "same_kind"):
        raise DTypeError(f"Cannot cast the result from {value.type.dtype} to {out.type.dtype} (casting 'same_kind')")
    sp.store(out, helpers.convert(sp.builder, value, out.type.dtype))
    return out


def common_dtype(sp: Specializer, values: Sequence[AbstractValue]) -> np.dtype:
    """The element type that arrays and numbers share by NumPy's promotion; Python numbers are weak."""
    return numbers.promote(kinds_of(values))
