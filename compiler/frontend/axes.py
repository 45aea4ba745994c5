"""Which axis of each leaf of a structure has the lanes of hloc.vmap: axes are given for a structure or its beginnings.

vmap(f, in_axes=(0, {"w": None, "b": 1}))(x, {"w": w, "b": (b1, b2)})      x: 0, w: none, b1 and b2: 1
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hloc.diagnostics.errors import DTypeError, ShapeError
from hloc.frontend.structure import kind_of
from hloc.frontend.trees import Tree
from hloc.transformed import Axes

KEYS = "keys"


def leaf_axes(tree: Tree, axes: Axes, what: str) -> Iterator[int | None]:
    """The axis for each leaf of a tree, as the user counts it. Raises DTypeError where the structures differ."""
    if axes is None or isinstance(axes, int):
        yield from [axes] * len(tree.leaves())
        return
    by_key = axes[:1] == (KEYS,)
    given = dict(axes[1]) if by_key else dict(enumerate(axes))
    keys: Sequence[object] = tree.keys if by_key else range(len(tree.parts))
    if tree.is_leaf or by_key != bool(tree.keys) or set(given) != set(keys):
        entries = f"the keys {list(given)}" if by_key else f"{len(given)} entries"
        raise DTypeError(
            f"hloc.vmap: {what} with {entries} does not fit {kind_of(tree.like)}",
            help="axes are an int or None for a whole structure, or containers like the structure",
        )
    for key, part in zip(keys, tree.parts, strict=True):
        yield from leaf_axes(part, given[key], what)


def axis_of(axis: int, rank: int, what: str) -> int:
    """The axis counted from the front. Raises ShapeError where there is none."""
    if not -rank <= axis < rank:
        raise ShapeError(
            f"hloc.vmap: {what} is {axis}, which an array with {rank} dimensions does not have",
            help=f"axes are counted from 0 to {rank - 1}, or from the end from -1 to {-rank}",
        )
    return axis % rank


def to_front(axis: int, rank: int) -> tuple[int, ...]:
    """The permutation that moves an axis to the front."""
    return (axis, *(d for d in range(rank) if d != axis))


def from_front(axis: int, rank: int) -> tuple[int, ...]:
    """The permutation that moves the front axis to `axis`."""
    rest = list(range(1, rank))
    return (*rest[:axis], 0, *rest[axis:])
