"""Runs core gast in CPython: the oracle for desugaring, scopes and liveness.

`exit_flags` are obeyed as the specialiser does: once one is set, a loop stops before its next trip and its test.
With `forget=True` every name that liveness calls dead is deleted after each compound statement and before each trip, so
that a name missing from `live_after` or `live_head` shows as an UnboundLocalError.
"""

from __future__ import annotations

import ast
import itertools
import linecache
import types
from collections.abc import Callable, Iterator
from typing import Any

import gast

from hloc.frontend.source import FunctionSource, function_source

COUNTER = itertools.count()


def define(text: str, name: str = "f", file: str = "", **namespace: Any) -> Any:
    """A function from text that linecache knows, as in a notebook."""
    file = file or f"<program {next(COUNTER)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec", dont_inherit=True), namespace)
    return namespace[name]


def core_text(fn: types.FunctionType) -> str:
    """The core tree printed as Python, with flags as `$names`."""
    tree = gast.gast_to_ast(function_source(fn).node)
    return ast.unparse(ast.fix_missing_locations(tree))


def facts(fn: types.FunctionType) -> list[str]:
    """What liveness and desugaring say of each compound statement, in the order of the core tree."""
    lines: list[str] = []
    for node in preorder(function_source(fn).node):
        if isinstance(node, gast.If | gast.While | gast.For):
            sets = {key: getattr(node, key, ()) for key in ("exit_flags", "live_head", "live_after", "assigned")}
            texts = [f"{key}: {' '.join(sorted(names))}" for key, names in sets.items() if names]
            kind = type(node).__name__.lower()
            lines.append(f"{kind} from line {node.span.line}: " + "; ".join([*texts, *["writes"] * node.has_writes]))
    return lines


def preorder(node: gast.AST) -> Iterator[gast.AST]:
    yield node
    for child in gast.iter_child_nodes(node):
        yield from preorder(child)


def run_core(fn: types.FunctionType, forget: bool = False) -> Callable[..., Any]:
    """A Python function that executes the core tree of `fn`, with its globals, defaults and closure."""
    source = function_source(fn)
    check_core(source)
    tree: Any = gast.gast_to_ast(Runnable(forget).function(source.node))
    if isinstance(source.node, gast.Lambda):
        tree = ast.Assign([ast.Name("core", ast.Store())], tree)
    else:
        tree.name, tree.returns, tree.decorator_list = "core", None, []
    free = fn.__code__.co_freevars
    lines = [f"def make({', '.join(free)}):", "    pass", "    return core"]
    module = ast.parse("\n".join(lines))
    make: Any = module.body[0]
    make.body[0] = tree
    namespace: dict[str, Any] = dict(fn.__globals__)
    exec(compile(ast.fix_missing_locations(module), "<core>", "exec"), namespace)
    core = namespace["make"](*[None] * len(free))
    return types.FunctionType(core.__code__, fn.__globals__, "core", fn.__defaults__, closure_for(core, fn))


def closure_for(core: types.FunctionType, fn: types.FunctionType) -> tuple[Any, ...]:
    cells = dict(zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True))
    return tuple(cells[name] for name in core.__code__.co_freevars)


def legal(name: str) -> str:
    return name.replace("$", "flag_")


class Runnable(gast.NodeTransformer):  # type: ignore[misc]
    """Core gast → gast that Python can run. Works on the tree by rebuilding the statements it changes."""

    def __init__(self, forget: bool) -> None:
        self.forget = forget
        self.locals: set[str] = set()

    def function(self, node: gast.AST) -> gast.AST:
        if isinstance(node, gast.Lambda):
            return node
        outer, self.locals = self.locals, set(node.scope.locals)
        copy = gast.FunctionDef(**{field: getattr(node, field) for field in node._fields})
        copy.body = self.block(node.body)
        self.locals = outer
        return copy

    def block(self, stmts: list[Any]) -> list[Any]:
        out: list[Any] = []
        for stmt in stmts:
            out += self.statement(stmt)
        return out

    def statement(self, stmt: Any) -> list[Any]:
        if isinstance(stmt, gast.FunctionDef):
            written = [legal(name) for name in sorted(stmt.scope.nonlocals)]
            copy: Any = self.function(stmt)
            copy.body = ([gast.Nonlocal(names=written)] if written else []) + copy.body
            return [copy]
        if isinstance(stmt, gast.If):
            body, orelse = self.block(stmt.body), self.block(stmt.orelse)
            return [gast.If(test=self.expr(stmt.test), body=body, orelse=orelse), *self.forgetting(stmt.live_after)]
        if isinstance(stmt, gast.While | gast.For):
            return [self.loop(stmt), *self.forgetting(stmt.live_after)]
        return [self.expr(stmt)]

    def loop(self, stmt: Any) -> Any:
        flags = [name(legal(flag)) for flag in stmt.exit_flags]
        body = self.block(stmt.body)
        stop = [gast.If(test=flag, body=[gast.Break()], orelse=[]) for flag in flags]
        if isinstance(stmt, gast.While):
            test = gast.UnaryOp(op=gast.Not(), operand=self.expr(stmt.test))
            leave = gast.If(test=test, body=[gast.Break()], orelse=[])
            head = [*self.forgetting(stmt.live_head), *stop, leave]
            return gast.While(test=gast.Constant(value=True, kind=None), body=head + body, orelse=[])
        targets = {part.id for part in gast.walk(stmt.target) if isinstance(part, gast.Name)}
        head = self.forgetting(stmt.live_head | targets)
        # After the body, as Python asks an exhausted iterator before the body could look at the flags.
        return gast.For(target=stmt.target, iter=stmt.iter, body=head + body + stop, orelse=[], type_comment=None)

    def expr(self, node: Any) -> Any:
        """`node` with legal names; nodes are shared, so names are copied."""
        if isinstance(node, gast.Name) and node.id.startswith("$"):
            return gast.Name(id=legal(node.id), ctx=node.ctx, annotation=None, type_comment=None)
        if not any(isinstance(part, gast.Name) and part.id.startswith("$") for part in gast.walk(node)):
            return node
        fields = {field: getattr(node, field) for field in node._fields}
        for key, value in fields.items():
            if isinstance(value, list):
                fields[key] = [self.expr(item) if isinstance(item, gast.AST) else item for item in value]
            elif isinstance(value, gast.AST):
                fields[key] = self.expr(value)
        return type(node)(**fields)

    def forgetting(self, live: frozenset[str]) -> list[Any]:
        if not self.forget:
            return []
        dead = sorted(legal(local) for local in self.locals - live)
        text = "".join(f"try:\n    del {local}\nexcept UnboundLocalError: pass\n" for local in dead)
        return list(gast.parse(text).body)


def name(id: str) -> Any:
    return gast.Name(id=id, ctx=gast.Load(), annotation=None, type_comment=None)


def check_core(source: FunctionSource) -> None:
    """The invariants of core gast; AssertionError where one is broken."""
    for node in gast.walk(source.node):
        if isinstance(node, gast.FunctionDef):
            check_tail(node.body, node)
        assert not isinstance(node, gast.Break | gast.Continue | gast.Assert | gast.AnnAssign | gast.Nonlocal)
        if isinstance(node, gast.stmt | gast.expr):
            assert node.span.file == source.file
            assert 1 <= node.span.line <= node.span.end_line <= len(source.lines)


def check_tail(stmts: list[Any], function: Any) -> None:
    """The last statement ends the function on every path, and nothing before it does."""
    *before, last = stmts
    for stmt in before:
        check_inner(stmt)
    if isinstance(last, gast.If):
        check_tail(last.body, function)
        check_tail(last.orelse, function)
    elif isinstance(last, gast.Return):
        assert isinstance(last.never, bool)
    else:
        assert isinstance(last, gast.Raise)


def check_inner(stmt: Any) -> None:
    """A statement that is not in tail position holds no return; nothing follows a raise in its block."""
    assert not isinstance(stmt, gast.Return)
    if isinstance(stmt, gast.While | gast.For):
        assert stmt.orelse == []
        assert isinstance(stmt.exit_flags, list)
        assert len(set(stmt.exit_flags)) == len(stmt.exit_flags)
        assert stmt.live_after <= stmt.live_head
    if isinstance(stmt, gast.If | gast.While | gast.For):
        assert stmt.body
        for block in (stmt.body, stmt.orelse):
            for index, inner in enumerate(block):
                check_inner(inner)
                assert not isinstance(inner, gast.Raise) or index == len(block) - 1
