"""How control leaves statements: what desugaring asks of a tree with break, continue, return and raise."""

from __future__ import annotations

import gast

LOOPS = (gast.For, gast.While)
EXITS = (gast.Return, gast.Raise, gast.Break, gast.Continue)


def falls(stmts: list[gast.stmt]) -> bool:
    """May control reach the end of a block?"""
    return all(map(_falls, stmts))


def _falls(stmt: gast.stmt) -> bool:
    if isinstance(stmt, gast.If):
        return falls(stmt.body) or falls(stmt.orelse)
    if isinstance(stmt, LOOPS):
        return breaks(stmt.body) or (not is_endless(stmt) and falls(stmt.orelse))
    return not isinstance(stmt, EXITS)


def is_endless(stmt: gast.stmt) -> bool:
    """`while True` and the like: left by break, return and raise only."""
    return isinstance(stmt, gast.While) and isinstance(stmt.test, gast.Constant) and bool(stmt.test.value)


def breaks(stmts: list[gast.stmt]) -> bool:
    """Does a loop's body hold a break of this loop? Inner loops keep theirs, but not those in their else."""
    return any(
        isinstance(stmt, gast.Break)
        or (isinstance(stmt, gast.If) and (breaks(stmt.body) or breaks(stmt.orelse)))
        or (isinstance(stmt, LOOPS) and breaks(stmt.orelse))
        for stmt in stmts
    )


def leaves(stmt: gast.stmt) -> bool:
    """May control go elsewhere than to the next statement?"""
    if isinstance(stmt, gast.If):
        return any(map(leaves, stmt.body + stmt.orelse))
    if isinstance(stmt, LOOPS):
        return not _falls(stmt) or any(map(_ends_function, stmt.body)) or any(map(leaves, stmt.orelse))
    return isinstance(stmt, EXITS) or is_assert(stmt)


def _ends_function(stmt: gast.stmt) -> bool:
    if isinstance(stmt, (gast.If, *LOOPS)):
        return any(map(_ends_function, stmt.body + stmt.orelse))
    return isinstance(stmt, gast.Return | gast.Raise) or is_assert(stmt)


def is_assert(stmt: gast.stmt) -> bool:
    """An assert that Python would check (`python -O` drops them)."""
    return __debug__ and isinstance(stmt, gast.Assert)
