"""Which form the functions of a cycle of calls get, and the function that stands for them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence, Set

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module, Value, clone_block
from hloc.ir.types import I64
from hloc.ops import control
from hloc.ops.elementwise import Add
from hloc.ops.helpers import constant
from hloc.program import Machine
from hloc.transform.recursion.analysis import Cycle, find_invariant, find_live, share_slots, take_free
from hloc.transform.recursion.machine import DEPTH, MachineBuilder, Plan
from hloc.transform.recursion.repeat import repeat_after_calls
from hloc.transform.recursion.room import Room, Stacks
from hloc.transform.recursion.segments import Call, Segment, cut
from hloc.transform.recursion.storage import assign_storage
from hloc.transform.recursion.token import TOKEN, calls, thread_token


class CycleLowering:
    """Makes machines of the functions of one cycle. `takers`: functions outside of it that take the token."""

    def __init__(self, module: Module, names: Sequence[str], takers: Set[str], stacks: Stacks) -> None:
        self.functions = [module.functions[name] for name in names]
        self.names = set(names)
        self.takers, self.stacks = takers, stacks
        self.threaded = any(calls(f, takers) for f in self.functions)

    def lower(self, entry: str, number: int) -> tuple[Function, Machine]:
        """What a call of `entry` from outside of the cycle does."""
        plan = self.plan(entry)
        row_bytes = sum(column.type.nbytes for column in plan.storage.all_columns())
        rows = self.stacks.of(entry, row_bytes) if plan.kind != "tail" else 0
        room = Room(number, rows, self.stacks.limit)
        span = next(f.span for f in self.functions if f.name == entry)
        block = MachineBuilder(plan, room).build(span)
        return Function(entry, block, span), Machine(number, entry, rows, self.stacks.limit, plan.kind, span)

    def plan(self, entry: str) -> Plan:
        functions, tokens = self.copies()
        tails = any(call.then is None for _, call in _calls(cut(functions, self.names)))
        functions, tokens = self.copies()
        depths = _count_depth(functions, self.names) if tails else set[Value]()
        cycle = self.cycle(entry, functions, depths)
        groups = dict.fromkeys(depths, DEPTH) | dict.fromkeys(tokens, TOKEN)
        if self.threaded:
            groups |= {slots[-1]: TOKEN for slots in cycle.slots.values()}
        down = _in_order(cycle.entries.values())
        up = _in_order(cycle.continuations())
        kind = _kind(down, up)
        first = down if kind != "machine" else [s for s in down if s not in up]
        order = {segment: n for n, segment in enumerate([*first, *up])}
        back = {t: None for s in order for t in s.successors() if order[t] <= order[s]}
        gotos = list(back) if kind == "machine" else []
        return Plan(cycle, assign_storage(cycle, gotos, groups), first, up, gotos, kind, self.threaded)

    def copies(self) -> tuple[list[Function], set[Value]]:
        """The functions, to be used up, and the tokens that go through them."""
        functions = [dataclasses.replace(f, block=clone_block(f.block, {})) for f in self.functions]
        tokens: set[Value] = set()
        if self.threaded:
            for function in functions:
                tokens |= thread_token(function, self.takers | self.names, cycle=self.names)
        return functions, tokens

    def cycle(self, entry: str, functions: Sequence[Function], watched: set[Value]) -> Cycle:
        invariant = find_invariant(functions, entry)
        repeat_after_calls(functions, self.names, invariant.keys())
        free = take_free(functions, self.names, invariant)
        params = {f.name: list(f.params) for f in functions}
        pieces = cut(functions, self.names)
        segments = [segment for some in pieces.values() for segment in some]
        entries = {name: some[0] for name, some in pieces.items()}
        slots = share_slots(functions, segments)
        cycle = Cycle(entry, params, slots, invariant, free, segments, entries, watched)
        find_live(cycle)
        return cycle


def _calls(pieces: dict[str, list[Segment]]) -> Iterable[tuple[Segment, Call]]:
    return [(s, s.end) for some in pieces.values() for s in some if isinstance(s.end, Call)]


def _count_depth(functions: Sequence[Function], cycle: Set[str]) -> set[Value]:
    """Pass to each function how many calls are active, itself included, as its last parameter; gives these."""
    depths = set()
    for function in functions:
        depth = function.block.add_arg(I64, "depth")
        depths.add(depth)
        _pass_depth(function.block, depth, cycle)
    return depths


def _pass_depth(block: Block, depth: Value, cycle: Set[str]) -> None:
    old, block.ops = block.ops, []
    for op in old:
        for region in op.regions:
            _pass_depth(region, depth, cycle)
        if op.kind is control.Call and op.attrs["function"] in cycle:
            b = Builder(block, op.span)
            op.operands = (*op.operands, b.emit(Add, depth, constant(b, 1, np.int64)))
        block.ops.append(op)


def _in_order(starts: Iterable[Segment]) -> list[Segment]:
    """Segments that control reaches without a call or return, each before those that it leads to, where possible."""
    done: dict[Segment, None] = {}
    entered: set[Segment] = set()
    pending = [(segment, False) for segment in starts]
    while pending:
        segment, left = pending.pop()
        if left:
            done[segment] = None
        elif segment not in entered:
            entered.add(segment)
            pending.append((segment, True))
            pending += [(follower, False) for follower in segment.successors()]
    return list(done)[::-1]


def _kind(down: Sequence[Segment], up: Sequence[Segment]) -> str:
    """Whether only tail calls are made, or none once the first call has returned; else it takes a machine."""
    if not up:
        return "tail"
    order = {segment: n for n, segment in enumerate(down)}
    forward = all(order[t] > order[s] for s in down for t in s.successors())
    calls_again = any(isinstance(s.end, Call) for s in up)
    return "linear" if forward and not calls_again else "machine"
