"""Where each node comes from: parsed `ast` → gast, every node with its place in the file.

Each node gets an attribute `span`. Python counts columns in UTF-8 bytes; spans count characters. A compound statement's
span covers its header only, as this is what a message about it should underline.
"""

from __future__ import annotations

import ast
import sys

import gast

from hloc.diagnostics.span import Span
from hloc.frontend.locate import Located, node_name

KEYWORDS = {
    "Try": 3,
    "TryStar": 3,
    "With": 4,
    "AsyncWith": 10,
    "Match": 5,
    "ClassDef": 5,
    "FunctionDef": 3,
    "AsyncFunctionDef": 9,
}


def to_gast(located: Located, file: str) -> gast.AST:
    """A fresh gast tree of the function, decorators dropped, private names mangled, spans attached."""
    node = gast.ast_to_gast(located.node)
    if not isinstance(node, gast.Lambda):
        node.decorator_list = []
    if located.private.strip("_"):
        mangle(node, "_" + located.private.lstrip("_"))
    home = Span(file, located.node.lineno, 0, located.node.lineno, 0, node_name(located.node))
    attach_spans(node, home, located.lines)
    return node


def attach_spans(node: gast.AST, outer: Span, lines: tuple[str, ...]) -> None:
    """Set `span` on a node and all below; nodes without a place of their own get the one around them."""
    function = node.name if isinstance(node, gast.FunctionDef | gast.AsyncFunctionDef) else outer.function
    node.span = span = own_span(node, outer, function, lines)
    opaque = isinstance(node, gast.JoinedStr) and sys.version_info < (3, 12)  # no true places inside f-strings
    for child in gast.iter_child_nodes(node):
        if opaque:
            for part in gast.walk(child):
                part.span = span
        elif not isinstance(child, gast.expr_context):
            attach_spans(child, span, lines)


def own_span(node: gast.AST, outer: Span, function: str, lines: tuple[str, ...]) -> Span:
    if getattr(node, "lineno", None) is None or getattr(node, "end_lineno", None) is None:
        return outer
    line, column, end_line, end_column = header(node)
    start = characters(lines[line - 1], column)
    return Span(outer.file, line, start, end_line, characters(lines[end_line - 1], end_column), function)


def header(node: gast.AST) -> tuple[int, int, int, int]:
    """Line and column (bytes) of begin and end; for a compound statement up to the end of what precedes its body."""
    start = (node.lineno, node.col_offset)
    last = getattr(node, "test" if isinstance(node, gast.If | gast.While) else "iter", None)
    if isinstance(node, gast.If | gast.While | gast.For | gast.AsyncFor) and last is not None:
        return (*start, last.end_lineno, last.end_col_offset)
    keyword = KEYWORDS.get(type(node).__name__)
    if keyword is None:
        return (*start, node.end_lineno, node.end_col_offset)
    name = len(getattr(node, "name", "").encode())
    return (*start, node.lineno, node.col_offset + keyword + (name and name + 1))


def characters(line: str, column: int) -> int:
    return column if line.isascii() else len(line.encode()[:column].decode(errors="ignore"))


def mangle(node: gast.AST, prefix: str) -> None:
    """Replace private names `__x` by `_Class__x`, as Python does inside a class."""
    for part in gast.walk(node):
        for name in ("id", "attr", "arg", "name", "names"):
            value = getattr(part, name, None)
            if isinstance(value, str) and value.startswith("__") and not value.endswith("__"):
                setattr(part, name, prefix + value)
            elif isinstance(value, list) and isinstance(part, gast.Nonlocal):
                part.names = [prefix + v if v.startswith("__") and not v.endswith("__") else v for v in value]


def span_of(node: ast.AST) -> Span | None:
    """The span of a node, if it has one."""
    span = getattr(node, "span", None)
    return span if isinstance(span, Span) else None
