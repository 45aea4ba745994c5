"""Loops in segments: only the carries at the beginning of each segment are saved, the rest is computed again.

    for n, %c { … }          →          for ceil(n / s), %c { call @segment %j, %c {checkpoint} }
                                        func @segment(%j, %c) { for min(s, n - j s), %c { … } }

With n trips that save `row` bytes each and carries of `carry` bytes, the logs shrink from n row to
(n / s) carry + s row bytes, least for s = sqrt(n carry / row), for one more run of the forward loop. Where n is not
known, it is what runs have needed so far: logs are made anew, and the stride with them, when a run needs more.
Griewank & Walther, Evaluating Derivatives (2008), chapter 12, has schemes with more levels.

A loop over lanes stays whole where the loops in it can save less. In segments its trips are no lanes any more, and run
one after another.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module, Op, Value, clone_block, clone_op, free_values, substitute, walk
from hloc.ir.types import I64
from hloc.ops.algebra import emit
from hloc.ops.control import Call, For, While
from hloc.ops.helpers import compare, constant
from hloc.transform.differentiate.sites import AT_MOST, STRIDE


@dataclass(frozen=True)
class Candidate:
    """A loop that may run in segments.

    Fields:
        number: in the order of the program.
        block: where it stands.
        known: how many trips a `for` makes, where that is a constant.
        lanes: how many such loops run at once, if those around it do.
        constants: numbers of the program, which segments take with them: how many trips inner loops make.
    """

    number: int
    block: Block
    known: int | None
    lanes: int
    constants: dict[Value, Op]


def candidates(block: Block) -> dict[Op, Candidate]:
    """Loops that stand in no other loop, or in lanes only; inner ones first."""
    constants = {op.result: op for op in walk(block) if op.name == "constant" and not op.result.type.shape}
    found: dict[Op, Candidate] = {}

    def visit(block: Block, lanes: int) -> None:
        for op in block.ops:
            loop = op.name in ("for", "while")
            count = constants.get(op.operands[0]) if op.name == "for" else None
            known = None if count is None else max(int(count.attrs["value"]), 0)
            for region in op.regions if not loop or "lanes" in op.attrs else ():
                visit(region, lanes * (known or 1) if loop else lanes)
            if loop:
                found[op] = Candidate(len(found), block, known, lanes, constants)

    visit(block, 1)
    return found


def best_stride(trips: int, row: int, carry: int) -> int | None:
    """The length of segments that needs the least memory; None where segments do not halve it."""
    stride = min(max(isqrt(max(trips * carry // max(row, 1), 1)), 1), max(trips // 2, 1))
    segments = -(-trips // stride)
    return stride if 2 * (segments * carry + stride * row) <= trips * row else None


def in_segments(module: Module, loop: Op, candidate: Candidate, stride: int) -> dict[Value, Value]:
    """Replace a loop by one over segments of `stride` trips, each a call that is run again backwards.

    Gives what now stands for the results of the loop.
    """
    b, block = Builder(Block(), loop.span), candidate.block
    made = (_for if loop.name == "for" else _while)(module, b, loop, stride, candidate)
    stand_ins = dict(zip(loop.results, made[-len(loop.results) :], strict=True))
    for old, new in stand_ins.items():
        new.name = old.name
    index = block.ops.index(loop)
    block.ops[index : index + 1] = b.block.ops
    return stand_ins


def _for(module: Module, b: Builder, loop: Op, stride: int, candidate: Candidate) -> tuple[Value, ...]:
    """Counted: segment j makes the trips j s, j s + 1, …, counted from the last when the loop runs downwards."""
    (body,), (count, *inits), known = loop.regions, loop.operands, candidate.known
    s, one = constant(b, stride, np.int64), constant(b, 1, np.int64)
    attrs: dict[str, Any] = {"direction": 1}
    if known is None:
        segments = emit(b, "floor_divide", emit(b, "add", count, constant(b, stride - 1, np.int64)), s)
        attrs[STRIDE] = stride
    else:
        segments = constant(b, -(-known // stride), np.int64)
    last = emit(b, "subtract", count, one)
    outer, inner = Block(), Block()
    first = outer.add_arg(I64, "segment")
    carries = [outer.add_arg(v.type, v.name) for v in body.args[1:]]
    i = inner.add_arg(I64, body.args[0].name)
    with b.at(outer):
        first = emit(b, "multiply", first, s)
        length = emit(b, "minimum", s, emit(b, "subtract", count, first))
    with b.at(inner):
        k = emit(b, "add", first, i)
        k = emit(b, "subtract", last, k) if loop.attrs["direction"] < 0 else k
    _take_body(inner, body, k)
    with b.at(outer):
        ends = b.emit_op(For, [length, *carries], [v.type for v in carries], {"direction": 1, AT_MOST: stride}, [inner])
        outer.results = _outline_last(module, outer, ends, candidate.constants)
    return b.emit_op(For, [segments, *inits], [v.type for v in inits], attrs, [outer])


def _while(module: Module, b: Builder, loop: Op, stride: int, candidate: Candidate) -> tuple[Value, ...]:
    """Uncounted: a segment ends after s trips, or when the condition says so. Gives (segments, trips, carries…)."""
    cond, body = loop.regions
    types = [v.type for v in loop.operands]
    zero, one, s = (constant(b, number, np.int64) for number in (0, 1, stride))
    go_on = clone_block(cond, {})
    go_on.args.insert(0, Value(I64, "trips"))
    test = clone_block(cond, {})
    made = Value(I64, "made")
    test.args.insert(0, made)
    with b.at(test):
        test.results = [emit(b, "and", compare(b, made, "LT", s), test.results[0])]
    outer, inner = Block(), Block()
    outer.add_arg(I64, "segment")
    trips = outer.add_arg(I64, "trips")
    carries = [outer.add_arg(v.type, v.name) for v in body.args[1:]]
    i, made = inner.add_arg(I64, body.args[0].name), inner.add_arg(I64, "made")
    with b.at(inner):
        k = emit(b, "add", trips, i)
        more = emit(b, "add", made, one)
    _take_body(inner, body, k)
    inner.results.insert(0, more)
    with b.at(outer):
        ends = b.emit_op(While, [zero, *carries], [I64, I64, *types], {AT_MOST: stride}, [test, inner])
        count, _, *ends_ = _outline_last(module, outer, ends, candidate.constants)
        outer.results = [emit(b, "add", trips, count), *ends_]
    return b.emit_op(While, [zero, *loop.operands], [I64, I64, *types], {STRIDE: stride}, [go_on, outer])


def _take_body(inner: Block, body: Block, k: Value) -> None:
    """Let `inner` end with what a loop's body does, at counter `k`."""
    inner.args += body.args[1:]
    inner.ops += body.ops
    inner.results = list(body.results)
    substitute(inner, {body.args[0]: k})


def _outline_last(module: Module, block: Block, results: tuple[Value, ...], constants: dict[Value, Op]) -> list[Value]:
    """Make the last operation of a block a function of its own, and a call of it to be run again backwards."""
    op = block.ops.pop()
    body = Block([], [op], list(results))
    free = free_values(body)
    inside: dict[Value, Value] = {}
    body.ops[:0] = [clone_op(constants[v], inside) for v in free if v in constants]
    mapping = {v: body.add_arg(v.type, v.name) for v in free if v not in constants}
    substitute(body, inside | mapping)
    function = module.add(Function("segment", body, op.span))
    called = tuple(Value(v.type, v.name) for v in results)
    attrs = {"function": function.name, "checkpoint": True}
    block.ops.append(Op(Call, tuple(mapping), attrs, (), called, op.span))
    return list(called)
