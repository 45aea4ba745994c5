"""A loop over many lanes as a loop over blocks of lanes that go in step.

    for %B {lanes}  →  for %blocks body(%j, …) { %first = min(j * W, B - W); … lanes first to first + W at once … }

Lanes of a block wait for each other only, and what they carry stays in the nearest cache. The last block begins early
enough to be full: what it does again gives the same, as each lane starts from what was there before the loop.
"""

from __future__ import annotations

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Value, walk
from hloc.ir.types import I64
from hloc.ops.algebra import emit, iota
from hloc.ops.control import For
from hloc.transform.lanes.carries import Last, Row, Sum
from hloc.transform.lanes.choose import parting
from hloc.transform.lanes.expand import Lanes, of_last
from hloc.transform.lanes.rows import number, put_rows, take_rows
from hloc.transform.lanes.vectorize import Vectorizer
from hloc.transform.lanes.working_set import CACHE, bytes_in_loops

WIDTH = 64
"""Lanes in a block: below 32 XLA makes slow code, above 128 lanes wait for more others."""
VECTOR = 8
"""Numbers of 64 bits in the longest vectors of processors."""


def width_of(lanes: Lanes) -> int | None:
    """How many lanes a block has; None where blocks are of no use.

    Lanes that part wait for few others; of lanes that stay together there are as many as the cache has room for. Blocks
    do not overlap if they need not, and must not where lanes add to sums.
    """
    wish = WIDTH if parting(lanes) else _fitting(lanes)
    if wish is None or lanes.size < 2 * wish:
        return None
    near = sorted(range(wish // 2, 2 * wish + 1), key=lambda width: (width % VECTOR > 0, abs(width - wish)))
    exact = next((width for width in near if lanes.size % width == 0), None)
    if any(isinstance(carry, Sum) for carry in lanes.carries):
        return exact
    return exact if exact is not None and exact % VECTOR == 0 else wish


def _fitting(lanes: Lanes) -> int | None:
    """Lanes whose loops find all that they work on in the cache; None if that holds for all, or for too few."""
    each = bytes_in_loops(lanes)
    if each * lanes.size <= CACHE:
        return None
    return max(WIDTH, CACHE // each // VECTOR * VECTOR)


def in_blocks(b: Builder, lanes: Lanes, width: int) -> list[Value]:
    """Write the loop with so many lanes at once; gives what stands for its results."""
    op, body, inits = lanes.op, lanes.body, lanes.op.operands[1:]
    b.span = op.span
    before = [
        take_rows(b, init, carry, lanes.size) if isinstance(carry, Row) else init
        for init, carry in zip(inits, lanes.carries, strict=True)
    ]
    count = number(b, -(-lanes.size // width))
    with b.at(Block()) as block:
        first = _first(b, block.add_arg(I64, "block"), lanes.size, width)
        args = [block.add_arg(value.type, arg.name) for value, arg in zip(before, body.args[1:], strict=True)]
        v = _vectorizer(b, lanes, width, first)
        start = emit(b, "broadcast_in_dim", first, shape=(width,), dims=())
        v.bind(body.args[:1], [emit(b, "add", iota(b, (width,), 0), start)])
        for inner, arg, whole, carry in zip(body.args[1:], args, before, lanes.carries, strict=True):
            own = isinstance(carry, Row)
            v.bind([inner], [_rows(b, whole, first, width) if own else arg])
        v.block(body)
        b.span = op.span
        for arg, value, carry in zip(args, body.results, lanes.carries, strict=True):
            if isinstance(carry, Row):
                starts = [first, *(number(b, 0) for _ in arg.type.shape[1:])]
                block.results.append(emit(b, "upd", arg, v.lanes(value), *starts, drop=(), mode="set"))
            elif isinstance(carry, Last) and v.varies(value):
                block.results.append(of_last(v, v.get(value), op.attrs["direction"]))
            else:
                block.results.append(v.get(value))
    attrs = {"direction": op.attrs["direction"]}
    results = b.emit_op(For, [count, *before], [value.type for value in before], attrs, [block])
    return [
        put_rows(b, init, result, carry) if isinstance(carry, Row) else result
        for init, result, carry in zip(inits, results, lanes.carries, strict=True)
    ]


def _vectorizer(b: Builder, lanes: Lanes, width: int, first: Value) -> Vectorizer:
    producers = {v: inner for inner in walk(lanes.body) for v in inner.results}
    v = Vectorizer(b, width, lanes.uniformity, lanes.sums, lanes.counters, producers, lanes.uses)
    v.first, v.total = first, lanes.size
    return v


def _first(b: Builder, block: Value, size: int, width: int) -> Value:
    """The number of the first lane of a block."""
    first = emit(b, "multiply", block, number(b, width))
    return first if size % width == 0 else emit(b, "minimum", first, number(b, size - width))


def _rows(b: Builder, whole: Value, first: Value, width: int) -> Value:
    """The entries of the lanes of a block."""
    starts = [first, *(number(b, 0) for _ in whole.type.shape[1:])]
    return emit(b, "read", whole, *starts, sizes=(width, *whole.type.shape[1:]), drop=())
