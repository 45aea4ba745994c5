"""Attributes of classes, modules and functions, each under a guard: what is replaced, added or removed is seen."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from hloc.frontend.values import AbstractValue, Const
from hloc.program import Guard, Path

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


def guard_attribute(sp: Specializer, owner: Any, name: str) -> Any:
    """`getattr(owner, name)`, the same object at every call of the program."""
    value = getattr(owner, name)
    path = Path(owner, (("attr", name),))
    if isinstance(value, types.MethodType):  # made anew each time
        sp.guard(path, "equal", value)
    elif getattr(owner, name) is value:  # methods of built-in classes are made anew as well, and cannot be replaced
        sp.guard(path, "is", value)
    return value


def has_member(sp: Specializer, cls: type, name: str) -> bool:
    """Whether a class has a member, as long as the program is used."""
    if hasattr(cls, name):
        return True
    sp.guard(Path(cls, (("attr", name),)), "missing", None)
    return False


def member(sp: Specializer, cls: type, name: str) -> AbstractValue:
    """A method of a class, to be called with the instance."""
    return Const(guard_attribute(sp, cls, name))


def guard_subclass(sp: Specializer, cls: type, classes: Any) -> None:
    """Have the program notice where a class is registered with an abstract one, or a metaclass decides otherwise."""
    for other in classes if isinstance(classes, tuple) else (classes,):
        if isinstance(other, tuple | types.UnionType):
            guard_subclass(sp, cls, getattr(other, "__args__", other))
        elif type(other).__subclasscheck__ is not type.__subclasscheck__:
            kind = "subclass" if issubclass(cls, other) else "no subclass"
            guard = Guard(Path(cls, ()), kind, Path(other, ()))
            sp.guards.setdefault((guard.path, f"{kind} {id(other)}"), guard)
