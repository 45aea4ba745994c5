"""What a lane costs on a CPU: run after the others, or together with them. In ns, from measurements of each operation.

Alone, an operation waits for the one before it; together, those of other lanes fill the gaps and vector instructions
take several at a time. But lanes that leave a loop early wait for the rest, and all sides of a branch are computed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hloc.ir.core import Block, Op, Value
from hloc.transform.lanes.carries import window_access
from hloc.transform.lanes.expand import Lanes

ARITHMETIC = (0.7, 0.1)
INTEGER = (0.3, 0.15)
"""Adds, compares, selects, logic; integers have short delays, and vectors of 64 bits help them less."""
ALONE_AND_TOGETHER = {
    "divide": (3.0, 0.3),
    "sqrt": (5.0, 0.5),
    "rsqrt": (5.0, 0.5),
    "cbrt": (20.0, 20.0),
    "exponential": (20.0, 1.5),
    "exponential_minus_one": (26.0, 2.8),
    "logistic": (20.0, 2.0),
    "tanh": (18.0, 1.4),
    "log": (12.0, 3.0),
    "log_plus_one": (16.0, 5.0),
    "sine": (10.0, 18.0),
    "cosine": (10.0, 18.0),
    "tan": (20.0, 30.0),
    "power": (28.0, 10.5),
    "atan": (22.0, 12.0),
    "atan2": (25.0, 14.0),
    "erf": (33.0, 13.5),
}
DIVISION = (4.5, 1.3)
"""Of integers, by other numbers than powers of two."""
MOVES = frozenset(
    {"reshape", "broadcast_in_dim", "transpose", "slice", "concatenate", "pad", "reverse", "iota", "copy"}
)
FREE = frozenset({"constant", "empty", "barrier"})
PLAIN = frozenset(
    {
        *("add", "subtract", "multiply", "negate", "abs", "sign", "minimum", "maximum", "mul0", "compare", "select"),
        *("and", "or", "xor", "not", "convert", "floor", "ceil", "trunc", "round_nearest_even", "is_finite", "popcnt"),
        *("shift_left", "shift_right_arithmetic", "shift_right_logical", "bitcast_convert"),
    }
)
SCATTERED_STORE = (2.5, 5.0)
FEW = 8
"""Elements of an array in one lane from which vector instructions are used within the lane."""
TRIPS = 16
"""As often an inner loop is taken to run."""


@dataclass(frozen=True)
class Cost:
    """The ns of a lane alone, and of one among many together."""

    alone: float = 0.0
    together: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.alone + other.alone, self.together + other.together)

    def times(self, count: float) -> Cost:
        return Cost(self.alone * count, self.together * count)


def cost_of(lanes: Lanes) -> Cost:
    """What a trip of a loop over lanes costs, with each inner loop run some times."""
    return _Estimate(lanes).block(lanes.body)


class _Estimate:
    def __init__(self, lanes: Lanes) -> None:
        self.varying, self.divergent = lanes.uniformity.cause, lanes.uniformity.divergent
        self.counters = lanes.counters
        self.constants: dict[Value, np.ndarray] = {}

    def block(self, block: Block) -> Cost:
        return sum(map(self.op, block.ops), Cost())

    def op(self, op: Op) -> Cost:
        if op.name == "constant":
            self.constants[op.result] = op.attrs["value"]
        if op.regions:
            return self.control(op)
        return self.plain(op) if any(v in self.varying for v in op.results) else Cost()

    def control(self, op: Op) -> Cost:
        parts = [self.block(region) for region in op.regions]
        if op.name in ("for", "while"):
            masks = _joined(op) if op in self.divergent else 0.0
            return (sum(parts, Cost()) + Cost(0.0, masks)).times(TRIPS)
        alone = sum(part.alone for part in parts) / len(parts)
        if op not in self.divergent:
            return Cost(alone, sum(part.together for part in parts) / len(parts))
        return Cost(alone, sum(part.together for part in parts) + _joined(op))

    def plain(self, op: Op) -> Cost:
        size = sum(v.type.size for v in op.results)
        if op.name in FREE:
            return Cost()
        if op.name in MOVES:
            return Cost(0.3, 0.15).times(size)
        if op.name in ("read", "upd", "gather", "scatter"):
            return self.access(op)
        if op.name == "dot_general":
            left, right = op.operands
            shared = left not in self.varying or right not in self.varying
            work = left.type.size * right.type.size / max(1, _contracted(op))
            return Cost(0.5 if work < FEW else 0.2, 0.1 if shared else 0.2).times(work)
        if op.name.startswith(("reduce_", "cum")):
            return Cost(0.6, 0.3).times(op.operands[0].type.size)
        if op.name in ("sort", "argmax", "argmin", "lu", "cholesky", "triangular_solve"):
            return Cost(10.0, 10.0).times(sum(v.type.size for v in op.operands))
        return self.elementwise(op).times(size)

    def elementwise(self, op: Op) -> Cost:
        """Of one element."""
        integer = op.operands[0].type.dtype.kind in "biu"
        if integer and op.name in ("divide", "remainder", "floor_divide", "floor_mod"):
            alone, together = INTEGER if self.power_of_two(op.operands[1]) else DIVISION
        elif op.name in ALONE_AND_TOGETHER:
            alone, together = ALONE_AND_TOGETHER[op.name]
        elif op.name in PLAIN:
            alone, together = INTEGER if integer else ARITHMETIC
        else:
            alone, together = 20.0, 20.0
        return Cost(alone if op.result.type.size < FEW else min(alone, together), together)

    def access(self, op: Op) -> Cost:
        if op.name in ("gather", "scatter"):
            store = op.name == "scatter"
            moved = op.operands[1] if store else op.result
            return Cost(*(SCATTERED_STORE if store else (1.0, 0.6))).times(moved.type.size)
        starts, sizes = window_access(op)
        count = int(np.prod(sizes))
        scattered = any(start in self.varying and start not in self.counters for start in starts)
        if op.name == "upd":
            return Cost(*(SCATTERED_STORE if scattered else (0.5, 0.4))).times(count)
        return Cost(*((1.0, 0.5) if scattered else (0.3, 0.15))).times(count)

    def power_of_two(self, value: Value) -> bool:
        known = self.constants.get(value)
        number = int(known) if known is not None and not known.shape else 0
        return number > 0 and number & (number - 1) == 0


def _joined(op: Op) -> float:
    """ns for choosing between what lanes had and have; of larger arrays only what is written is chosen."""
    return sum(min(v.type.size, FEW) for v in op.results) * ARITHMETIC[1]


def _contracted(op: Op) -> int:
    """What the product of the operands' sizes counts more often than there are multiplications."""
    left = op.operands[0].type.shape
    return int(np.prod([left[d] for d in (*op.attrs["lhs_contract"], *op.attrs["lhs_batch"])]))
