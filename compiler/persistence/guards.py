"""Guards as JSON: Guard(Path(None, (("item", "n"),)), "equal", 3) is written as ["equal", [null, ["item", "n"]], 3]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hloc.persistence.codecs import TEXT, Codec, Json, RecordError, References, Row, expect
from hloc.persistence.paths import CLASS, PATH, PATHS, TYPE
from hloc.persistence.values import CONSTANT
from hloc.program import Guard, Path, attributes_of


def write_guards(guards: Sequence[Guard], references: References) -> Json:
    """Guards with what they expect. Raises Unportable."""
    return [_written(guard, references) for guard in guards]


def read_guards(data: Json, references: References) -> list[Guard]:
    """What `write_guards` wrote. Raises RecordError."""
    found = []
    for kind, path, expected in _guard_rows(data, references):
        expect(kind in _EXPECTED, "a kind of guard", kind)
        found.append(Guard(path, kind, _EXPECTED[kind].read(expected, references)))
    return found


def expectation(kind: str, obj: Any) -> Any:
    """What a guard of this kind expects, made of an object for which it holds."""
    match kind:
        case "is" | "equal":
            return obj
        case "type":
            return type(obj)
        case "elements":
            return type(obj[0])
        case "keys":
            if type(obj) is list or isinstance(obj, tuple):
                return type(obj), len(obj)
            return type(obj), tuple(obj if isinstance(obj, dict) else attributes_of(obj) or ())
    raise RecordError(f"{kind!r} is no kind of guard about an object")


def _written(guard: Guard, references: References) -> Json:
    return [
        guard.kind,
        PATH.write(guard.path, references),
        _EXPECTED[guard.kind].write(guard.expected, references),
    ]


def _guard_rows(data: Json, references: References) -> list[tuple[str, Path, Json]]:
    expect(type(data) is list and all(type(item) is list and len(item) == 3 for item in data), "guards", data)
    rows: list[Any] = data
    return [(TEXT.read(kind, references), PATH.read(path, references), expected) for kind, path, expected in rows]


class _Nothing:
    """What a guard expects of which the kind says all."""

    def write(self, obj: None, references: References) -> Json:
        return None

    def read(self, data: Json, references: References) -> None:
        expect(data is None, "null", data)


class _Keys:
    """The class of a container, and its length or its keys."""

    def write(self, obj: tuple[type, Any], references: References) -> Json:
        cls, keys = obj
        return [CLASS.write(cls, references), CONSTANT.write(keys, references)]

    def read(self, data: Json, references: References) -> tuple[type, Any]:
        cls, keys = Row(CLASS, CONSTANT).read(data, references)
        expect(type(keys) in (int, tuple), "a length or keys", keys)
        return cls, keys


_EXPECTED: dict[str, Codec] = {
    "array": TYPE,
    "same": PATH,
    "distinct": PATHS,
    "is": CONSTANT,
    "equal": CONSTANT,
    "type": CLASS,
    "elements": CLASS,
    "keys": _Keys(),
    "missing": _Nothing(),
    "subclass": PATH,
    "no subclass": PATH,
}
