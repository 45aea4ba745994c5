"""Branches that lanes take differently, and loops that they leave at different times.

    if %p {…} else {…}       both sides, the first for the lanes of %p, the other for the rest; what they give is chosen
    while %c {…}             for as long as a lane goes on; what lanes have that left stays as it was
    for %n {…}               up to the greatest count

What is computed for lanes that are not there is never looked at. It cannot fail, and code with loops or calls, or that
costs much, is entered only when a lane is there. Arrays go through both sides, and through all trips, one after
another: a write puts back what was there in lanes that are not (`Vectorizer.stores`), so no array is chosen as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from hloc.ir.core import Block, Op, Value, walk
from hloc.ops.algebra import emit, full, zeros
from hloc.ops.control import If
from hloc.transform.lanes.chains import Chain, merged

if TYPE_CHECKING:
    from hloc.transform.lanes.vectorize import Vectorizer

COSTLY = frozenset({"dot_general", "sort", "cholesky", "triangular_solve", "lu"})


def costly(region: Block) -> bool:
    """Whether a region is entered only when a lane is there: it might not end, or it costs much."""
    return any(
        op.name in COSTLY or (op.name not in ("if", "switch") and not op.kind.speculatable) for op in walk(region)
    )


def branch(v: Vectorizer, op: Op) -> None:
    """Write an `if` or `switch` that lanes take differently."""
    index, outer = v.get(op.operands[0]), v.mask
    threads = _threads(v, op)
    before = {chain.root: v.get(chain.root) for chain in threads.values()}
    ends: list[list[Value]] = [[] for _ in op.results]
    masks = list(_masks(v, op, index))
    for mask, region in zip(masks, op.regions, strict=True):
        v.mask = mask if outer is None else emit(v.b, "and", outer, mask)
        _side(v, op, region, threads, ends)
        v.now.update((chain.root, ends[number][-1]) for number, chain in threads.items())
    v.mask = outer
    v.now.update(before)
    v.b.span = op.span
    for number, result in enumerate(op.results):
        *firsts, joined = ends[number]
        if number not in threads and v.varies(result):
            for mask, value in zip(masks[:-1], firsts, strict=True):
                joined = v.choose(mask, value, joined)
        v.bind([result], [joined])


def _masks(v: Vectorizer, op: Op, index: Value) -> Iterator[Value]:
    """For each region the lanes that take it."""
    if op.name == "if":
        yield index
        yield emit(v.b, "not", index)
        return
    last = len(op.regions) - 1
    for number in range(len(op.regions)):
        direction = "LE" if number == 0 else "GE" if number == last else "EQ"
        yield emit(v.b, "compare", index, full(v.b, index.type, number), direction=direction)


def _threads(v: Vectorizer, op: Op) -> dict[int, Chain]:
    """The results that are one array, or one sum, to which the sides write."""
    found: dict[int, Chain] = {}
    for number, result in enumerate(op.results):
        chain = merged([v.chains.within(region, region.results[number]) for region in op.regions])
        if chain is None or not chain.writes or any(chain.root is other.root for other in found.values()):
            continue
        if result in v.sums or (v.varies(chain.root) and result.type.rank):
            found[number] = chain
            v.stores |= chain.writes
    return found


def _side(v: Vectorizer, op: Op, region: Block, threads: Mapping[int, Chain], ends: list[list[Value]]) -> None:
    """Write a region for the lanes of the mask, and add what it gives to the `ends` of the results."""
    assert v.mask is not None
    numbers = [n for n, result in enumerate(op.results) if n in threads or v.varies(result)]
    if not costly(region):
        v.block(region)
        found = [v.like(op.results[n], region.results[n]) for n in numbers]
    else:
        found = _entered(v, op, region, threads, numbers)
    for number, value in zip(numbers, found, strict=True):
        ends[number].append(value)
    for number in set(range(len(op.results))) - set(numbers):  # the same value from outside, on all sides
        ends[number].append(v.get(region.results[number]))


def _entered(v: Vectorizer, op: Op, region: Block, threads: Mapping[int, Chain], numbers: list[int]) -> list[Value]:
    """What a region gives that is entered when a lane of the mask is there, else arrays as they are and zeros."""
    assert v.mask is not None
    unchanged = {n: v.get(threads[n].root) for n in numbers if n in threads}
    entered = v.any(v.mask)
    with v.b.at(Block()) as then:
        v.block(region)
        then.results = [v.like(op.results[n], region.results[n]) for n in numbers]
    v.b.span = op.span
    with v.b.at(Block()) as otherwise:
        otherwise.results = [
            unchanged[n] if n in unchanged else zeros(v.b, r.type) for n, r in zip(numbers, then.results, strict=True)
        ]
    return list(v.b.emit_op(If, [entered], [r.type for r in then.results], {}, [then, otherwise]))
