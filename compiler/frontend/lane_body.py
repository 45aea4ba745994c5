"""The body of a loop over lanes: one lane's arguments, what it changes, and how loops that are not parallel are run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from hloc.frontend import effects, separate
from hloc.frontend.state import ERROR, PRINT_LOG, PRINT_POSITION, Slot, is_status, lane_slot
from hloc.frontend.subscripts import get_item
from hloc.frontend.trees import Tree
from hloc.frontend.values import (
    NONE,
    AbstractValue,
    ArrayRef,
    BuiltinMethodV,
    Cell,
    ChoiceRef,
    Const,
    SliceV,
    Tensor,
    TupleV,
    Unreachable,
)
from hloc.ir.core import Value
from hloc.ir.types import TensorType
from hloc.library import batching
from hloc.ops import helpers
from hloc.ops.elementwise import Add, And, Select
from hloc.ops.shape import Empty

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


class Body(separate.Body):
    """The body of the loop; arrays and containers made for a lane have the caller's as `originals`."""

    @contextmanager
    def open(self) -> Iterator[None]:
        with self.sp.in_block(self.block, self.sp.state.copy()):
            yield

    def enter_slices(self, tree: Tree, slices: Sequence[Value | None]) -> list[AbstractValue]:
        """One lane's arguments: slices for some leaves of the tree, all else as it is."""
        found = iter(slices)
        inner = [self._inner(part, lambda leaf: self._of_slice(leaf, next(found))) for part in tree.parts]
        self.hide()
        return inner

    def _of_slice(self, leaf: AbstractValue, value: Value | None) -> AbstractValue:
        if value is None:
            return leaf
        if not value.type.shape:
            return Tensor(value)
        new = self.sp.new_array(value, value.name)
        self.made(leaf, new)
        return new

    def enter_views(self, tree: Tree, axes: Sequence[int | None], lane: AbstractValue) -> list[AbstractValue]:
        """One lane's arguments as NumPy has them: views of the caller's arrays."""
        found = iter(axes)
        whole = SliceV(NONE, NONE, NONE)

        def view(leaf: AbstractValue) -> AbstractValue:
            axis = next(found)
            return leaf if axis is None else get_item(self.sp, leaf, TupleV((*[whole] * axis, lane)))

        return [self._inner(part, view) for part in tree.parts]

    def _inner(self, tree: Tree, leaf: Callable[[AbstractValue], AbstractValue]) -> AbstractValue:
        """The part of an argument inside: a new container where something in it is new."""
        if tree.is_leaf:
            return leaf(tree.like)
        parts = [self._inner(part, leaf) for part in tree.parts]
        if all(new is part.like for new, part in zip(parts, tree.parts, strict=True)):
            return tree.like
        new = tree.container(self.sp, parts)
        self.made(tree.like, new)
        return new

    def own(self, changed: Sequence[Slot]) -> list[Cell]:
        """The arrays among `changed` that are slices of arguments."""
        return [
            cell for cell, ref in self.originals.items() if isinstance(ref, ArrayRef | ChoiceRef) and cell in changed
        ]

    def shared(self, changed: Sequence[Slot]) -> list[Slot]:
        """What one lane changes and the next one sees: all but slices, containers made for the lane, errors."""
        prints = (PRINT_LOG, PRINT_POSITION)
        return [s for s in changed if s in prints or not (is_status(s) or s in self.originals)]


def one_by_one(
    sp: Specializer, size: int, types: Sequence[TensorType], one: Callable[[AbstractValue], TupleV]
) -> list[Value]:
    """The stacked results of lanes that run one after another, as the same loop in Python would run them."""

    def run(sp: Specializer, owner: AbstractValue, lane: AbstractValue) -> AbstractValue:
        return one(lane)

    outs = [sp.new_array(sp.emit(Empty, shape=(size, *t.shape), dtype=t.dtype)) for t in types]
    sp.call(Const(batching.one_by_one), BuiltinMethodV(run, NONE, "a lane"), TupleV(tuple(outs)), Const(size))
    return [sp.number(out) for out in outs]


@contextmanager
def failing_in(sp: Specializer, lane: Value) -> Iterator[None]:
    """Errors that begin inside happen in this lane."""
    failure = _Failure(sp)
    try:
        yield
    except Unreachable:
        failure.note(lane)
        raise
    failure.note(lane)


class _Failure:
    """What is known of errors when a lane begins: words of errors that happened before, and none of its own.

    The lanes of an error are words of their own, the outermost first, from 1.
    """

    def __init__(self, sp: Specializer) -> None:
        self.sp = sp
        self.before = effects.word(sp, ERROR)
        self.slots = [lane_slot(depth) for depth in range(effects.MAX_LANES)]
        self.outer = [effects.word(sp, slot) for slot in self.slots]
        self._set([sp.constant(0, np.int64)] * effects.MAX_LANES)

    def note(self, lane: Value) -> None:
        """Say that an error which has happened since happened in this lane."""
        sp, b = self.sp, self.sp.builder
        after = effects.word(sp, ERROR)
        inner = [effects.word(sp, slot) for slot in self.slots]
        self._set(self.outer)
        if after is self.before:
            return
        zero = sp.constant(0, np.int64)
        new = sp.emit(And, helpers.compare(b, after, "NE", zero), helpers.compare(b, self.before, "EQ", zero))
        deeper = [word for word in inner if not effects.is_zero(sp, word)]
        words = [sp.emit(Add, lane, sp.constant(1, np.int64)), *deeper][: effects.MAX_LANES]
        sp.lane_words = max(sp.lane_words, len(words))
        self._set([sp.emit(Select, new, word, old) for word, old in zip(words, self.outer, strict=False)])

    def _set(self, words: Sequence[Value]) -> None:
        for slot, word in zip(self.slots, words, strict=False):
            self.sp.state[slot] = Tensor(word)
