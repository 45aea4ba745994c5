"""Stores to one place are merged, and a read of what was just stored becomes the stored value.

    %b = upd %a, %v, %i;  %x = read %b, %i;  %c = upd %b, %x2, %i      →      %c = upd %a, %x2', %i

where x is replaced by v in x2. Branches turned into stores (hloc.emit.predicate) leave many of these.
"""

from __future__ import annotations

from hloc.ir.core import Block, Function, Op, Value, substitute
from hloc.ops.indexing import Read, Upd, window


def forward_stores(function: Function) -> None:
    """Forward and merge stores within each block, in place."""
    _forward(function.block)


def _forward(block: Block) -> None:
    for op in block.ops:
        for region in op.regions:
            _forward(region)
    _forward_reads(block)
    _merge_stores(block)


def _forward_reads(block: Block) -> None:
    stores: dict[Value, Op] = {}
    known: dict[Value, Value] = {}
    kept = []
    for op in block.ops:
        op.operands = tuple(known.get(v, v) for v in op.operands)
        if op.kind is Upd and op.attrs["mode"] == "set":
            stores[op.result] = op
        store = stores.get(op.operands[0]) if op.kind is Read else None
        if store is not None and _reads_back(op, store):
            known[op.result] = store.operands[1]
        else:
            kept.append(op)
    block.ops = kept
    substitute(block, known)


def _reads_back(read: Op, store: Op) -> bool:
    same_place = read.operands[1:] == store.operands[2:]
    same_window = tuple(read.attrs["sizes"]) == window(store.operands[1].type, store.attrs["drop"])
    return same_place and same_window and tuple(read.attrs["drop"]) == tuple(store.attrs["drop"])


def _merge_stores(block: Block) -> None:
    """Drop a store whose only use is a store to the same place."""
    uses = _uses(block)
    stores = {op.result: op for op in block.ops if op.kind is Upd}
    dropped: set[Value] = set()
    for op in block.ops:
        if op.kind is not Upd or op.attrs["mode"] != "set":
            continue
        before = stores.get(op.operands[0])
        if before is not None and uses[before.result] == 1 and _same_store(before, op):
            op.operands = (before.operands[0], *op.operands[1:])
            dropped.add(before.result)
    block.ops = [op for op in block.ops if op.kind is not Upd or op.result not in dropped]


def _same_store(before: Op, op: Op) -> bool:
    same_window = before.operands[1].type == op.operands[1].type and before.attrs["drop"] == op.attrs["drop"]
    return same_window and before.operands[2:] == op.operands[2:]


def _uses(block: Block) -> dict[Value, int]:
    counts: dict[Value, int] = {}

    def count(b: Block) -> None:
        for op in b.ops:
            for v in op.operands:
                counts[v] = counts.get(v, 0) + 1
            for region in op.regions:
                count(region)
        for v in b.results:
            counts[v] = counts.get(v, 0) + 1

    count(block)
    return counts
