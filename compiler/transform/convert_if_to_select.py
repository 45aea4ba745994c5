"""Compute both branches of a cheap `if`, and choose.

    %y = if %p then { %u = multiply %x, %x; yield %u } else { yield %x }    →    %u = multiply %x, %x
                                                                                 %y = select %p, %u, %x

    %b = if %p then { %b1 = upd %a, %v, %i; yield %b1 }                     →    %o = read %a, %i
         else { yield %a }                                                       %w = select %p, %v, %o
                                                                                 %b = upd %a, %w, %i

Branches are few operations (`_MOST_OPS` together) that are cheap, cannot fail and touch at most `_SMALL` elements
each, plus few writes to arrays. Of one write on each side becomes one store, which happens always, to one place, and
puts back the old element where the branch was not taken; of several, one store each, first those of one side, then
those of the other. Larger arrays are never selected as a whole. Branches with loops, calls or expensive functions
stay. Inner branches first, so that chains of elif become chains of selects.

To be run after differentiation: the derivative of a real branch ignores the side not taken, even where that is
infinite.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hloc.ir.core import Block, Module, Op, Value
from hloc.transform.data_movement import window_of
from hloc.transform.rewrite import Replacement, Rewriter, rewrite_functions

_MOST_OPS = 24
_MOST_OPS_WITH_ARRAYS = 64  # a branch that stays hands its arrays over by copies
_SMALL = 16
_MOST_STORES = 6


def convert_if_to_select(module: Module) -> bool:
    """Convert cheap branches in every function, in place; says whether anything changed."""
    return rewrite_functions(module, lambda _: _Converter())


def convert_discrete_if(module: Module) -> bool:
    """The same for branches that give only integers and bools: these have no derivatives, so it may be done before."""
    return rewrite_functions(module, lambda _: _DiscreteConverter())


@dataclass(frozen=True)
class _Store:
    """A write of small values to `array`, as the result of a branch; None for a branch that leaves the array alone."""

    array: Value
    op: Op | None


class _Converter(Rewriter):
    def rewrite_after(self, op: Op) -> Replacement:
        most = _MOST_OPS_WITH_ARRAYS if any(v.type.size > _SMALL for v in op.results) else _MOST_OPS
        if op.name != "if" or sum(len(region.ops) for region in op.regions) > most:
            return None
        found = self.with_single_stores(op)
        return self.with_chains(op) if found is None else found

    def with_single_stores(self, op: Op) -> Replacement:
        stores = [self.stores_of(op, *pair) for pair in zip(*(r.results for r in op.regions), strict=True)]
        writes = {store.op for pair in stores if pair is not None for store in pair} - {None}
        if any(p is None and v.type.size > _SMALL for p, v in zip(stores, op.results, strict=True)):
            return None
        if len(writes) > len(_written(stores)) * 2:
            return None
        inner = [o for region in op.regions for o in region.ops if o not in writes]
        results = list(zip(stores, *(r.results for r in op.regions), strict=True))
        used = {v for o in inner for v in o.operands} | {v for pair, *sides in results if pair is None for v in sides}
        if not all(map(_cheap, inner)) or any(write.result in used for write in writes if write is not None):
            return None  # the result of a write will not exist
        self.builder.block.ops += inner
        return [self.merge(op.operands[0], *result) for result in results]

    def stores_of(self, op: Op, then: Value, other: Value) -> tuple[_Store, _Store] | None:
        """The writes of two results of branches, if both are one array with at most one small write each."""
        if then.type.rank == 0 or then is other:
            return None
        stores = [self.store_of(region, v) for region, v in zip(op.regions, (then, other), strict=True)]
        if stores[0].array is not stores[1].array or not any(s.op for s in stores):
            return None
        ops = [s.op for s in stores if s.op is not None]
        alike = len(ops) == 1 or (
            window_of(ops[0])[:2] == window_of(ops[1])[:2] and ops[0].attrs["mode"] == ops[1].attrs["mode"]
        )
        return (stores[0], stores[1]) if alike and ops[0].operands[1].type.size <= _SMALL else None

    def store_of(self, region: Block, value: Value) -> _Store:
        op = self.producers.get(value)
        if op is None or op.name != "upd" or op not in region.ops or op.operands[0] in _defined(region):
            return _Store(value, None)
        return _Store(op.operands[0], op)

    def merge(self, pred: Value, stores: tuple[_Store, _Store] | None, then: Value, other: Value) -> Value:
        """What stands for a result of the `if`."""
        if stores is None:
            return self.choose(pred, then, other)
        writes = [store.op for store in stores]
        write = writes[0] or writes[1]
        assert write is not None
        sides = [self.written(w, write) for w in writes]
        operands = [self.choose(pred, x, y) for x, y in zip(*sides, strict=True)]
        return self.emit("upd", (write.operands[0], *operands), then.type, **write.attrs)

    def written(self, write: Op | None, like: Op) -> Sequence[Value]:
        """The value and place that a branch writes; without a write, what changes nothing at the place of `like`."""
        if write is not None:
            return write.operands[1:]
        array, value, *starts = like.operands
        if like.attrs["mode"] == "add":
            neutral = {"f": -0.0, "c": complex(-0.0, -0.0)}.get(value.type.dtype.kind, 0)
            return [self.constant(np.array(neutral), value.type), *starts]
        sizes, drop, _ = window_of(like)
        return [self.emit("read", (array, *starts), value.type, sizes=sizes, drop=drop), *starts]

    # --- several writes to an array

    def with_chains(self, op: Op) -> Replacement:
        """Writes one after another: each is made a store that changes nothing when its side is not taken."""
        sides = [{v: _chain(region, self.producers, v) for v in region.results if v.type.rank} for region in op.regions]
        arrays: dict[int, Value] = {}
        for number, (then, other) in enumerate(zip(*(region.results for region in op.regions), strict=True)):
            if then is other or then.type.rank == 0:
                continue
            (base, writes), (other_base, other_writes) = sides[0][then], sides[1][other]
            if base is other_base and (writes or other_writes):
                arrays[number] = base
            elif then.type.size > _SMALL:
                return None
        stores = {w for chains in sides for base, ws in chains.values() if base in arrays.values() for w in ws}
        inner = [o for region in op.regions for o in region.ops if o not in stores]
        if len(set(arrays.values())) < len(arrays) or len(stores) > _MOST_STORES or not all(map(_cheap, inner)):
            return None
        if any(w.operands[1].type.size > _SMALL for w in stores):
            return None
        present: dict[Value, Value] = {}
        found = [self.run_side(op.operands[0], region, stores, present, j) for j, region in enumerate(op.regions)]
        pairs = enumerate(zip(*found, strict=True))
        return [present[arrays[n]] if n in arrays else self.choose(op.operands[0], *pair) for n, pair in pairs]

    def run_side(
        self, pred: Value, region: Block, stores: set[Op], present: dict[Value, Value], number: int
    ) -> list[Value]:
        """Emit one side; gives its results. `present` holds what the written arrays are now.

        The second side begins with the arrays that the first one leaves: when it is taken they are as they were.
        """
        local = dict(present)
        base_of: dict[Value, Value] = {}
        for o in region.ops:
            operands = tuple(local.get(v, v) for v in o.operands)
            if o not in stores:
                o.operands = operands
                self.builder.block.ops.append(o)
                continue
            base = base_of.get(o.operands[0], o.operands[0])
            like = Op(o.kind, operands, o.attrs, (), o.results, o.span)
            sides = (operands[1], self.written(None, like)[0])
            value = self.choose(pred, *(sides if number == 0 else sides[::-1]))
            written = self.emit("upd", (operands[0], value, *operands[2:]), o.result.type, **o.attrs)
            base_of[o.result] = base
            present[base] = local[o.result] = written
        return [local.get(v, v) for v in region.results]

    def choose(self, pred: Value, then: Value, other: Value) -> Value:
        return then if then is other else self.emit("select", (pred, then, other), then.type)


class _DiscreteConverter(_Converter):
    def rewrite_after(self, op: Op) -> Replacement:
        return super().rewrite_after(op) if all(v.type.dtype.kind in "biu" for v in op.results) else None


def _chain(region: Block, producers: dict[Value, Op], value: Value) -> tuple[Value, list[Op]]:
    """The array from outside that `value` is made from by writes in `region`, and these writes."""
    defined, writes = _defined(region), list[Op]()
    while value in defined and (op := producers[value]).name == "upd":
        writes.append(op)
        value = op.operands[0]
    return value, writes


def _written(stores: Sequence[tuple[_Store, _Store] | None]) -> set[Value]:
    return {pair[0].array for pair in stores if pair is not None}


def _defined(region: Block) -> set[Value]:
    return {v for op in region.ops for v in op.results}


def _cheap(op: Op) -> bool:
    """Whether an operation may be computed although its branch is not taken."""
    if op.regions or not (op.kind.pure and op.kind.speculatable):
        return False
    if not op.kind.cheap and not op.name.startswith("reduce_"):
        return False
    return all(v.type.size <= _SMALL for v in (*op.results, *(() if op.name == "read" else op.operands)))
