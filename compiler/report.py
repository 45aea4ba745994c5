"""What `hloc explain` tells about a program: which error checks are left after simplification."""

from __future__ import annotations

from hloc.ir.core import Block, Op, Value, walk
from hloc.program import Program, TapeOverflow


def remaining_error_sites(program: Program) -> list[int]:
    """Numbers (from 1) of the error sites that the program may still report, in order."""
    if not program.error_words:
        return []
    block = program.module.entry.block
    codes = sorted(_codes(block, block.results[program.error_index]))
    return [code for code in codes if program.error_sites[code - 1].exception is not TapeOverflow]


def _codes(block: Block, status: Value) -> set[int]:
    """The constants that can reach a status value through selects, branches and loops."""
    producers: dict[Value, tuple[Op, int]] = {}
    arguments: dict[Value, list[Value]] = {}
    for op in walk(block):
        producers.update((result, (op, j)) for j, result in enumerate(op.results))
        if op.name in ("for", "while"):
            _enter_carries(op, arguments)
    found: set[int] = set()
    seen: set[Value] = set()
    pending = [status]
    while pending:
        value = pending.pop()
        if value in seen:
            continue
        seen.add(value)
        if value in producers:
            op, j = producers[value]
            if op.name == "constant":
                found.add(int(op.attrs["value"]))
            pending += _sources(op, j)
        pending += arguments.get(value, [])
    return found - {0}


def _enter_carries(op: Op, arguments: dict[Value, list[Value]]) -> None:
    body = op.regions[-1]
    initial = op.operands[1:] if op.name == "for" else op.operands
    for arg, start, end in zip(body.args[1:], initial, body.results, strict=True):
        arguments[arg] = [start, end]


def _sources(op: Op, position: int) -> list[Value]:
    """The values that result number `position` of an op may be."""
    if op.name == "select":
        return list(op.operands[1:])
    if op.name in ("if", "switch"):
        return [region.results[position] for region in op.regions]
    if op.name == "for":
        return [op.operands[1 + position], op.regions[0].results[position]]
    if op.name == "while" and position:
        return [op.operands[position - 1], op.regions[1].results[position - 1]]
    return []
