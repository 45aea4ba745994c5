"""Scans along one dimension in log2(n) whole-array steps, each reaching twice as far (Hillis and Steele).

Derivative rules use them where a running value depends on all before it; the steps have derivatives themselves.
"""

from __future__ import annotations

from typing import Any

from hloc.ops.algebra import Term, emit, full, mul0, where


def shifted(x: Term, distance: int, fill: Any, axis: int) -> Term:
    """x with element k at k + distance along the axis, `fill` where nothing comes from."""
    low = tuple(distance if d == axis else 0 for d in range(x.type.rank))
    value, nothing = full(x.b, x.type.with_shape(()), fill), (0,) * x.type.rank
    return Term(x.b, emit(x.b, "pad", x.value, value, low=low, high=tuple(-n for n in low), interior=nothing))


def distances(size: int, step: int) -> list[int]:
    """step, 2 step, 4 step, … while they are shorter than the dimension."""
    return [step << n for n in range(max(size - 1, 0).bit_length())]


def recurrence(factor: Term, term: Term, axis: int, step: int = 1) -> Term:
    """h with h[k] = term[k] + h[k - step] factor[k] along the axis; step is 1 or -1."""
    for distance in distances(term.type.shape[axis], step):
        term = term + mul0(shifted(term, distance, 0, axis), factor)
        factor = factor * shifted(factor, distance, 1, axis)
    return term


def segmented(x: Term, same: Term, axis: int, name: str, step: int = 1) -> Term:
    """Running sums ("add") or products ("multiply") that start anew where not `same`.

    same[k]: element k belongs to the segment of element k - step.
    """
    neutral = 1 if name == "multiply" else 0
    for distance in distances(x.type.shape[axis], step):
        x = x.apply(name, where(same, shifted(x, distance, neutral, axis), neutral))
        same = same & shifted(same, distance, False, axis)
    return x
