"""Questions that tell whether a program holds, and what the answers are now.

A guard of a program, such as "type(area.__globals__['PI']) is float", is a question (what is the type of PI?) and an
answer ("float"). Questions are kept once for all programs that ask the same; answers are part of the key under which a
program is found. An answer is a text that is equal in two processes just where the guard, made in one of them, would
hold in the other.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from hloc.interchange import described, is_shared
from hloc.ir.types import ELEMENT_TYPES, TensorType
from hloc.persistence.codecs import Json, References
from hloc.persistence.digest import Unportable, canonical, is_constant
from hloc.persistence.guards import expectation
from hloc.persistence.library import is_versioned
from hloc.persistence.naming import World
from hloc.persistence.parts import is_code
from hloc.persistence.paths import PATH, PATHS
from hloc.program import Guard, Path, TypeSpec

GONE = (LookupError, AttributeError, TypeError, ValueError)
"""What a path that leads nowhere may raise."""


def ask(guards: Sequence[Guard], world: World, references: References) -> tuple[list[Json], list[str]]:
    """The guards of a new program as questions and answers; what the answers name gets numbers in `world`.

    A path may start at an object that another guard leads to, so that one comes first.
    Raises: Unportable.
    """
    questions: list[Json] = []
    answers: list[str] = []
    pending = [guard for guard in guards if not is_versioned(guard.path.root)]
    while pending:
        later = []
        for guard in pending:
            if not all(path.root is None or world.number(path.root) for path in _paths(guard)):
                later.append(guard)
                continue
            questions.append(_question(guard, references))
            answers.append(answer(guard, world))
        if len(later) == len(pending):
            raise Unportable(
                f"nothing leads to the {type(later[0].path.root).__name__} that {later[0].path} belongs to"
            )
        pending = later
    return questions, answers


def reply(
    questions: Sequence[Json], world: World, references: References, arguments: Mapping[str, Any]
) -> tuple[list[Guard], list[str]] | None:
    """The answers for these arguments and what is there now, and the guards of a program for which they hold.

    None where a question has no answer.
    """
    guards: list[Guard] = []
    answers: list[str] = []
    for question in questions:
        try:
            guard = _guard_now(question, references, arguments)
            answers.append(answer(guard, world))
        except (*GONE, Unportable):
            return None
        guards.append(guard)
    return guards, answers


def answer(guard: Guard, world: World) -> str:
    """What a guard expects, as a text. Raises Unportable."""
    expected = guard.expected
    label = str(guard.path)
    match guard.kind:
        case "is" | "equal":
            return _value(expected, world, label)
        case "type" | "elements":
            return world.token(expected, label)
        case "keys":
            cls, keys = expected
            return f"{world.token(cls, label)} {_keys(keys, world, label)}"
        case "array":
            return str(expected)
        case "same" | "distinct" | "missing" | "subclass" | "no subclass":
            return "yes"
    raise Unportable(f"a guard of the kind {guard.kind!r} is not known")


def _value(obj: Any, world: World, label: str) -> str:
    """An object of which a program knows all: a constant by its value, code by its number or name."""
    if type(obj) is set:
        obj = frozenset(obj)
    if is_constant(obj):
        return f"{type(obj).__name__} {canonical(obj).hex()}"
    if isinstance(obj, int | float | str) and is_constant(plain := _plain(obj)):  # a member of an enumeration
        return f"{world.token(type(obj), label)} {canonical(plain).hex()}"
    known = world.number(obj)
    if is_code(obj) or (known is not None and known.startswith("@")):
        return world.token(obj, label)
    raise Unportable(f"{label} is a {type(obj).__name__}, whose content may change")


def _plain(obj: Any) -> Any:
    """The number or text that an instance of a class below those is."""
    if isinstance(obj, str):
        return str.__str__(obj)
    return int(obj) if isinstance(obj, int) else float(obj)


def _keys(keys: Any, world: World, label: str) -> str:
    """A length, or the keys of a dict."""
    if isinstance(keys, int):
        return str(keys)
    return ",".join(_value(key, world, label) for key in keys)


# --- questions

_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "same": operator.is_,
    "subclass": issubclass,
    "no subclass": lambda cls, other: not issubclass(cls, other),
}
"""Guards about two objects; what such a guard expects is a path."""


def _paths(guard: Guard) -> tuple[Path, ...]:
    """All paths of a guard."""
    if guard.kind == "distinct":
        return tuple(guard.expected)
    return (guard.path, guard.expected) if guard.kind in _RELATIONS else (guard.path,)


def _question(guard: Guard, references: References) -> Json:
    """A guard without what it expects."""
    if guard.kind == "distinct":
        return [guard.kind, None, PATHS.write(guard.expected, references)]
    path = PATH.write(guard.path, references)
    others = [PATH.write(guard.expected, references)] if guard.kind in _RELATIONS else []
    return [guard.kind, path, *others]


def _guard_now(question: Json, references: References, arguments: Mapping[str, Any]) -> Guard:
    """The guard that asks this and holds now. Raises one of GONE where there is none."""
    kind, place, *others = question
    if kind == "distinct":
        paths = PATHS.read(others[0], references)
        found = [path.fetch(arguments) for path in paths]
        if len(set(map(id, found))) < len(found):
            raise ValueError("two of the objects are the same")
        return Guard(Path(None, ()), kind, paths)
    path = PATH.read(place, references)
    if kind == "missing":
        _check_missing(path, arguments)
        return Guard(path, kind, None)
    obj = path.fetch(arguments)
    if kind in _RELATIONS:
        other = PATH.read(others[0], references)
        if not _RELATIONS[kind](obj, other.fetch(arguments)):
            raise ValueError("the objects stand otherwise to each other")
        return Guard(path, kind, other)
    return Guard(path, kind, _type_of_array(obj) if kind == "array" else _expected(kind, obj))


def _check_missing(path: Path, arguments: Mapping[str, Any]) -> None:
    try:
        path.fetch(arguments)
    except (LookupError, AttributeError):
        return
    raise ValueError(f"there is a {path}")


def _expected(kind: str, obj: Any) -> Any:
    if isinstance(obj, TypeSpec):
        if kind != "type" or not obj.number:
            raise ValueError("only its type is known")
        return {"i": int, "f": float, "b": bool, "c": complex}[obj.type.dtype.kind]
    if kind == "elements" and len(set(map(type, obj))) != 1:
        raise ValueError("elements of several types")
    return expectation(kind, obj)


def _type_of_array(obj: Any) -> TensorType:
    if isinstance(obj, TypeSpec):
        if obj.number:
            raise ValueError("a number")
        return obj.type
    if is_shared(obj):
        obj = described(obj)
    dtype = getattr(obj, "dtype", None)
    if not isinstance(dtype, np.dtype) or dtype.newbyteorder("=") not in ELEMENT_TYPES:
        raise ValueError("no array of numbers")
    return TensorType(tuple(obj.shape), dtype.newbyteorder("="))
