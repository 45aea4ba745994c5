"""How much of what lanes have their loops go through again and again: it should stay in the nearest caches.

for %n, %a: f64[100] {…}        a trip for all lanes touches an element of each row: 800 bytes a lane are kept at hand
"""

from __future__ import annotations

from hloc.ir.core import Op, Value, free_values, walk
from hloc.transform.lanes.divergence import COSTLY
from hloc.transform.lanes.expand import Lanes

CACHE = 1 << 18
"""Bytes that a core of a CPU has at hand."""


def bytes_in_loops(lanes: Lanes) -> int:
    """The bytes of a lane that its loops work on, of the loop with most; 0 where they spend their time in products,
    factorizations and the like, which are best made for all lanes at once."""
    if any(op.name in COSTLY for op in walk(lanes.body)):
        return 0
    loops = [op for op in walk(lanes.body) if op.name in ("for", "while")]
    return max((_bytes(lanes, op) for op in loops), default=0)


def _bytes(lanes: Lanes, op: Op) -> int:
    """What varies of all that a loop uses, and the rows of lanes in arrays from outside."""
    body = op.regions[-1]
    used: dict[Value, None] = dict.fromkeys([*body.args, *free_values(body)])
    rows = {inner.operands[0]: _row(lanes, inner) for inner in walk(body) if inner.name == "read"}
    return sum(v.type.nbytes if lanes.uniformity.varies(v) else rows.get(v, 0) for v in used)


def _row(lanes: Lanes, read: Op) -> int:
    """The bytes of the row of a lane, where that is what is read from."""
    array, *starts = read.operands
    count = next((n for n, start in zip(array.type.shape, starts, strict=True) if start in lanes.counters), None)
    return array.type.nbytes // count if count else 0
