"""hloc.vmap: a call for many lanes, as a loop whose trips are independent.

    hloc.vmap(f)(xs)      →      %ys = for %B, %empty {lanes = "auto"} body(%lane, %y_s) {
                                   %x = read %xs, %lane; %y = …f of %x…; yield upd %y_s, %y, %lane }

What a lane changes of its slices of the arguments, and whether it fails, is stacked as its result is. A call that
changes anything else (it prints, it writes to what all lanes see) runs as a plain loop, one lane after another.
`hloc.transform.lanes` decides what becomes of the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hloc.diagnostics.errors import DTypeError, ShapeError
from hloc.frontend.axes import axis_of, from_front, leaf_axes, to_front
from hloc.frontend.lane_body import Body, failing_in, one_by_one
from hloc.frontend.lane_results import Found, slice_of, varying_in
from hloc.frontend.signatures import first_optional, parameter_names
from hloc.frontend.state import ERROR, Slot, is_status
from hloc.frontend.structure import kind_of
from hloc.frontend.trees import Tree, tree_of, type_of
from hloc.frontend.values import AbstractValue, ArrayRef, NeverV, Tensor, TupleV
from hloc.ir.core import Value
from hloc.ir.types import I64
from hloc.ops import helpers
from hloc.ops.control import For
from hloc.ops.elementwise import Select
from hloc.ops.indexing import Upd
from hloc.ops.reduction import ReduceMin
from hloc.ops.shape import Constant, Empty, Iota
from hloc.transformed import Axes, Mapped

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

Args = list[AbstractValue]
Kwargs = dict[str, AbstractValue]


def vmapped(sp: Specializer, mapped: Mapped, function: AbstractValue, args: Args, kwargs: Kwargs) -> AbstractValue:
    """`vmap(function)(*args, **kwargs)`. Keyword arguments are mapped over their first axis, numbers are shared."""
    values = [*args, *kwargs.values()]
    tree = Tree(TupleV(tuple(values)), tuple(tree_of(sp, value) for value in values))
    axes = _argument_axes(mapped, function, tree, len(args), list(kwargs))

    def run(inner: Args) -> AbstractValue:
        return sp.call(function, *inner[: len(args)], **dict(zip(kwargs, inner[len(args) :], strict=True)))

    return LaneCall(sp, tree, axes, _size(tree, axes, mapped), run, mapped).result()


def _argument_axes(
    mapped: Mapped, function: AbstractValue, tree: Tree, positional: int, keywords: Sequence[str]
) -> list[int | None]:
    """The lane axis of each leaf of the arguments, from the front; None for what all lanes share."""
    given, optional = mapped.in_axes, first_optional(function)
    names = [*parameter_names(function)[:positional], *keywords]
    if isinstance(given, tuple):
        if not min(optional, positional) <= len(given) <= positional:
            raise DTypeError(
                f"hloc.vmap: in_axes has {len(given)} entries for {positional} arguments",
                help="give one for each positional argument, or one for all: in_axes=0",
            )
        wished: list[Axes] = [*given, *[None] * (positional - len(given))]
    else:
        wished = [given] * positional
    found: list[int | None] = []
    for j, (part, axes) in enumerate(zip(tree.parts, [*wished, *[0] * len(keywords)], strict=True)):
        what = f"argument {names[j]!r}" if j < len(names) else f"argument {j}"
        may_share = j >= min(optional, positional)
        each = leaf_axes(part, axes, f"in_axes of {what}")
        found += [_checked(leaf, axis, what, may_share) for leaf, axis in zip(part.leaves(), each, strict=True)]
    return found


def _checked(leaf: AbstractValue, axis: int | None, what: str, may_share: bool) -> int | None:
    type_ = type_of(leaf)
    if axis is None or type_ is None:
        return None
    if isinstance(leaf, ArrayRef) and leaf.is_list:
        raise DTypeError(f"hloc.vmap: {what} is a list of numbers, which has no axes", help="pass np.array(…)")
    if not type_.shape:
        if may_share:
            return None
        raise DTypeError(
            f"hloc.vmap: {what} is {kind_of(leaf)}, which has no axis to map over",
            help="in_axes says which arguments all lanes share: in_axes=(0, None)",
        )
    return axis_of(axis, type_.rank, f"in_axes of {what}")


def _size(tree: Tree, axes: Sequence[int | None], mapped: Mapped) -> int:
    """The number of lanes. Raises ShapeError, DTypeError."""
    sizes = [t.shape[axis] for leaf, axis in _pairs(tree, axes) if axis is not None and (t := type_of(leaf))]
    if mapped.axis_size is not None:
        sizes.append(mapped.axis_size)
    if len(set(sizes)) > 1:
        known = ", ".join(map(str, dict.fromkeys(sizes)))
        raise ShapeError(
            f"hloc.vmap: the mapped axes have different sizes: {known}",
            help="all lanes take one slice of each mapped array; None in in_axes says that they share it",
        )
    if not sizes:
        raise DTypeError("hloc.vmap: no argument is mapped", help="give axis_size, or an array with in_axes=0")
    return sizes[0]


def _pairs(tree: Tree, axes: Sequence[int | None]) -> Iterator[tuple[AbstractValue, int | None]]:
    return zip(tree.leaves(), axes, strict=True)


@dataclass(eq=False)
class LaneCall:
    """A call for `size` lanes: its arguments `tree`, the lane axis of each leaf, and how one lane is run.

    lane: the number of the lane, while it is run.
    """

    sp: Specializer
    tree: Tree
    axes: list[int | None]
    size: int
    run: Callable[[Args], AbstractValue]
    mapped: Mapped
    moved: list[Value | None] = field(default_factory=list)
    lane: Value | None = None

    def result(self) -> AbstractValue:
        """The results of all lanes, stacked; what they change is put into the state."""
        sp = self.sp
        for leaf, axis in _pairs(self.tree, self.axes):
            value = None if axis is None else sp.number(leaf)
            front = None if axis is None or value is None else to_front(axis, value.type.rank)
            self.moved.append(None if value is None or front is None else helpers.transpose(sp.builder, value, front))
        body = Body(sp)
        lane = self.lane = body.block.add_arg(I64, "lane")
        with body.open():
            slices = [None if v is None else slice_of(sp, v, lane) for v in self.moved]
            inner = body.enter_slices(self.tree, slices)
            result = body.run(lambda: self._run_as(lane, inner))
            found = Found(sp, self.mapped, result)
            changed = body.changed_slots()
            own = body.own(changed)
            shared = body.shared(changed)
            status = [slot for slot in changed if is_status(slot) and slot not in shared]
            values = [*found.values, *(sp.number(Tensor(_content(sp, slot))) for slot in [*own, *status])]
        if self.size == 0 and isinstance(result, NeverV):
            raise DTypeError("hloc.vmap: the function always raises, and there are no lanes: the result is not known")
        if shared or body.is_ambiguous(set(changed)):
            stacked = one_by_one(sp, self.size, [v.type for v in found.values], self._lane_of_views(found))
            return found.build(self.size, stacked, None)
        body.leaves = values
        body.put_back()
        values, found.values = body.leaves, body.leaves[: len(found.values)]
        stacked = self._loop(body, lane, values)
        outs, rest = stacked[: len(found.values)], stacked[len(found.values) :]
        for slot, value in zip(own, rest, strict=False):
            self._write_back(body.originals[slot], value)
        self._first_failing(dict(zip(status, rest[len(own) :], strict=True)))
        return found.build(self.size, outs, varying_in(body.block, lane))

    def _run_as(self, lane: Value, inner: Args) -> AbstractValue:
        with failing_in(self.sp, lane):
            return self.run(inner)

    def _loop(self, body: Body, lane: Value, values: Sequence[Value]) -> list[Value]:
        """Emit the loop that stacks these values of the lanes."""
        sp, block = self.sp, body.block
        types = [v.type.with_shape((self.size, *v.type.shape)) for v in values]
        empty = [sp.emit(Empty, shape=t.shape, dtype=t.dtype) for t in types]
        if self.size == 0:
            return empty
        stacks = [block.add_arg(t, v.name) for t, v in zip(types, values, strict=True)]
        with sp.in_block(block, sp.state):
            for stack, value in zip(stacks, values, strict=True):
                starts = [lane, *[sp.constant(0, np.int64)] * value.type.rank]
                block.results.append(sp.emit(Upd, stack, value, *starts, drop=(0,), mode="set"))
        count = sp.emit(Constant, value=np.asarray(self.size, np.int64))
        attrs = {"direction": 1, "lanes": self.mapped.strategy}
        results = sp.builder.emit_op(For, [count, *empty], types, attrs, [block])
        for value, stack in zip(results, stacks, strict=True):
            value.name = stack.name
        return list(results)

    def _write_back(self, original: AbstractValue, value: Value) -> None:
        """Put what the lanes made of their slices of an argument into it."""
        place = next(j for j, leaf in enumerate(self.tree.leaves()) if leaf is original)
        axis = self.axes[place]
        assert axis is not None
        self.sp.store(original, helpers.transpose(self.sp.builder, value, from_front(axis, value.type.rank)))

    def _first_failing(self, status: dict[Slot, Value]) -> None:
        """Set the status words to those of the first lane that failed, or of the last one.

        The least number of 32 bits is found faster than a place in an array.
        """
        sp = self.sp
        if not status or not self.size:
            return
        failed = helpers.compare(sp.builder, status[ERROR], "NE", helpers.zeros_like(sp.builder, status[ERROR]))
        dtype = np.dtype(np.int32 if self.size < 2**31 else np.int64)
        lanes = sp.emit(Iota, shape=(self.size,), dtype=dtype, dim=0)
        last = helpers.full(sp.builder, lanes.type.shape, self.size - 1, dtype)
        least = sp.emit(ReduceMin, sp.emit(Select, failed, lanes, last), axes=(0,))
        first = helpers.convert(sp.builder, least, np.int64)
        for slot, words in status.items():
            sp.state[slot] = Tensor(slice_of(sp, words, first))

    def _lane_of_views(self, found: Found) -> Callable[[AbstractValue], TupleV]:
        """Runs one lane on views of the arguments, for a plain loop."""
        sp = self.sp

        def one(lane: AbstractValue) -> TupleV:
            inner = Body(sp).enter_views(self.tree, self.axes, lane)
            again = Found(sp, self.mapped, self._run_as(sp.number(lane), inner))
            return TupleV(tuple(sp.result(v) for v in again.values))

        return one


def _content(sp: Specializer, slot: Slot) -> Value:
    content = sp.state[slot]
    assert isinstance(content, Tensor)
    return content.value
