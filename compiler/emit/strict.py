"""Strict arithmetic: each product is rounded before it is added, as in NumPy.

XLA lets the code generator contract `a * b + c` to one rounding. A barrier on each product keeps the two operations
apart.
"""

from __future__ import annotations

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Value
from hloc.ops.elementwise import Barrier, Multiply


def separate_products(function: Function) -> None:
    """Put a barrier on every product of floats, in place."""
    _separate(function.block)


def _separate(block: Block) -> None:
    old, block.ops = block.ops, []
    for op in old:
        for region in op.regions:
            _separate(region)
        block.ops.append(op)
        if op.kind is Multiply and op.result.type.dtype.kind in "fc":
            result = op.result
            op.results = (Value(result.type, result.name),)
            Builder(block, op.span).emit_many(Barrier, *op.results, keep="product")
            block.ops[-1].results = (result,)
