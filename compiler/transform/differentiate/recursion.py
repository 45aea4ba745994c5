"""The adjoint of recursive functions: two recursive functions each.

    func @power(%x, %n) {                         func @power_fwd(%x, %n, %row, %p_log) {
      if %n == 0 { yield 1.0 } else {               … %p, %row, %p_log = call @power_fwd %x, %m, %row, %p_log …
        %p = call @power %x, %m               →     push %p, %n
        yield %x * %p }                             return %y, %row, %p_log }
    }                                             func @power_bwd(%y_bar, %x, %row, %p_log) {
                                                    pop %p, %n
                                                    … %x1_bar, %row = call @power_bwd %p_bar, %x, %row, %p_log …
                                                    return %x_bar, %row }

The sweep of `reverse` writes the adjoint of a body, `saving` decides what an activation, and a trip of a loop in it,
saves (see `rows`). When all bodies are there, it is known which function pushes and pops what, and that goes through
all of them as further parameters and results.

A program begins with no rows. Where there was too little room, the adjoint is not called, for the flags that end its
recursion may be among what is lost; the program says how many rows it wants, as loops do. What runs again within the
adjoint (`checkpoint`) pushes further rows onto those that are left. If these do not fit, they are given up at once: the
adjoint goes on with the rows below, so that it ends, and says what it wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module, Op, Value, walk
from hloc.ops.algebra import emit, full
from hloc.ops.control import Call, If
from hloc.ops.helpers import constant
from hloc.transform.differentiate.cotangents import Scope, named, zeros
from hloc.transform.differentiate.demands import Demand
from hloc.transform.differentiate.rows import (
    NEEDED,
    Item,
    Rows,
    State,
    changed_by,
    empty_state,
    fits,
    read_by,
    wanted,
    write_out,
)
from hloc.transform.differentiate.sites import Sites
from hloc.transform.thread import Thread


@dataclass(frozen=True, eq=False)
class Halves:
    """A function that is written as two: `forward` saves what `backward` reads."""

    demand: Demand
    forward: Function
    backward: Function


class Recursion:
    """The recursive functions of one derivative.

    Fields:
        rows: the sites where they save.
        halves: by name of the function.
        gated: calls of backward functions by the program.
        repeated: calls of backward functions for what has run again in the backward sweep; inside of a recursive
            function with that call.
    """

    def __init__(self, module: Module, demands: dict[str, Demand], sites: Sites) -> None:
        self.rows = Rows(sites)
        self.checked = sites.checked
        self.halves: dict[str, Halves] = {}
        self.gated: set[Op] = set()
        self.repeated: dict[Op, Op | None] = {}
        for name, demand in demands.items():
            span = module.functions[name].span
            forward = module.add(Function(f"{name}_fwd", Block(), span))
            backward = module.add(Function(f"{name}_bwd", Block(), span))
            self.halves[name] = Halves(demand, forward, backward)
        self.functions = {f.name: f for h in self.halves.values() for f in (h.forward, h.backward)}

    def call(self, b: Builder, op: Op, active: set[Value], scope: Scope, cotangents: Sequence[Value | None]) -> Op:
        """The adjoint of a call, which becomes one of the forward function; gives the call of the backward one."""
        halves = self.halves[op.attrs["function"]]
        demand = halves.demand
        pairs = zip(op.results, cotangents, demand.results, strict=True)
        given = [zeros(b, v) if c is None else c for v, c, used in pairs if used]
        first: dict[Value, int] = {}
        for i in demand.accumulated:
            if op.operands[i] in active:
                first.setdefault(op.operands[i], i)
        sums = {i: op.operands[i] for i in demand.accumulated}
        given += [scope.value(b, v) if first.get(v) == i else zeros(b, v) for i, v in sums.items()]
        given += [op.operands[i] for i in demand.invariant]
        params = [i for i, used in enumerate(demand.params) if used]
        types = [op.operands[i].type for i in params]
        found = b.emit_op(Call, given, types, {"function": halves.backward.name})
        call = b.block.ops[-1]
        moved = [i in sums and first.get(sums[i]) == i for i in params]
        for i, cotangent, move in zip(params, found, moved, strict=True):
            if move:
                scope.set(op.operands[i], cotangent)
        for i, cotangent, move in zip(params, found, moved, strict=True):
            if not move and op.operands[i] in active:
                scope.add(b, op.operands[i], named(cotangent, op.operands[i]))
        op.attrs = {"function": halves.forward.name}
        return call

    def begin(self, halves: Halves, b: Builder, scope: Scope) -> dict[Value, Value]:
        """Give the backward function its parameters; tells what the invariant ones of the function are in it."""
        demand, block = halves.demand, halves.backward.block
        args, results = demand.body.args, demand.body.results
        cotangents = [
            (v, named(block.add_arg(v.type), v)) for v, used in zip(results, demand.results, strict=True) if used
        ]
        for i in demand.accumulated:
            scope.set(args[i], named(block.add_arg(args[i].type), args[i]))
        for value, cotangent in cotangents:
            scope.add(b, value, cotangent)
        return {args[i]: block.add_arg(args[i].type, args[i].name) for i in demand.invariant}

    def end(self, halves: Halves, b: Builder, scope: Scope) -> None:
        """Let the backward function give the cotangents of its parameters, and the forward one what it computes."""
        demand = halves.demand
        halves.backward.block.results = [
            scope.value(b, v) for v, used in zip(demand.body.args, demand.params, strict=True) if used
        ]
        halves.forward.block = demand.body

    # --- the state

    def thread(self, forward: Block, backward: Block) -> tuple[list[Value], list[Value]]:
        """Let the rows go through all functions and the program: a forward and a backward block, which sees it.

        Gives what the sites want, at the end of the one and of the other, where something may be missing.
        """
        if not self.halves:
            return [], []
        return _Threading(self).program(forward, backward)


class _Threading:
    """Fields:
    changed, read: function → the items that it changes, those that it only reads.
    fits: whether all that the forward sweep has pushed had room.
    again: calls of forward functions by backward ones; before: the pointers before these.
    """

    def __init__(self, recursion: Recursion) -> None:
        self.recursion = recursion
        self.sites = recursion.rows.made
        self.items = [item for site in self.sites for item in site.items] + [NEEDED]
        self.functions = recursion.functions
        self.changed: dict[str, set[Item]] = {name: set() for name in self.functions}
        self.read: dict[str, set[Item]] = {name: set() for name in self.functions}
        self.fits: Value | None = None
        self.gated = recursion.gated | recursion.repeated.keys()
        self.again = set(recursion.repeated.values())
        self.before: dict[Op | None, State] = {}
        self.find_items()

    def find_items(self) -> None:
        """A least fixpoint over the calls."""
        while True:
            before = sum(len(s) for s in (*self.changed.values(), *self.read.values()))
            for name, function in self.functions.items():
                for op in walk(function.block):
                    self.changed[name].update(self.changes(op))
                    self.read[name].update(self.reads(op))
            if before == sum(len(s) for s in (*self.changed.values(), *self.read.values())):
                break
        for name, changed in self.changed.items():
            self.read[name] -= changed

    def changes(self, op: Op) -> Sequence[Item]:
        if op.name == "call" and op.attrs["function"] in self.functions:
            found = self.changed[op.attrs["function"]]
            noted = op in self.recursion.repeated and self.recursion.checked
            return [item for item in self.items if item in found or (noted and item is NEEDED)]
        return changed_by(op)

    def reads(self, op: Op) -> Sequence[Item]:
        if op.name == "call" and op.attrs["function"] in self.functions:
            found = self.read[op.attrs["function"]]
            return [item for item in self.items if item in found]
        return read_by(op)

    def step(self, op: Op, state: State) -> Sequence[Op]:
        if op in self.again:
            self.before[op] = {site.pointer: state[site.pointer] for site in self.sites if site.pointer in state}
        if self.recursion.checked and self.sites and op in self.gated:
            return self.gate(op, state)
        if op.name == "call" and op.attrs["function"] in self.functions:
            self.extend(op, state)
            return [op]
        return write_out(op, state) if op.name in ("push", "pop", "wanted") else [op]

    def extend(self, op: Op, state: State) -> None:
        """Pass the state to a function, and take what it makes of it."""
        changed = [item for item in self.items if item in self.changed[op.attrs["function"]]]
        op.operands = (*op.operands, *(state[item] for item in (*changed, *self.reads(op))))
        results = [Value(item.type, item.name) for item in changed]
        op.results = (*op.results, *results)
        state.update(zip(changed, results, strict=True))

    def gate(self, op: Op, state: State) -> Sequence[Op]:
        """Call only if there is all that is to be read."""
        b, results = Builder(Block(), op.span), op.results
        there = self.look(b, op, state)
        before = self.before.get(self.recursion.repeated.get(op)) or {}
        op.results = tuple(Value(v.type, v.name) for v in results)
        changed = [item for item in self.items if item in self.changed[op.attrs["function"]]]
        with b.at(Block()) as otherwise:
            otherwise.results = [*self.unchanged(b, op, results), *(before.get(item, state[item]) for item in changed)]
        self.extend(op, dict(state))
        then = Block(ops=[op], results=list(op.results))
        after = [Value(item.type, item.name) for item in changed]
        b.block.ops.append(Op(If, (there,), {}, (then, otherwise), (*results, *after), op.span))
        state.update(zip(changed, after, strict=True))
        return b.block.ops

    def look(self, b: Builder, op: Op, state: State) -> Value:
        """Whether there is all; if something has run again, here, else where the forward sweep ended."""
        repeated = self.recursion.repeated
        if None not in repeated.values() and op not in repeated:
            assert self.fits is not None
            return self.fits
        sites = [site for site in self.sites if site.pointer in state]
        if op in repeated:
            for site in sites:
                state[NEEDED] = emit(b, "maximum", state[NEEDED], wanted(b, site, state))
        return fits(b, sites, state)

    def unchanged(self, b: Builder, op: Op, results: Sequence[Value]) -> list[Value]:
        """What stands for the cotangents that a call gives: sums as they are, zeros."""
        demand = next(h.demand for h in self.recursion.halves.values() if h.backward.name == op.attrs["function"])
        wanted = sum(demand.results)
        sums = {i: op.operands[wanted + n] for n, i in enumerate(demand.accumulated)}
        place = {j: n for n, j in enumerate(j for j, used in enumerate(demand.results) if used)}
        found = []
        for i, result in zip((i for i, used in enumerate(demand.params) if used), results, strict=True):
            if i in sums:
                found.append(sums[i])
            elif i in demand.taken:
                found.append(op.operands[place[demand.taken[i]]])
            else:
                found.append(full(b, result.type, 0))
        return found

    # --- functions, and the program

    def function(self, function: Function) -> None:
        changed = [item for item in self.items if item in self.changed[function.name]]
        read = [item for item in self.items if item in self.read[function.name]]
        block = function.block
        state = {item: block.add_arg(item.type, item.name) for item in (*changed, *read)}
        self.run(block, state)
        block.results += [state[item] for item in changed]

    def run(self, block: Block, state: State) -> None:
        Thread[Item](self.changes, self.step).block(block, state)

    def program(self, forward: Block, backward: Block) -> tuple[list[Value], list[Value]]:
        for function in self.functions.values():
            self.function(function)
        b = Builder(Block())
        state = empty_state(b, self.sites)
        self.run(forward, state)
        forward.ops[:0] = b.block.ops
        missing: list[Value] = []
        with b.at(forward):
            if self.recursion.checked and self.sites:
                missing = [wanted(b, site, state) for site in self.sites]
                self.fits = fits(b, self.sites, state)
        thread = Thread[Item](self.changes, self.step)
        if NEEDED not in thread.changed(backward):
            thread.block(backward, state)
            return missing, []
        zero = Builder(Block())
        state[NEEDED] = constant(zero, 0, np.int64)
        thread.block(backward, state)
        backward.ops[:0] = zero.block.ops
        return missing, [state[NEEDED]]
