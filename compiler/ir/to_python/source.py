"""gast → source text, with a trailing comment on each statement where one is wanted."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import gast

INDENT = "    "
Comments = Mapping[Any, str]


def function_source(tree: Any, comments: Comments) -> str:
    """The text of a function definition; `comments` has those of statements."""
    writer = _Writer(comments)
    parameters = ", ".join(p.id for p in tree.args.args)
    writer.line(0, f"def {tree.name}({parameters}):")
    writer.body(tree.body, 1)
    return "\n".join(writer.lines)


class _Writer:
    """Writes statements line by line."""

    def __init__(self, comments: Comments) -> None:
        self.comments = comments
        self.lines: list[str] = []

    def line(self, depth: int, text: str, comment: str = "") -> None:
        self.lines.append(INDENT * depth + text + (f"  # {comment}" if comment else ""))

    def body(self, statements: list[Any], depth: int) -> None:
        for statement in statements:
            self.statement(statement, depth)

    def statement(self, node: Any, depth: int, keyword: str = "if") -> None:
        comment = self.comments.get(node, "")
        if isinstance(node, gast.If):
            self.line(depth, f"{keyword} {text(node.test)}:", comment)
            self.body(node.body, depth + 1)
            self.otherwise(node.orelse, depth)
        elif isinstance(node, gast.While):
            self.line(depth, f"while {text(node.test)}:", comment)
            self.body(node.body, depth + 1)
        elif isinstance(node, gast.For):
            self.line(depth, f"for {text(node.target)} in {text(node.iter)}:", comment)
            self.body(node.body, depth + 1)
        elif isinstance(node, gast.Assign):
            self.line(depth, f"{text(node.targets[0])} = {text(node.value)}", comment)
        elif isinstance(node, gast.Return):
            self.line(depth, f"return {text(node.value) if node.value else ''}".rstrip(), comment)
        else:
            self.line(depth, ast.unparse(gast.gast_to_ast(node)), comment)

    def otherwise(self, statements: list[Any], depth: int) -> None:
        if len(statements) == 1 and isinstance(statements[0], gast.If):
            self.statement(statements[0], depth, "elif")
        elif statements:
            self.line(depth, "else:")
            self.body(statements, depth + 1)


def text(node: Any) -> str:
    """The text of an expression; a tuple has no parentheses around it."""
    if isinstance(node, gast.Tuple) and len(node.elts) > 1:
        return ", ".join(text(e) if not isinstance(e, gast.Tuple) else _plain(e) for e in node.elts)
    return _plain(node)


def _plain(node: Any) -> str:
    return ast.unparse(ast.fix_missing_locations(gast.gast_to_ast(node)))
