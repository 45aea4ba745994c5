"""What values are: type, isinstance, issubclass, callable, hasattr, getattr."""

from __future__ import annotations

import builtins
import functools
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import DTypeError, MissingAttributeError, UnsupportedError
from hloc.frontend.arrays import resolve_list
from hloc.frontend.attributes import get_attribute
from hloc.frontend.members import guard_subclass
from hloc.frontend.structure import kind_of
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
    SliceV,
    Tensor,
    TupleV,
    TypeOfV,
    ZipV,
)

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


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


@implements(builtins.super)
def super_(sp: Specializer, *args: AbstractValue) -> AbstractValue:
    raise UnsupportedError("super() is not supported", help="name the class: Base.method(self, x)")


@implements(builtins.isinstance)
def isinstance_(sp: Specializer, value: AbstractValue, classes: AbstractValue) -> AbstractValue:
    return _subclass(sp, type_of(sp, value), sp.static(classes, "the classes of isinstance"))


@implements(builtins.issubclass)
def issubclass_(sp: Specializer, cls: AbstractValue, classes: AbstractValue) -> AbstractValue:
    return _subclass(sp, sp.static(cls, "a class"), sp.static(classes, "the classes of issubclass"))


def _subclass(sp: Specializer, cls: type, classes: Any) -> AbstractValue:
    result = Const(issubclass(cls, classes))
    guard_subclass(sp, cls, classes)
    return result


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
