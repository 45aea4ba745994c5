"""The stages of a program as lines that know their source line, and the lines of several stages side by side.

place   ssa                              stablehlo
3       %y: f64 = multiply %x, %x        %0 = stablehlo.multiply %arg0, %arg0
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

STAGES = ("source", "ssa", "python", "stablehlo", "hlo")

_SSA_PLACE = re.compile(r' loc\(("(?:[^"\\]|\\.)*") (\d+):\d+ \d+:\d+[^)]*\)$')
_MLIR_ALIAS = re.compile(r"#(loc\d*) = loc\((.*)\)$")
_MLIR_FILE = re.compile(r'"((?:[^"\\]|\\.)*)":(\d+):\d+')
_MLIR_PLACE = re.compile(r" loc\((#loc\d*|.*)\)$")
_HLO_PLACE = re.compile(r'source_file="([^"]*)" source_line=(\d+)')
_HLO_METADATA = re.compile(r",? metadata=\{[^}]*\}")


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
    """Printed Python, which carries no places."""
    del file
    return [Line(line) for line in text.rstrip().splitlines()]


def stablehlo_lines(text: str, file: str) -> list[Line]:
    """StableHLO text with locations; the locations and their table are taken off."""
    lines = text.rstrip().splitlines()
    aliases = {match[1]: match[2] for line in lines if (match := _MLIR_ALIAS.match(line))}
    return [
        Line(
            _MLIR_PLACE.sub("", line),
            _mlir_line(match[1] if (match := _MLIR_PLACE.search(line)) else "", aliases, file),
        )
        for line in lines
        if not line.startswith("#loc")
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
    """Optimised HLO; the metadata is taken off."""
    lines = []
    for line in text.rstrip().splitlines():
        match = _HLO_PLACE.search(line)
        lines.append(Line(_HLO_METADATA.sub("", line), int(match[2]) if match and match[1] == file else 0))
    return lines


READERS: dict[str, Callable[[str, str], list[Line]]] = {
    "ssa": ssa_lines,
    "python": python_lines,
    "stablehlo": stablehlo_lines,
    "hlo": hlo_lines,
}


def align(stages: Sequence[Iterable[Line]]) -> list[Row]:
    """Rows by source line. Each stage keeps its order: a line never stands above the one before it.

    A line without a place, or one that comes from an earlier source line than the line above it, stays with that line.
    """
    placed = [_running(lines) for lines in stages]
    numbers = sorted({number for stage in placed for number, _ in stage})
    return [Row(n, tuple(tuple(line for number, line in stage if number == n) for stage in placed)) for n in numbers]


def _running(lines: Iterable[Line]) -> list[tuple[int, Line]]:
    row, placed = 0, []
    for line in lines:
        row = max(row, line.source)
        placed.append((row, line))
    return placed
