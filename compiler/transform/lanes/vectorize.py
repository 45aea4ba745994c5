"""Writes the body of a loop over lanes for all lanes at once.

    %x = read %xs, %k                      %xs itself
    %y = sine %x                     →     %y: f64[B] = sine %xs
    %m = multiply %c, %c                   %m = multiply %c, %c

What varies has the lanes in front, T[B, …]; what does not stays as it is. Where not all lanes are there, a mask b1[B]
says which are (`divergence`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Op, Value, clone_op
from hloc.ir.types import I64, TensorType
from hloc.ops.algebra import emit
from hloc.ops.control import For, If, Switch, While
from hloc.transform.lanes import accesses
from hloc.transform.lanes.carries import Sum
from hloc.transform.lanes.chains import Chains
from hloc.transform.lanes.divergence import branch
from hloc.transform.lanes.meter import Meter
from hloc.transform.lanes.ragged import ragged_loop
from hloc.transform.lanes.sums import add_lanes
from hloc.transform.lanes.uniformity import Uniformity
from hloc.transform.lanes.versions import Uses
from hloc.transform.regions import carries_of


class Vectorizer:
    """Emits into `b`.

    Fields:
        size: the number of lanes.   first, total: the number of the first one, None for 0, and how many the loop has,
        where these are a part of them.
        uniformity: which values of the body vary.
        sums: versions of what all lanes add to → how.   zeros: values from outside that are 0.
        counters: values that are the lane's number.
        now: value of the body → what stands for it here, with the lanes in front if it varies.
        mask: which lanes are there, b1[B]; None: all. At least one is, but in code that has neither loops nor calls.
        stores: writes that leave the arrays of lanes alone that are not there (see `divergence`).
        producers: the operation of the body that makes a value.   uses: of values in the body.
        chains: where arrays in the body come from.
        meter: counts lanes in loops that lanes leave at different times, if that was asked for.
    """

    def __init__(
        self,
        b: Builder,
        size: int,
        uniformity: Uniformity,
        sums: Mapping[Value, Sum],
        counters: set[Value],
        producers: Mapping[Value, Op],
        uses: Uses,
        meter: Meter | None = None,
    ) -> None:
        self.b, self.size, self.uniformity = b, size, uniformity
        self.first: Value | None = None
        self.total = size
        self.zeros: Collection[Value] = ()
        self.sums, self.counters, self.producers, self.uses = sums, counters, producers, uses
        self.meter = meter
        self.chains = Chains(producers, sums)
        self.now: dict[Value, Value] = {}
        self.mask: Value | None = None
        self.stores: set[Op] = set()

    # ---- values

    def varies(self, value: Value) -> bool:
        return value in self.uniformity.cause

    def get(self, value: Value) -> Value:
        """What stands for a value here."""
        return self.now.get(value, value)

    def lanes(self, value: Value) -> Value:
        """What stands for a value, with the lanes in front in any case."""
        return self.get(value) if self.varies(value) else self.repeated(self.get(value), value)

    def repeated(self, one: Value, value: Value | None = None) -> Value:
        """The same for each lane. value: what it stands for in the body."""
        producer = self.producers.get(value) if value is not None else None
        shape = (self.size, *one.type.shape)
        if producer is not None and producer.name == "empty":
            return emit(self.b, "empty", shape=shape, dtype=one.type.dtype)
        return emit(self.b, "broadcast_in_dim", one, shape=shape, dims=tuple(range(1, len(shape))))

    def like(self, result: Value, value: Value) -> Value:
        """What stands for `value`, with the lanes in front if `result` has them."""
        return self.lanes(value) if self.varies(result) else self.get(value)

    def type_of(self, value: Value) -> TensorType:
        """The type of what stands for a value."""
        return value.type.with_shape((self.size, *value.type.shape)) if self.varies(value) else value.type

    def bind(self, values: Sequence[Value], news: Sequence[Value]) -> None:
        for value, new in zip(values, news, strict=True):
            self.now[value] = new
            new.name = new.name or value.name

    def spread(self, mask: Value, type: TensorType) -> Value:
        """A mask b1[B] for elements of T[B, …]."""
        if not type.shape[1:]:
            return mask
        return emit(self.b, "broadcast_in_dim", mask, shape=type.shape, dims=(0,))

    def choose(self, mask: Value, x: Value, y: Value) -> Value:
        """x for the lanes of the mask, y for the others: T[B, …]."""
        return x if x is y else emit(self.b, "select", self.spread(mask, x.type), x, y)

    def meet(self, mask: Value) -> Value:
        """The lanes of a mask that are there."""
        return mask if self.mask is None else emit(self.b, "and", self.mask, mask)

    def any(self, mask: Value) -> Value:
        return emit(self.b, "reduce_or", mask, axes=(0,))

    def number(self, value: int) -> Value:
        return emit(self.b, "constant", value=np.array(value, I64.dtype))

    # ---- operations

    def block(self, block: Block) -> None:
        for op in block.ops:
            self.b.span = op.span
            self.op(op)

    def op(self, op: Op) -> None:
        if op in self.uniformity.divergent:
            (branch if op.name in ("if", "switch") else ragged_loop)(self, op)
        elif op.name in ("if", "switch"):
            self.branch(op)
        elif op.name in ("for", "while"):
            self.loop(op)
        elif op.name == "barrier":
            self.bind(op.results, self.b.emit_many(op.kind, *map(self.get, op.operands), **op.attrs))
        elif op.results and op.results[0] in self.sums:
            self.bind(op.results, add_lanes(self, op))
        elif any(map(self.varies, op.results)):
            self.bind(op.results, self.batched(op))
        else:
            self.b.block.ops.append(clone_op(op, self.now))

    def batched(self, op: Op) -> Sequence[Value]:
        special = accesses.batched(self, op)
        if special is not None:
            return special
        operands, batched = [self.get(v) for v in op.operands], [self.varies(v) for v in op.operands]
        return list(op.kind.batch(self.b, op, operands, batched, self.size))

    def region(self, region: Block, args: Sequence[Value] = (), results: Sequence[Value] = ()) -> Block:
        """A region written for all lanes: `args` are arguments of it, `results` say which of what it yields varies."""
        with self.b.at(Block()) as block:
            for arg in args:
                self.now[arg] = block.add_arg(self.type_of(arg), arg.name)
            self.block(region)
            block.results = [self.like(*pair) for pair in zip(results, region.results, strict=True)]
        return block

    def branch(self, op: Op) -> None:
        """An `if` or `switch` that all lanes take in the same way."""
        regions = [self.region(region, (), op.results) for region in op.regions]
        kind = If if op.name == "if" else Switch
        self.b.span = op.span
        types = [self.type_of(v) for v in op.results]
        self.bind(op.results, self.b.emit_op(kind, [self.get(op.operands[0])], types, op.attrs, regions))

    def loop(self, op: Op) -> None:
        """A loop that all lanes leave at the same time."""
        body, inits = op.regions[-1], op.operands[carries_of(op)]
        carries = [self.like(arg, init) for arg, init in zip(body.args[1:], inits, strict=True)]
        regions = [self.region(region, region.args, region.results) for region in op.regions[:-1]]
        regions.append(self.region(body, body.args, body.args[1:]))
        self.b.span = op.span
        types = [v.type for v in carries]
        if op.name == "while":
            self.bind(op.results, self.b.emit_op(While, carries, [I64, *types], op.attrs, regions))
        else:
            count = self.get(op.operands[0])
            self.bind(op.results, self.b.emit_op(For, [count, *carries], types, op.attrs, regions))
