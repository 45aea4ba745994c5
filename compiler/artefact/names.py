"""The objects that an artefact names: classes and others that can be imported, as "module:name"."""

from __future__ import annotations

import enum
import importlib
import os
import re
import sys
import types
from typing import Any

import numpy as np

from hloc.diagnostics.span import NOWHERE, Span
from hloc.persistence.codecs import Json, RecordError, expect
from hloc.persistence.digest import Unportable

_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:(?:[^\W\d]\w*(?:\.[^\W\d]\w*)*)?")


class Importable:
    """References for records in files that are read by other programs, perhaps elsewhere."""

    def name(self, obj: Any) -> Json:
        module, qualified = _home(obj)
        if module == "__main__":
            raise Unportable(
                f"{qualified} belongs to the program that runs (__main__): define it in a module of its own"
            )
        if not module or found(sys.modules.get(module), qualified) is not obj:
            raise Unportable(f"{_described(obj)} cannot be imported by a name")
        return f"{module}:{qualified}"

    def find(self, name: Json) -> Any:
        expect(type(name) is str and _NAME.fullmatch(name) is not None, "the name of an object", name)
        module, _, qualified = name.partition(":")
        try:
            obj = found(importlib.import_module(module), qualified)
        except Exception as error:
            raise RecordError(f"{_shown(name)} is needed, but {module} cannot be imported here: {error}") from error
        if obj is None:
            raise RecordError(f"{_shown(name)} is needed, and is not there: {module} has no {qualified}")
        return obj

    def place(self, span: Span) -> Json:
        return [os.path.basename(span.file), span.line, span.function] if span.line else None

    def span(self, place: Json) -> Span:
        match place:
            case None:
                return NOWHERE
            case [str(file), int(line), str(function)]:
                return Span(file, line, 0, line, 0, function)
        raise RecordError(f"a place is needed, found {place!r}")


def found(module: Any, qualified: str) -> Any:
    """The object of this name in a module; None where there is none."""
    for part in qualified.split(".") if qualified else ():
        module = getattr(module, part, None)
    return module


def _home(obj: Any) -> tuple[str | None, str]:
    """Where an object says that it is at home."""
    if isinstance(obj, types.ModuleType):
        return obj.__name__, ""
    if isinstance(obj, np.ufunc):
        return "numpy", obj.__name__
    if isinstance(obj, enum.Enum):
        return type(obj).__module__, f"{type(obj).__qualname__}.{obj.name}"
    return getattr(obj, "__module__", None), str(getattr(obj, "__qualname__", ""))


def _described(obj: Any) -> str:
    name = getattr(obj, "__qualname__", None)
    return f"{'the class ' if isinstance(obj, type) else ''}{name}" if name else f"an object of {type(obj).__name__}"


def _shown(name: str) -> str:
    module, _, qualified = name.partition(":")
    return f"{module}.{qualified}" if qualified else f"the module {module}"
