"""Finds whole-array copies inside loops in optimised HLO: what in-place updates must not become.

    %body … { %copy.3 = f64[1000000]{0} copy(%get-tuple-element.7), metadata={… stack_frame_id=3} }

The text is `Executable.optimized_hlo()`. A computation counts as inside a loop if a `while` body reaches it by calls,
fusions or branches; loops in native regions keep their own computations, so they are seen too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

_COMPUTATION = re.compile(r"^(?:ENTRY )?%?([\w.\-]+) \(.*\{$")
_INSTRUCTION = re.compile(
    r"^\s+(?:ROOT )?%?([\w.\-]+) = (\(?[a-z]+\d*(?:e\d\w*)?\[[^=]*?|\(.*?\)|[a-z]+\d*\[[\d,]*\]\S*) ([\w\-]+)\((.*)$"
)
_SHAPE = re.compile(r"^\(?([a-z]+)(\d*)\[([\d,]*)\]")
_CALLEE = re.compile(
    r"(?:body|calls|to_apply|true_computation|false_computation)=%?([\w.\-]+)|branch_computations=\{([^}]*)\}"
)
_BODY = re.compile(r"body=%?([\w.\-]+)")
_FRAME_OF = re.compile(r"stack_frame_id=(\d+)")
_FILE = re.compile(r'^(\d+) "(.*)"$', re.MULTILINE)
_LOCATION = re.compile(r"^(\d+) \{file_name_id=(\d+) function_name_id=\d+ line=(\d+)", re.MULTILINE)
_FRAME = re.compile(r"^(\d+) \{file_location_id=(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Finding:
    """A copy of `bytes` bytes in each trip of a loop, and the source line XLA names for it (line 0: none)."""

    instruction: str
    bytes: int
    file: str
    line: int


@dataclass(frozen=True)
class _Instruction:
    name: str
    shape: str
    opcode: str
    rest: str


def find_copies(hlo: str, min_bytes: int = 1024) -> list[Finding]:
    """Copies of at least `min_bytes` in loop bodies, fusions that do nothing else included, in order of the text."""
    computations, places = _parse(hlo), _places(hlo)
    inside = _inside_loops(computations)
    return [
        _finding(instruction, places)
        for name, instructions in computations.items()
        if name in inside
        for instruction in instructions
        if _bytes(instruction.shape) >= min_bytes and _is_copy(instruction, computations)
    ]


def _parse(hlo: str) -> dict[str, list[_Instruction]]:
    computations: dict[str, list[_Instruction]] = {}
    current: list[_Instruction] = []
    for line in hlo.splitlines():
        if head := _COMPUTATION.match(line):
            current = computations.setdefault(head[1], [])
        elif match := _INSTRUCTION.match(line):
            current.append(_Instruction(match[1], match[2], match[3], match[4]))
    return computations


def _callees(instruction: _Instruction) -> Iterable[str]:
    for one, several in _CALLEE.findall(instruction.rest):
        yield from [one] if one else re.findall(r"[\w.\-]+", several)


def _inside_loops(computations: dict[str, list[_Instruction]]) -> set[str]:
    instructions = [i for body in computations.values() for i in body]
    pending = [m[1] for i in instructions if i.opcode == "while" and (m := _BODY.search(i.rest))]
    inside: set[str] = set()
    while pending:
        name = pending.pop()
        if name not in inside:
            inside.add(name)
            calls = [i for i in computations.get(name, []) if i.opcode != "fusion"]
            pending += [callee for i in calls for callee in _callees(i)]
    return inside


def _is_copy(instruction: _Instruction, computations: dict[str, list[_Instruction]]) -> bool:
    if instruction.opcode == "copy":
        return True
    if instruction.opcode != "fusion":
        return False
    bodies = [computations.get(name, []) for name in _callees(instruction)]
    return any({i.opcode for i in body} <= {"parameter", "copy", "bitcast"} for body in bodies)


def _bytes(shape: str) -> int:
    match = _SHAPE.match(shape)
    if match is None or shape.startswith("("):
        return 0
    bits = 8 if match[1] == "pred" else int(match[2] or 0)
    return prod(int(d) for d in match[3].split(",") if d) * bits // 8


def _places(hlo: str) -> dict[str, tuple[str, int]]:
    """File and line of each stack frame id, from the tables at the head of the text."""
    files = dict(_FILE.findall(hlo.partition("FunctionNames")[0]))
    lines = {number: (files.get(file, ""), int(line)) for number, file, line in _LOCATION.findall(hlo)}
    return {number: lines.get(location, ("", 0)) for number, location in _FRAME.findall(hlo)}


def _finding(instruction: _Instruction, places: dict[str, tuple[str, int]]) -> Finding:
    frame = _FRAME_OF.search(instruction.rest)
    file, line = places.get(frame[1], ("", 0)) if frame else ("", 0)
    return Finding(instruction.name, _bytes(instruction.shape), file, line)
