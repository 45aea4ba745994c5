"""Which values are written inside the expression of their user instead of getting a variable.

Small constants always; the only use of an unnamed value in the same block, when nothing that it reads is written on
the way and the line stays short. Values with the user's names keep their own line, unless they only give a variable
of the same name its next value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from hloc.ir.core import Block, Function, Op, Value, walk
from hloc.ir.names import base_name
from hloc.ir.to_python.memory import Classes
from hloc.ir.to_python.prepare import is_small_constant, use_counts
from hloc.ir.to_python.templates import text_shape

LONGEST_LINE = 84
LONGEST_PART = 56
LONGEST_REPEATED = 8
_STATEMENTS = ("upd", "if", "switch", "while", "for")


class Nesting:
    """`ops` maps each nested value to the op that defines it. `written`: operations other than `upd` that write some of
    their operands, with these."""

    def __init__(self, function: Function, classes: Classes, written: Mapping[Op, Sequence[Value]]) -> None:
        self.ops: dict[Value, Op] = {}
        self._classes = classes
        self._written = written
        self._counts = use_counts(function.block)
        self._lengths: dict[Value, int] = {}
        self._visit(function.block, [])

    def _visit(self, block: Block, targets: Sequence[str]) -> None:
        """`targets` are the names that the results of the block are assigned to."""
        scope = _Scope(block, self._classes, self._written)
        for at, op in enumerate(block.ops):
            self._nest_operands(op, at, scope)
            self._measure(op)
            for region, names in zip(op.regions, _region_targets(op), strict=True):
                self._visit(region, names)
        if not targets:
            self._nest(block.results, len(block.ops), scope, Counter(block.results), 8)
        for value, target in zip(block.results, targets, strict=False):
            self._nest([value], len(block.ops), scope, {value: 1}, 8, target)

    def _nest_operands(self, op: Op, at: int, scope: _Scope) -> None:
        length, holes = text_shape(op)
        length += LONGEST_LINE - LONGEST_PART if op.name == "broadcast_in_dim" else 0  # it is nested itself
        uses: Counter[Value] = Counter()
        for i, value in enumerate(op.operands):
            uses[value] += holes[i]
        if op.name in ("for", "while"):
            args = op.regions[-1].args[1:]
            first = len(op.operands) - len(args)
            self._nest(op.operands[:first], at, scope, uses, length)
            for arg, value in zip(args, op.operands[first:], strict=True):
                self._nest([value], at, scope, uses, length, arg.name)
        else:
            self._nest(op.operands, at, scope, uses, length)

    def _nest(
        self,
        values: Sequence[Value],
        at: int,
        scope: _Scope,
        uses: dict[Value, int],
        length: int,
        target: str = "",
    ) -> None:
        """Nest operands of a statement at `at` where that is possible, shortest first, while the line has room."""
        room = LONGEST_LINE - length - sum(uses[v] * len(v.name or "t") for v in values)
        for value in sorted(dict.fromkeys(values), key=self._tree_length):
            op = scope.made.get(value)
            if op is None or op.name in _STATEMENTS or op in self._written:
                continue
            grows = uses[value] * (self._tree_length(value) - len(value.name or "t"))
            if self._is_atom(op):
                self.ops[value] = op
            elif grows <= room and _gives_way(op, target) and self._may_nest(op, at, scope, uses):
                self.ops[value] = op
                room -= grows

    def _is_atom(self, op: Op) -> bool:
        """Whether an op is written in place wherever it is used: a constant, or one repeated; or where it is used,
        whatever the length: a number as an array, to be put into another."""
        repeated = (
            op.name == "broadcast_in_dim" and op.operands[0] in self.ops and self._is_atom(self.ops[op.operands[0]])
        )
        stacked = op.name == "reshape" and not op.operands[0].type.rank and self._counts[op.result] == 1
        return repeated or stacked or is_small_constant(op)

    def _may_nest(self, op: Op, at: int, scope: _Scope, uses: dict[Value, int]) -> bool:
        longest = {1: LONGEST_PART, 2: LONGEST_REPEATED}.get(uses[op.result], 0)
        once = self._counts[op.result] == 1 and self._tree_length(op.result) <= longest
        return once and scope.may_move(op, at, self._reads(op))

    def _reads(self, op: Op) -> set[Value]:
        """Classes of memory that an expression reads."""
        found: set[Value] = set()
        pending = [op]
        while pending:
            for value in pending.pop().operands:
                if value in self.ops:
                    pending.append(self.ops[value])
                elif value.type.rank:
                    found.add(self._classes.find(value))
        return found

    def _tree_length(self, value: Value) -> int:
        """Characters of the expression of a value, about; asked for after the operands of its op were decided on."""
        return self._lengths.get(value, len(value.name or "t"))

    def _measure(self, op: Op) -> None:
        length, holes = text_shape(op)
        for i, value in enumerate(op.operands):
            nested = value in self.ops
            length += holes[i] * (self._tree_length(value) + 1 if nested else len(value.name or "t"))
        self._lengths.update((result, length) for result in op.results)


class _Scope:
    """Single results by op, and where memory is written, in one block."""

    def __init__(self, block: Block, classes: Classes, written: Mapping[Op, Sequence[Value]]) -> None:
        self.made = {op.results[0]: op for op in block.ops if len(op.results) == 1}
        self.places = {op: at for at, op in enumerate(block.ops)}
        self.writes = [
            (at, classes.find(value))
            for at, op in enumerate(block.ops)
            for write in walk(Block(ops=[op]))
            for value in (write.operands[:1] if write.name == "upd" else written.get(write, ()))
        ]

    def may_move(self, op: Op, to: int, reads: set[Value]) -> bool:
        """Whether nothing in `reads` is written between the op and the place `to`."""
        return not any(self.places[op] < at < to and written in reads for at, written in self.writes)


def _gives_way(op: Op, target: str) -> bool:
    """Whether a value needs no line of its own: it has no name, or the one of the variable that it is assigned to."""
    name = op.result.name
    return not name or op.name in ("clamp_index", "copy") or (base_name(name) == base_name(target) and bool(target))


def _region_targets(op: Op) -> list[Sequence[str]]:
    """For each region of an op, the names of the variables that its results are assigned to."""
    if op.name == "for":
        return [[v.name for v in op.regions[0].args[1:]]]
    if op.name == "while":
        return [[], [v.name for v in op.regions[1].args[1:]]]
    return [[v.name for v in op.results] for _ in op.regions]
