"""Thread the token through a function: the state that says whether all stacks have had room so far.

func @g(%x: f64) -> f64 {                         func @g(%x: f64, %token: i64) -> (f64, i64) {
  %y: f64 = call @f %x                       →      %y: f64, %token_1: i64 = call @f %x, %token
  return %y                                         return %y, %token_1
}                                                 }

Branches that call give it as one more result; loops carry it, and a `while` stops when it is not 0: what it computes is
meaningless then. A `while` whose condition calls is turned around first, so that only its body does. Lanes do not know
of each other: all begin with the token as it was before their loop, and the greatest that one of them leaves goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence, Set

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Op, Value, clone_block, substitute, walk
from hloc.ir.types import B1, I64, TensorType
from hloc.ops.algebra import full
from hloc.ops.control import Call, For, While
from hloc.ops.elementwise import And, Compare
from hloc.ops.helpers import constant
from hloc.ops.reduction import ReduceMax
from hloc.ops.shape import Constant
from hloc.ops.windows import Upd
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


def thread_token(
    function: Function, takers: Set[str], *, entry: bool = False, cycle: Set[str] = frozenset()
) -> set[Value]:
    """Thread the token through a function that calls functions which take one, in place; gives all tokens in it.

    cycle: those that the function is in a cycle of calls with; lanes that call these run one after another.
    """
    block = function.block
    for op in walk(block):
        if "lanes" in op.attrs and reaches(op, cycle):
            op.attrs = {name: value for name, value in op.attrs.items() if name != "lanes"}
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

    thread = _Thread(lambda op: (TOKEN,) if op.kind is Call and reaches(op, takers) else (), step, block)
    thread.block(block, state)
    tokens |= thread.of_all_lanes
    for op in threaded:
        if op.kind is For and op.results[-1].type.shape:
            continue  # the tokens of lanes
        tokens.add(op.results[-1])
        if op.kind in (For, While):
            tokens.update(region.args[-1] for region in op.regions)
        if op.kind is While:
            _stop(op)
    block.ops = head.ops + block.ops
    block.results.append(state[TOKEN])
    return tokens


class _Thread(Thread[str]):
    """Fields:
    counts: constants of the program.
    of_all_lanes: tokens that loops over lanes leave.
    """

    def __init__(
        self,
        changes: Callable[[Op], Collection[str]],
        step: Callable[[Op, dict[str, Value]], Sequence[Op]],
        block: Block,
    ) -> None:
        super().__init__(changes, step)
        self.counts = {op.result: op.attrs["value"] for op in walk(block) if op.kind is Constant}
        self.of_all_lanes: set[Value] = set()

    def regions(self, op: Op, state: dict[str, Value]) -> Sequence[Op]:
        count = self.counts.get(op.operands[0]) if "lanes" in op.attrs else None
        if count is None or TOKEN not in self.changed(op.regions[-1]):
            return super().regions(op, state)
        (body,) = op.regions
        b = Builder(Block(), op.span)
        zeros = full(b, TensorType((max(int(count), 1),), I64.dtype), 0)
        stack = body.add_arg(zeros.type, "tokens")
        inner = dict(state)
        self.block(body, inner)
        with b.at(body):
            body.results.append(b.emit(Upd, stack, inner[TOKEN], body.args[0], drop=(0,), mode="set"))
        op.operands = (*op.operands, zeros)
        op.results = (*op.results, Value(zeros.type, "tokens"))
        b.block.ops.append(op)
        state[TOKEN] = b.emit(ReduceMax, op.results[-1], axes=(0,))
        state[TOKEN].name = "token"
        self.of_all_lanes.add(state[TOKEN])
        return b.block.ops


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
