"""Loops in the one form that StableHLO has: carried values, a condition, a body.

    %y = for %n (%s = %x) { ^(%k): …; yield %t }

becomes, with an unsigned counter that starts at zero, steps by one and is compared without sign (the form that XLA's
and LLVM's loop passes recognise; indices lose their clamps in it),

    %c = convert (maximum %n, 0)
    %_, %y = loop (%i = 0, %s = %x) cond { yield %i < %c } body { %k = convert %i; …; yield %i + 1, %t }

A `while` keeps its condition; it carries a counter only where the body uses `k` or someone uses the trip count.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Op, Value, used_values, walk
from hloc.ir.types import I64, scalar
from hloc.ops.control import Control, For, While
from hloc.ops.elementwise import Add, Compare, Convert, Maximum, Minimum, Select, Subtract
from hloc.ops.helpers import constant
from hloc.ops.shape import Constant

U64 = scalar(np.uint64)


class Loop(Control):
    """`loop (c0s…) cond(cs) → b1, body(cs) → cs`: StableHLO's `while`. Only emission makes it.

    Attributes: counted: the first carried value is the counter of a `for`.
    """

    name = "loop"


def canonicalize_loops(function: Function) -> None:
    """Turn every `for` and `while` of a function into `loop`, in place."""
    used = used_values(function.block)
    makers = {op.result: op for op in walk(function.block) if len(op.results) == 1}
    _rewrite(function.block, used, makers)


def _rewrite(block: Block, used: set[Value], makers: dict[Value, Op]) -> None:
    old, block.ops = block.ops, []
    for op in old:
        for region in op.regions:
            _rewrite(region, used, makers)
        b = Builder(block, op.span)
        if op.kind is For and op.results:
            _for_to_loop(b, op, used, makers)
        elif op.kind is While:
            _while_to_loop(b, op, used)
        elif op.kind is not For:
            block.ops.append(op)


def _for_to_loop(b: Builder, op: Op, used: set[Value], makers: dict[Value, Op]) -> None:
    count, *inits = op.operands
    (body,) = op.regions
    k = body.args[0]
    limit = _trip_count(b, count, makers)
    counter = body.args[0] = Value(U64, k.name)
    old, body.ops = body.ops, []
    start = Builder(body, op.span)
    if k in used:
        _define_index(start, k, counter, _positive_count(count, makers), op.attrs.get("direction", 1))
    body.ops += old
    _step(body, counter, op)
    literal = count in makers and makers[count].kind is Constant
    bound = None if literal else upper_bound(count, makers)
    cond = _counter_below(body, limit, bound, op)
    _append_loop(b, op, [constant(b, 0, U64.dtype), *inits], cond, body, (Value(U64), *op.results))


def _counter_below(body: Block, limit: Value, bound: int | None, op: Op) -> Block:
    """The condition counter < limit; a known bound of a limit that is data tells LLVM how far the counter can get."""
    cond = Block([Value(v.type, v.name) for v in body.args])
    b = Builder(cond, op.span)
    if bound is not None:
        limit = b.emit(Minimum, limit, constant(b, bound, U64.dtype))
    cond.results = [b.emit(Compare, cond.args[0], limit, direction="LT")]
    return cond


def upper_bound(count: Value, makers: dict[Value, Op]) -> int | None:
    """The largest value of a count, where the operations that make it show one; 0 for a negative one."""
    op = makers.get(count)
    if op is None:
        return None
    if op.kind is Constant:
        return max(int(op.attrs["value"]), 0)
    bounds = [upper_bound(v, makers) for v in op.operands if v.type == count.type]
    known = [bound for bound in bounds if bound is not None]
    if op.kind is Minimum and known:
        return min(known)
    if op.kind in (Select, Maximum) and len(known) == len(bounds):
        return max(known)
    return None


def _trip_count(b: Builder, count: Value, makers: dict[Value, Op]) -> Value:
    if count in makers and makers[count].kind is Constant:
        return constant(b, max(int(makers[count].attrs["value"]), 0), U64.dtype)
    return b.emit(Convert, b.emit(Maximum, count, constant(b, 0, I64.dtype)), dtype=U64.dtype)


def _positive_count(count: Value, makers: dict[Value, Op]) -> Value:
    """What the count is in the body, where it is not 0: %x for a count `select %happens, %x, 0`."""
    op = makers.get(count)
    if op is None or op.kind is not Select:
        return count
    _, count, other = op.operands
    return count if upper_bound(other, makers) == 0 else op.result


def _define_index(b: Builder, k: Value, counter: Value, count: Value, direction: int) -> None:
    """Define `k`, the index the body sees, at the top of the body."""
    b.emit(Convert, counter, dtype=I64.dtype)
    if direction < 0:  # 1 last: XLA would compute count - 1 before the loop, in a piece of code of its own
        left = b.emit(Subtract, count, b.block.ops[0].result)
        b.emit(Subtract, left, constant(b, 1, I64.dtype))
    b.block.ops[-1].results = (k,)


def _step(body: Block, counter: Value, op: Op) -> None:
    b = Builder(body, op.span)
    body.results.insert(0, b.emit(Add, counter, constant(b, 1, counter.type.dtype)))


def _while_to_loop(b: Builder, op: Op, used: set[Value]) -> None:
    cond, body = op.regions
    k = body.args[0]
    inits = list(op.operands)
    results: tuple[Value, ...] = op.results
    if k in used or op.results[0] in used:
        inits.insert(0, constant(b, 0, I64.dtype))
        cond.args.insert(0, Value(I64, k.name))
        _step(body, k, op)
    else:
        del body.args[0]
        results = op.results[1:]
    _append_loop(b, op, inits, cond, body, results)


def _append_loop(
    b: Builder, op: Op, inits: Sequence[Value], cond: Block, body: Block, results: tuple[Value, ...]
) -> None:
    if results:
        attrs = {"counted": op.kind is For}
        b.block.ops.append(Op(Loop, tuple(inits), attrs, (cond, body), results, op.span))
