"""Names: which slot, global or builtin a name means in the current function, and its value."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from hloc.diagnostics.errors import DTypeError, UndefinedNameError
from hloc.frontend.effects import check, fail
from hloc.frontend.inputs import capture
from hloc.frontend.members import guard_attribute
from hloc.frontend.values import AbstractValue, ConflictV, Const, MaybeV, NeverV, UndefinedV
from hloc.program import Path

if TYPE_CHECKING:
    from hloc.frontend.context import Frame
    from hloc.frontend.specializer import Specializer

VariableSlot = tuple[int, str]


def own_slot(sp: Specializer, name: str) -> VariableSlot | None:
    """The slot of a local or closed-over variable; None for globals and builtins."""
    frame = sp.frame
    assert frame is not None
    if name in frame.source.scope.locals:
        return (frame.number, name)
    return frame.closure.get(name)


def slot_of(sp: Specializer, name: str) -> VariableSlot:
    slot = own_slot(sp, name)
    if slot is None:
        raise UndefinedNameError(f"{name} cannot be assigned here")
    return slot


def read_name(sp: Specializer, name: str) -> AbstractValue:
    """The value of a name, as Python looks it up; an unbound one raises at run time as CPython does."""
    frame = sp.frame
    assert frame is not None
    slot = own_slot(sp, name)
    if slot is None:
        return _outer(sp, frame, name)
    value = sp.state[slot]
    if isinstance(value, UndefinedV):
        _unbound(sp, frame, name, None)
        return NeverV()
    if isinstance(value, MaybeV):
        _unbound(sp, frame, name, value)
        value = sp.state[slot] = value.value
    if isinstance(value, ConflictV):
        raise DTypeError(f"{name} may be {value.reason}", help=f"make all paths give {name} the same kind of value")
    return value


def _unbound(sp: Specializer, frame: Frame, name: str, value: MaybeV | None) -> None:
    local = name in frame.source.scope.locals
    kind = "local" if local else "free"
    tail = "" if local else " in enclosing scope"
    message = Const(f"cannot access {kind} variable '{name}' where it is not associated with a value{tail}")
    exception = UnboundLocalError if local else NameError
    if value is None:
        fail(sp, None, exception, [message])
    else:
        check(sp, value.flag, exception, message)


def _outer(sp: Specializer, frame: Frame, name: str) -> AbstractValue:
    function = frame.function
    if function is not None and name in function.__code__.co_freevars:
        path = Path(function, (("closure", name),))
        return capture(sp, path, path.fetch({}))
    if name in frame.globals:
        root = function if function is not None else _Globals(frame.globals)
        return capture(sp, Path(root, (("global", name),)), frame.globals[name])
    if hasattr(builtins, name):
        if function is not None:
            sp.guard(Path(function, (("global", name),)), "missing", None)
        return Const(guard_attribute(sp, builtins, name))
    raise UndefinedNameError(f"name '{name}' is not defined")


class _Globals:
    """Stands for a function whose globals these are."""

    def __init__(self, globals: dict[str, object]) -> None:
        self.__globals__ = globals
