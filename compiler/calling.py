"""Calling a compiled program: guards, inputs, errors, prints, write-back, results. The hot path of every call."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from hloc.diagnostics.span import Span
from hloc.direct import CallWriter, read_number
from hloc.donation import Given, lent, taken
from hloc.program import (
    HostStatus,
    Machine,
    MessagePart,
    Overflow,
    PrintOverflow,
    PrintSite,
    Program,
    Recipe,
    StackOverflow,
    TapeOverflow,
)
from hloc.results import Change, Makers, change, make_all, refuse_overlap, refuse_read_only, repeated_arrays
from hloc.runtime.array import Array, give_up
from hloc.runtime.buffers import buffers
from hloc.runtime.executable import Caller, Executable, note_caller

_GROWTH = 16
"""How many times more room a recursion gets for its next try: compiling again takes longer than running again."""


class BoundProgram(Caller):
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
        self._given = Given(program, access)
        self._taken = taken(program, machines=bool(machines))
        self._lent = lent(program, machines=bool(machines))
        self._put = buffers(executable.backend).put
        self._repeated = repeated_arrays(program)
        makers = Makers(access, self._repeated, self._given.paths)
        self._result = makers.maker(program.output)
        self._contents = [makers.maker(write_back.output) for write_back in program.write_backs]
        self._plain = not (program.write_backs or program.print_capacity or program.error_words or machines)
        plain = self._plain and not self._repeated
        make = self._result if plain else self._finish
        self._is_short = access.is_short(program)
        self.attempt = access.attempt(
            program, executable, self.call, make, self._run_and_write, plain=plain, taken=self._taken
        )
        note_caller(self)

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
            refuse_overlap(inputs)
        for j in self._taken:
            if type(inputs[j]) is np.ndarray and inputs[j].dtype.isnative:
                inputs[j] = self._put(inputs[j])
        if self._given.paths:
            return self._use_up(inputs, values)
        if self.program.write_backs:
            return self._run_and_write(inputs, None, values, not self._is_short(*values), [])
        return self._finish(self._execute(inputs, values), values)

    def _execute(self, inputs: list[Any], values: tuple[Any, ...]) -> list[Any]:
        return self.executable.execute(inputs, apart=not self._is_short(*values))

    def _run_and_write(
        self,
        inputs: Sequence[Any],
        holds: list[Any] | None,
        values: tuple[Any, ...],
        apart: bool,
        found: list[list[Any]],
    ) -> Any:
        """A call that writes to its arguments: all of them or none, also where a signal handler raises.

        holds: None where the inputs are still to be brought to the device.   found: gets the results.
        """
        written = self._written(*values)  # now, as what the paths lead to may be moved by changes
        refuse_read_only(written)
        changes: list[Change] = []
        try:
            if holds is None:
                raws = self.executable.execute(inputs, apart=apart, found=found, kept=self._lent)
            else:
                raws = self.executable.run_placed(inputs, holds, apart=apart, found=found, kept=self._lent)
            return self._finish(raws, values, written, changes)
        except BaseException:
            if found and self._lent and not changes:  # what the results are made of is gone
                changes.extend(
                    self._changes(self._with_repeated(self.executable.own(found[0])), values, written, again=True)
                )
            make_all(changes)
            raise

    def _use_up(self, inputs: list[Any], values: tuple[Any, ...]) -> Any:
        """A call that takes Arrays for good, also if the function raises; not if it is run again."""
        arrays = self._given.arrays(values)
        found: list[list[Any]] = []
        try:
            return self._run_and_write(inputs, None, values, not self._is_short(*values), found)
        except Overflow:
            found.clear()
            raise
        finally:
            for obj, where in arrays if found else ():
                give_up(obj, where)

    def counts(self, values: tuple[Any, ...], number: int) -> list[int]:
        """The last `number` results before the token of recursion, of a call without effects.

        Raises: StackOverflow and TapeOverflow, for another try with room.
        """
        raws = self._execute(self._inputs(*values), values)
        if self.machines and (token := read_number(raws[-1])):
            raise self._too_deep(token)
        if self.program.error_words and isinstance(error := self._error(raws), TapeOverflow):
            raise error
        end = len(raws) - bool(self.machines)
        return [read_number(raw) for raw in raws[end - number : end]]

    def _finish(
        self,
        raws: Sequence[Any],
        values: tuple[Any, ...],
        written: Sequence[Any] = (),
        changes: list[Change] | None = None,
    ) -> Any:
        """What a call does with the results of the executable.

        written: the objects to write to.   changes: gets what is to be written, before it is.
        """
        if self._plain:
            return self._result(self._with_repeated(raws), values)
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
        raws = self._with_repeated(raws)
        result = self._result(raws, values)  # before the changes, which may move what the paths lead to
        if changes is not None:
            changes.extend(self._changes(raws, values, written))
            make_all(changes)
        return result

    def _changes(
        self, raws: Sequence[Any], values: tuple[Any, ...], written: Sequence[Any], *, again: bool = False
    ) -> list[Change]:
        """What is to be written to the objects.

        again: after an interrupted call. On devices that may still be at work, only to Arrays, which need not wait.
        """
        all_ready = not again or self.executable.backend.platform == "cpu"
        return [
            change(obj, content(raws, values), write_back.output.keys)
            for obj, content, write_back in zip(written, self._contents, self.program.write_backs, strict=True)
            if all_ready or type(obj) is Array
        ]

    def _with_repeated(self, raws: Sequence[Any]) -> Sequence[Any]:
        """Behind the results of the executable, an Array for each that is handed out more than once."""
        return [*raws, *(Array(raws[j]) for j in self._repeated)] if self._repeated else raws

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
