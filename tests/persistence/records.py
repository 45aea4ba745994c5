"""References for the tests of records: objects by their number, places by the code of some functions."""

from __future__ import annotations

import types
from typing import Any

from hloc.diagnostics.span import Span
from hloc.persistence.codecs import Json, RecordError
from hloc.persistence.digest import Unportable
from hloc.persistence.places import read_place, write_place


class Numbered:
    """Names objects by the order in which they are met. `refused`: classes of objects without a name."""

    def __init__(self, *functions: Any, refused: tuple[type, ...] = ()) -> None:
        self.objects: list[Any] = []
        self.codes = [function.__code__ for function in functions]
        self.refused = refused

    def name(self, obj: Any) -> Json:
        if isinstance(obj, self.refused):
            raise Unportable(f"a {type(obj).__name__}")
        for number, known in enumerate(self.objects):
            if known is obj:
                return number
        self.objects.append(obj)
        return len(self.objects) - 1

    def find(self, name: Json) -> Any:
        if type(name) is not int or not 0 <= name < len(self.objects):
            raise RecordError(f"no object {name!r}")
        return self.objects[name]

    def place(self, span: Span) -> Json:
        return write_place(span, enumerate(self.codes))

    def span(self, place: Json) -> Span:
        return read_place(place, self._code)

    def _code(self, name: Json) -> types.CodeType:
        if type(name) is not int or not 0 <= name < len(self.codes):
            raise RecordError(f"no code {name!r}")
        return self.codes[name]
