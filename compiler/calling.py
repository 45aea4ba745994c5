"""Calling a compiled program: guards, inputs, errors, prints, write-back, results. The hot path of every call."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hloc.ir.types import TensorType
from hloc.program import Guard, Input, MessagePart, Output, Path, PrintSite, Program
from hloc.runtime.array import Array
from hloc.runtime.executable import Executable


class PrintOverflow(Exception):
    """The print log was too short; holds the words it needs."""

    def __init__(self, words: int) -> None:
        super().__init__(words)
        self.words = words


class BoundProgram:
    """A program with its executable; `matches` and `run` take the arguments by parameter name."""

    def __init__(self, program: Program, executable: Executable) -> None:
        self.program = program
        self.executable = executable
        self._guards = program.guards
        self._inputs = program.inputs

    def matches(self, arguments: Mapping[str, Any]) -> bool:
        """Whether the program holds for these arguments and the present globals."""
        return all(_holds(guard, arguments) for guard in self._guards)

    def run(self, arguments: Mapping[str, Any]) -> Any:
        """Execute, then do on the host what the function did: raise, print, write back, return.

        Raises: what the function raises; PrintOverflow before any effect, for another try with a longer log.
        """
        program = self.program
        inputs = [_input(entry, arguments) for entry in self._inputs]
        if program.write_backs:
            _refuse_overlap(inputs)
        raws = self.executable.execute(inputs)
        if program.print_capacity:
            self._prints(raws)
        if program.error_words:
            self._errors(raws)
        for write_back in program.write_backs:
            _write_back(write_back.path.fetch(arguments), write_back.output, raws, arguments)
        return _output(program.output, raws, arguments)

    def _errors(self, raws: Sequence[Any]) -> None:
        program = self.program
        code = int(np.asarray(raws[program.error_index]))
        if code:
            words = np.array(
                [np.asarray(w) for w in raws[program.error_index + 1 :][: program.error_words - 1]], np.int64
            )
            site = program.error_sites[code - 1]
            error = site.exception(*(message_value(part, words) for part in site.args))
            if site.span.line:
                error.add_note(f"  --> {site.span.file}:{site.span.line}, in {site.span.function or program.name}")
            raise error

    def _prints(self, raws: Sequence[Any]) -> None:
        program = self.program
        position = int(np.asarray(raws[program.print_index]))
        if position > program.print_capacity:
            raise PrintOverflow(position)
        log = np.asarray(raws[program.print_index + 1])
        at = 0
        while at < position:
            site = program.print_sites[int(log[at]) - 1]
            _print(site, log[at + 1 : at + 1 + site.words])
            at += 1 + site.words


# --- guards


def _holds(guard: Guard, arguments: Mapping[str, Any]) -> bool:
    if guard.kind == "distinct":
        objects = [path.fetch(arguments) for path in guard.expected]
        return len({id(o) for o in objects}) == len(objects)
    try:
        obj = guard.path.fetch(arguments)
    except (LookupError, AttributeError, TypeError, ValueError):
        return False
    return bool(_CHECKS[guard.kind](obj, guard.expected, arguments))


def _is_array(obj: Any, expected: TensorType, _: Any) -> bool:
    return getattr(obj, "shape", None) == expected.shape and getattr(obj, "dtype", None) == expected.dtype


def _has_keys(obj: Any, expected: tuple[type, Any], _: Any) -> bool:
    cls, keys = expected
    if type(obj) is not cls:
        return False
    if isinstance(keys, int):
        return len(obj) == keys
    return tuple(obj if isinstance(obj, dict) else vars(obj)) == keys


def _same_object(obj: Any, expected: Path, arguments: Any) -> bool:
    return obj is expected.fetch(arguments)


_CHECKS: dict[str, Any] = {
    "is": lambda obj, expected, _: obj is expected,
    "equal": lambda obj, expected, _: type(obj) is type(expected) and obj == expected,
    "type": lambda obj, expected, _: type(obj) is expected,
    "array": _is_array,
    "keys": _has_keys,
    "elements": lambda obj, expected, _: all(type(item) is expected for item in obj),
    "same": _same_object,
}


# --- inputs


def _input(entry: Input, arguments: Mapping[str, Any]) -> Any:
    obj = entry.path.fetch(arguments)
    if entry.kind == "list" or (entry.kind == "array" and not isinstance(obj, np.ndarray | Array)):
        return np.asarray(obj, entry.type.dtype)
    return obj


def _refuse_overlap(inputs: Sequence[Any]) -> None:
    """Arrays that share memory, one of them written: neither order of writes would be NumPy's."""
    arrays = [x for x in inputs if isinstance(x, np.ndarray)]
    for j, x in enumerate(arrays):
        for y in arrays[:j]:
            if np.may_share_memory(x, y) and np.shares_memory(x, y):
                raise ValueError("two array arguments share memory and the function writes to one; pass copies")


# --- results


def _host(raw: Any) -> Any:
    return np.asarray(Array(raw))


def _output(output: Output, raws: Sequence[Any], arguments: Mapping[str, Any]) -> Any:
    kind = output.kind
    if kind in ("array", "scalar"):
        return Array(raws[output.index])
    if kind == "number":
        return _host(raws[output.index]).item()
    if kind == "const":
        return output.value
    if kind == "input":
        assert output.path is not None
        obj = output.path.fetch(arguments)
        return Array(raws[output.index]) if not output.parts and not isinstance(obj, np.ndarray) else obj
    if kind == "list_array":
        return _host(raws[output.index]).tolist()
    if kind == "masked":
        values, mask = (_host(raws[part.index]) for part in output.parts)
        return values[mask]
    parts = [_output(part, raws, arguments) for part in output.parts]
    if kind == "list":
        return parts
    if kind == "dict":
        return dict(zip(output.keys, parts, strict=True))
    if kind == "object":
        assert output.cls is not None
        obj = object.__new__(output.cls)
        for name, value in zip(output.keys, parts, strict=True):
            object.__setattr__(obj, name, value)
        return obj
    return tuple(parts) if output.cls is None else output.cls._make(parts)  # type: ignore[attr-defined]


def _write_back(obj: Any, output: Output, raws: Sequence[Any], arguments: Mapping[str, Any]) -> None:
    """Give a caller's object the content it has after the call."""
    if isinstance(obj, np.ndarray):
        obj[...] = _host(raws[output.index])
        return
    if isinstance(obj, Array):
        return
    new = _output(output, raws, arguments) if output.kind != "object" else None
    if isinstance(obj, list):
        obj[:] = new
    elif isinstance(obj, dict):
        obj.clear()
        obj.update(new)
    else:
        for name, part in zip(output.keys, output.parts, strict=True):
            object.__setattr__(obj, name, _output(part, raws, arguments))


# --- values in messages


def message_value(part: MessagePart, words: Any) -> Any:
    """The Python object that stands in a message or print."""
    kind = part.kind
    if kind == "const":
        return part.value
    if kind in ("data", "list_data"):
        value = _from_words(part, words)
        return value.tolist() if kind == "list_data" else value
    if kind == "format":
        return "".join(p if isinstance(p, str) else _formatted(p, words) for p in part.parts)
    parts = [message_value(p, words) for p in part.parts]
    if kind == "list":
        return parts
    return tuple(parts) if part.value is None else part.value._make(parts)


_CONVERSIONS: dict[int, Any] = {115: str, 114: repr, 97: ascii}


def _formatted(part: tuple[MessagePart, int, str], words: Any) -> str:
    value = message_value(part[0], words)
    convert = _CONVERSIONS.get(part[1])
    return format(value if convert is None else convert(value), part[2])


def _from_words(part: MessagePart, words: Any) -> Any:
    type_ = part.type
    assert type_ is not None
    count = type_.size
    taken = words[part.offset : part.offset + count * (2 if type_.dtype.kind == "c" else 1)]
    if type_.dtype.kind == "c":
        flat = taken[:count].view(np.float64) + 1j * taken[count:].view(np.float64)
    elif type_.dtype.kind == "f":
        flat = taken.view(np.float64)
    else:
        flat = taken
    array = flat.astype(type_.dtype).reshape(type_.shape)
    if part.weak:
        return array.item()
    return array if type_.shape else array[()]


def _print(site: PrintSite, words: Any) -> None:
    print(*(message_value(part, words) for part in site.args), sep=site.sep, end=site.end, file=sys.stdout)
