"""Logs that the caller lends memory for, so that no run fills them or has their memory mapped anew.

func @main(%x) {                                     func @main(%x, %log) {
  %log = empty                                  →
  %y, %full = loop (…, %s = %x, %l = %log) …            %y, %full = loop (…, %s = %x, %l = %log) …
  … read %full …                                        … read %full …
  return %y }                                           return %y, %full }

The parameter and the result share their memory (`donate`): the caller gets it back for the next run. Lent are arrays
whose only use is as the first value of something that a loop of the entry carries; what the loop makes of them may only
be read, else XLA would copy it.
"""

from __future__ import annotations

from collections import Counter

from hloc.emit.loops import Loop
from hloc.ir.core import Block, Op, Value, walk
from hloc.ops.indexing import Gather, Read
from hloc.ops.shape import Empty, Slice

LEAST = 1 << 18
"""Bytes from which on a log is lent: the filling takes longer than the handing over, about a microsecond."""
_READING = (Gather, Read, Slice)


def lend_workspaces(block: Block, most: int) -> list[tuple[int, int]]:
    """Make parameters of large empty arrays in the entry, `most` bytes of them; gives the pairs (parameter, result)."""
    empty = {op.result: op for op in block.ops if op.kind is Empty}
    uses, kept = _uses(block)
    donate = []
    for op in [op for op in block.ops if op.kind is Loop]:
        for position, (value, result) in enumerate(zip(op.operands, op.results, strict=True)):
            size = value.type.nbytes
            if value in empty and uses[value] == 1 and result not in kept and LEAST <= size <= most:
                donate.append((len(block.args), len(block.results)))
                _lend(block, op, position, empty[value])
                most -= size
    return donate


def last_versions(block: Block) -> dict[Value, Value]:
    """Arrays of which a loop of the block makes all that is done with them → what it leaves, if that is only read."""
    uses, kept = _uses(block)
    loops = [op for op in block.ops if op.kind is Loop]
    pairs = [pair for op in loops for pair in zip(op.operands, op.results, strict=True)]
    return {v: result for v, result in pairs if uses[v] == 1 and result not in kept}


def _uses(block: Block) -> tuple[Counter[Value], set[Value]]:
    """How often values are used by operations or yielded, and those of which more is made than reading them."""
    uses = Counter(block.results)
    kept = set(block.results)
    for op in walk(block):
        uses.update(op.operands)
        kept.update(op.operands[op.kind in _READING :])
        for region in op.regions:
            uses.update(region.results)
            kept.update(region.results)
    return uses, kept


def _lend(block: Block, loop: Op, position: int, empty: Op) -> None:
    block.ops.remove(empty)
    block.args.append(empty.result)
    block.results = [*block.results, loop.results[position]]
