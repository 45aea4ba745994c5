"""How the entry of a printed program looks to its caller: the user's parameters, and results as the user gets them.

def grad_loss(params, x):
    params_0, params_1 = params[0], params[1]
    …
    return (params_0_bar, params_1_bar)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gast

from hloc.ir.core import Function, Op, Value, walk
from hloc.ir.to_python import trees

LONGEST_LINE = 100


@dataclass(frozen=True)
class Face:
    """The signature of the entry.

    Fields:
        name, parameters: as it is defined; `captured` can only be given by name.
        documentation: its docstring.
        inputs: for each parameter of the program, its text, such as "params[0]".
        conversions: how it gets its type: a text with {} for it, "" where the caller gives an array of the type.
        numbers: whether it is a Python number, which needs a conversion only where it meets no NumPy value.
        result: the text of what is returned, `_0_` standing for the first result of the program.
    """

    name: str
    parameters: tuple[str, ...]
    captured: tuple[str, ...]
    documentation: str
    inputs: tuple[str, ...]
    conversions: tuple[str, ...]
    numbers: tuple[bool, ...]
    result: str

    @property
    def roots(self) -> set[str]:
        """Parameters that are taken apart, so that no variable may have their name."""
        return {*self.parameters, *self.captured} - set(self.inputs)


def unpacking(face: Face, function: Function, names: Mapping[Value, str], counts: Counter[Value]) -> list[Any]:
    """Statements that give the variables of the program's parameters their values."""
    plain = _free_of_conversion(function, face)
    pairs: list[tuple[str, str]] = []
    for j, value in enumerate(function.params):
        source = face.inputs[j]
        if face.conversions[j] and value not in plain:
            source = face.conversions[j].format(source)
        if counts[value] and source != names[value]:
            pairs.append((names[value], source))
    return [_assignment(group) for group in _lines(pairs)]


def _lines(pairs: Sequence[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """Assignments in one line as long as there is room."""
    lines: list[list[tuple[str, str]]] = []
    length = LONGEST_LINE
    for name, source in pairs:
        length += len(name) + len(source) + 4
        if length > LONGEST_LINE:
            lines.append([])
            length = len(name) + len(source) + 7
        lines[-1].append((name, source))
    return lines


def _assignment(pairs: Sequence[tuple[str, str]]) -> Any:
    sources = [trees.expression(source) for _, source in pairs]
    value = sources[0] if len(sources) == 1 else gast.Tuple(sources, gast.Load())
    return trees.assign(trees.target([name for name, _ in pairs]), value)


def _free_of_conversion(function: Function, face: Face) -> set[Value]:
    """Python numbers that meet only arrays, or count trips: NumPy gives the right type to what is made of them."""
    plain = {value for value, number in zip(function.params, face.numbers, strict=True) if number}
    loose = plain | {op.result for op in walk(function.block) if op.name == "constant"}
    for op in walk(function.block):
        allowed = _allowed(op, loose)
        plain -= {v for j, v in enumerate(op.operands) if j not in allowed}
        for region in op.regions:
            plain -= set(region.results)
    return plain - set(function.results)


def _allowed(op: Op, loose: set[Value]) -> set[int]:
    """Operands that may be Python numbers."""
    if op.name == "for":
        return {0}
    if op.name == "broadcast_in_dim":
        return {0}
    if op.name in ("read", "upd"):
        return set(range(1 + (op.name == "upd"), len(op.operands)))
    arithmetic = op.name in ("compare", "add", "subtract", "multiply", "divide")
    if arithmetic and op.operands[0].type.dtype.kind in "fc" and not loose.issuperset(op.operands):
        return {0, 1}
    return set()
