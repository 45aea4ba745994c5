"""`dataclass`, as that of Python's library, for the modules that a call from the persistent cache needs.

The library writes the methods of a class as text and compiles them when the class is defined: 0.3 to 1 ms each, which
for the 40 classes on the way to a warm program was a tenth of the time from the start of a process to its first result.
Here `__init__` is written when the first instance is made, and the other methods are the same functions for all
classes. `dataclasses.fields`, `replace` and `is_dataclass` know these classes; what is not supported is refused.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls: type | None = None, /, *, frozen: bool = False, eq: bool = True) -> Any:
        """The class with the methods of a dataclass, as far as it does not define them."""
        return _completed(cls, frozen, eq) if cls is not None else lambda cls: _completed(cls, frozen, eq)


def _completed(cls: Any, frozen: bool, eq: bool) -> Any:
    fields = _fields(cls)
    cls.__dataclass_fields__ = fields
    cls.__dataclass_params__ = parameters = copy.copy(vars(_Pattern)["__dataclass_params__"])
    parameters.frozen, parameters.eq, parameters.init, parameters.repr = frozen, eq, True, True
    methods: dict[str, Any] = {"__init__": _first_init(cls), "__repr__": _repr, "__match_args__": tuple(fields)}
    if frozen:
        methods |= {"__setattr__": _set, "__delattr__": _delete}
    if eq:
        cls.__compared__ = attrgetter("__class__", *(f.name for f in fields.values() if f.compare))
        methods |= {"__eq__": _eq, "__hash__": _hash if frozen else None}
    own = vars(cls)
    if "__slots__" in own:
        raise TypeError(f"{cls.__name__} has __slots__: use the dataclass of Python's library")
    for name, method in methods.items():
        if name not in own or (name == "__hash__" and own[name] is None):
            setattr(cls, name, method)
    return cls


def _fields(cls: Any) -> dict[str, Any]:
    """The fields in order, those of the base classes first."""
    fields: dict[str, Any] = {}
    for base in cls.__mro__[-1:0:-1]:
        fields |= getattr(base, "__dataclass_fields__", {})
    for name, annotation in vars(cls).get("__annotations__", {}).items():
        if not str(annotation).startswith(("ClassVar", "typing.ClassVar")):
            fields[name] = _field(cls, name, annotation)
    return fields


def _field(cls: Any, name: str, annotation: Any) -> Any:
    given = vars(cls).get(name, dataclasses.MISSING)
    found: Any = given if isinstance(given, dataclasses.Field) else dataclasses.field(default=given)
    if found is given and found.default is dataclasses.MISSING:
        delattr(cls, name)
    elif found is given:
        setattr(cls, name, found.default)
    if found.hash is not None or not found.init:
        raise TypeError(f"{cls.__name__}.{name}: use the dataclass of Python's library")
    found.name, found.type, found.kw_only, found._field_type = name, annotation, found.kw_only is True, _KIND
    return found


def _first_init(cls: Any) -> Callable[..., None]:
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        cls.__init__ = init = _init(cls)
        init(self, *args, **kwargs)

    return __init__


def _init(cls: Any) -> Callable[..., None]:
    """The real `__init__`."""
    scope: dict[str, Any] = {"MISSING": dataclasses.MISSING, "set": object.__setattr__}
    set_ = " set(self, {0!r}, {1})\n" if cls.__dataclass_params__.frozen else " self.{0} = {1}\n"
    parameters, by_name, lines = ["self"], ["*"], []
    for name, field in cls.__dataclass_fields__.items():
        made = field.default_factory is not dataclasses.MISSING
        value = f"make_{name}() if {name} is MISSING else {name}" if made else name
        scope |= {f"make_{name}": field.default_factory, f"default_{name}": field.default}
        default = "=MISSING" if made else "" if field.default is dataclasses.MISSING else f"=default_{name}"
        (by_name if field.kw_only else parameters).append(name + default)
        lines.append(set_.format(name, value))
    lines.append(" self.__post_init__()\n" if hasattr(cls, "__post_init__") else " pass\n")
    parameters += by_name if len(by_name) > 1 else []
    text = f"def __init__({', '.join(parameters)}):\n{''.join(lines)}"
    exec(text, scope)
    init: Callable[..., None] = scope["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def _repr(self: Any) -> str:
    shown = (f"{f.name}={getattr(self, f.name)!r}" for f in self.__dataclass_fields__.values() if f.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _eq(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return self.__compared__(self) == self.__compared__(other)


def _hash(self: Any) -> int:
    return hash(self.__compared__(self))


def _set(self: Any, name: str, value: Any) -> None:
    if _is_frozen(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
    object.__setattr__(self, name, value)


def _delete(self: Any, name: str) -> None:
    if _is_frozen(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
    object.__delattr__(self, name)


def _is_frozen(self: Any, name: str) -> bool:
    """Plain subclasses may have attributes more."""
    return "__dataclass_fields__" in vars(type(self)) or name in self.__dataclass_fields__


@dataclasses.dataclass(init=False, repr=False, eq=False)
class _Pattern:
    """What the library makes of a class; without this text it would write one, which takes a millisecond."""

    x: int


_KIND = vars(_Pattern)["__dataclass_fields__"]["x"]._field_type
"""What marks a field as one of instances, and no class variable."""
