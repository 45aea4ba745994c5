"""Thread the token through a function: the state that says whether all stacks have had room so far.

func @g(%x: f64) -> f64 {                         func @g(%x: f64, %token: i64) -> (f64, i64) {
  %y: f64 = call @f %x                       →      %y: f64, %token_1: i64 = call @f %x, %token
  return %y                                         return %y, %token_1
}                                                 }

Branches that call give it as one more result; loops carry it, and a `while` stops when it is not 0: what it computes is
meaningless then. A `while` whose condition calls is turned around first, so that only its body does.
"""

from __future__ import annotations

from collections.abc import Set

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Op, Value, clone_block, substitute, walk
from hloc.ir.types import B1, I64
from hloc.ops.control import Call, For, While
from hloc.ops.elementwise import And, Compare
from hloc.ops.helpers import constant


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
    thread = _Thread(takers)
    block = function.block
    if entry:
        head = Block()
        token = constant(Builder(head, function.span), 0, np.int64)
        last = thread.block(block, token)
        block.ops = head.ops + block.ops
    else:
        last = thread.block(block, block.add_arg(I64, "token"))
    block.results.append(last)
    return thread.tokens


class _Thread:
    def __init__(self, takers: Set[str]) -> None:
        self.takers = takers
        self.tokens: set[Value] = set()

    def block(self, block: Block, token: Value) -> Value:
        """Thread through a block that begins with `token`; gives the last token."""
        self.tokens.add(token)
        old, block.ops = block.ops, []
        for op in old:
            if not reaches(op, self.takers):
                block.ops.append(op)
                continue
            if op.kind is While and any(reaches(inner, self.takers) for inner in op.regions[0].ops):
                op = self.turned_around(block, op)
                token = self.tokens_through_head(block, token)
            token = self.op(block, op, token)
        return token

    def op(self, block: Block, op: Op, token: Value) -> Value:
        if op.kind in (Call, For, While):
            op.operands = (*op.operands, token)
        for region in op.regions:
            self.region(op, region, token)
        fresh = Value(I64, "token")
        op.results = (*op.results, fresh)
        self.tokens.add(fresh)
        block.ops.append(op)
        return fresh

    def region(self, op: Op, region: Block, token: Value) -> None:
        if op.kind is While and region is op.regions[0]:
            token = region.add_arg(I64, "token")
            self.tokens.add(token)
            b = Builder(region, op.span)
            fine = b.emit(Compare, token, constant(b, 0, np.int64), direction="EQ")
            region.results = [b.emit(And, region.results[0], fine)]
            return
        if op.kind in (For, While):
            token = region.add_arg(I64, "token")
        region.results.append(self.block(region, token))

    def tokens_through_head(self, block: Block, token: Value) -> Value:
        """Thread through what the condition of a loop computes before it, the operations added last."""
        head = Block(ops=block.ops[self.head :])
        del block.ops[self.head :]
        token = self.block(head, token)
        block.ops += head.ops
        return token

    def turned_around(self, block: Block, op: Op) -> Op:
        """The same loop with its condition computed before it and at the end of its body; carries whether it holds."""
        cond, body = op.regions
        self.head = len(block.ops)
        first = clone_block(cond, {})
        substitute(first, dict(zip(first.args, op.operands, strict=True)))
        block.ops += first.ops
        (holds,) = [dict(zip(first.args, op.operands, strict=True)).get(v, v) for v in first.results]
        again = clone_block(cond, {})
        following = dict(zip(again.args, body.results, strict=True))
        substitute(again, following)
        body.ops += again.ops
        body.results = [*(following.get(v, v) for v in again.results), *body.results]
        body.args.insert(1, Value(B1, "holds"))
        test = Block([Value(v.type, v.name) for v in (holds, *op.operands)])
        test.results = [test.args[0]]
        results = (op.results[0], Value(B1, "holds"), *op.results[1:])
        return Op(While, (holds, *op.operands), dict(op.attrs), (test, body), results, op.span)
