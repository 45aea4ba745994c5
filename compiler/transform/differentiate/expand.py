"""Write out the derivatives that a program asks for, the innermost first.

%y, %tape, %needed = linearize %x {function = @f}             the body of f, saving what its adjoint reads
…                                                        →    …
%x_bar, %more = pullback %tape, %y_bar                        the adjoint of the body of f
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module, Op, Value, clone_block, substitute, walk
from hloc.ops.algebra import emit
from hloc.ops.helpers import constant
from hloc.transform.call_graph import callees, callees_first
from hloc.transform.differentiate.accumulate import fill_cleared, find_accumulations
from hloc.transform.differentiate.activity import Summaries, useful, varied
from hloc.transform.differentiate.cotangents import Scope, named, zeros
from hloc.transform.differentiate.demands import Demands
from hloc.transform.differentiate.forward import Forward
from hloc.transform.differentiate.inline import body_of, inline_all
from hloc.transform.differentiate.recursion import Halves, Recursion
from hloc.transform.differentiate.reverse import Sweep
from hloc.transform.differentiate.rows import note
from hloc.transform.differentiate.saving import settle, settle_activation
from hloc.transform.differentiate.sites import AT_MOST, STRIDE, Sites
from hloc.transform.differentiate.tiling import Candidate, best_stride, candidates, in_segments

ASKING = ("linearize", "jvp")
USING = ("pullback", "pushforward")


@dataclass(eq=False)
class Tape:
    """What a pullback runs: a block whose arguments are the cotangents of the results; it sees what was computed.

    pushforward: the same for tangents, made when it is first asked for.
    """

    pullback: Block
    pushforward: Block | None = None


def expand(module: Module, sites: Sites) -> bool:
    """Write out the derivatives of functions that ask for none themselves; says whether there were any."""
    ready, forward = _ready(module), Forward(module)
    for function in list(module.functions.values()):
        if any(op.name in ASKING and op.attrs["function"] in ready for op in walk(function.block)):
            _Expansion(module, function, ready, sites, forward).run()
    return bool(ready)


def _ready(module: Module) -> set[str]:
    """Functions whose derivative is asked for, and which ask for none, nor anything that they call."""
    asking = {name for name, f in module.functions.items() if any(op.name in ASKING for op in walk(f.block))}
    graph = {name: callees(module, f) for name, f in module.functions.items()}
    targets = {op.attrs["function"] for f in module.functions.values() for op in walk(f.block) if op.name in ASKING}
    return {name for name in targets if not asking & callees_first(graph, name).keys()}


class _Expansion:
    """The derivatives asked for in one function."""

    def __init__(self, module: Module, function: Function, ready: set[str], sites: Sites, forward: Forward) -> None:
        self.module = module
        self.forward = forward
        self.function = function
        self.ready = ready
        self.sites = sites
        self.tapes: dict[Value, Tape] = {}
        self.mapping: dict[Value, Value] = {}

    def run(self) -> None:
        self.block(self.function.block)
        substitute(self.function.block, self.mapping)

    def block(self, block: Block) -> None:
        ops, block.ops = block.ops, []
        for op in ops:
            for region in op.regions:
                self.block(region)
            if op.name in ASKING and op.attrs["function"] in self.ready:
                self.replace(block, op, self.linearize(op) if op.name == "linearize" else self.jvp(op))
            elif op.name in USING and op.operands[0] in self.tapes:
                self.replace(block, op, self.use(op))
            else:
                block.ops.append(op)

    def replace(self, block: Block, op: Op, body: Block) -> None:
        block.ops += body.ops
        for old, new in zip(op.results, body.results, strict=True):
            new.name = new.name or old.name
            self.mapping[old] = new

    def body_of(self, op: Op, strides: dict[int, int]) -> tuple[Block, dict[Op, Candidate]]:
        """A copy of the function that is asked about, with the calls in it written out; and loops for segments.

        strides: which of these run in segments already, by number, and of how many trips.
        """
        body = body_of(self.module, op.attrs["function"])
        inline_all(self.module, body)
        for param, operand in zip(body.args, op.operands, strict=False):
            param.name = param.name or operand.name
            if operand in self.tapes:
                self.tapes[param] = self.tapes[operand]
        self.block(body)
        substitute(body, self.mapping)
        find_accumulations(body)
        loops = candidates(body)
        for loop, candidate in loops.items():
            if candidate.number in strides:
                substitute(body, in_segments(self.module, loop, candidate, strides[candidate.number]))
        return body, {loop: c for loop, c in loops.items() if c.number not in strides}

    def jvp(self, op: Op) -> Block:
        b = Builder(Block(), op.span)
        b.block.results = self.forward.expand(b, op)
        return b.block

    def linearize(self, op: Op) -> Block:
        """What the function computes, saving for the adjoint, which becomes the tape."""
        strides: dict[int, int] = {}
        start, functions = self.sites.mark(), dict(self.module.functions)
        while True:
            forward, loops = self.body_of(op, strides)
            wrt, outputs = forward.args[: op.attrs["wrt"]], forward.results[: op.attrs["outputs"]]
            before = list(forward.results)
            carries = {loop: _carried(loop) * candidate.lanes for loop, candidate in loops.items()}
            adjoint, missing, more = self.adjoint(forward, wrt, outputs)
            found = _too_much(carries, self.sites, start)
            if found is None:
                break
            loop, stride = found
            strides[loops[loop].number] = stride
            self.sites.reset(start)
            self.module.functions = dict(functions)
        inputs = dict(zip(forward.args, op.operands, strict=True))
        b = Builder(forward, op.span)
        forward.results = [*before, constant(b, 0, np.int64), _greatest(b, missing)]
        with b.at(adjoint):
            adjoint.results.append(_greatest(b, more))
        self.tapes[op.results[-2]] = Tape(adjoint)
        for block in (forward, adjoint):
            substitute(block, inputs)
            for loop in (inner for inner in walk(block) if inner.name in ("for", "while")):
                for name in (AT_MOST, STRIDE):  # a slice has a stride of its own
                    loop.attrs.pop(name, None)
        return forward

    def adjoint(
        self, forward: Block, wrt: Sequence[Value], outputs: Sequence[Value], *, linear: bool = False
    ) -> tuple[Block, list[Value], list[Value]]:
        """The adjoint of a block: arguments are cotangents of `outputs`, results those of `wrt`; and what is needed."""
        summaries = Summaries(self.module)
        active = varied(forward, wrt, self.module, summaries) & useful(forward, outputs, self.module, summaries)
        demands = Demands(self.module, summaries)
        demands.ask(forward, active)
        recursion = Recursion(self.module, demands.found, self.sites)
        adjoint = Block()
        b = Builder(adjoint)
        scope = Scope(active)
        for output in outputs:
            scope.add(b, output, named(adjoint.add_arg(output.type), output))
        sweep = Sweep(self.module, active, b, recursion)
        sweep.ops(forward.ops, scope)
        adjoint.results = [scope.value(b, x) for x in wrt]
        fill_cleared(adjoint)
        missing, more = settle(forward, adjoint, sweep.pairs, sweep.needed, self.sites, keep_all=linear)
        for halves in recursion.halves.values():
            self.recursive(recursion, halves)
        before, after = recursion.thread(forward, adjoint)
        return adjoint, missing + before, more + after

    def recursive(self, recursion: Recursion, halves: Halves) -> None:
        """The adjoint of a recursive function."""
        b, active = Builder(halves.backward.block), halves.demand.active
        scope = Scope(active)
        given = recursion.begin(halves, b, scope)
        sweep = Sweep(self.module, active, b, recursion, inside=True)
        sweep.ops(halves.demand.body.ops, scope)
        for block, value in sweep.needed:
            note(block, value)
        recursion.end(halves, b, scope)
        fill_cleared(halves.backward.block)
        settle_activation(halves.forward.block, halves.backward.block, sweep.pairs, recursion.rows, given)

    def use(self, op: Op) -> Block:
        """A copy of the adjoint, or of what it is the adjoint of."""
        tape = self.tapes[op.operands[0]]
        if op.name == "pushforward" and tape.pushforward is None:
            tape.pushforward = self.transposed(tape.pullback)
        template = tape.pullback if op.name == "pullback" else tape.pushforward
        assert template is not None
        return clone_block(
            Block([], template.ops, template.results), dict(zip(template.args, op.operands[1:], strict=True))
        )

    def transposed(self, pullback: Block) -> Block:
        """The adjoint of the adjoint: linear too. Of a run of the adjoint it names only what does not depend on the
        cotangents, such as slopes: that is computed for zeros, and the rest is dead code."""
        linear = clone_block(pullback, {})
        inline_all(self.module, linear)
        adjoint, missing, more = self.adjoint(linear, linear.args, linear.results[:-1], linear=True)
        b = Builder(Block())
        substitute(linear, {cotangent: zeros(b, cotangent) for cotangent in linear.args})
        adjoint.ops[:0] = [*b.block.ops, *linear.ops]
        adjoint.results.append(_greatest(Builder(adjoint), [linear.results[-1], *missing, *more]))
        return adjoint


def _carried(loop: Op) -> int:
    """Bytes of the carries of a loop."""
    return sum(v.type.nbytes for v in loop.operands[loop.name == "for" :])


def _too_much(carries: dict[Op, int], sites: Sites, start: int) -> tuple[Op, int] | None:
    """The loop that saves most, and a stride for it, where all logs since `start` exceed the budget.

    carries: the loops that may run in segments, with the bytes of what they carried before anything was saved.
    """
    logs = sites.logs[start:]
    if sum(log.nbytes for log in logs) <= sites.budget:
        return None
    total = {loop: sum(log.nbytes for log in logs if loop in log.loops) for loop in carries}
    for loop in sorted(carries, key=lambda loop: ("lanes" in loop.attrs, -total[loop])):
        trips = max((log.loops[loop] for log in logs if loop in log.loops), default=1)
        stride = best_stride(trips, total[loop] // trips, carries[loop])
        if stride is not None:
            return loop, stride
    return None


def _greatest(b: Builder, values: Sequence[Value]) -> Value:
    if not values:
        return constant(b, 0, np.int64)
    result = values[0]
    for value in values[1:]:
        result = emit(b, "maximum", result, value)
    return result
