"""Calling a compiled program: guards, inputs, errors, prints, write-back, results. The hot path of every call."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from hloc.diagnostics.span import Span
from hloc.direct import CallWriter, read_number
from hloc.matching import Accessors
from hloc.program import (
    HostStatus,
    Machine,
    MessagePart,
    Output,
    PrintOverflow,
    PrintSite,
    Program,
    Recipe,
    StackOverflow,
    TapeOverflow,
)
from hloc.runtime.array import Array, array
from hloc.runtime.executable import Executable

_GROWTH = 16
"""How many times more room a recursion gets for its next try: compiling again takes longer than running again."""


class BoundProgram:
    """A program with its executable.

    matches(*values): whether it holds for these arguments, in the order of the parameters, and the present globals.
    attempt(*values): `call` where it holds, else UNFIT.
    recipe: what was given; `program` is the same with the numbers that results have in the executable.
    specialized: the program as it was before emission; None where it comes from a record.
    key: under which the executable is kept in the persistent cache.
    """

    def __init__(
        self,
        recipe: Recipe,
        executable: Executable,
        status: HostStatus | None = None,
        machines: Sequence[Machine] = (),
        key: str | None = None,
    ) -> None:
        self.recipe = recipe
        self.key = key
        self.specialized = recipe if isinstance(recipe, Program) else None
        self.program = program = recipe if status is None else _renumbered(recipe, status)
        self.status = status
        if status is not None:
            self._code, self._all_words = host_words(status.code), host_words(status.all)
        self.machines = machines
        self.executable = executable
        access = CallWriter(program.parameters)
        self.matches = access.matches(program.guards)
        self._inputs = access.inputs(program.inputs)
        self._written = access.objects([write_back.path for write_back in program.write_backs])
        self._result = _maker(program.output, access)
        self._contents = [_maker(write_back.output, access) for write_back in program.write_backs]
        self._plain = not (program.write_backs or program.print_capacity or program.error_words or machines)
        make = self._result if self._plain else self._finish
        self.attempt = access.attempt(program, executable, self.call, make, plain=self._plain)

    def run(self, arguments: Mapping[str, Any]) -> Any:
        """`call` with arguments by parameter name."""
        return self.call(tuple(arguments[name] for name in self.program.parameters))

    def call(self, values: tuple[Any, ...]) -> Any:
        """Execute, then do on the host what the function did: raise, print, write back, return.

        Raises: what the function raises; PrintOverflow, StackOverflow and TapeOverflow before any effect, for another
        try with room.
        """
        inputs = self._inputs(*values)
        if self.program.write_backs:
            _refuse_overlap(inputs)
        raws = self.executable.execute(inputs)
        return self._result(raws, values) if self._plain else self._finish(raws, values)

    def counts(self, values: tuple[Any, ...], number: int) -> list[int]:
        """The last `number` results before the token of recursion, of a call without effects.

        Raises: StackOverflow and TapeOverflow, for another try with room.
        """
        raws = self.executable.execute(self._inputs(*values))
        if self.machines and (token := read_number(raws[-1])):
            raise self._too_deep(token)
        if self.program.error_words and isinstance(error := self._error(raws), TapeOverflow):
            raise error
        end = len(raws) - bool(self.machines)
        return [read_number(raw) for raw in raws[end - number : end]]

    def _finish(self, raws: Sequence[Any], values: tuple[Any, ...]) -> Any:
        """What a call with effects does with the results of the executable."""
        program = self.program
        if self.machines and (token := read_number(raws[-1])):
            raise self._too_deep(token)
        error = self._error(raws) if program.error_words else None
        if isinstance(error, TapeOverflow):
            raise error
        if program.print_capacity:
            self._prints(raws)
        if error is not None:
            raise error
        result = self._result(raws, values)  # before the write-backs, which may move what the paths lead to
        contents = [content(raws, values) for content in self._contents]
        for obj, content, write_back in zip(self._written(*values), contents, program.write_backs, strict=True):
            _write_back(obj, content, write_back.output.keys)
        return result

    def _too_deep(self, token: int) -> BaseException:
        """What to do about a recursion for which there was no room: nothing else of the run means anything."""
        number, rows = divmod(token, 1 << 40)
        machine = self.machines[number - 1]
        if rows <= machine.limit:
            return StackOverflow(machine.function, min(max(rows, machine.rows * _GROWTH), machine.limit))
        error = RecursionError(f"maximum recursion depth exceeded in {machine.name}: more than {machine.limit} calls")
        return _with_place(error, machine.span, machine.name)

    def _error(self, raws: Sequence[Any]) -> BaseException | None:
        """The error that the function raises."""
        program, status = self.program, self.status
        start = program.error_index
        if status is None:
            code = read_number(raws[start])
        else:
            (code,) = self._code(*map(read_number, raws[start : start + status.read]))
        if not code:
            return None
        if status is None:
            numbers = [read_number(raw) for raw in raws[start + 1 : start + program.error_words]]
        else:
            numbers = self._all_words(*map(read_number, raws[start : start + status.scalars]))[1:]
        words = np.array(numbers, np.int64)
        site = program.error_sites[code - 1]
        args = [message_value(part, words) for part in site.args]
        lane = _lane(numbers[len(numbers) - program.lane_words :])
        if lane and args and isinstance(args[-1], str):
            args[-1] += f" ({lane})"
        error = _with_place(site.exception(*args), site.span, program.name)
        if lane:
            error.add_note(f"  in {lane} of hloc.vmap")
        return error

    def _prints(self, raws: Sequence[Any]) -> None:
        program = self.program
        position = read_number(raws[program.print_index])
        if position > program.print_capacity:
            raise PrintOverflow(position)
        log = np.asarray(raws[program.print_index + 1])
        at = 0
        while at < position:
            site = program.print_sites[int(log[at]) - 1]
            _print(site, log[at + 1 : at + 1 + site.words])
            at += 1 + site.words


def _with_place(error: BaseException, span: Span, name: str) -> BaseException:
    """The error with a note that says where it comes from."""
    if span.line:
        error.add_note(f"  --> {span.file}:{span.line}, in {span.function or name}")
    return error


def _lane(words: Sequence[int]) -> str:
    """The lane in which an error happened, and those of maps inside of it."""
    numbers = [str(word - 1) for word in words if word]
    return f"lane {', '.join(numbers)}" if numbers else ""


def host_words(source: str) -> Callable[..., list[int]]:
    """The function of a HostStatus."""
    scope: dict[str, Any] = {"bits": _bits}
    exec(source, scope)
    function: Callable[..., list[int]] = scope["words"]
    return function


def _bits(x: float) -> int:
    """The 64 bits of a number as an integer."""
    found: int = struct.unpack("q", struct.pack("d", x))[0]
    return found


def _renumbered(program: Recipe, status: HostStatus) -> Recipe:
    """With the numbers that the results behind the error words have in the executable."""
    shift = status.scalars - status.words
    behind = range(status.index + status.words, max(program.output.indices(), default=0) + 1)
    output = program.output.renumbered({j: j + shift for j in behind})
    return program.replace(output=output, print_index=program.print_index + shift)


# --- inputs


def _refuse_overlap(inputs: Sequence[Any]) -> None:
    """Arrays that share memory, one of them written: neither order of writes would be NumPy's."""
    arrays = [x for x in inputs if isinstance(x, np.ndarray)]
    for j, x in enumerate(arrays):
        for y in arrays[:j]:
            if np.may_share_memory(x, y) and np.shares_memory(x, y):
                raise ValueError("two array arguments share memory and the function writes to one; pass copies")


# --- results

Maker = Callable[[Sequence[Any], tuple[Any, ...]], Any]
"""Makes a Python object of the results of the executable and the arguments of the call."""


def _host(raw: Any) -> Any:
    return np.asarray(Array(raw))


def _maker(output: Output, access: Accessors) -> Maker:
    """The function that makes one object of a result."""
    index = output.index
    match output.kind:
        case "array" | "scalar":
            return lambda raws, _: Array(raws[index])
        case "number":
            return lambda raws, _: read_number(raws[index])
        case "const":
            return lambda raws, _: output.value
        case "list_array":
            return lambda raws, _: _host(raws[index]).tolist()
        case "input":
            return _input_maker(output, access)
        case "masked":
            values_at, mask_at = (part.index for part in output.parts)
            return lambda raws, _: array(_host(raws[values_at])[_host(raws[mask_at])])
    makers = [_maker(part, access) for part in output.parts]
    assemble = _assembler(output)
    return lambda raws, values: assemble([make(raws, values) for make in makers])


def _input_maker(output: Output, access: Accessors) -> Maker:
    """A caller's object; of an Array, which cannot change, a new one with the content that it would have."""
    assert output.path is not None
    fetch = access.object(output.path)

    def make(raws: Sequence[Any], values: tuple[Any, ...]) -> Any:
        obj = fetch(*values)
        return obj if output.parts or isinstance(obj, np.ndarray) else Array(raws[output.index])

    return make


def _assembler(output: Output) -> Callable[[list[Any]], Any]:
    """What makes a container of its parts; the attributes of an existing instance stay a list."""
    cls, keys = output.cls, output.keys
    match output.kind:
        case "list":
            return lambda parts: parts
        case "dict":
            return lambda parts: dict(zip(keys, parts, strict=True))
        case "object":
            return lambda parts: parts if cls is None else _instance(cls, keys, parts)
    return tuple if cls is None else cls._make  # type: ignore[attr-defined]


def _instance(cls: Any, keys: Sequence[str], parts: Sequence[Any]) -> Any:
    obj = object.__new__(cls)
    _set_attributes(obj, keys, parts)
    return obj


def _set_attributes(obj: Any, keys: Sequence[str], parts: Sequence[Any]) -> None:
    for name, value in zip(keys, parts, strict=True):
        object.__setattr__(obj, name, value)


def _write_back(obj: Any, new: Any, keys: Sequence[str]) -> None:
    """Give a caller's object the content it has after the call; `keys` are the attributes of an instance."""
    if isinstance(obj, np.ndarray):
        obj[...] = np.asarray(new)
    elif isinstance(obj, list):
        obj[:] = new
    elif isinstance(obj, dict):
        obj.clear()
        obj.update(new)
    elif not isinstance(obj, Array):
        _set_attributes(obj, keys, new)


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
    print(*(message_value(part, words) for part in site.args), sep=site.sep, end=site.end, file=sys.stdout)  # noqa: T201
