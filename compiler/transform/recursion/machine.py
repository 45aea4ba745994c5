"""The loops of a cycle of functions: one for tail calls, two for one call at most per activation, else a machine.

func @fib(%n) { … }    →    state, top, %x = enter, 0, %n
                            while 0 <= top <= rows:
                              entry: return %n, or push (%n) and enter with %n - 1          only one of them:
                              if returning: pop                                             selects, and one store
                                after the first call: push (%x) and enter with %n - 2       for each column
                                after the second: return %a + %x                            of the stack

One trip is: the segments that entries lead to; the pop, if control returns; the segments that follow calls, each
before those that it leads to. So a call and the return from the call before it are one trip, and at most one row is
pushed in it. The store is made always: what lies above the top of the stack is not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from hloc.diagnostics.span import Span
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Value
from hloc.ir.types import I64
from hloc.ops.control import For, While
from hloc.ops.elementwise import Add, And, Compare, Convert, Select, Subtract
from hloc.ops.helpers import constant, full
from hloc.ops.shape import Empty
from hloc.transform.recursion.analysis import SMALL, Cycle, small
from hloc.transform.recursion.room import Room
from hloc.transform.recursion.segments import Return, Segment
from hloc.transform.recursion.stack import Stack
from hloc.transform.recursion.storage import Message, Place, Storage
from hloc.transform.recursion.tick import Env, Event, Mask, Tick
from hloc.transform.recursion.token import TOKEN

DEPTH = "depth"
"""The group of registers that count calls; the conditions of loops look at these, and at those of the token."""
Now = dict[Place, Value]
"""What the places hold."""


@dataclass(eq=False)
class Plan:
    """How a cycle is written as loops.

    Fields:
        first: segments of a trip before the pop; of a tail or linear recursion, those of the loop down.
        second: those after it, or those of the loop up.
        gotos: segments where a trip may begin.
        kind: "tail", "linear" or "machine".
        threaded: whether the functions take and give the token themselves.
    """

    cycle: Cycle
    storage: Storage
    first: list[Segment]
    second: list[Segment]
    gotos: list[Segment]
    kind: str
    threaded: bool


class MachineBuilder:
    """Writes the block of the function that stands for a cycle: parameters and the token → results and the token."""

    def __init__(self, plan: Plan, room: Room) -> None:
        self.plan, self.cycle, self.storage, self.room = plan, plan.cycle, plan.storage, room
        self.links = {segment: n for n, segment in enumerate(self.cycle.continuations())}
        self.registers, self.cells = self.storage.all_registers(), self.storage.all_cells()
        self.state, self.top = Place(I64, name="state"), Place(I64, name="top")
        self.link = Place(I64, name="link") if len(self.links) > 1 else None
        self.stack = Stack(self.storage.all_columns() + ([self.link] if self.link is not None else []))
        self.enters: list[Message] = [("enter", name) for name in self.cycle.entries]
        starts: list[Message] = [*self.enters, *(("goto", s) for s in plan.gotos)]
        self.states: dict[Message, int] = {message: n for n, message in enumerate(starts)}
        self.returning = len(starts)
        comes_back = any(isinstance(segment.end, Return) for segment in plan.second)
        self.only_enters = len(starts) == 1 and not (plan.kind == "machine" and comes_back)
        self.outside: Env = {}

    def build(self, span: Span) -> Block:
        """span: of the function."""
        block = Block()
        b = Builder(block, span)
        params = self.cycle.params[self.cycle.entry]
        has_depth = self.place_of(DEPTH) is not None
        given = params[:-1] if has_depth else params
        self.outside = {v: block.add_arg(v.type, v.name) for v in given}
        if has_depth:
            self.outside[params[-1]] = constant(b, 1, np.int64)
        token = block.args[-1] if self.plan.threaded else block.add_arg(I64, "token")
        starts = self.equal(b, token, 0)
        now = self.run_machine(b, starts) if self.plan.kind == "machine" else self.run_down_and_up(b, starts)
        where = self.storage.registers["return", self.cycle.entry] | self.storage.cells
        block.results = [now[where[s]] for s in self.cycle.slots[self.cycle.entry]]
        token = block.results.pop() if self.plan.threaded else token
        block.results.append(self.final_token(b, now, token))
        return block

    # --- the two forms

    def run_machine(self, b: Builder, starts: Value) -> Now:
        now = self.initial(b)
        if not self.only_enters:
            now[self.state] = constant(b, self.states["enter", self.cycle.entry], np.int64)
        now[self.top] = b.emit(Select, starts, constant(b, 0, np.int64), constant(b, -1, np.int64))

        def goes_on(b: Builder, now: Now) -> Value:
            inside = b.emit(Compare, now[self.top], constant(b, 0, np.int64), direction="GE")
            return b.emit(And, inside, self.has_room(b, now))

        return self.loop(b, now, goes_on, self.trip)

    def run_down_and_up(self, b: Builder, starts: Value) -> Now:
        now = self.initial(b)
        enter = constant(b, self.states["enter", self.cycle.entry], np.int64)
        now[self.state] = b.emit(Select, starts, enter, constant(b, self.returning, np.int64))
        if self.plan.kind == "linear":
            now[self.top] = constant(b, 0, np.int64)

        def goes_on(b: Builder, now: Now) -> Value:
            enters = b.emit(Compare, now[self.state], constant(b, self.returning, np.int64), direction="NE")
            return b.emit(And, enters, self.has_room(b, now))

        now = self.loop(b, now, goes_on, self.trip_down)
        return now if self.plan.kind == "tail" else self.up(b, now)

    def initial(self, b: Builder) -> Now:
        """The arguments of the first call in their places, nothing in the others."""
        now: Now = {}
        for place in self.registers:
            now[place] = full(b, place.type.shape, 0, place.type.dtype)
        for place in self.cells:
            now[place] = b.emit(Empty, shape=place.type.shape, dtype=place.type.dtype)
        entry = self.storage.registers["enter", self.cycle.entry]
        for _, param in self.cycle.wanted_params(self.cycle.entry):
            now[entry[param] if small(param) else self.storage.cells[param]] = self.outside[param]
        now.update(self.stack.empty(b, self.room.rows + 1))
        return now

    def loop(
        self, b: Builder, now: Now, goes_on: Callable[[Builder, Now], Value], trip: Callable[[Builder, Now], Now]
    ) -> Now:
        """A `while` that carries the places."""
        places, inits = list(now), list(now.values())
        cond = Block([Value(v.type, p.name) for p, v in now.items()])
        cond.results = [goes_on(Builder(cond, b.span), dict(zip(places, cond.args, strict=True)))]
        body = Block([Value(I64), *(Value(v.type, p.name) for p, v in now.items())])
        after = trip(Builder(body, b.span), dict(zip(places, body.args[1:], strict=True)))
        body.results = [after[p] for p in places]
        _, *results = b.emit_op(While, inits, [I64, *(v.type for v in inits)], {}, [cond, body])
        return dict(zip(places, results, strict=True))

    def has_room(self, b: Builder, now: Now) -> Value:
        """Whether the stack has room and nothing else stops the loop."""
        tests = []
        if self.top in now:
            tests.append(b.emit(Compare, now[self.top], constant(b, self.room.rows, np.int64), direction="LE"))
        if depth := self.place_of(DEPTH):
            tests.append(b.emit(Compare, now[depth], constant(b, self.room.limit, np.int64), direction="LE"))
        if token := self.place_of(TOKEN):
            tests.append(self.equal(b, now[token], 0))
        all_, *others = tests
        for test in others:
            all_ = b.emit(And, all_, test)
        return all_

    def place_of(self, group: str) -> Place | None:
        return next((place for place in self.registers if place.group == group), None)

    def final_token(self, b: Builder, now: Now, token: Value) -> Value:
        """The token, or what the machine wants where it had no room."""
        for place, most in ((self.top, self.room.rows), (self.place_of(DEPTH), self.room.limit)):
            if place is not None and place in now:
                over = b.emit(Compare, now[place], constant(b, most, np.int64), direction="GT")
                token = b.emit(Select, over, constant(b, (self.room.number << 40) + most + 1, np.int64), token)
        return token

    # --- trips

    def tick(self, b: Builder, now: Now, order: Sequence[Segment]) -> Tick:
        tick = Tick(b, self.cycle, self.storage, self.stack, self.outside, order)
        tick.cells = {place: now[place] for place in self.cells}
        tick.stacks = {place: now[place] for place in self.stack.arrays if place in now}
        return tick

    def trip_down(self, b: Builder, now: Now) -> Now:
        """From a call to the next one, or to a return, which ends the loop."""
        tick = self.tick(b, now, self.plan.first)
        tick.row = now.get(self.top)
        self.begin(tick, now)
        tick.run(self.plan.first)
        return self.end(tick, now, now.get(self.top))

    def trip(self, b: Builder, now: Now) -> Now:
        tick = self.tick(b, now, [*self.plan.first, *self.plan.second])
        top = tick.row = now[self.top]
        tick.catches = True
        self.begin(tick, now)
        tick.run(self.plan.first)
        popping = self.popping(tick, now)
        below = b.emit(Subtract, top, constant(b, 1, np.int64))
        tick.row, tick.catches = b.emit(Select, popping, below, top), False
        results = self.returned(tick, now)
        inside = b.emit(And, popping, b.emit(Compare, top, constant(b, 0, np.int64), direction="GT"))
        self.resume(tick, inside, below, results)
        tick.run(self.plan.second)
        tick.events.append(Event(("return", self.cycle.entry), None, results))
        return self.end(tick, now, tick.row)

    def popping(self, tick: Tick, now: Now) -> Value:
        """Whether control returns to a caller: from this trip or from the one before."""
        masks = [mask for mask, _ in tick.returns]
        if not self.only_enters:
            masks.append(self.equal(tick.b, now[self.state], self.returning))
        popping = tick.any(masks) if masks else constant(tick.b, False, np.bool_)
        return popping if popping is not None else constant(tick.b, True, np.bool_)

    def begin(self, tick: Tick, now: Now) -> None:
        """Control comes to where the state says, with what the registers hold."""
        for message, number in self.states.items():
            mask: Mask = None if self.only_enters else self.equal(tick.b, now[self.state], number)
            values = {v: now[place] for v, place in self.storage.registers[message].items()}
            kind, target = message
            segment = self.cycle.entries[str(target)] if kind == "enter" else target
            assert isinstance(segment, Segment)
            tick.arrive(segment, mask, values)

    def returned(self, tick: Tick, now: Now) -> Env:
        """Small results on their way back: those that this trip has returned, or those in registers."""
        found: Env = {}
        for name in self.cycle.entries:
            for slot, place in self.storage.registers["return", name].items():
                if slot not in found:
                    choices = [(mask, values[slot]) for mask, values in tick.returns if slot in values]
                    found[slot] = tick.choose([*choices, (None, now[place])])
        return found

    def resume(self, tick: Tick, mask: Mask, row: Value, results: Env) -> None:
        """Control comes to the segment after the call that a row of the stack waits for."""
        b = tick.b
        columns = [c for c in self.stack.columns if c.type.size <= SMALL]
        read = {column: self.stack.read(b, tick.stacks, column, row) for column in columns}
        for segment, callee in self.calls():
            taken = mask
            if self.link is not None:
                taken = tick.both(mask, self.equal(b, read[self.link], self.links[segment]))
            slots = dict(zip(segment.params, self.cycle.slots[callee], strict=True))
            values = {p: results[s] for p, s in slots.items() if p in self.cycle.live[segment] and small(p)}
            values |= {v: read[c] for v, c in self.storage.columns[segment].items() if small(v)}
            self.restore(tick, segment, slots, taken, row)
            tick.arrive(segment, taken, values)

    def restore(self, tick: Tick, segment: Segment, slots: dict[Value, Value], mask: Mask, row: Value) -> None:
        """Large results and large values of the stack go into their cells."""
        live, cells = self.cycle.live[segment], self.storage.cells
        moves = [(tick.cells[cells[s]], p) for p, s in slots.items() if p in live and not small(p)]
        for value, column in self.storage.columns[segment].items():
            if not small(value):
                make = Block([Value(I64), Value(value.type)])
                make.results = [self.stack.read(Builder(make, tick.b.span), tick.stacks, column, row)]
                tick.cells[cells[value]] = tick.once_to(mask, tick.cells[cells[value]], make)
        tick.move(mask, moves)

    def calls(self) -> Iterable[tuple[Segment, str]]:
        """Segments after calls, and what is called."""
        return [(call.then, call.function) for _, call in self.cycle.calls() if call.then is not None]

    def end(self, tick: Tick, now: Now, row: Value | None) -> Now:
        """What the places hold after a trip."""
        b = tick.b
        after: Now = dict(now)
        if self.state in now:
            numbers = [self.states.get(event.message, self.returning) for event in tick.events]
            states = zip(tick.events, numbers, strict=True)
            after[self.state] = tick.choose([(e.mask, constant(b, number, np.int64)) for e, number in states])
        for place in self.registers:
            choices = [(e.mask, v) for e in tick.events for v in self.written(e, place)]
            if place.group == DEPTH or not choices:
                choices.append((None, now[place]))
            after[place] = tick.choose(choices)
        after.update(tick.cells)
        after.update(tick.stacks)
        if row is not None and self.top in now:
            self.push(tick, after, row)
        return after

    def written(self, event: Event, place: Place) -> list[Value]:
        registers = self.storage.registers[event.message]
        return [event.values[v] for v, p in registers.items() if p is place and v in event.values]

    def push(self, tick: Tick, after: Now, row: Value) -> None:
        """One store for each column, which is above the top if nothing is pushed."""
        b = tick.b
        for column in self.stack.columns:
            choices = [(p.mask, p.values[v]) for p in tick.pushes for v in self.kept(p.then, column) if v in p.values]
            if column is self.link:
                choices = [(p.mask, constant(b, self.links[p.then], np.int64)) for p in tick.pushes]
            if choices:
                self.stack.store(b, after, column, row, tick.choose(choices))
        after[self.top] = row
        if tick.pushes:
            pushed = tick.any([p.mask for p in tick.pushes])
            one = constant(b, 1, np.int64)
            after[self.top] = b.emit(Add, row, one if pushed is None else b.emit(Convert, pushed, dtype=I64.dtype))

    def kept(self, segment: Segment, column: Place) -> list[Value]:
        return [v for v, place in self.storage.columns[segment].items() if place is column]

    def up(self, b: Builder, now: Now) -> Now:
        """The loop up of a linear recursion: the code after each call that waits, the last one first."""
        fine = self.has_room(b, now)
        count = b.emit(Select, fine, now[self.top], constant(b, 0, np.int64))
        stacks = {place: now[place] for place in self.stack.arrays}
        carried = {p: v for p, v in now.items() if p not in stacks and p not in (self.state, self.top)}
        places, inits = list(carried), list(carried.values())
        body = Block([Value(I64), *(Value(v.type, p.name) for p, v in carried.items())])
        inner = Builder(body, b.span)
        after = self.trip_up(inner, dict(zip(places, body.args[1:], strict=True)), stacks, body.args[0])
        body.results = [after[p] for p in places]
        results = b.emit_op(For, [count, *inits], [v.type for v in inits], {"direction": -1}, [body])
        return now | dict(zip(places, results, strict=True))

    def trip_up(self, b: Builder, now: Now, stacks: Now, row: Value) -> Now:
        tick = self.tick(b, now, self.plan.second)
        tick.stacks = stacks
        results = self.returned(tick, now)
        self.resume(tick, None, row, results)
        tick.run(self.plan.second)
        after: Now = dict(now)
        for place in self.registers:
            choices = [(e.mask, v) for e in tick.events for v in self.written(e, place)]
            if choices:
                after[place] = tick.choose(choices)
        after.update(tick.cells)
        return after

    @staticmethod
    def equal(b: Builder, x: Value, number: int) -> Value:
        return b.emit(Compare, x, constant(b, number, x.type.dtype), direction="EQ")
