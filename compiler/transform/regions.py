"""Remove carries of loops and results of branches from control operations.

%a, %b = for %n (%s = %a0, %t = %b0) { ^(%k): …; yield %s1, %t1 }
    keep_carries(op, [False, True]) →
%b = for %n (%t = %b0) { ^(%k): …; yield %t1 }
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress

from hloc.ir.core import Op


def carries_of(op: Op) -> slice:
    """Which operands of a `for` or `while` are the initial values of its carries."""
    return slice(1, None) if op.name == "for" else slice(0, None)


def keep_carries(op: Op, keep: Sequence[bool]) -> None:
    """Keep only some carries of a `for` or `while`; nothing may use the others any more."""
    if all(keep):
        return
    fixed, body = (True,), op.regions[-1]
    op.operands = tuple(compress(op.operands, (*fixed, *keep) if op.name == "for" else keep))
    op.results = tuple(compress(op.results, (*fixed, *keep) if op.name == "while" else keep))
    body.args[:] = compress(body.args, (*fixed, *keep))
    body.results[:] = compress(body.results, keep)
    if op.name == "while":
        op.regions[0].args[:] = compress(op.regions[0].args, keep)


def keep_results(op: Op, keep: Sequence[bool]) -> None:
    """Keep only some results of an `if` or `switch`."""
    if all(keep):
        return
    op.results = tuple(compress(op.results, keep))
    for region in op.regions:
        region.results[:] = compress(region.results, keep)
