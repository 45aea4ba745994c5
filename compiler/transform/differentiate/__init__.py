"""Derivatives, from SSA to SSA.

expand      the operations that ask for derivatives, replaced from the inside out
activity    which values take part
forward     tangents beside the values that they belong to
reverse     the adjoint, written while walking backwards;  cotangents: what it has accumulated so far
saving      which forward values the adjoint is given;  mincut: the choice
logs        arrays that loops save values in;  rows_of_trips: the rows of a trip;  sites: how many there are
recursion   the adjoint of recursive functions;  demands: which have one;  rows: what each activation saves
tree        a nested program that is being changed
"""

from __future__ import annotations

from hloc.ir.core import Block, Module, Op, Value, substitute
from hloc.transform.differentiate.expand import expand
from hloc.transform.differentiate.sites import Sites
from hloc.transform.simplify import simplify

__all__ = ["Sites", "differentiate"]


def differentiate(module: Module, sites: Sites) -> bool:
    """Write out all derivatives in `module`, which is simplified, in place; says whether there were any.

    Afterwards no operation asks for, or says anything about, derivatives. What loops save stands in `sites.saved`.
    """
    changed = False
    while expand(module, sites):
        changed = True
        simplify(module)
    for function in module.functions.values():
        mapping: dict[Value, Value] = {}
        changed |= _forget(function.block, mapping)
        substitute(function.block, mapping)
    return changed


def _forget(block: Block, mapping: dict[Value, Value]) -> bool:
    """Remove what only a derivative heeds."""
    kept: list[Op] = []
    changed = False
    for op in block.ops:
        for region in op.regions:
            changed |= _forget(region, mapping)
        if op.name == "stop_gradient":
            mapping[op.result] = op.operands[0]
            changed = True
            continue
        if op.name == "call" and len(op.attrs) > 1:
            op.attrs = {"function": op.attrs["function"]}
            changed = True
        kept.append(op)
    block.ops = kept
    return changed
