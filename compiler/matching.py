"""The paths and guards of a program as Python functions of the call's arguments, written when the program is made.

For `def f(a, n): return np.sin(a) * n` the guards become

    def matches(v0, v1):
        try:
            return (type(v0) is ndarray and v0.dtype is c0 and v0.shape == (100,) or …) and (type(v1) is int) and
                   (c1.__code__ is c2) and (c3['np'] is c4)
        except (LookupError, AttributeError, TypeError, ValueError):
            return False

where c3 is the dict of f's globals: what a name or attribute means is looked up at every call. This is the hot path of
every call, and walking the guards as data would take several times as long.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hloc.interchange import computes_otherwise, described, is_shared, to_numpy
from hloc.ir.types import TensorType
from hloc.program import Guard, Input, Path, Recipe, attributes_of, closure_cell
from hloc.runtime.array import Array

Of = Callable[..., Any]
"""A function of the values of a call's arguments, in the order of the parameters."""


class Accessors:
    """Writes functions of a program's arguments, named in the order of `parameters`."""

    def __init__(self, parameters: Sequence[str]) -> None:
        self._slots = {name: f"v{j}" for j, name in enumerate(parameters)}
        self._names: dict[str, Any] = dict(_HELPERS)

    def matches(self, guards: Sequence[Guard]) -> Of:
        """Whether all guards hold."""
        checks = " and ".join(f"({self._check(guard)})" for guard in guards) or "True"
        missing = "(LookupError, AttributeError, TypeError, ValueError)"
        return self._function("matches", f"try:\n  return {checks}\n except {missing}:\n  return False")

    def inputs(self, inputs: Sequence[Input]) -> Of:
        """The list of what the executable takes."""
        return self._function("inputs", f"return [{', '.join(map(self._input, inputs))}]")

    def objects(self, paths: Sequence[Path]) -> Of:
        """The list of objects at these paths."""
        return self._function("objects", f"return [{', '.join(map(self._path, paths))}]")

    def object(self, path: Path) -> Of:
        """The object at one path."""
        return self._function("object", f"return {self._path(path)}")

    def _function(self, name: str, body: str) -> Of:
        scope = dict(self._names)
        exec(f"def {name}({', '.join(self._slots.values())}):\n {body}", scope)
        return scope[name]  # type: ignore[no-any-return]

    def _constant(self, obj: Any) -> str:
        if type(obj) in (int, str, bool, type(None)):
            return repr(obj)
        return self._named(obj)

    def _named(self, obj: Any) -> str:
        name = f"c{len(self._names)}"
        self._names[name] = obj
        return name

    def _path(self, path: Path) -> str:
        if not path.steps:
            return self._named(path.root)
        (kind, key), *steps = path.steps
        if path.root is None:
            text = self._slots[key]
        elif kind == "global":
            text = f"{self._named(path.root.__globals__)}[{key!r}]"
        elif kind == "closure":
            text = f"{self._named(closure_cell(path.root, key))}.cell_contents"
        else:
            text, steps = self._named(path.root), list(path.steps)
        for kind, key in steps:
            text = self._step(text, kind, key)
        return text

    def _step(self, text: str, kind: str, key: Any) -> str:
        match kind:
            case "item":
                return f"{text}[{self._constant(key)}]"
            case "global":
                return f"{text}.__globals__[{key!r}]"
            case "closure":
                return f"closure_cell({text}, {key!r}).cell_contents"
        return f"{text}.{key}" if key.isidentifier() and not keyword.iskeyword(key) else f"getattr({text}, {key!r})"

    def _check(self, guard: Guard) -> str:
        expected = guard.expected
        if guard.kind == "distinct":
            return f"distinct({', '.join(map(self._path, expected))})"
        if guard.kind == "missing":
            return self._is_missing(guard.path)
        found = self._path(guard.path)
        match guard.kind:
            case "is":
                return f"{found} is {self._named(expected)}"
            case "type":
                return f"type({found}) is {self._named(expected)}"
            case "same":
                return f"{found} is {self._path(expected)}"
            case "array":
                return self._is_array(found, expected)
            case "subclass" | "no subclass":
                return f"{'not ' * (guard.kind != 'subclass')}issubclass({found}, {self._path(expected)})"
        return f"{_CHECKS[guard.kind]}({found}, {self._named(expected)})"

    def _is_missing(self, path: Path) -> str:
        *steps, (kind, name) = path.steps
        if kind == "global":
            return f"{name!r} not in {self._named(path.root.__globals__)}"
        return f"not hasattr({self._path(Path(path.root, tuple(steps)))}, {name!r})"

    def _is_array(self, found: str, expected: TensorType) -> str:
        dtype, shape, whole = self._dtype(expected), expected.shape, self._named(expected)
        return (
            f"type(x := {found}) is ndarray and x.dtype is {dtype} and x.shape == {shape} or "
            f"type(x) is Array and (t := x._raw.aval).dtype is {dtype} and t.shape == {shape} or "
            f"is_array(x, {whole})"
        )

    def _dtype(self, type_: TensorType) -> str:
        """NumPy's own object for the element type, which arrays have, too."""
        return self._named(np.dtype(type_.dtype.type))

    def _input(self, entry: Input) -> str:
        found = self._path(entry.path)
        if entry.kind == "array":
            return f"x if type(x := {found}) is ndarray else x._raw if type(x) is Array else array(x)"
        return f"asarray({found}, {self._named(entry.type.dtype)})" if entry.kind == "list" else found


def accessors(program: Recipe) -> Accessors:
    """The accessors for the arguments of a program."""
    return Accessors(program.parameters)


# --- what the functions call for the rarer cases


def _is_array(obj: Any, expected: TensorType) -> bool:
    if not is_shared(obj) and (not hasattr(obj, "__array__") or attributes_of(obj)):
        return False
    if isinstance(obj, np.ndarray) and computes_otherwise(obj):
        return False
    seen = described(obj)
    return seen.dtype.newbyteorder("=") == expected.dtype and seen.shape == expected.shape  # type: ignore[no-any-return]


def _array(obj: Any) -> Any:
    return obj if isinstance(obj, np.ndarray) else to_numpy(obj)


def _has_keys(obj: Any, expected: tuple[Any, Any]) -> bool:
    cls, keys = expected
    if type(obj) is not cls:
        return False
    if isinstance(keys, int):
        return len(obj) == keys
    return bool(tuple(obj if isinstance(obj, dict) else attributes_of(obj) or ()) == keys)


def _equal(obj: Any, expected: Any) -> bool:
    if type(obj) is not type(expected):
        return False
    if isinstance(obj, float | complex | np.inexact):  # 0.0 and -0.0 differ, a NaN is itself
        return repr(obj) == repr(expected)
    return bool(obj == expected)


def _of_type(obj: Any, expected: type) -> bool:
    return all(type(item) is expected for item in obj)


def _distinct(*objects: Any) -> bool:
    return len(set(map(id, objects))) == len(objects)


_CHECKS = {"equal": "equal", "keys": "has_keys", "elements": "of_type"}
_HELPERS: dict[str, Any] = {
    "Array": Array,
    "array": _array,
    "asarray": np.asarray,
    "closure_cell": closure_cell,
    "distinct": _distinct,
    "equal": _equal,
    "has_keys": _has_keys,
    "is_array": _is_array,
    "ndarray": np.ndarray,
    "of_type": _of_type,
}
