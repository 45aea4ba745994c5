"""Attributes of classes, modules and functions, each under a guard: what is replaced, added or removed is seen."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from hloc.diagnostics.errors import UnsupportedError
from hloc.frontend.values import AbstractValue, Const
from hloc.program import Guard, Path

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


def guard_attribute(sp: Specializer, owner: Any, name: str) -> Any:
    """`getattr(owner, name)`, the same object at every call of the program."""
    value = getattr(owner, name)
    path = Path(owner, (("attr", name),))
    if isinstance(value, types.MethodType | tuple):  # a method is made anew each time
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


def defines(sp: Specializer, cls: type, name: str) -> bool:
    """Whether a class has a member that is not that of every object, as long as the program is used."""
    if not has_member(sp, cls, name):
        return False
    guard_attribute(sp, cls, name)
    return any(name in base.__dict__ for base in cls.__mro__ if base is not object)


def is_generated(cls: type, name: str) -> bool:
    """Whether dataclasses wrote the method `__eq__` that a class has."""
    base = next(base for base in cls.__mro__ if name in base.__dict__)
    code = getattr(base.__dict__[name], "__code__", None)
    made = name == "__eq__" and "__dataclass_params__" in base.__dict__ and base.__dataclass_params__.eq  # type: ignore[attr-defined]
    return bool(made) and code is not None and code.co_filename.startswith("<")


def refuse_own(cls: type, *names: str) -> None:
    """Refuse a class that makes objects, or reads or sets attributes, in a way of its own. Raises UnsupportedError."""
    for name in names:
        if isinstance(getattr(cls, name), types.FunctionType):
            raise UnsupportedError(f"{cls.__name__} defines {name}, which compiled code would pass over")
    if type(cls).__call__ is not type.__call__ and "__new__" in names:
        raise UnsupportedError(
            f"{cls.__name__} has a metaclass that defines __call__, which compiled code would pass over"
        )


def member(sp: Specializer, cls: type, name: str) -> AbstractValue:
    """A method of a class, to be called with the instance."""
    return Const(guard_attribute(sp, cls, name))


def guard_distinct(sp: Specializer, a: AbstractValue, b: AbstractValue) -> bool:
    """Have the program notice where two of the caller's objects, which are not the same now, become so. Gives False."""
    origins = [sp.origins.get(getattr(value, "cell", None)) for value in (a, b)]  # type: ignore[arg-type]
    paths = tuple(origin[0] for origin in origins if origin is not None)
    if len(paths) == 2 and paths[0] != paths[1]:
        guard = Guard(Path(None, ()), "distinct", paths)
        sp.guards.setdefault((guard.path, " ".join(f"{id(path.root)} {path.steps}" for path in paths)), guard)
    return False


def guard_subclass(sp: Specializer, cls: type, classes: Any) -> None:
    """Have the program notice where a class is registered with an abstract one, or a metaclass decides otherwise."""
    for other in classes if isinstance(classes, tuple) else (classes,):
        if isinstance(other, tuple | types.UnionType):
            guard_subclass(sp, cls, getattr(other, "__args__", other))
        elif getattr(type(other), "__subclasscheck__") is not getattr(type, "__subclasscheck__"):  # noqa: B009
            kind = "subclass" if issubclass(cls, other) else "no subclass"
            guard = Guard(Path(cls, ()), kind, Path(other, ()))
            sp.guards.setdefault((guard.path, f"{kind} {id(other)}"), guard)
