"""Loops that lanes leave at different times: they run until the last lane is done.

    %n, %x = while %x0 cond {%c} body {…}     →     while any(%active) { %x = select %active, %next, %x; … }
    %s = for %n, %s0 body {…}                 →     for max(%n) { %active = compare %k < %n; … }

A number that is the same for all lanes that are left stays one number; what each lane had of it when it left is noted
beside it. Of a loop that counts down, lanes enter the later trips only, and find there what they came with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hloc.ir.core import Block, Op, Value
from hloc.ir.types import I64
from hloc.ops.algebra import emit, zeros
from hloc.ops.control import For, While
from hloc.transform.regions import carries_of

if TYPE_CHECKING:
    from hloc.transform.lanes.vectorize import Vectorizer


def ragged_loop(v: Vectorizer, op: Op) -> None:
    """Write a `for` whose count varies, or a `while` whose condition does."""
    (_Counted if op.name == "for" else _Conditional)(v, op).run()


class _Ragged:
    """What both kinds share.

    Fields:
        notes: numbers of the carries of which lanes keep what they had when they left.
        threads: numbers of the carries that need no choice: arrays with writes that leave other lanes alone.
        unseen: and those that nobody looks at in a lane that has left, as their results are not used. Of a loop that
        counts down there are none: lanes that are not there yet keep theirs.
    """

    def __init__(self, v: Vectorizer, op: Op) -> None:
        self.v, self.op = v, op
        self.body = op.regions[-1]
        self.inits = op.operands[carries_of(op)]
        self.outer = v.mask
        self.threads: set[int] = set()
        self.notes: list[int] = []
        results = op.results[op.name == "while" :]
        late = op.name == "for" and op.attrs["direction"] < 0
        unused = (number for number, result in enumerate(results) if result not in v.uniformity.used)
        self.unseen: set[int] = set() if late else set(unused)
        for number, (arg, result) in enumerate(zip(self.body.args[1:], results, strict=True)):
            chain = v.chains.trip(op, number)
            if v.varies(arg) and chain is not None and arg.type.rank:
                self.threads.add(number)
                v.stores |= chain.writes
            if not v.varies(arg) and v.varies(result) and result in v.uniformity.used:
                self.notes.append(number)

    def starts(self) -> list[Value]:
        """The first carries, then the first notes."""
        v = self.v
        carries = [v.like(arg, init) for arg, init in zip(self.body.args[1:], self.inits, strict=True)]
        return carries + [v.repeated(carries[number]) for number in self.notes]

    def trip(self, active: Value, args: Sequence[Value]) -> list[Value]:
        """Write a trip for the active lanes, into the current block; gives the next carries, then the next notes."""
        v, carried = self.v, self.body.args[1:]
        v.bind(carried, args[: len(carried)])
        v.mask = active
        v.block(self.body)
        v.b.span = self.op.span
        after = []
        for number, (arg, new) in enumerate(zip(carried, self.body.results, strict=True)):
            value = v.like(arg, new)
            chosen = v.varies(arg) and number not in self.threads | self.unseen
            after.append(v.choose(active, value, args[number]) if chosen else value)
        for number, note in zip(self.notes, args[len(carried) :], strict=True):
            after.append(v.choose(active, v.repeated(after[number]), note))
        return after

    def finish(self, results: Sequence[Value]) -> None:
        """Let the results of the new loop stand for those of the old."""
        v, count = self.v, len(self.inits)
        v.mask = self.outer
        ends = list(results[:count])
        for number, note in zip(self.notes, results[count:], strict=True):
            ends[number] = note
        v.bind(self.op.results[self.op.name == "while" :], ends)


class _Counted(_Ragged):
    def run(self) -> None:
        v, op = self.v, self.op
        counts = v.lanes(op.operands[0])
        if v.mask is not None:
            counts = v.choose(v.mask, counts, zeros(v.b, counts.type))
        most, inits = emit(v.b, "reduce_max", counts, axes=(0,)), self.starts()
        with v.b.at(Block()) as body:
            k = body.add_arg(I64, self.body.args[0].name)
            args = [body.add_arg(init.type) for init in inits]
            v.bind(self.body.args[:1], [k])
            active = emit(v.b, "compare", v.repeated(k), counts, direction="LT")
            body.results = self.trip(active, args)
        v.b.span = op.span
        self.finish(v.b.emit_op(For, [most, *inits], [i.type for i in inits], op.attrs, [body]))
        if v.meter is not None:
            none = zeros(v.b, counts.type)
            ticks = emit(v.b, "maximum", most, v.number(0))
            v.meter.note(v, op, emit(v.b, "maximum", counts, none), ticks)


class _Conditional(_Ragged):
    """Carries which lanes are active first; last, if it is used, how many trips each has made."""

    def run(self) -> None:
        v, op = self.v, self.op
        counted = op.results[0] in v.uniformity.used or v.meter is not None
        carries = self.starts()
        active = self.condition(carries)
        trips = [zeros(v.b, active.type.with_dtype(I64.dtype))] if counted else []
        inits = [active if self.outer is None else emit(v.b, "and", self.outer, active), *carries, *trips]
        with v.b.at(Block()) as condition:
            flags, *_ = [condition.add_arg(init.type) for init in inits]
            condition.results = [v.any(flags)]
        with v.b.at(Block()) as body:
            k = body.add_arg(I64, self.body.args[0].name)
            active, *args = [body.add_arg(init.type) for init in inits]
            v.bind(self.body.args[:1], [k])
            after = self.trip(active, args[: len(carries)])
            made = [v.choose(active, v.repeated(emit(v.b, "add", k, v.number(1))), args[-1])] if counted else []
            body.results = [emit(v.b, "and", active, self.condition(after)), *after, *made]
        v.b.span = op.span
        types = [init.type for init in inits]
        ticks, _, *results = v.b.emit_op(While, inits, [I64, *types], op.attrs, [condition, body])
        self.finish(results[: len(carries)])
        if counted:
            v.bind(op.results[:1], results[-1:])
        if v.meter is not None:
            v.meter.note(v, op, results[-1], ticks)

    def condition(self, carries: Sequence[Value]) -> Value:
        """Write the condition; gives the lanes for which it holds."""
        v, (region, _) = self.v, self.op.regions
        v.bind(region.args, carries[: len(region.args)])
        v.block(region)
        return v.lanes(region.results[0])
