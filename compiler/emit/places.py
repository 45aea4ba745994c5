"""What the operations that make the indices of a scatter show about its places.

    %lane = iota {shape = (size, 3), dim = 0}
    %first = broadcast_in_dim %i, shape (size, 3), dims (0)
    %places = add %first, (iota {dim = 1})

are `size` windows of 3 neighbours each: the index of the lane counts, the other one begins at %i.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hloc.emit.bounds import bounds
from hloc.ir.builder import Builder
from hloc.ir.core import Op, Value
from hloc.ops.elementwise import Add
from hloc.ops.helpers import reshape
from hloc.ops.shape import BroadcastInDim, Iota

Makers = Mapping[Value, Op]


class Places:
    """The places of a scatter, window by window.

    Fields, with one entry for each index where nothing else is said:
        shape: of the windows: the shape of the index arrays without the dimensions in which windows extend.
        indices: where windows begin: i64[number of windows], or the dimension of `shape` along which the index counts.
        windows: how many neighbours a window has in this dimension; None for a single place.
        order: the numbers of indices with windows, in the order in which the dimensions of the updates have them.
        inside: whether all its places are inside the array.
    """

    def __init__(self, b: Builder, op: Op, makers: Makers) -> None:
        _, _, *indices = op.operands
        sizes = [op.result.type.shape[d] for d in op.attrs["dims"]]
        self.inside = [_inside(i, n, makers) for i, n in zip(indices, sizes, strict=True)]
        shape = indices[0].type.shape
        along = _windows(indices, makers) if all(self.inside) else _none(indices)
        extents = sorted(dim for dim in along if dim is not None)
        self.shape = shape[: len(shape) - len(extents)]
        self.windows = [None if dim is None else shape[dim] for dim in along]
        self.order = [along.index(dim) for dim in extents]
        self.indices = [self._begin(b, i, dim, makers) for i, dim in zip(indices, along, strict=True)]

    def _begin(self, b: Builder, index: Value, window: int | None, makers: Makers) -> Value | int:
        if window is not None:
            index = _first(index, makers)
        op = makers.get(index)
        if op is not None and op.kind is Iota:
            dim: int = op.attrs["dim"]
            return dim
        if index.type.shape != self.shape:
            assert op is not None  # _is_alike
            index = b.emit(BroadcastInDim, *op.operands, shape=self.shape, dims=op.attrs["dims"])
        return reshape(b, index, (index.type.size,))


def _inside(index: Value, size: int, makers: Makers) -> bool:
    low, high = bounds(index, makers)
    return low >= 0 and high < size


def _windows(indices: Sequence[Value], makers: Makers) -> list[int | None]:
    """For each index the dimension of the index arrays along which it counts up from a first place, None without.

    These are the last dimensions, and nothing else depends on them: so windows come in the order of updates.
    """
    rank = indices[0].type.rank
    along = [_extent(i, makers) for i in indices]
    extents = sorted(dim for dim in along if dim is not None)
    lead = rank - len(extents)
    firsts = [i if dim is None else _first(i, makers) for i, dim in zip(indices, along, strict=True)]
    fits = extents == list(range(lead, rank)) and all(_is_alike(i, lead, makers) for i in firsts)
    return along if extents and fits else _none(indices)


def _none(indices: Sequence[Value]) -> list[int | None]:
    return [None for _ in indices]


def _extent(index: Value, makers: Makers) -> int | None:
    """The dimension along which an index is a first place + 0, 1, 2, …"""
    op = makers.get(index)
    made = [makers.get(v) for v in op.operands] if op is not None and op.kind is Add else []
    dims: list[int] = [m.attrs["dim"] for m in made if m is not None and m.kind is Iota]
    return dims[0] if len(dims) == 1 else None


def _first(index: Value, makers: Makers) -> Value:
    """The first place of an index that is one + 0, 1, 2, …"""
    x, y = makers[index].operands
    made = makers.get(x)
    return y if made is not None and made.kind is Iota else x


def _is_alike(index: Value, lead: int, makers: Makers) -> bool:
    """Whether an index is the same along all dimensions but the first ones, `lead` of them."""
    op = makers.get(index)
    if op is None or op.kind not in (Iota, BroadcastInDim):
        return False
    dims = (op.attrs["dim"],) if op.kind is Iota else op.attrs["dims"]
    return all(dim < lead for dim in dims)
