"""What batching rules have in common. A batched value has the lane axis in front: T[size, …].

%y = reduce_sum %x {axes = (0,)}            one lane
%y = reduce_sum %x {axes = (1,)}            all lanes
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hloc.ir.types import Shape
from hloc.ops.algebra import emit

if TYPE_CHECKING:
    from hloc.ir.builder import Builder
    from hloc.ir.core import Op, Value


def behind(dims: Sequence[int]) -> tuple[int, ...]:
    """Where these dimensions are once the lane axis stands in front."""
    return tuple(d + 1 for d in dims)


def spread(b: Builder, x: Value, batched: bool, size: int) -> Value:
    """x with the lane axis: repeated where it has none."""
    if batched:
        return x
    return emit(b, "broadcast_in_dim", x, shape=(size, *x.type.shape), dims=behind(range(x.type.rank)))


def same(
    b: Builder, op: Op, operands: Sequence[Value], batched: Sequence[bool], size: int, **attrs: Any
) -> tuple[Value, ...]:
    """The operation itself on operands that all have the lane axis, with some attributes changed."""
    lanes = (spread(b, x, has, size) for x, has in zip(operands, batched, strict=True))
    return b.emit_many(op.kind, *lanes, **{**op.attrs, **attrs})


def with_ones(shape: Shape, drop: Sequence[int]) -> Shape:
    """A shape with dimensions of size 1 put in at the places `drop`."""
    sizes = list(shape)
    for d in sorted(drop):
        sizes.insert(d, 1)
    return tuple(sizes)


def transposed(b: Builder, x: Value, permutation: Sequence[int]) -> Value:
    """x with its dimensions in another order."""
    same_order = list(permutation) == list(range(x.type.rank))
    return x if same_order else emit(b, "transpose", x, permutation=tuple(permutation))


def reshaped(b: Builder, x: Value, shape: Shape) -> Value:
    """x in another shape."""
    return x if x.type.shape == shape else emit(b, "reshape", x, shape=shape)
