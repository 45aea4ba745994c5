"""Paths, tensor types, classes and places as JSON: what records and guards are made of."""

from __future__ import annotations

from typing import Any

from hloc.diagnostics.span import Span
from hloc.ir.types import TensorType, parse_type
from hloc.persistence.codecs import Json, Many, OneOf, RecordError, References, Row, expect
from hloc.persistence.values import CONSTANT
from hloc.program import Path


class _Path:
    """[root, [kind, key], …]; root is null for the arguments of a call."""

    def write(self, path: Path, references: References) -> Json:
        root = None if path.root is None else [references.name(path.root)]
        return [root, *([kind, CONSTANT.write(key, references)] for kind, key in path.steps)]

    def read(self, data: Json, references: References) -> Path:
        expect(type(data) is list and len(data) > 0, "a path", data)
        root: Any = data[0]
        steps: list[Any] = data[1:]
        expect(root is None or (type(root) is list and len(root) == 1), "the root of a path", root)
        found = tuple(self._step(step, references) for step in steps)
        expect(root is not None or all(kind == "item" for kind, _ in found[:1]), "a path", data)
        return Path(None if root is None else references.find(root[0]), found)

    def _step(self, data: Json, references: References) -> tuple[str, Any]:
        kind, key = _STEP.read(data, references)
        expect(kind == "item" or type(key) is str, "a name", key)
        return kind, key


class _Type:
    """A tensor type as its text, such as "f64[3,4]"."""

    def write(self, obj: TensorType, references: References) -> Json:
        return str(obj)

    def read(self, data: Json, references: References) -> TensorType:
        expect(type(data) is str and len(data) < _LONGEST, "a type", data)
        try:
            found = parse_type(data)
        except ValueError as error:
            raise RecordError(str(error)) from None
        expect(str(found) == data and all(n < _LARGEST for n in found.shape), "a type", data)
        return found


class _Class:
    """A class; `base`: one below this."""

    def __init__(self, base: type = object) -> None:
        self.base = base

    def write(self, obj: type, references: References) -> Json:
        return CONSTANT.write(obj, references)

    def read(self, data: Json, references: References) -> type:
        found = CONSTANT.read(data, references)
        expect(isinstance(found, type) and issubclass(found, self.base), f"a class below {self.base.__name__}", data)
        return found  # type: ignore[no-any-return]


class _Place:
    """A place in the source."""

    def write(self, obj: Span, references: References) -> Json:
        return references.place(obj)

    def read(self, data: Json, references: References) -> Span:
        return references.span(data)


_LARGEST = 10**18
_LONGEST = 20 * 64  # characters of 64 dimensions
PATH, TYPE, CLASS, PLACE = _Path(), _Type(), _Class(), _Place()
PATHS = Many(PATH)
EXCEPTION = _Class(BaseException)
_STEP = Row(OneOf("item", "attr", "global", "closure"), CONSTANT)
