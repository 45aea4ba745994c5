"""What records are written and read with: a `Codec` turns a Python object into JSON and back.

    Record(Input, path=PATH, type=TYPE, kind=OneOf("number", "array"))

writes Input(path, f64[3], "array") as {"path": …, "type": "f64[3]", "kind": "array"}; fields that have their default
are left out. Reading checks everything, and calls nothing that the JSON chooses.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from hloc.classes import dataclass
from hloc.diagnostics.span import Span

Json = Any
"""None, bool, int, str, and lists and dicts (by str) of these."""

LARGEST = 1 << 53
"""Integers from here on may be taken for floats by other readers of JSON."""


class RecordError(ValueError):
    """A record is not one that this version writes."""


class References(Protocol):
    """Objects and places that a record only names."""

    def name(self, obj: Any) -> Json:
        """The name of an object that is no plain value. Raises Unportable."""
        ...

    def find(self, name: Json) -> Any:
        """The object of this name. Raises RecordError."""
        ...

    def place(self, span: Span) -> Json:
        """A place in the source; null stands for NOWHERE."""
        ...

    def span(self, place: Json) -> Span:
        """The place there now. Raises RecordError."""
        ...


class Codec(Protocol):
    """Writes objects of one kind as JSON, and reads them. Raises: Unportable in `write`, RecordError in `read`."""

    def write(self, obj: Any, references: References, /) -> Json: ...

    def read(self, data: Json, references: References, /) -> Any: ...


def expect(condition: bool, what: str, data: Json) -> None:
    """Raises RecordError unless the condition holds."""
    if not condition:
        text = repr(data)
        raise RecordError(f"{what} is needed, found {text if len(text) < 80 else text[:76] + ' ...'}")


@dataclass(frozen=True)
class Plain:
    """A value that JSON has itself."""

    cls: type
    least: int = -LARGEST

    def write(self, obj: Any, references: References) -> Json:
        return obj

    def read(self, data: Json, references: References) -> Any:
        expect(type(data) is self.cls, self.cls.__name__, data)
        if self.cls is int:
            expect(self.least <= data <= LARGEST, f"an int of at least {self.least}", data)
        return data


TEXT, FLAG, INT, COUNT = Plain(str), Plain(bool), Plain(int), Plain(int, 0)


class OneOf:
    """One of some words."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def write(self, obj: str, references: References) -> Json:
        return obj

    def read(self, data: Json, references: References) -> str:
        expect(type(data) is str and data in self.words, f"one of {', '.join(self.words)}", data)
        return str(data)


class Maybe:
    """None or what the codec reads."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec

    def write(self, obj: Any, references: References) -> Json:
        return None if obj is None else self.codec.write(obj, references)

    def read(self, data: Json, references: References) -> Any:
        return None if data is None else self.codec.read(data, references)


class Many:
    """A list of what the codec reads; `of`: what it becomes in Python."""

    def __init__(self, codec: Codec, of: Callable[[Sequence[Any]], Any] = tuple) -> None:
        self.codec = codec
        self.of = of

    def write(self, obj: Any, references: References) -> Json:
        return [self.codec.write(item, references) for item in obj]

    def read(self, data: Json, references: References) -> Any:
        expect(type(data) is list, "a list", data)
        return self.of([self.codec.read(item, references) for item in data])


class Row:
    """A list of so many items, each with its codec, which becomes a tuple."""

    def __init__(self, *codecs: Codec) -> None:
        self.codecs = codecs

    def write(self, obj: Sequence[Any], references: References) -> Json:
        return [codec.write(item, references) for codec, item in zip(self.codecs, obj, strict=True)]

    def read(self, data: Json, references: References) -> tuple[Any, ...]:
        expect(type(data) is list and len(data) == len(self.codecs), f"a list of {len(self.codecs)}", data)
        return tuple(codec.read(item, references) for codec, item in zip(self.codecs, data, strict=True))


class Record:
    """A dataclass by its fields. The codec of a class with parts of its own kind is entered later (`fields`)."""

    def __init__(self, cls: Any, /, **fields: Codec) -> None:
        self.cls = cls
        self.fields = fields

    def write(self, obj: Any, references: References) -> Json:
        defaults = _defaults(self.cls)
        written = {}
        for name, codec in self.fields.items():
            value = getattr(obj, name)
            if name not in defaults or value is not defaults[name]:
                written[name] = codec.write(value, references)
        return written

    def read(self, data: Json, references: References) -> Any:
        expect(type(data) is dict and data.keys() <= self.fields.keys(), f"a {self.cls.__name__}", data)
        missing = self.fields.keys() - data.keys() - _defaults(self.cls).keys()
        expect(not missing, f"a {self.cls.__name__} with {', '.join(sorted(missing))}", data)
        given: dict[str, Json] = data
        return self.cls(**{name: self.fields[name].read(item, references) for name, item in given.items()})


def _defaults(cls: Any) -> dict[str, Any]:
    """The defaults of a dataclass that are themselves constants, and None for those that are made."""
    made = dataclasses.MISSING
    return {
        field.name: None if field.default is made else field.default
        for field in dataclasses.fields(cls)
        if field.default is not made or field.default_factory is not made
    }
