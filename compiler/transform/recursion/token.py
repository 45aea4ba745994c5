"""Thread the token through a function: the state that says whether all stacks have had room so far.

func @g(%x: f64) -> f64 {                         func @g(%x: f64, %token: i64) -> (f64, i64) {
  %y: f64 = call @f %x                       →      %y: f64, %token_1: i64 = call @f %x, %token
  return %y                                         return %y, %token_1
}                                                 }

Branches that call give it as one more result; loops carry it, and a `while` stops when it is not 0: what it computes is
meaningless then. A `while` whose condition calls is turned around first, so that only its body does.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Op, Value, clone_block, substitute, walk
from hloc.ir.types import B1, I64
from hloc.ops.control import Call, For, While
from hloc.ops.elementwise import And, Compare
from hloc.ops.helpers import constant
from hloc.transform.thread import Thread

TOKEN = "token"


def reaches(op: Op, names: Set[str]) -> bool:
    """Whether an operation calls one of the functions, in its regions or itself."""
    if op.kind is Call:
        return op.attrs["function"] in names
    return any(reaches(inner, names) for region in op.regions for inner in region.ops)


def calls(function: Function, names: Set[str]) -> bool:
    """Whether a function calls one of the functions."""
    return any(op.kind is Call and op.attrs["function"] in names for op in walk(function.block))


def thread_token(function: Function, takers: Set[str], *, entry: bool = False) -> set[Value]:
    """Thread the token through a function that calls functions which take one, in place; gives all tokens in it."""
    block = function.block
    _turn_around(block, takers)
    head = Block()
    token = constant(Builder(head, function.span), 0, np.int64) if entry else block.add_arg(I64, "token")
    token.name = "token"
    state, tokens = {TOKEN: token}, {token}
    threaded = [op for op in walk(block) if reaches(op, takers)]

    def step(op: Op, state: dict[str, Value]) -> Sequence[Op]:
        if reaches(op, takers):
            op.operands = (*op.operands, state[TOKEN])
            state[TOKEN] = Value(I64, "token")
            op.results = (*op.results, state[TOKEN])
        return [op]

    Thread(lambda op: (TOKEN,) if op.kind is Call and reaches(op, takers) else (), step).block(block, state)
    for op in threaded:
        tokens.add(op.results[-1])
        if op.kind in (For, While):
            tokens.update(region.args[-1] for region in op.regions)
        if op.kind is While:
            _stop(op)
    block.ops = head.ops + block.ops
    block.results.append(state[TOKEN])
    return tokens


def _stop(loop: Op) -> None:
    """Let a loop go on only while its token is 0."""
    test = loop.regions[0]
    b = Builder(test, loop.span)
    fine = b.emit(Compare, test.args[-1], constant(b, 0, np.int64), direction="EQ")
    test.results = [b.emit(And, test.results[0], fine)]


def _turn_around(block: Block, takers: Set[str]) -> None:
    """Compute conditions that call before their loops and at the end of the bodies, which carry whether they hold."""
    old, block.ops = block.ops, []
    for op in old:
        for region in op.regions:
            _turn_around(region, takers)
        calls_in_test = op.kind is While and any(reaches(inner, takers) for inner in op.regions[0].ops)
        block.ops += _turned_around(op) if calls_in_test else [op]


def _turned_around(loop: Op) -> list[Op]:
    test, body = loop.regions
    first, again = clone_block(test, {}), clone_block(test, {})
    outside = dict(zip(first.args, loop.operands, strict=True))
    following = dict(zip(again.args, body.results, strict=True))
    substitute(first, outside)
    substitute(again, following)
    body.ops += again.ops
    body.results = [*again.results, *body.results]
    body.args.insert(1, Value(B1, "holds"))
    carried = (*first.results, *loop.operands)
    holds = Block([Value(v.type, v.name) for v in carried])
    holds.results = [holds.args[0]]
    results = (loop.results[0], Value(B1, "holds"), *loop.results[1:])
    return [*first.ops, Op(While, carried, dict(loop.attrs), (holds, body), results, loop.span)]
