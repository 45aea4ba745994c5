"""`x.name`: attributes of modules and classes, fields of objects, and the methods and properties in the tables."""

from __future__ import annotations

import functools
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import MissingAttributeError, UnsupportedError
from hloc.frontend.arrays import resolve_list
from hloc.frontend.inputs import capture
from hloc.frontend.members import guard_attribute, has_member, refuse_own
from hloc.frontend.structure import kind_of
from hloc.frontend.tables.registry import methods_of, properties_of, setters_of
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    BuiltinMethodV,
    ChoiceRef,
    Const,
    MaskedV,
    MethodV,
    NeverV,
    ObjectRef,
    Tensor,
    TupleV,
)
from hloc.program import Path
from hloc.transformed import Rewritten

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


def get_attribute(sp: Specializer, owner: AbstractValue, name: str) -> AbstractValue:
    """`owner.name`. Raises MissingAttributeError where Python has none."""
    owner = resolve_list(sp, owner)
    match owner:
        case NeverV():
            return owner
        case ObjectRef(cls=cls) | TupleV(cls=type() as cls) if name == "__class__":
            return Const(cls)
        case ObjectRef(cls=cls):
            return _object_attribute(sp, owner, cls, name)
        case TupleV(items, cls) if cls is not None:
            if name in cls._fields:  # type: ignore[attr-defined]
                return items[cls._fields.index(name)]  # type: ignore[attr-defined]
            method = _table_attribute(sp, owner, name)
            return method if method is not None else _class_member(sp, owner, cls, name)
        case Const(obj) if not isinstance(obj, bool | int | float | complex | np.generic | str):
            return _constant_attribute(sp, obj, name)
    found = _table_attribute(sp, owner, name)
    if found is not None:
        return found
    if isinstance(owner, Const) and hasattr(owner.obj, name):
        return Const(getattr(owner.obj, name))
    raise _missing(owner, name)


def _missing(owner: AbstractValue, name: str) -> Exception:
    if isinstance(owner, ArrayRef | ChoiceRef | Tensor | MaskedV) and hasattr(np.ndarray, name):
        return UnsupportedError(f"ndarray.{name} is not supported yet", help="docs/numpy.md lists what is")
    return MissingAttributeError(f"{kind_of(owner)} has no attribute {name!r}")


def _table_attribute(sp: Specializer, owner: AbstractValue, name: str) -> AbstractValue | None:
    """Methods and properties of arrays, numbers, lists, dicts, tuples, strings."""
    property_ = properties_of(owner).get(name)
    if property_ is not None:
        found: AbstractValue = property_(sp, owner)
        return found
    handler = methods_of(owner).get(name)
    if handler is not None:
        return BuiltinMethodV(handler, owner, name)
    return None


def _object_attribute(sp: Specializer, owner: ObjectRef, cls: type, name: str) -> AbstractValue:
    refuse_own(cls, "__getattribute__")
    entries = sp.entries(owner)
    if name in entries:
        return entries[name]
    return _class_member(sp, owner, cls, name)


def _class_member(sp: Specializer, owner: AbstractValue, cls: type, name: str) -> AbstractValue:
    """A method, property or class attribute, found as Python finds it."""
    for base in cls.__mro__:
        if name not in base.__dict__:
            continue
        member = base.__dict__[name]
        if isinstance(member, types.MemberDescriptorType):  # a slot that is not set
            continue
        if isinstance(member, types.FunctionType | Rewritten) or hasattr(member, "__hloc_function__"):
            guard_attribute(sp, cls, name)
            return MethodV(Const(member), owner)
        if isinstance(member, property):
            guard_attribute(sp, cls, name)
            return sp.call(Const(member.fget), owner)
        if isinstance(member, types.DynamicClassAttribute):  # `name` and `value` of enumerations
            return sp.call(Const(member.fget), owner)
        if isinstance(member, staticmethod):
            guard_attribute(sp, cls, name)
            return Const(member.__func__)
        if isinstance(member, classmethod):
            guard_attribute(sp, cls, name)
            return MethodV(Const(member.__func__), Const(cls))
        if hasattr(type(member), "__get__"):
            raise UnsupportedError(
                f"{cls.__name__}.{name} is a descriptor of the class {type(member).__name__}",
                help="compiled code knows methods, properties, static and class methods",
            )
        return capture(sp, Path(cls, (("attr", name),)), member)
    found = _table_attribute(sp, owner, name) if isinstance(owner, TupleV) else None
    if found is None:
        raise MissingAttributeError(f"{cls.__name__} has no attribute {name!r}")
    return found


def _constant_attribute(sp: Specializer, obj: Any, name: str) -> AbstractValue:
    """Attributes of modules and classes: those of libraries are constants, those of user code are captured."""
    if not hasattr(obj, name):
        label = obj.__name__ if isinstance(obj, types.ModuleType | type) else type(obj).__name__
        raise MissingAttributeError(f"{label} has no attribute {name!r}")
    value = getattr(obj, name)
    if isinstance(obj, types.ModuleType) and obj.__name__.split(".")[0] in _LIBRARIES:
        return Const(guard_attribute(sp, obj, name))
    if isinstance(obj, types.ModuleType | type) and isinstance(value, types.FunctionType | types.BuiltinFunctionType):
        return Const(guard_attribute(sp, obj, name))
    if isinstance(obj, types.ModuleType | type | types.FunctionType | types.MethodType | functools.partial):
        return capture(sp, Path(obj, (("attr", name),)), value)
    return Const(value)


_LIBRARIES = frozenset(
    {"numpy", "math", "cmath", "operator", "functools", "itertools", "builtins", "hloc", "typing", "sys"}
)


def set_attribute(sp: Specializer, owner: AbstractValue, name: str, value: AbstractValue) -> None:
    """`owner.name = value`."""
    if isinstance(owner, ObjectRef):
        params = getattr(owner.cls, "__dataclass_params__", None)
        if params is not None and params.frozen:
            raise MissingAttributeError(f"cannot assign to field {name!r}: {owner.cls.__name__} is frozen")
        refuse_own(owner.cls, "__setattr__")
        member = guard_attribute(sp, owner.cls, name) if has_member(sp, owner.cls, name) else None
        if isinstance(member, property):
            sp.call(Const(member.fset), owner, value)
            return
        sp.set_entries(owner, {**sp.entries(owner), name: value})
        return
    setter = setters_of(owner).get(name)
    if setter is None:
        raise UnsupportedError(f"assignment to .{name} of {kind_of(owner)} is not supported")
    setter(sp, owner, value)
