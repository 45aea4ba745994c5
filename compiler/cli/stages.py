"""The stages of a program as lines that know their source line, and the lines of several stages side by side.

place   ssa                              stablehlo
3       %y: f64 = multiply %x, %x        %0 = stablehlo.multiply %arg0, %arg0
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

STAGES = ("source", "ssa", "python", "stablehlo", "hlo")

_MLIR_ALIAS = re.compile(r"#(loc\d*) = loc\((.*)\)$")
_MLIR_FILE = re.compile(r'"((?:[^"\\]|\\.)*)":(\d+):\d+')
_STRING = r'"(?:[^"\\]|\\.)*"'
_SSA_PLACE = re.compile(rf" loc\(({_STRING}) (\d+):\d+ \d+:\d+(?: in {_STRING})?\)")
_PYTHON_PLACE = re.compile(r"  # (.+):(\d+)$")
_MLIR_PLACE = re.compile(rf""" loc\(((?:[^()"]|{_STRING}|\((?:[^()"]|{_STRING})*\))*)\)""")
_HLO_FRAME = re.compile(r"stack_frame_id=(\d+)")
_HLO_METADATA = re.compile(rf""",? metadata=\{{(?:[^}}"]|{_STRING})*\}}""")
_HLO_TABLES = ("FileNames", "FunctionNames", "FileLocations", "StackFrames")


@dataclass(frozen=True)
class Line:
    """A line of a stage and the line of the user's file that it comes from, 0 where that is not known."""

    text: str
    source: int = 0


@dataclass(frozen=True)
class Row:
    """What stands beside one source line: for each stage the lines that come from it, in the stage's order."""

    source: int
    cells: tuple[tuple[Line, ...], ...]


def source_lines(text: str, first: int) -> list[Line]:
    """The lines of a function whose source starts at line `first`."""
    return [Line(line, number) for number, line in enumerate(text.rstrip().splitlines(), first)]


def ssa_lines(text: str, file: str) -> list[Line]:
    """SSA text printed with places; the places are taken off."""
    lines = []
    for line in text.rstrip().splitlines():
        match = _SSA_PLACE.search(line)
        known = match is not None and match[1].strip('"') == file
        lines.append(Line(_SSA_PLACE.sub("", line), int(match[2]) if match and known else 0))
    return lines


def python_lines(text: str, file: str) -> list[Line]:
    """Printed Python whose statements end with their place as a comment; the comments are taken off."""
    lines = []
    for line in text.rstrip().splitlines():
        match = _PYTHON_PLACE.search(line)
        known = match is not None and Path(match[1]).name == Path(file).name
        lines.append(Line(_PYTHON_PLACE.sub("", line), int(match[2]) if match and known else 0))
    return lines


def stablehlo_lines(text: str, file: str) -> list[Line]:
    """StableHLO text with locations; the locations and their table are taken off."""
    lines = text.rstrip().splitlines()
    aliases = {match[1]: match[2] for line in lines if (match := _MLIR_ALIAS.match(line))}
    places = [(line, _MLIR_PLACE.findall(line)) for line in lines if not line.startswith("#loc")]
    return [
        Line(_MLIR_PLACE.sub("", line), _mlir_line(found[-1], aliases, file) if found else 0) for line, found in places
    ]


def _mlir_line(location: str, aliases: dict[str, str], file: str) -> int:
    """The line of a location: its first place in the file, names and fused locations looked through."""
    for _ in range(8):
        match = next((m for m in _MLIR_FILE.finditer(location) if m[1] == file), None)
        if match:
            return int(match[2])
        expanded = re.sub(r"#(loc\d*)", lambda m: aliases.get(m[1], ""), location)
        if expanded == location:
            break
        location = expanded
    return 0


def hlo_lines(text: str, file: str) -> list[Line]:
    """Optimised HLO; the metadata and the tables that it points to are taken off."""
    tables, lines = _hlo_tables(text)
    names = {key: row.strip('"') for key, row in tables["FileNames"].items()}
    places = {
        key: int(match[2])
        for key, row in tables["FileLocations"].items()
        if (match := re.search(r"file_name_id=(\d+).* line=(\d+)", row)) and names.get(match[1]) == file
    }
    frames = {
        key: places.get(match[1], 0)
        for key, row in tables["StackFrames"].items()
        if (match := re.search(r"file_location_id=(\d+)", row))
    }
    return [
        Line(_HLO_METADATA.sub("", line), frames.get(match[1], 0) if (match := _HLO_FRAME.search(line)) else 0)
        for line in lines
    ]


def _hlo_tables(text: str) -> tuple[dict[str, dict[str, str]], list[str]]:
    """XLA's tables of places by name, each from number to row, and the lines that are program."""
    tables: dict[str, dict[str, str]] = {name: {} for name in _HLO_TABLES}
    lines: list[str] = []
    table: dict[str, str] | None = None
    for line in text.rstrip().splitlines():
        if line in tables:
            table = tables[line]
        elif not line:
            table = None
        elif table is not None:
            number, _, row = line.partition(" ")
            table[number] = row
        if line not in tables and table is None and (line or (lines and lines[-1])):
            lines.append(line)
    return tables, lines


READERS: dict[str, Callable[[str, str], list[Line]]] = {
    "ssa": ssa_lines,
    "python": python_lines,
    "stablehlo": stablehlo_lines,
    "hlo": hlo_lines,
}


def align(stages: Sequence[Iterable[Line]]) -> list[Row]:
    """Rows by source line. Each stage keeps its order, so a line that has moved may stand beside another one."""
    placed = [_rows(list(lines)) for lines in stages]
    numbers = sorted({number for stage in placed for number, _ in stage})
    return [Row(n, tuple(tuple(line for number, line in stage if number == n) for stage in placed)) for n in numbers]


def _rows(lines: list[Line]) -> list[tuple[int, Line]]:
    """The row of each line: as many lines as possible stand in their own; the others stay with the line above."""
    kept = set(_longest_ascending([line.source for line in lines]))
    row, placed = 0, []
    for number, line in enumerate(lines):
        row = line.source if number in kept else row
        placed.append((row, line))
    return placed


def _longest_ascending(numbers: Sequence[int]) -> Iterator[int]:
    """Positions, from the last, of a longest subsequence that never descends; zeros do not count."""
    ends: list[int] = []  # ends[k]: the least number that ends a subsequence of k + 1
    positions: list[int] = []  # and its position
    before: dict[int, int | None] = {}
    for position, number in enumerate(numbers):
        if number:
            length = bisect_right(ends, number)
            before[position] = positions[length - 1] if length else None
            ends[length:] = [number, *ends[length + 1 :]]
            positions[length:] = [position, *positions[length + 1 :]]
    at = positions[-1] if positions else None
    while at is not None:
        yield at
        at = before[at]
