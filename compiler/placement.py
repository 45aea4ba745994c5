"""On which device a call runs: the one that `device=` names, else that of its Arrays, else the default device."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Any

from hloc.program import attributes_of
from hloc.runtime.array import Array
from hloc.runtime.devices import Device, default_device, device
from hloc.runtime.errors import DeviceError

_NO_DATA = (
    *(int, float, complex, str, bytes, type),
    *(types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType),
)


def place(chosen: str | None, name: str, arguments: Mapping[str, Any]) -> Device:
    """The device for a call of the function `name`.

    Raises: DeviceError where Arrays among the arguments, also inside of containers, are on several devices and none is
    chosen.
    """
    if chosen is not None:
        return device(chosen)
    where: dict[Device, str] = {}
    for argument, obj in arguments.items():
        for path, array in _arrays(argument, obj, set()):
            where.setdefault(array.device, path)
    if len(where) > 1:
        found = ", ".join(f"{path} on {home}" for home, path in where.items())
        home = next(iter(where))
        raise DeviceError(
            f"the arguments of {name}() are on several devices: {found}; bring them to one with x.to({str(home)!r}), "
            f"or choose it: hloc.compile(…, device={str(home)!r})"
        )
    return next(iter(where), None) or default_device.current()


def _arrays(path: str, obj: Any, seen: set[int]) -> Iterator[tuple[str, Array]]:
    if type(obj) is Array:
        yield path, obj
        return
    if obj is None or isinstance(obj, _NO_DATA):
        return
    if id(obj) not in seen:
        seen.add(id(obj))
        for part, item in _parts(path, obj):
            yield from _arrays(part, item, seen)


def _parts(path: str, obj: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(obj, tuple | list):
        yield from ((f"{path}[{j}]", item) for j, item in enumerate(obj))
    elif isinstance(obj, dict):
        yield from ((f"{path}[{key!r}]", item) for key, item in obj.items())
    elif not hasattr(obj, "__array__"):
        yield from ((f"{path}.{name}", item) for name, item in (attributes_of(obj) or {}).items())
