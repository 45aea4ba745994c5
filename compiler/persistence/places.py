"""Places in the source that stay right when lines move: an instruction of a code object instead of a line.

    def f(x):                                   the place of `x[9]` is ["code", name of f's code, [], instruction 3, …];
        return x[9]                             with a comment above f it is found one line further down

A hit of the cache means that the instructions are the same, not that the lines are. Places in hloc's own library, which
is part of every key, are kept by file and line.
"""

from __future__ import annotations

import os
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from hloc.diagnostics import span as here
from hloc.diagnostics.span import NOWHERE, Span
from hloc.persistence.codecs import Json, RecordError, expect

_HOME = os.path.dirname(os.path.dirname(os.path.abspath(here.__file__))) + os.sep

Position = tuple[int | None, int | None, int | None, int | None]
"""Line, last line, column and last column of an instruction, columns in bytes."""


def write_place(span: Span, codes: Iterable[tuple[Json, types.CodeType]]) -> Json:
    """A place as JSON; `codes` are the code objects that have names. One in none of them loses its line."""
    if span.line == 0:
        return None
    if span.file.startswith(_HOME):
        return ["library", span.file[len(_HOME) :], span.line, span.column, span.function, span.sweep]
    best: tuple[tuple[int, ...], Json] | None = None
    for name, outer in codes:
        if outer.co_filename == span.file:
            for way, code in nested(outer):
                rank, index, line = _nearest(span, code)
                if best is None or rank < best[0]:
                    function = None if span.function == code.co_name else span.function
                    best = rank, ["code", name, list(way), index, span.line - line, function, span.sweep]
    return ["function", span.function, span.sweep] if best is None else best[1]


def read_place(data: Json, find: Callable[[Json], Any]) -> Span:
    """The place there now; `find` gives the code object of a name. Raises RecordError."""
    if data is None:
        return NOWHERE
    expect(type(data) is list and len(data) > 0, "a place", data)
    kind: Any = data[0]
    parts: list[Any] = data[1:]
    match [kind, *map(type, parts)]:
        case ["library", *found] if found == [str, int, int, str, int]:
            file, line, column, function, sweep = parts
            return Span(_HOME + file, line, column, line, column, function, sweep)
        case ["function", *found] if found == [str, int]:
            return Span(NOWHERE.file, 0, 0, 0, 0, *parts)
        case ["code", _, *found] if found in ([list, int, int, str, int], [list, int, int, type(None), int]):
            return _in_code(parts, find)
    raise RecordError(f"a place is needed, found {data!r}")


def _in_code(parts: Sequence[Any], find: Callable[[Json], Any]) -> Span:
    name, way, index, further, function, sweep = parts
    code = _inner(find(name), way)
    positions = [*code.co_positions()]
    expect(0 <= index < len(positions), f"an instruction of {code.co_name}", index)
    line, last, column, end = positions[index]
    line = (line or code.co_firstlineno) + further
    function = code.co_name if function is None else function
    return Span(code.co_filename, line, column or 0, max(last or 0, line), end or 0, function, sweep)


def nested(code: types.CodeType, way: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], types.CodeType]]:
    """The code object and those of functions, lambdas and classes in it, with the constants that lead to them."""
    yield way, code
    for number, constant in enumerate(code.co_consts):
        if isinstance(constant, types.CodeType):
            yield from nested(constant, (*way, number))


def _inner(code: Any, way: Sequence[int]) -> types.CodeType:
    for number in way:
        expect(isinstance(code, types.CodeType) and type(number) is int, "a function", way)
        expect(0 <= number < len(code.co_consts), "a function", way)
        code = code.co_consts[number]
    expect(isinstance(code, types.CodeType), "a function", way)
    return code  # type: ignore[no-any-return]


def _nearest(span: Span, code: types.CodeType) -> tuple[tuple[int, ...], int, int]:
    """How far an instruction of the code is from a place (small is near), its number, and its line."""
    positions = enumerate(code.co_positions())
    rank, index = min(((_distance(span, position, code), j) for j, position in positions))
    line = [*code.co_positions()][index][0]
    return rank, index, line or code.co_firstlineno


def _distance(span: Span, position: Position, code: types.CodeType) -> tuple[int, ...]:
    line, last, column, end = position
    other_name = int(bool(span.function) and code.co_name != span.function)
    if line is None:
        return (abs(span.line - code.co_firstlineno) + 1_000_000, 0, other_name, 0)
    far_column = abs((column or 0) - span.column) + abs((end or 0) - span.end_column)
    return (abs(line - span.line), abs((last or line) - span.end_line), other_name, far_column)
