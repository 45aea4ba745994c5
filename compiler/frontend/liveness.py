"""Which names may still be read: backwards over core gast, loops to a fixpoint.

On `If`, `While`, `For`:  `live_after` (names that may be read after the statement before they are assigned),
`assigned` (local names assigned anywhere inside) and `has_writes` (it may write to arrays, lists, objects).
On loops also `live_head`: the names live before each trip. Cells and nonlocal names are live everywhere.

    s = 0                      live_head of the loop: i, n, s
    while i < n:               live_after: s        assigned: i, s
        t = i * i
        s, i = s + t, i + 1
    return s
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import gast

from hloc.frontend.scopes import COMPREHENSIONS, FUNCTIONS, SCOPES, Scope, inner_children, outer_children, within

Names = frozenset[str]
COMPOUND = (gast.If, gast.While, gast.For)


def attach_liveness(function: gast.AST) -> None:
    """Annotate the compound statements of a function and of the functions nested in it."""
    for node in gast.walk(function):
        if isinstance(node, gast.FunctionDef):
            scope: Scope = node.scope
            written = frozenset(nonlocal_writes(node)) & scope.cellvars
            Liveness(scope, frozenset(scope.cellvars | scope.nonlocals), written).run(node)


@dataclass
class Liveness:
    """The analysis of one function: its names, those that are always live, and cells that calls may assign."""

    scope: Scope
    always: Names
    written: Names

    def run(self, function: gast.FunctionDef) -> None:
        self.block(function.body, self.always)

    def block(self, stmts: list[gast.stmt], live: Names) -> Names:
        """Names live before `stmts`, given those live after."""
        for stmt in reversed(stmts):
            live = self.statement(stmt, live)
        return live

    def statement(self, stmt: gast.stmt, live: Names) -> Names:
        if isinstance(stmt, COMPOUND):
            stmt.live_after = live
            self.summarise(stmt)
        if isinstance(stmt, gast.If):
            live = self.block(stmt.body, live) | self.block(stmt.orelse, live)
            return self.before([stmt.test], live)
        if isinstance(stmt, gast.While | gast.For):
            return self.loop(stmt, live)
        if isinstance(stmt, gast.Return):
            return self.before([stmt.value], self.always)
        return self.before([stmt], live)

    def loop(self, stmt: gast.For | gast.While, after: Names) -> Names:
        """Fixpoint of: live at the head = read by test or body, or live after the loop."""
        test = [stmt.test] if isinstance(stmt, gast.While) else []
        target = [stmt.target] if isinstance(stmt, gast.For) else []
        known: Names = getattr(stmt, "live_head", frozenset())  # of the trip before, where a loop around is repeated
        head, previous = after | frozenset(stmt.exit_flags) | known, None
        while head != previous:
            previous = head
            body = self.before(target, self.block(stmt.body, head))
            head = head | self.before(test, body)
        stmt.live_head = head
        return head if isinstance(stmt, gast.While) else self.before([stmt.iter], head)

    def summarise(self, stmt: gast.stmt) -> None:
        """Set `assigned` and `has_writes` of a compound statement."""
        parts = list(within(stmt))
        calls = any(isinstance(part, gast.Call) for part in parts)
        names = set(self.written) if calls else set()
        for part in parts:
            names |= bound(part)
        stmt.assigned = frozenset(names & (self.scope.locals | self.scope.nonlocals))
        stmt.has_writes = calls or any(map(writes, parts))

    def before(self, nodes: Iterable[gast.AST], live: Names) -> Names:
        """Names live before `nodes` are evaluated one after another, given those live after."""
        reads = Reads()
        killed: set[str] = set()
        for node in nodes:
            reads.visit(node, killed)
        mine = self.scope.locals | self.scope.freevars
        return (live - killed) | (reads.names & mine) | self.always


class Reads:
    """Collects `names` that are read before they are assigned, in the order of evaluation."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit(self, node: gast.AST, killed: set[str]) -> None:
        """`killed`: the names that are certainly assigned by now; extended by those that `node` assigns."""
        method = getattr(self, f"visit_{type(node).__name__}", None)
        if method:
            method(node, killed)
        elif isinstance(node, SCOPES):
            self.scoped(node, killed)
        else:
            self.all(gast.iter_child_nodes(node), killed)

    def all(self, nodes: Iterable[gast.AST], killed: set[str]) -> None:
        for node in nodes:
            self.visit(node, killed)

    def visit_Name(self, node: gast.Name, killed: set[str]) -> None:
        if not isinstance(node.ctx, gast.Store) and node.id not in killed:
            self.names.add(node.id)
        if not isinstance(node.ctx, gast.Load):
            killed.add(node.id)

    def visit_Assign(self, node: gast.Assign, killed: set[str]) -> None:
        self.all([node.value, *node.targets], killed)
        if isinstance(node.value, gast.Constant) and node.value.value is False:  # $return_1 = False: no value yet
            flags = [target.id for target in node.targets if isinstance(target, gast.Name)]
            killed.update(flag.replace("$return_", "$value_") for flag in flags if flag.startswith("$return_"))

    def visit_NamedExpr(self, node: gast.NamedExpr, killed: set[str]) -> None:
        self.all([node.value, node.target], killed)

    def visit_AugAssign(self, node: gast.AugAssign, killed: set[str]) -> None:
        if isinstance(node.target, gast.Name) and node.target.id not in killed:
            self.names.add(node.target.id)
        self.all([node.value, node.target], killed)

    def visit_BoolOp(self, node: gast.BoolOp, killed: set[str]) -> None:
        self.visit(node.values[0], killed)
        self.all(node.values[1:], set(killed))

    def visit_Compare(self, node: gast.Compare, killed: set[str]) -> None:
        self.all([node.left, node.comparators[0]], killed)
        self.all(node.comparators[1:], set(killed))

    def visit_IfExp(self, node: gast.IfExp, killed: set[str]) -> None:
        self.visit(node.test, killed)
        left, right = set(killed), set(killed)
        self.visit(node.body, left)
        self.visit(node.orelse, right)
        killed |= left & right

    def visit_Import(self, node: gast.Import | gast.ImportFrom, killed: set[str]) -> None:
        killed.update(bound(node))

    visit_ImportFrom = visit_Import

    def scoped(self, node: gast.AST, killed: set[str]) -> None:
        """A nested function reads what it captures; a comprehension runs at once, perhaps without a trip."""
        self.all(outer_children(node), killed)
        if isinstance(node, COMPREHENSIONS):
            self.all(inner_children(node), killed | node.scope.locals)
        else:
            self.names |= node.scope.freevars - killed
            killed |= bound(node)


def bound(node: gast.AST) -> set[str]:
    """Names of the function that a single node assigns (for a comprehension: by `:=` inside)."""
    if isinstance(node, gast.Name):
        return set() if isinstance(node.ctx, gast.Load) else {node.id}
    if isinstance(node, gast.FunctionDef):
        return {node.name}
    if isinstance(node, gast.Import | gast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return set(node.scope.nonlocals) if isinstance(node, COMPREHENSIONS) else set()


def writes(part: gast.AST) -> bool:
    """May evaluating this node change an object?"""
    if isinstance(part, gast.Subscript | gast.Attribute):
        return not isinstance(part.ctx, gast.Load)
    if isinstance(part, COMPREHENSIONS):
        return any(map(writes, evaluated_inside(part)))
    return isinstance(part, gast.Call | gast.AugAssign)


def evaluated_inside(comprehension: gast.AST) -> Iterator[gast.AST]:
    for child in inner_children(comprehension):
        yield from within(child)


def nonlocal_writes(function: gast.AST) -> Iterator[str]:
    """Names that the functions nested in `function` declare nonlocal."""
    for stmt in function.body:
        for node in gast.walk(stmt):
            if isinstance(node, FUNCTIONS):
                yield from node.scope.nonlocals
