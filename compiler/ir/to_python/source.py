"""gast → source text, with comments: where a statement comes from, and where the backward sweep begins."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import gast

from hloc.diagnostics.span import Span

INDENT = "    "
BACKWARD = "# ---- backward"


@dataclass
class Comments:
    """What is written beside the statements.

    Fields:
        spans: statements → where they come from.
        place: the text for that, "" for none.
        changes: it is written only where the line before it in the block has another one.
        parts: comment lines say where sweeps begin.
    """

    spans: Mapping[Any, Span] = field(default_factory=dict)
    place: Callable[[Span], str] = str
    changes: bool = False
    parts: bool = False


def function_source(tree: Any, comments: Comments) -> str:
    """The text of a function definition."""
    writer = _Writer(comments)
    star = ["*", *(p.id for p in tree.args.kwonlyargs)] if tree.args.kwonlyargs else []
    parameters = ", ".join([*(p.id for p in tree.args.args), *star])
    writer.line(0, f"def {tree.name}({parameters}):")
    writer.body(tree.body, 1)
    return "\n".join(writer.lines)


class _Writer:
    """Writes statements line by line."""

    def __init__(self, comments: Comments) -> None:
        self.comments = comments
        self.lines: list[str] = []
        self.sweep = 0  # that of the loop or branch around
        self.place = ""

    def line(self, depth: int, text: str, comment: str = "") -> None:
        self.lines.append(INDENT * depth + text + (f"  # {comment}" if comment else ""))

    def comment(self, node: Any) -> str:
        span = self.comments.spans.get(node)
        place = self.comments.place(span) if span is not None else ""
        before, self.place = self.place, place or self.place
        return "" if self.comments.changes and place == before else place

    def body(self, statements: list[Any], depth: int) -> None:
        outside, announced = self.sweep, {self.sweep}
        parts = self.comments.parts and any(self.number(statement) > outside for statement in statements)
        for statement in statements:
            number = self.number(statement)
            if parts and number not in announced and number > outside:
                self.line(depth, BACKWARD)
                announced.add(number)
            self.sweep = max(outside, number)
            self.statement(statement, depth)
            self.sweep = outside

    def number(self, statement: Any) -> int:
        """The sweep that a statement belongs to."""
        span = self.comments.spans.get(statement)
        return span.sweep if span is not None else 0

    def statement(self, node: Any, depth: int, keyword: str = "if") -> None:
        if isinstance(node, gast.If):
            self.line(depth, f"{keyword} {text(node.test)}:", self.comment(node))
            self.body(node.body, depth + 1)
            self.otherwise(node.orelse, depth)
        elif isinstance(node, gast.While):
            self.line(depth, f"while {text(node.test)}:", self.comment(node))
            self.body(node.body, depth + 1)
        elif isinstance(node, gast.For):
            self.line(depth, f"for {text(node.target)} in {text(node.iter)}:", self.comment(node))
            self.body(node.body, depth + 1)
        elif isinstance(node, gast.Assign):
            self.line(depth, f"{text(node.targets[0])} = {text(node.value)}", self.comment(node))
        elif isinstance(node, gast.Return):
            self.line(depth, f"return {text(node.value) if node.value else ''}".rstrip(), self.comment(node))
        elif isinstance(node, gast.Expr) and isinstance(node.value, gast.Constant):
            self.line(depth, f'"""{node.value.value}"""')
        else:
            self.line(depth, ast.unparse(gast.gast_to_ast(node)), self.comment(node))

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
