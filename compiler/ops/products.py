"""Products of all elements but one, without division: exact where elements are zero."""

from __future__ import annotations

from collections.abc import Sequence

from hloc.ops.algebra import Term
from hloc.ops.scanning import shifted


def before(x: Term, axis: int) -> Term:
    """For each element the product of those before it along the axis."""
    return shifted(x.apply("cumprod", axis=axis), 1, 1, axis)


def after(x: Term, axis: int) -> Term:
    """For each element the product of those behind it along the axis."""
    return before(x.apply("reverse", dims=(axis,)), axis).apply("reverse", dims=(axis,))


def of_others(x: Term, axes: Sequence[int]) -> Term:
    """For each element the product of the others along the axes together."""
    rank, kept = x.type.rank, [d for d in range(x.type.rank) if d not in axes]
    order = (*kept, *axes)
    sizes = tuple(x.type.shape[d] for d in order)
    count = x.type.with_shape(sizes[len(kept) :]).size
    line = x.apply("transpose", permutation=order).apply("reshape", shape=(*sizes[: len(kept)], count))
    others = before(line, len(kept)) * after(line, len(kept))
    back = tuple(order.index(d) for d in range(rank))
    return others.apply("reshape", shape=sizes).apply("transpose", permutation=back)
