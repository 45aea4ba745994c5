"""What one lane of hloc.vmap gives, and the result of all lanes that is made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from hloc.diagnostics.errors import DTypeError
from hloc.frontend.axes import axis_of, from_front, leaf_axes
from hloc.frontend.structure import kind_of
from hloc.frontend.trees import Tree, like_leaf, tree_of, type_of
from hloc.frontend.values import AbstractValue, Const, MaskedV, NeverV
from hloc.ir.core import Block, Op, Value, free_values
from hloc.ops import helpers
from hloc.ops.indexing import Read
from hloc.ops.shape import Slice
from hloc.transformed import Mapped

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


class Found:
    """The result of one lane: `values` of the leaves of its tree."""

    def __init__(self, sp: Specializer, mapped: Mapped, result: AbstractValue) -> None:
        self.sp = sp
        self.never = isinstance(result, NeverV)
        self.tree = Tree(Const(None)) if self.never else tree_of(sp, result)
        leaves = self.tree.leaves()
        self.axes = list(leaf_axes(self.tree, mapped.out_axes, "out_axes"))
        for leaf in leaves:
            _refuse_leaf(leaf)
        self.data = [(leaf, axis) for leaf, axis in zip(leaves, self.axes, strict=True) if type_of(leaf) is not None]
        self.values = [sp.number(leaf) for leaf, _ in self.data]

    def build(self, size: int, stacked: Sequence[Value], varying: Callable[[Value], bool] | None) -> AbstractValue:
        """The result with the stacked values at its leaves.

        varying: tells whether a value may differ from lane to lane; None where that is not known.
        """
        if self.never:
            return NeverV()
        found = iter(
            [
                self._leaf(size, leaf, axis, value, stack, varying)
                for (leaf, axis), value, stack in zip(self.data, self.values, stacked, strict=True)
            ]
        )
        leaves = [leaf if type_of(leaf) is None else next(found) for leaf in self.tree.leaves()]
        return self.tree.build(self.sp, iter(leaves))

    def _leaf(
        self,
        size: int,
        leaf: AbstractValue,
        axis: int | None,
        value: Value,
        stack: Value,
        varying: Callable[[Value], bool] | None,
    ) -> AbstractValue:
        sp = self.sp
        if axis is not None:
            return self._list(stack, axis) if getattr(leaf, "is_list", False) else self._array(stack, axis)
        if varying is None or varying(value) or not size:
            raise DTypeError(
                "hloc.vmap: out_axes=None for a result that may differ from lane to lane",
                help="give the axis where the lanes are stacked: out_axes=0",
            )
        return like_leaf(sp, leaf, slice_of(sp, stack, sp.constant(0, np.int64)))

    def _array(self, stack: Value, axis: int) -> AbstractValue:
        rank = stack.type.rank
        front = axis_of(axis, rank, "out_axes")
        return self.sp.new_array(helpers.transpose(self.sp.builder, stack, from_front(front, rank)))

    def _list(self, stack: Value, axis: int) -> AbstractValue:
        """A list that lanes keep as an array: its elements are stacked, as those of any list."""
        size, length, *rest = stack.type.shape
        starts, steps = [0] * len(rest), [1] * (len(rest) + 2)
        parts: list[AbstractValue] = []
        for j in range(length):
            window = {"start": (0, j, *starts), "limit": (size, j + 1, *rest), "stride": tuple(steps)}
            part = helpers.reshape(self.sp.builder, self.sp.emit(Slice, stack, **window), (size, *rest))
            parts.append(self._list(part, axis) if rest else self._array(part, axis))
        return self.sp.new_list(parts)


def _refuse_leaf(leaf: AbstractValue) -> None:
    if isinstance(leaf, MaskedV):
        raise DTypeError(
            "hloc.vmap: the length of this result differs from lane to lane, and such lanes cannot be stacked",
            help="return an array of known length with a count or a mask",
        )
    if type_of(leaf) is None and not (isinstance(leaf, Const) and leaf.obj is None):
        raise DTypeError(
            f"hloc.vmap: {kind_of(leaf)} in the result cannot be stacked", help="return numbers and arrays"
        )


def slice_of(sp: Specializer, stack: Value, lane: Value) -> Value:
    """The part of a stack that belongs to a lane."""
    if stack.type.shape[0] == 0:  # nothing is read where there are no lanes, and nothing could be
        return helpers.full(sp.builder, stack.type.shape[1:], 0, stack.type.dtype)
    starts = [lane, *[sp.constant(0, np.int64)] * (stack.type.rank - 1)]
    value = sp.emit(Read, stack, *starts, sizes=(1, *stack.type.shape[1:]), drop=(0,))
    value.name = stack.name
    return value


def varying_in(block: Block, lane: Value) -> Callable[[Value], bool]:
    """Whether values of the body of a loop over lanes may differ from lane to lane."""
    found = {lane, *block.args}

    def reads(op: Op) -> Iterator[Value]:
        yield from op.operands
        for region in op.regions:
            yield from free_values(region)

    for op in block.ops:
        if any(v in found for v in reads(op)):
            found.update(op.results)
    return found.__contains__
