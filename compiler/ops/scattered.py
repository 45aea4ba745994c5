"""Derivatives of `scatter`: which update reached its place, and what of it is left there.

All work is on the updates and their places, never on the whole array.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hloc.ir.opdef import REGISTRY
from hloc.ir.types import I64, TensorType
from hloc.ops.algebra import Term, clipped, conj, emit, full, iota, mul0, real, terms, where, zeros
from hloc.ops.scanning import segmented, shifted

if TYPE_CHECKING:
    from hloc.ir.builder import Builder
    from hloc.ir.core import Op, Value


def cotangents(b: Builder, op: Op, ct: Value, wanted: Sequence[bool]) -> list[Value | None]:
    """Of a and v."""
    if not op.operands[1].type.size or not ct.type.size:
        return [ct if wanted[0] else None, zeros(b, op.operands[1].type) if wanted[1] else None]
    updates = Updates(b, op)
    if op.attrs["mode"] == "add":
        return [ct if wanted[0] else None, updates.reached(updates.at(ct)).value if wanted[1] else None]
    if op.attrs["mode"] == "set":
        return _of_set(updates, ct, wanted)
    return _of_combined(updates, ct, wanted)


def combined_jvp(b: Builder, op: Op, tangents: Sequence[Value | None]) -> Value | None:
    """The tangent of a product, maximum or minimum: that of a scaled at the places, those of the updates added."""
    da, dv = tangents[:2]
    if da is None and dv is None:
        return None
    if not op.operands[1].type.size or not op.result.type.size:
        return da
    updates = Updates(b, op)
    of_a, of_v = updates.partials()
    result = zeros(b, op.result.type) if da is None else da
    if da is not None:
        result = updates.put(da, of_a.weigh(updates.at(da)), "set")
    return result if dv is None else updates.put(result, of_v.weigh(Term(b, dv)), "add")


def _of_set(updates: Updates, ct: Value, wanted: Sequence[bool]) -> list[Value | None]:
    """The last update of a place gets what is there, and nothing is left of a."""
    value = None
    if wanted[1]:
        here = updates.at(ct)
        ct, last = updates.last(ct)
        value = where(last, here, 0).value
    cleared = updates.put(ct, updates.filled(0), "set") if wanted[0] else None
    return [cleared, value]


def _of_combined(updates: Updates, ct: Value, wanted: Sequence[bool]) -> list[Value | None]:
    of_a, of_v = updates.partials()
    here = updates.at(ct)
    array = updates.put(ct, of_a.adjoint().weigh(here), "set") if wanted[0] else None
    return [array, of_v.adjoint().weigh(here).value if wanted[1] else None]


@dataclass
class Partial:
    """A partial derivative: a factor, or a mask and the number of equal candidates that share."""

    factor: Term
    mask: Term | None = None

    def weigh(self, dx: Term) -> Term:
        return mul0(dx, self.factor) if self.mask is None else where(self.mask, dx / self.factor, 0)

    def adjoint(self) -> Partial:
        return Partial(conj(self.factor), self.mask)


class Updates:
    """The updates of a scatter and their places."""

    def __init__(self, b: Builder, op: Op) -> None:
        self.b, self.op = b, op
        self.a, self.v = terms(b, *op.operands[:2])
        self.dims, self.indices = tuple(op.attrs["dims"]), op.operands[2:]
        self.sizes = [self.a.type.shape[d] for d in self.dims]
        self.places = [clipped(b, i, n - 1) for i, n in zip(self.indices, self.sizes, strict=True)]
        self.unique = op.attrs.get("unique", False) or self.indices[0].type.size == 1

    def at(self, array: Value) -> Term:
        """What stands at the places, for each update."""
        return Term(self.b, emit(self.b, "gather", array, *self.indices, dims=self.dims))

    def put(self, array: Value, v: Term, mode: str) -> Value:
        """The array with v at the places."""
        unique = self.op.attrs.get("unique", False)
        return emit(self.b, "scatter", array, v.value, *self.indices, dims=self.dims, mode=mode, unique=unique)

    def filled(self, number: float) -> Term:
        """A number for each update."""
        return Term(self.b, full(self.b, self.v.type, number))

    def inside(self) -> Term:
        """Whether the place of an update is in the array, as bools like v."""
        pairs = [(Term(self.b, i), Term(self.b, place)) for i, place in zip(self.indices, self.places, strict=True)]
        first, *rest = (i.equals(place) for i, place in pairs)
        for flag in rest:
            first = first & flag
        return self.spread(first)

    def spread(self, x: Term) -> Term:
        """A value for each index vector, repeated along the other dimensions of v."""
        shape = self.v.type.shape
        if x.type.shape == shape:
            return x
        return Term(self.b, emit(self.b, "broadcast_in_dim", x.value, shape=shape, dims=tuple(range(x.type.rank))))

    def reached(self, x: Term) -> Term:
        """x, zero for updates outside."""
        return where(self.inside(), x, 0)

    def last(self, scratch: Value) -> tuple[Value, Term]:
        """Which update is the last one of its place; and `scratch` with its elements at the places overwritten.

        The updates write their numbers there, and those that find their own again were the last. Where the elements
        cannot tell so many numbers apart, an array of integers takes the place of `scratch`.
        """
        inside, type = self.inside(), self.indices[0].type
        if self.unique:
            return scratch, inside
        numbers = emit(self.b, "reshape", iota(self.b, (type.size,), 0), shape=type.shape)
        exact = 2 ** np.finfo(scratch.type.dtype).nmant
        if type.size <= exact:
            dtype = scratch.type.dtype
            mine = self.spread(Term(self.b, numbers).apply("convert", dtype=dtype))
            scratch = self.put(scratch, mine, "set")
            return scratch, inside & real(self.at(scratch)).equals(real(mine))
        table = zeros(self.b, TensorType(tuple(self.sizes), I64.dtype))
        every = tuple(range(len(self.sizes)))
        table = emit(self.b, "scatter", table, numbers, *self.indices, dims=every, mode="set")
        found = Term(self.b, emit(self.b, "gather", table, *self.indices, dims=every))
        return scratch, inside & self.spread(found.equals(Term(self.b, numbers)))

    def partials(self) -> tuple[Partial, Partial]:
        """The partial derivatives of what is left at the places: for a there, and for each update."""
        inside, here = self.inside(), self.at(self.a.value)
        if self.op.attrs["mode"] == "multiply":
            others, product = self.groups().products(where(inside, self.v, 1))
            return Partial(product), Partial(where(inside, mul0(others, here), 0))
        best = self.at(self.op.result)
        mine, old = inside & self.v.equals(best), here.equals(best)
        count = self.groups().sums(where(mine, self.filled(1), 0)) + where(old, self.filled(1), 0)
        count = count.apply("maximum", 1)
        return Partial(count, old), Partial(count, mine)

    def groups(self) -> Groups:
        """The updates by place."""
        first, *rest = terms(self.b, *self.places)
        for place, n in zip(rest, self.sizes[1:], strict=True):
            first = first * n + place
        return Groups(first, self.unique)


class Groups:
    """Values that come in groups, which are neighbours after sorting.

    `keys` tells which group each belongs to; values have the shape of `keys` and further dimensions. `unique`: each
    value is a group of its own.
    """

    def __init__(self, keys: Term, unique: bool) -> None:
        self.b, self.unique, self.rank = keys.b, unique, keys.type.rank
        if not unique:
            line = emit(self.b, "reshape", keys.value, shape=(keys.type.size,))
            numbers = iota(self.b, line.type.shape, 0)
            ordered, self.order = self.b.emit_many(REGISTRY["sort"], line, numbers, dim=0, num_keys=1, stable=True)
            self.keys = Term(self.b, ordered)

    def sums(self, x: Term) -> Term:
        """For each value the sum of its group."""
        if self.unique:
            return x
        line = self.sorted(x)
        before, after = (segmented(line, self.same(line, step), 0, "add", step) for step in (1, -1))
        return self.back(before + after - line, x)

    def products(self, x: Term) -> tuple[Term, Term]:
        """For each value the product of the others in its group, and of all."""
        if self.unique:
            return x.like(1), x
        line, others = self.sorted(x), []
        for step in (1, -1):
            same = self.same(line, step)
            running = segmented(line, same, 0, "multiply", step)
            others.append(where(same, shifted(running, step, 1, 0), 1))
        rest = others[0] * others[1]
        return self.back(rest, x), self.back(rest * line, x)

    def sorted(self, x: Term) -> Term:
        """Values in sorted order along their first dimension."""
        shape = (*self.keys.type.shape, *x.type.shape[self.rank :])
        line = emit(self.b, "reshape", x.value, shape=shape)
        return Term(self.b, emit(self.b, "gather", line, self.order, dims=(0,)))

    def back(self, line: Term, x: Term) -> Term:
        """Values in their own order and shape, that of x."""
        empty = zeros(self.b, line.type)
        mine = emit(self.b, "scatter", empty, line.value, self.order, dims=(0,), mode="set", unique=True)
        return Term(self.b, emit(self.b, "reshape", mine, shape=x.type.shape))

    def same(self, line: Term, step: int) -> Term:
        """Whether sorted value k is of the same group as k - step, repeated like `line`."""
        same = self.keys.equals(shifted(self.keys, step, -1, 0)).value
        if line.type.rank == 1:
            return Term(self.b, same)
        return Term(self.b, emit(self.b, "broadcast_in_dim", same, shape=line.type.shape, dims=(0,)))
