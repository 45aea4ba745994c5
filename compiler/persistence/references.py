"""The objects and places that records in the cache name: numbers of the world around a function."""

from __future__ import annotations

import types
from typing import Any

from hloc.diagnostics.span import Span
from hloc.persistence.codecs import Json, RecordError
from hloc.persistence.digest import Unportable
from hloc.persistence.naming import World
from hloc.persistence.places import read_place, write_place


class WorldReferences:
    """Names of objects are their tokens in a world; those of code objects belong to the functions."""

    def __init__(self, world: World) -> None:
        self._world = world

    def name(self, obj: Any) -> Json:
        if isinstance(obj, types.CodeType):
            for token, code in self._codes():
                if code is obj:
                    return ["code", token]
        known = self._world.number(obj)
        if known is None:
            raise Unportable(f"nothing leads to this {type(obj).__name__}: {str(obj)[:60]}")
        return known

    def find(self, name: Json) -> Any:
        if isinstance(name, list) and name[:1] == ["code"] and len(name) == 2:
            return self._code(str(name[1]))
        try:
            return self._world.find(str(name))
        except (LookupError, ValueError, AttributeError, TypeError) as error:
            raise RecordError(f"no object has the name {name!r}: {error}") from None

    def place(self, span: Span) -> Json:
        return write_place(span, self._codes())

    def span(self, place: Json) -> Span:
        return read_place(place, self._code)

    def _codes(self) -> list[tuple[str, types.CodeType]]:
        objects = enumerate(self._world.objects)
        return [(f"#{number}", obj.__code__) for number, obj in objects if isinstance(obj, types.FunctionType)]

    def _code(self, token: str) -> types.CodeType:
        function = self.find(token)
        if not isinstance(function, types.FunctionType):
            raise RecordError(f"{token!r} names no function")
        return function.__code__
