"""Cut recursive functions at their recursive calls: straight pieces of code that hand control on at their ends.

    func @fib(%n) { %p = compare %n, 2;                 fib(%n):     %p = compare %n, 2; branch %p → base, rest
      %r = if %p then { yield %n } else {               base():      goto join(%n)
        %a = call @fib (%n - 1)                         rest():      call fib(%n - 1) → then_a
        %b = call @fib (%n - 2)                   →     then_a(%a):  call fib(%n - 2) → then_b
        yield %a + %b }                                 then_b(%b):  goto join(%a + %b)
      %s = sine %r                                      join(%r):    %s = sine %r; return %s
      return %s }

A branch in the last place of its function has no join: its sides return. A call in such a place whose results are
the function's results is a tail call. Loops that hold recursive calls become a head that their bodies go back to.
Values keep their identity: a segment may use what segments before it define. Operations and regions without recursive
calls stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field

import numpy as np

from hloc.diagnostics.span import NOWHERE, Span
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Op, Value, free_values, substitute
from hloc.ir.types import I64
from hloc.ops import control
from hloc.ops.elementwise import Add, Compare, Subtract
from hloc.ops.helpers import constant
from hloc.transform.recursion.token import reaches


@dataclass(eq=False)
class Return:
    """Back to the caller with the results of the function."""

    values: list[Value]


@dataclass(eq=False)
class Goto:
    """On to another segment of the same activation, whose parameters become `values`."""

    target: Segment
    values: list[Value]


@dataclass(eq=False)
class Branch:
    """To one of several segments without parameters, by a b1 (true: the first) or a clamped i64."""

    choice: Value
    targets: list[Segment]


@dataclass(eq=False)
class Call:
    """Into a function; its results become the parameters of `then`. None: they are the results of the caller, too."""

    function: str
    values: list[Value]
    then: Segment | None


End = Return | Goto | Branch | Call


@dataclass(eq=False)
class Segment:
    """Straight code with parameters, and where control goes from its end."""

    function: str
    params: list[Value]
    ops: list[Op] = field(default_factory=list)
    end: End = field(default_factory=lambda: Return([]))
    span: Span = NOWHERE

    def uses(self) -> list[Value]:
        """What its operations read from outside of it."""
        return free_values(Block(ops=self.ops))

    def defines(self) -> Iterator[Value]:
        for op in self.ops:
            yield from op.results

    def successors(self) -> list[Segment]:
        """Where control goes without a call or return in between."""
        match self.end:
            case Goto(target, _):
                return [target]
            case Branch(_, targets):
                return targets
            case _:
                return []


Exit = Callable[[Segment, list[Value]], None]


def cut(functions: Sequence[Function], cycle: Set[str]) -> dict[str, list[Segment]]:
    """The segments of functions that call each other, the first one being the entry. The functions are used up."""
    found = {}
    for function in functions:
        cutter = _Cutter(function.name, cycle)
        cutter.block(cutter.segment(function.params), function.block.ops, function.block.results, _return)
        cutter.rename()
        found[function.name] = cutter.segments
    return found


def _return(segment: Segment, values: list[Value]) -> None:
    segment.end = Return(values)


class _Cutter:
    """Cuts one function. `renamed`: values that are another name of a parameter of a loop's head."""

    def __init__(self, function: str, cycle: Set[str]) -> None:
        self.function, self.cycle = function, cycle
        self.segments: list[Segment] = []
        self.renamed: dict[Value, Value] = {}

    def segment(self, params: Sequence[Value] = (), span: Span = NOWHERE) -> Segment:
        segment = Segment(self.function, list(params), span=span)
        self.segments.append(segment)
        return segment

    def block(self, segment: Segment, ops: Sequence[Op], results: list[Value], leave: Exit) -> None:
        """Put operations into a segment, and those after a recursive call into others; `leave` ends the last one."""
        for position, op in enumerate(ops):
            if not reaches(op, self.cycle):
                segment.ops.append(op)
                continue
            rest = ops[position + 1 :]
            if op.kind is control.Call:
                self.call(segment, op, rest, results, leave)
            elif op.kind in (control.If, control.Switch):
                self.branches(segment, op, rest, results, leave)
            else:
                self.loop(segment, op, rest, results, leave)
            return
        leave(segment, results)

    def call(self, segment: Segment, op: Op, rest: Sequence[Op], results: list[Value], leave: Exit) -> None:
        segment.span = op.span
        name, operands = op.attrs["function"], list(op.operands)
        if not rest and leave is _return and results == list(op.results):
            segment.end = Call(name, operands, None)
            return
        then = self.segment(op.results, op.span)
        segment.end = Call(name, operands, then)
        self.block(then, rest, results, leave)

    def branches(self, segment: Segment, op: Op, rest: Sequence[Op], results: list[Value], leave: Exit) -> None:
        targets = [self.segment(span=op.span) for _ in op.regions]
        segment.end = Branch(op.operands[0], targets)
        join = self.segment(op.results, op.span) if rest else None
        for target, region in zip(targets, op.regions, strict=True):
            if join is None:
                values = dict(zip(op.results, region.results, strict=True))
                self.block(target, region.ops, [values.get(v, v) for v in results], leave)
            else:
                self.block(target, region.ops, region.results, _go_to(join))
        if join is not None:
            self.block(join, rest, results, leave)

    def loop(self, segment: Segment, op: Op, rest: Sequence[Op], results: list[Value], leave: Exit) -> None:
        make = self.for_head if op.kind is control.For else self.while_head
        counter, head, test, choice = make(op)
        (body,) = op.regions[-1:]
        b = Builder(Block(), op.span)
        zero = constant(b, 0, np.int64)
        segment.ops += b.block.ops
        segment.end = Goto(head, [zero, *op.operands[1 if op.kind is control.For else 0 :]])
        inside, after = self.segment(span=op.span), self.segment(span=op.span)

        def repeat(last: Segment, values: list[Value]) -> None:
            step = Builder(Block(), op.span)
            following = step.emit(Add, counter, constant(step, 1, np.int64))
            last.ops += step.block.ops
            last.end = Goto(head, [following, *values])

        def leave_head(last: Segment, values: list[Value]) -> None:
            last.end = Branch(values[0], [inside, after])

        self.block(head, test, [choice], leave_head)
        self.block(inside, body.ops, body.results, repeat)
        self.block(after, rest, results, leave)

    def for_head(self, op: Op) -> tuple[Value, Segment, list[Op], Value]:
        """The counter of a `for`, its head, the operations that test whether a trip follows, and their answer."""
        (body,) = op.regions
        index, *carried = body.args
        counter = Value(I64, index.name)
        head = self.segment([counter, *carried], op.span)
        b = Builder(Block(), op.span)
        more = b.emit(Compare, counter, op.operands[0], direction="LT")
        if op.attrs.get("direction", 1) > 0:
            self.renamed[index] = counter
        else:
            self.define_downward(body, op, counter)
        self.renamed.update(zip(op.results, carried, strict=True))
        return counter, head, b.block.ops, more

    def define_downward(self, body: Block, op: Op, counter: Value) -> None:
        """The index of a loop that runs down: count - 1 - counter."""
        b = Builder(Block(), op.span)
        left = b.emit(Subtract, op.operands[0], counter)
        index = b.emit(Subtract, left, constant(b, 1, np.int64))
        substitute(body, {body.args[0]: index})
        body.ops = b.block.ops + body.ops

    def while_head(self, op: Op) -> tuple[Value, Segment, list[Op], Value]:
        """The same for a `while`."""
        cond, body = op.regions
        counter = Value(I64, body.args[0].name or "k")
        head = self.segment([counter, *cond.args], op.span)
        self.renamed.update(zip(body.args, head.params, strict=True))
        self.renamed.update(zip(op.results, head.params, strict=True))
        return counter, head, cond.ops, cond.results[0]

    def rename(self) -> None:
        """Use the names of loop heads everywhere."""
        for segment in self.segments:
            substitute(Block(ops=segment.ops), self.renamed)
            match segment.end:
                case Return(values) | Goto(_, values) | Call(_, values, _):
                    values[:] = map(self.now, values)
                case Branch() as branch:
                    branch.choice = self.now(branch.choice)

    def now(self, value: Value) -> Value:
        while value in self.renamed:
            value = self.renamed[value]
        return value


def _go_to(join: Segment) -> Exit:
    def leave(segment: Segment, values: list[Value]) -> None:
        segment.end = Goto(join, values)

    return leave
