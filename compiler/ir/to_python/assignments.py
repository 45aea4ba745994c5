"""Assignments that happen at once, as a sequence of statements.

a := b, b := a + b      a, b = b, a + b
s := s + x, k := k      s = s + x, which is `s += x` for numbers
"""

from __future__ import annotations

from typing import Any

import gast

from hloc.ir.to_python import trees

Pair = tuple[str, Any]


def assignments(pairs: list[Pair]) -> list[Any]:
    """Statements that give each name the value that its expression has before all of them."""
    pending = [(name, tree) for name, tree in pairs if not (isinstance(tree, gast.Name) and tree.id == name)]
    reads = {id(tree): _names_in(tree) for _, tree in pending}
    statements: list[Any] = []
    while pending:
        free = next((p for p in pending if not any(p[0] in reads[id(t)] for _, t in pending if t is not p[1])), None)
        if free is None:
            return [*statements, _together(pending)]
        statements.append(trees.assign(trees.target([free[0]]), free[1]))
        pending.remove(free)
    return statements


def shortened(statement: Any) -> Any:
    """`s += x` for `s = s + x`."""
    (target,), value = statement.targets, statement.value
    short = isinstance(value, gast.BinOp) and isinstance(value.op, gast.Add | gast.Sub)
    if not short or not isinstance(target, gast.Name):
        return statement
    if not isinstance(value.left, gast.Name) or value.left.id != target.id:
        return statement
    return gast.AugAssign(target, value.op, value.right)


def _together(pairs: list[Pair]) -> Any:
    values = gast.Tuple([tree for _, tree in pairs], gast.Load())
    return trees.assign(trees.target([name for name, _ in pairs]), values)


def _names_in(tree: Any) -> set[str]:
    return {node.id for node in gast.walk(tree) if isinstance(node, gast.Name)}
