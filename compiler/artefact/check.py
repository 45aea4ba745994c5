"""What a program takes, as text, and why it does not take some arguments."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any

from hloc.artefact.header import Parameter
from hloc.matching import Accessors
from hloc.program import Guard, Path, Recipe


def taken(parameters: Sequence[Parameter], recipe: Recipe) -> str:
    """Such as "(x: f64[100], n: int = 3, names: dict with a, b)"."""
    guards = {guard.path: guard for guard in reversed(recipe.guards) if guard.kind not in ("same", "distinct")}
    same = {guard.path: guard.expected for guard in recipe.guards if guard.kind == "same"}
    fixed = {guard.path: guard for guard in recipe.guards if guard.kind in ("equal", "is")}
    texts = []
    for parameter in parameters:
        path = Path(None, (("item", parameter.name),))
        guard = fixed.get(path) or guards.get(path)
        star = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}.get(parameter.kind, "")
        default = "" if parameter.required else f" = {_short(parameter.default)}"
        what = f"the same object as {same[path]}" if path in same else "anything" if guard is None else _expected(guard)
        texts.append(f"{star}{parameter.name}: {what}{default}")
    return f"({', '.join(texts)})"


def misfit(recipe: Recipe, values: Sequence[Any]) -> str:
    """The first condition that arguments do not meet."""
    arguments = dict(zip(recipe.parameters, values, strict=True))
    accessors = Accessors(recipe.parameters)
    for guard in sorted(recipe.guards, key=_outermost):
        if not accessors.matches([guard])(*values):
            return _complaint(guard, arguments)
    return "these arguments are none that it takes"


def _outermost(guard: Guard) -> tuple[int, bool]:
    """What an argument is comes before what is in it."""
    return len(guard.path.steps), guard.kind in ("equal", "is")


def _complaint(guard: Guard, arguments: Mapping[str, Any]) -> str:
    if guard.kind == "distinct":
        return f"{' and '.join(map(str, guard.expected))} must be different objects"
    if guard.kind == "same":
        return f"{guard.path} and {guard.expected} must be the same object"
    try:
        obj = guard.path.fetch(arguments)
    except Exception:
        return f"there must be a {guard.path}"
    reason = " (its value is part of the program)" if guard.kind in ("equal", "is") else ""
    return f"{guard.path} must be {_expected(guard)}{reason}, found {_found(guard, obj)}"


def _expected(guard: Guard) -> str:
    expected = guard.expected
    match guard.kind:
        case "equal" | "is":
            return _short(expected)
        case "type":
            return _class_name(expected)
        case "elements":
            return f"a list of {_class_name(expected)}"
        case "keys":
            cls, keys = expected
            if isinstance(keys, int):
                return f"{_class_name(cls)} of {keys}"
            return f"{_class_name(cls)} with {', '.join(map(str, keys)) or 'nothing in it'}"
    return str(expected)


def _found(guard: Guard, obj: Any) -> str:
    shape, dtype = getattr(obj, "shape", None), getattr(obj, "dtype", None)
    if guard.kind == "array" and shape and dtype is not None:
        return f"{dtype}{list(shape)}"
    if guard.kind in ("equal", "is"):
        return _short(obj)
    if guard.kind == "keys" and isinstance(obj, dict):
        return f"dict with {', '.join(map(str, obj)) or 'nothing in it'}"
    if guard.kind == "keys" and isinstance(obj, list | tuple):
        return f"{_class_name(type(obj))} of {len(obj)}"
    return _class_name(type(obj))


def _class_name(cls: Any) -> str:
    name = getattr(cls, "__qualname__", str(cls))
    return f"numpy.{name}" if getattr(cls, "__module__", "") == "numpy" else str(name)


def _short(obj: Any) -> str:
    text = str(obj) if isinstance(obj, enum.Enum) else getattr(obj, "__qualname__", None) or repr(obj)
    return text if len(text) <= 60 else text[:56] + " ..."
