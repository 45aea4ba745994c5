"""Builders for core gast: every node made here carries the span of the node it stands for."""

from __future__ import annotations

from typing import Any

import gast


def placed(node: gast.AST, origin: gast.AST) -> gast.AST:
    """`node`, and what is new below it, with the place of `origin`."""
    for part in gast.walk(node):
        if not hasattr(part, "span"):
            gast.copy_location(part, origin)
            part.span = origin.span
    return node


def name(id: str, ctx: gast.expr_context, origin: gast.AST) -> gast.Name:
    return placed(gast.Name(id=id, ctx=ctx, annotation=None, type_comment=None), origin)


def constant(value: Any, origin: gast.AST) -> gast.Constant:
    return placed(gast.Constant(value=value, kind=None), origin)


def assign(target: gast.expr, value: gast.expr, origin: gast.AST) -> gast.Assign:
    return placed(gast.Assign(targets=[target], value=value, type_comment=None), origin)


def set_flag(flag: str, value: bool, origin: gast.AST) -> gast.Assign:
    return assign(name(flag, gast.Store(), origin), constant(value, origin), origin)


def returning(value: gast.expr, origin: gast.AST, never: bool = False) -> gast.Return:
    """A return; `never` marks one that is reached only after an error."""
    node = placed(gast.Return(value=value), origin)
    node.never = never
    return node


def branch(test: gast.expr, body: list[gast.stmt], orelse: list[gast.stmt], origin: gast.AST) -> gast.If:
    """An `if` whose body is not empty: the test is turned round, or `pass` put in, where it would be."""
    if not body and orelse:
        return branch(opposite(test), orelse, [], origin)
    return placed(gast.If(test=test, body=body or [placed(gast.Pass(), origin)], orelse=orelse), origin)


def opposite(test: gast.expr) -> gast.expr:
    """The test of the other branch."""
    if isinstance(test, gast.UnaryOp) and isinstance(test.op, gast.Not):
        return test.operand
    return placed(gast.UnaryOp(op=gast.Not(), operand=test), test)


def negated(flags: list[str], origin: gast.AST) -> gast.expr:
    """`not $a`, or `not ($a or $b)`."""
    names = [name(flag, gast.Load(), origin) for flag in flags]
    any_set = names[0] if len(names) == 1 else placed(gast.BoolOp(op=gast.Or(), values=names), origin)
    return placed(gast.UnaryOp(op=gast.Not(), operand=any_set), origin)


def asserting(node: gast.Assert) -> gast.If:
    """`assert test, message` → `if not test: raise AssertionError(message)`."""
    args = [] if node.msg is None else [node.msg]
    error = gast.Call(func=name("AssertionError", gast.Load(), node), args=args, keywords=[])
    failing = placed(gast.Raise(exc=placed(error, node), cause=None), node)
    return placed(gast.If(test=opposite(node.test), body=[failing], orelse=[]), node)


def is_constant_expression(stmt: gast.stmt) -> bool:
    """A docstring, `...` or a number standing alone."""
    return isinstance(stmt, gast.Expr) and isinstance(stmt.value, gast.Constant)
