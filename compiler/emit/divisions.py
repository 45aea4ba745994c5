"""Floor division of integers by powers of two → shifts and masks, which are exact for negative numbers as well.

%q = floor_divide %x, 8   →   %q = shift_right_arithmetic %x, 3
%r = floor_mod %x, 8      →   %r = and %x, 7
"""

from __future__ import annotations

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Op, Value, walk
from hloc.ops.elementwise import And, FloorDivide, FloorMod, ShiftRightArithmetic, ShiftRightLogical
from hloc.ops.shape import Constant


def reduce_divisions(function: Function) -> None:
    """Rewrite the divisions of a function, in place."""
    constants = {op.result: op.attrs["value"] for op in walk(function.block) if op.kind is Constant}
    _rewrite(function.block, constants)


def _rewrite(block: Block, constants: dict[Value, np.ndarray]) -> None:
    old, block.ops = block.ops, []
    for op in old:
        for region in op.regions:
            _rewrite(region, constants)
        divisor = _power_of_two(op, constants)
        if divisor is None:
            block.ops.append(op)
        else:
            _reduce(Builder(block, op.span), op, divisor)


def _power_of_two(op: Op, constants: dict[Value, np.ndarray]) -> int | None:
    """The divisor of a floor division by one power of two in all elements."""
    if op.kind not in (FloorDivide, FloorMod) or op.result.type.dtype.kind not in "iu":
        return None
    value = constants.get(op.operands[1])
    if value is None or not value.size or (value != value.flat[0]).any():
        return None
    divisor = int(value.flat[0])
    return divisor if divisor > 0 and divisor & (divisor - 1) == 0 else None


def _reduce(b: Builder, op: Op, divisor: int) -> None:
    type = op.result.type
    shift = ShiftRightArithmetic if type.dtype.kind == "i" else ShiftRightLogical
    kind, operand = (shift, divisor.bit_length() - 1) if op.kind is FloorDivide else (And, divisor - 1)
    b.emit(kind, op.operands[0], b.emit(Constant, value=np.full(type.shape, operand, type.dtype)))
    b.block.ops[-1].results = op.results
