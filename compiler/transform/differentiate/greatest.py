"""The greatest of a number that regions compute whenever they run, as a value of a block around them.

    for %k, %m {                                 for %k, %all: i64[8] {lanes} {
      %n = …                                       %n = …
      %m1 = maximum %m, %n                         %all1 = upd %all, %n, %k
      yield %m1 }                                  yield %all1 }
                                                 %m = reduce_max %all

Loops carry it along; trips over lanes do not know of each other, so each puts its number in a place of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hloc.ir.core import Block, Value
from hloc.ir.types import TensorType
from hloc.ops.algebra import emit, full
from hloc.ops.helpers import constant
from hloc.transform.differentiate.tree import Place, Tree

_NAME = "needed"


def greatest(tree: Tree, value: Value, block: Block, top: Block) -> Value:
    """The greatest `value >= 0` of all visits of `block`, 0 without any, as a value of `top` around it."""
    path = tree.path(top, block)
    while path:
        outside = max((n for n, (op, _) in enumerate(path) if tree.lanes(op) is not None), default=-1)
        if inside := path[outside + 1 :]:
            value = _of_all_visits(tree, value, block, inside)
        if outside >= 0:
            value = _of_all_lanes(tree, value, path[outside])
            block = tree.block_of(path[outside])
        path = path[: max(outside, 0)]
    return value


def _of_all_visits(tree: Tree, value: Value, block: Block, path: Sequence[Place]) -> Value:
    """Through loops and branches, from one visit to the next."""
    b, start, end = tree.builder, Block(), Block()
    with b.at(start):
        zero = constant(b, 0, np.int64)
    tree.insert(start.ops, tree.block_of(path[0]), before=path[0][0])
    so_far = tree.open(zero, path, _NAME)
    with b.at(end):
        most = emit(b, "maximum", so_far[-1], value)
    tree.insert(end.ops, block, after=tree.producer[value])
    return tree.close(so_far, most, path, _NAME)


def _of_all_lanes(tree: Tree, value: Value, place: Place) -> Value:
    """Through a loop over lanes."""
    (op, region), b = place, tree.builder
    lanes = tree.lanes(op)
    assert lanes is not None
    start, each, after = Block(), Block(), Block()
    with b.at(start), b.spanned(op.span):
        zeros = full(b, TensorType((max(lanes, 1),), value.type.dtype), 0)
    tree.insert(start.ops, tree.block_of(place), before=op)
    numbers = tree.open(zeros, [place], _NAME)
    with b.at(each), b.spanned(op.span):
        numbered = emit(b, "upd", numbers[-1], value, region.args[0], drop=(0,), mode="set")
    tree.insert(each.ops, region, after=tree.producer[value])
    found = tree.close(numbers, numbered, [place], _NAME)
    with b.at(after), b.spanned(op.span):
        most = emit(b, "reduce_max", found, axes=(0,))
    tree.insert(after.ops, tree.block_of(place), after=op)
    return most
