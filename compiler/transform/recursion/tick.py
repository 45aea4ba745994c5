"""One trip of a machine's loop: segments one after another, each under a mask that says whether control is there.

Control comes to a segment by arrivals, each with a mask and with what the small values that the segment needs are on
that way; where several ways meet, selects choose. Cheap segments are computed always, their stores put back the old
element where the mask is false; others stand in a `for` of one or no trips, which XLA does not enter in vain, and
which updates arrays in place. What control takes along to the next trip is an event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Op, Value, clone_op
from hloc.ir.types import I64
from hloc.ops.control import Call as CallOp
from hloc.ops.control import For
from hloc.ops.elementwise import And, Compare, Not, Or, Select
from hloc.ops.helpers import constant, full
from hloc.ops.indexing import Read, Upd, window
from hloc.transform.recursion.analysis import Cycle, followers, handed_on, small, uses_of
from hloc.transform.recursion.segments import Branch, Call, Goto, Return, Segment
from hloc.transform.recursion.stack import Arrays, Stack
from hloc.transform.recursion.storage import Message, Place, Storage

Mask = Value | None
"""Whether control is somewhere; None: it is."""
Env = dict[Value, Value]
"""Values of the functions → what they are in this trip."""


@dataclass(eq=False)
class Event:
    """Where control goes on in the next trip, and what it takes along."""

    message: Message
    mask: Mask
    values: Env


@dataclass(eq=False)
class Push:
    """A row for an activation that waits for a call: small values only, large ones are stored at once."""

    mask: Mask
    then: Segment
    values: Env


class Tick:
    """Emits segments into the body of a loop.

    Fields:
        cells: the present version of each large array.
        stacks: the present versions of the arrays of the stack.
        row: where a push would go now.
        catches: returns go on in this trip, as `returns`, and are no events.
        events, pushes, returns: what has happened so far.
    """

    def __init__(
        self, b: Builder, cycle: Cycle, storage: Storage, stack: Stack, outside: Env, order: Sequence[Segment]
    ) -> None:
        self.b, self.cycle, self.storage, self.stack, self.outside = b, cycle, storage, stack, outside
        self.position = {segment: n for n, segment in enumerate(order)}
        self.arrivals: dict[Segment, list[tuple[Mask, Env]]] = {segment: [] for segment in order}
        self.cells: dict[Place, Value] = {}
        self.stacks: Arrays = {}
        self.row: Value | None = None
        self.catches = False
        self.events: list[Event] = []
        self.pushes: list[Push] = []
        self.returns: list[tuple[Mask, Env]] = []

    # --- masks

    def both(self, x: Mask, y: Mask) -> Mask:
        if x is None or y is None:
            return y if x is None else x
        return self.b.emit(And, x, y)

    def any(self, masks: Iterable[Mask]) -> Mask:
        """Whether one of the masks holds; there is at least one."""
        first, *others = masks
        for mask in others:
            if first is None or mask is None:
                return None
            first = self.b.emit(Or, first, mask)
        return first

    def equal(self, x: Value, number: int) -> Value:
        return self.b.emit(Compare, x, constant(self.b, number, x.type.dtype), direction="EQ")

    def choose(self, choices: Sequence[tuple[Mask, Value]]) -> Value:
        """The value whose mask holds; the last one if none does."""
        *others, (_, value) = choices
        for mask, other in reversed(others):
            if other is not value:
                value = other if mask is None else self.b.emit(Select, mask, other, value)
        return value

    # --- segments

    def arrive(self, segment: Segment, mask: Mask, values: Env) -> None:
        self.arrivals[segment].append((mask, values))

    def run(self, segments: Iterable[Segment]) -> None:
        """Emit segments, those that control may come to."""
        for segment in segments:
            if self.arrivals[segment]:
                with self.b.spanned(segment.span):
                    self.segment(segment)

    def segment(self, segment: Segment) -> None:
        arrivals = self.arrivals[segment]
        mask = self.any([mask for mask, _ in arrivals])
        env: Env = {}
        for value in self.cycle.live[segment]:
            if small(value):
                env[value] = self.choose([(mask, values[value]) for mask, values in arrivals])
            else:
                env[value] = self.cells[self.storage.cells[value]]
        wanted = self.wanted(segment)
        if mask is None or _Plain(self, segment, wanted).holds():
            self.compute(segment, mask, env, wanted)
        else:
            self.compute_guarded(segment, mask, env, wanted)
        self.leave(segment, mask, env)

    def wanted(self, segment: Segment) -> dict[Value, None]:
        """What a segment defines that is needed after it."""
        end = segment.end
        used = [v for v, _ in handed_on(self.cycle, segment)] + ([end.choice] if isinstance(end, Branch) else [])
        used += [v for follower in followers(segment) for v in self.cycle.live[follower]]
        defined = set(segment.defines())
        return dict.fromkeys(v for v in used if v in defined)

    def home(self, segment: Segment, value: Value) -> Place:
        """The cell of a large value that leaves a segment."""
        cells = self.storage.cells
        if value in cells:
            return cells[value]
        return next(cells[to] for v, to in handed_on(self.cycle, segment) if v is value)

    def value(self, env: Env, value: Value) -> Value:
        """What a value of the functions is here; free ones are computed on the spot."""
        if value in env:
            return env[value]
        if value in self.cycle.invariant:
            return self.outside[self.cycle.invariant[value]]
        op = self.cycle.free[value]
        operands = {v: self.value(env, v) for v in op.operands}
        self.b.block.ops.append(clone_op(op, operands))
        env[value] = operands[value]
        return env[value]

    def copy(self, op: Op, env: Env) -> None:
        """Emit a copy of an operation."""
        for value in uses_of(op):
            env[value] = self.value(env, value)
        self.b.block.ops.append(clone_op(op, env))

    def compute(self, segment: Segment, mask: Mask, env: Env, wanted: Iterable[Value]) -> None:
        for op in segment.ops:
            if mask is not None and op.kind is Upd and not small(op.result):
                self.store(op, mask, env)
            else:
                self.copy(op, env)
        for value in wanted:
            if not small(value):
                self.cells[self.home(segment, value)] = env[value]

    def store(self, op: Op, mask: Value, env: Env) -> None:
        """A store that changes nothing where the mask is false."""
        array, value, *starts = (self.value(env, v) for v in op.operands)
        drop, mode = op.attrs["drop"], op.attrs["mode"]
        if mode == "add":
            kept = full(self.b, value.type.shape, _nothing(value), value.type.dtype)
        else:
            kept = self.b.emit(Read, array, *starts, sizes=window(value.type, drop), drop=drop)
        value = self.b.emit(Select, mask, value, kept)
        env[op.result] = self.b.emit(Upd, array, value, *starts, drop=drop, mode=mode)

    def compute_guarded(self, segment: Segment, mask: Value, env: Env, wanted: Iterable[Value]) -> None:
        """The operations in a loop of one or no trips that carries what they change and give."""
        outputs = {v: self.home(segment, v) for v in wanted if not small(v)}
        scalars = [v for v in wanted if small(v)]
        cells = list(dict.fromkeys(outputs.values()))
        inits = [self.cells[cell] for cell in cells]
        inits += [full(self.b, v.type.shape, 0, v.type.dtype) for v in scalars]
        for value in [v for op in segment.ops for v in uses_of(op)]:
            if value not in segment_values(segment) and value not in env:
                self.value(env, value)
        body = Block()
        body.add_arg(I64)
        args = [body.add_arg(v.type, v.name) for v in inits]
        inner = dict(env)
        at = dict(zip(cells, args, strict=False))
        inner.update((v, at[c]) for v, c in self.storage.cells.items() if c in at and v in self.cycle.live[segment])
        with self.b.at(body):
            for op in segment.ops:
                self.copy(op, inner)
        made = {cell: inner[v] for v, cell in outputs.items()}
        body.results = [*(made[c] for c in cells), *(inner[v] for v in scalars)]
        results = self.once(mask, inits, body)
        after = dict(zip(cells, results, strict=False))
        self.cells.update(after)
        env.update((v, after[cell]) for v, cell in outputs.items())
        env.update(zip(scalars, results[len(cells) :], strict=True))

    def once(self, mask: Value, inits: Sequence[Value], body: Block) -> tuple[Value, ...]:
        """A `for` of one trip where the mask holds, else of none."""
        count = self.b.emit(Select, mask, constant(self.b, 1, np.int64), constant(self.b, 0, np.int64))
        return self.b.emit_op(For, [count, *inits], [v.type for v in inits], {"direction": 1}, [body])

    def once_to(self, mask: Mask, array: Value, make: Block) -> Value:
        """A large array, or where the mask holds what `make` (index, array) → new makes of it."""
        if mask is None:
            made = dict(zip(make.args, [constant(self.b, 0, np.int64), array], strict=True))
            for op in make.ops:
                self.b.block.ops.append(clone_op(op, made))
            return made.get(make.results[0], make.results[0])
        return self.once(mask, [array], make)[0]

    # --- what follows a segment

    def leave(self, segment: Segment, mask: Mask, env: Env) -> None:
        pairs = [(self.value(env, v), to) for v, to in handed_on(self.cycle, segment)]
        self.move(mask, [(v, to) for v, to in pairs if not small(to)])
        values = {to: v for v, to in pairs if small(to)}
        match segment.end:
            case Goto(target, _):
                self.go_to(segment, target, mask, env, values)
            case Branch(choice, targets):
                masks = self.choices(self.value(env, choice), len(targets))
                for target, taken in zip(targets, masks, strict=True):
                    self.arrive(target, self.both(mask, taken), self.needed(target, env))
            case Call(function, _, then):
                if then is not None:
                    self.push(mask, then, env)
                self.events.append(Event(("enter", function), mask, values))
            case Return() if self.catches:
                self.returns.append((mask, values))
            case Return():
                self.events.append(Event(("return", segment.function), mask, values))

    def go_to(self, segment: Segment, target: Segment, mask: Mask, env: Env, values: Env) -> None:
        values |= self.needed(target, env)
        if self.position[target] > self.position[segment]:
            self.arrive(target, mask, values)
        else:
            self.events.append(Event(("goto", target), mask, values))

    def needed(self, target: Segment, env: Env) -> Env:
        """The small values that a segment needs besides its parameters."""
        return {v: self.value(env, v) for v in self.cycle.live[target] if small(v) and v not in target.params}

    def choices(self, choice: Value, count: int) -> list[Mask]:
        """For each target of a branch, whether it is taken."""
        b = self.b
        if choice.type.dtype.kind == "b":
            return [choice, b.emit(Not, choice)]
        if count == 1:
            return [None]
        first = b.emit(Compare, choice, constant(b, 0, np.int64), direction="LE")
        last = b.emit(Compare, choice, constant(b, count - 1, np.int64), direction="GE")
        return [first, *(self.equal(choice, n) for n in range(1, count - 1)), last]

    def move(self, mask: Mask, pairs: Sequence[tuple[Value, Value]]) -> None:
        """Put large values into the cells of what they become, where they are not there already."""
        for value, to in pairs:
            cell = self.storage.cells[to]
            if self.cells[cell] is not value:
                make = Block([Value(I64), Value(to.type)])
                make.results = [value]
                self.cells[cell] = self.once_to(mask, self.cells[cell], make)

    def push(self, mask: Mask, then: Segment, env: Env) -> None:
        columns = self.storage.columns[then]
        values = {v: self.value(env, v) for v in columns}
        for value, column in columns.items():
            if not small(value):
                self.store_large(mask, column, values[value])
        self.pushes.append(Push(mask, then, {v: x for v, x in values.items() if small(v)}))

    def store_large(self, mask: Mask, column: Place, value: Value) -> None:
        """Put a large value into the row where a push goes now."""
        assert self.row is not None
        array, _ = self.stack.where[column]
        body = Block([Value(I64), Value(self.stacks[array].type)])
        arrays = {array: body.args[1]}
        self.stack.store(Builder(body, self.b.span), arrays, column, self.row, value)
        body.results = [arrays[array]]
        self.stacks[array] = self.once_to(mask, self.stacks[array], body)


def segment_values(segment: Segment) -> set[Value]:
    return set(segment.defines())


def _nothing(value: Value) -> object:
    """What adds nothing, not even to the sign of a zero."""
    return {"f": -0.0, "c": complex(-0.0, -0.0)}.get(value.type.dtype.kind, 0)


class _Plain:
    """Whether a segment may be computed always: its operations are cheap, its stores small and in place."""

    def __init__(self, tick: Tick, segment: Segment, wanted: Iterable[Value]) -> None:
        self.tick, self.segment = tick, segment
        self.wanted = [v for v in wanted if not small(v)]

    def holds(self) -> bool:
        base: dict[Value, Value] = {}
        last: dict[Value, Value] = {v: v for v in self.tick.cycle.live[self.segment] if not small(v)}
        for op in self.segment.ops:
            if op.kind is Upd and not small(op.result):
                array = op.operands[0]
                start = base.get(array, array)
                if last.get(start) is not array or not small(op.operands[1]):
                    return False
                base[op.result], last[start] = start, op.result
            elif not _cheap(op):
                return False
        cells = self.tick.storage.cells
        written = {start: value for start, value in last.items() if value is not start}
        stays = all(v in self.wanted and self.tick.home(self.segment, v) is cells[s] for s, v in written.items())
        return stays and all(v in written.values() for v in self.wanted)


def _cheap(op: Op) -> bool:
    if op.regions or op.kind is CallOp or not (op.kind.pure and op.kind.speculatable):
        return False
    if op.kind is Read:
        return small(op.result)
    if not (op.kind.cheap or op.kind is Upd or op.name.startswith("reduce_")):
        return False
    return all(map(small, (*op.operands, *op.results)))
