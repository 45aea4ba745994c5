"""Values that are Python's own numbers in the printed program: loop counters and simple arithmetic on them.

NumPy lets a Python number take the type of the array or NumPy scalar that it meets (NEP 50), so `k + n` is int64
when n is. Where nothing gives it a type, and where a value leaves (results, loop variables, calls), it is written
`np.int64(k)`.
"""

from __future__ import annotations

from hloc.ir.core import Block, Function, Op, Value
from hloc.ir.to_python.ranges import FULL, Ranges
from hloc.ir.types import B1, I64

_ARITHMETIC = ("add", "subtract", "multiply", "floor_divide", "floor_mod")
_LOGIC = ("and", "or", "xor")


def weak_values(function: Function) -> set[Value]:
    """i64 and b1 scalars that are int and bool at run time."""
    finder = _Finder(Ranges(function.block))
    finder.visit(function.block)
    return finder.weak


class _Finder:
    """Goes through blocks in order; a value is weak when its operands are and it cannot overflow."""

    def __init__(self, ranges: Ranges) -> None:
        self.ranges = ranges
        self.weak: set[Value] = set()
        self.constants: set[Value] = set()

    def visit(self, block: Block) -> None:
        leaving = set(block.results)
        for op in block.ops:
            if op.name in ("call", "while", "for"):
                leaving.update(op.operands[op.name == "for" :])
        for op in block.ops:
            self.op(op, leaving)

    def op(self, op: Op, leaving: set[Value]) -> None:
        if op.name in ("for", "while"):
            self.weak.add(op.regions[-1].args[0])
        for region in op.regions:
            self.visit(region)
        if op.name == "while" and len(op.results) > len(op.regions[1].results):
            self.weak.add(op.results[0])
        elif op.name == "constant" and op.result.type in (I64, B1):
            self.constants.add(op.result)
        elif op.name == "clamp_index" or (self._computes_weakly(op) and op.result not in leaving):
            self.weak.add(op.result)

    def _computes_weakly(self, op: Op) -> bool:
        operands = set(op.operands)
        if not operands & self.weak or operands - self.weak - self.constants:
            return False
        if op.name in _ARITHMETIC:
            return self.ranges.of(op.result) != FULL and self._divides_safely(op)
        return op.name == "compare" or (op.name in _LOGIC and op.result.type == B1)

    def _divides_safely(self, op: Op) -> bool:
        return not op.name.startswith("floor") or self.ranges.of(op.operands[1])[0] > 0
