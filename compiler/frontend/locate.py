"""Code object → the syntax tree of the function it was compiled from.

The whole file is parsed, so that methods, nested functions and several lambdas on one line need no special care. The
tree is compiled once more, and a function's code there must equal the live code: a file that was edited after its
import gives an error instead of a program that nobody is running.
"""

from __future__ import annotations
import __future__

import ast
import linecache
import os
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache, reduce

from hloc.diagnostics.errors import SourceError
from hloc.diagnostics.span import Span

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Position = tuple[int | None, int | None, int | None, int | None]  # line, end line, column, end column: `co_positions`
FUTURES = reduce(int.__or__, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names))


@dataclass(frozen=True)
class Located:
    """A function's tree with plain `ast` positions, the class around it (for private names), and the file's lines."""

    node: FunctionNode
    private: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class ParsedFile:
    """One version of a file: its functions by (name, first line), and the code objects they compile to, by name."""

    nodes: dict[tuple[str, int], list[tuple[FunctionNode, str]]] = field(default_factory=dict)
    codes: dict[str, list[types.CodeType]] = field(default_factory=dict)


def locate(fn: types.FunctionType) -> Located:
    """The tree of `fn`. Raises SourceError when there is no text, or not the text `fn` was compiled from."""
    code = fn.__code__
    span = Span(code.co_filename, code.co_firstlineno, 0, code.co_firstlineno, 0, code.co_name)
    lines: tuple[str, ...] = ()
    for lines in source_texts(fn):
        parsed = parse_file(lines, code.co_filename, code.co_flags & FUTURES)
        found = find(parsed, code, span) if parsed else None
        if found:
            return Located(*found, lines)
    no_file = code.co_filename == "<string>"  # exec() and python -c share this name: its text may be another's
    if no_file or (not lines and not os.path.exists(code.co_filename)):
        raise SourceError(
            f"the source of {code.co_name!r} is not available ({code.co_filename})",
            span=span,
            help="hloc reads the text of a function: define it in a file or a notebook cell. "
            "For text made at run time, enter it into linecache.cache under the file name given to compile()",
        )
    raise SourceError(
        f"the source of {code.co_name!r} has changed since it was imported",
        span=span,
        notes=["the text of the file does not compile to the code that is running"],
        help="import the module again (importlib.reload, or restart Python), then use the new function",
    )


def source_texts(fn: types.FunctionType) -> Iterator[tuple[str, ...]]:
    """The texts that may hold `fn`: the lines linecache has already, then those on disk, then what the shell kept."""
    file = fn.__code__.co_filename
    cached = linecache.getlines(file, fn.__globals__)
    if cached:
        yield tuple(cached)
    linecache.checkcache(file)
    fresh = linecache.getlines(file, fn.__globals__)
    if fresh and fresh != cached:
        yield tuple(fresh)
    interactive = getattr(linecache, "_getlines_from_code", None)  # Python 3.13: text typed at the prompt
    if interactive and not fresh:
        typed = interactive(fn.__code__)
        if typed:
            yield tuple(typed)


@lru_cache(maxsize=64)
def parse_file(lines: tuple[str, ...], file: str, futures: int) -> ParsedFile | None:
    """Parse and compile a whole file; None when it is not valid Python (any more)."""
    parsed = ParsedFile()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the user has seen them when the file was imported
        try:
            tree = ast.parse("".join(lines), file)
            flags = futures | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # notebook cells may await
            module = compile(tree, file, "exec", flags=flags, dont_inherit=True)
        except (SyntaxError, ValueError):
            return None
    for node, private in functions(tree, ""):
        parsed.nodes.setdefault((node_name(node), first_line(node)), []).append((node, private))
    for code in nested_codes(module):
        parsed.codes.setdefault(code.co_name, []).append(code)
    return parsed


def functions(tree: ast.AST, private: str) -> Iterator[tuple[FunctionNode, str]]:
    """All functions and lambdas below `tree`, each with the name of the class around it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, FunctionNode):
            yield node, private
        yield from functions(node, node.name if isinstance(node, ast.ClassDef) else private)


def node_name(node: FunctionNode) -> str:
    return "<lambda>" if isinstance(node, ast.Lambda) else node.name


def first_line(node: FunctionNode) -> int:
    """What Python enters as `co_firstlineno`: decorators count."""
    decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
    return min([node.lineno, *(d.lineno for d in decorators)])


def nested_codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield const
            yield from nested_codes(const)


def find(parsed: ParsedFile, live: types.CodeType, span: Span) -> tuple[FunctionNode, str] | None:
    """The node whose code equals `live`; among equal ones the nearest, as lines above may have come or gone."""
    matches = [code for code in parsed.codes.get(live.co_name, ()) if same_code(code, live)]
    if not matches and rewritten(live):
        matches = [live]
    matches.sort(key=lambda code: abs(code.co_firstlineno - live.co_firstlineno))
    if not matches:
        return None
    line = matches[0].co_firstlineno
    nodes = parsed.nodes.get((live.co_name, line), [])
    if len(nodes) < 2:
        return nodes[0] if nodes else None
    near = [set(code.co_positions()) for code in matches if code.co_firstlineno == line]
    wanted = set(live.co_positions())
    positions = wanted if wanted in near else near[0]
    if all(column is None for _, _, column, _ in positions):
        raise SourceError(
            "several lambdas on one line cannot be told apart, as Python keeps no columns",
            span=span,
            help="put them on lines of their own, or run Python without -X no_debug_ranges (PYTHONNODEBUGRANGES)",
        )
    return pick(nodes, positions)


def pick(nodes: list[tuple[FunctionNode, str]], positions: set[Position]) -> tuple[FunctionNode, str] | None:
    """Of several lambdas on one line the smallest one in whose body all places of the code lie."""
    places = [place for place in positions if None not in place and place[:1] + place[2:3] != place[1:2] + place[3:]]
    lambdas = [(node, private) for node, private in nodes if isinstance(node, ast.Lambda)]
    around = [item for item in lambdas if all(lies_in(place, item[0].body) for place in places)]
    return min(around, key=lambda item: size(item[0]), default=None)


def lies_in(position: Position, node: ast.expr) -> bool:
    """Whether instructions from this place are part of an expression."""
    line, end_line, column, end_column = position
    start, end = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
    return start <= (line, column) and (end_line, end_column) <= end


def size(node: FunctionNode) -> tuple[int, int]:
    return (node.end_lineno or 0) - node.lineno, (node.end_col_offset or 0) - node.col_offset


def same_code(a: types.CodeType, b: types.CodeType) -> bool:
    """Do two code objects do the same? Names, constants and instructions count; line numbers do not."""
    fields = ("co_qualname", "co_code", "co_names", "co_varnames", "co_cellvars", "co_freevars", "co_flags")
    counts = ("co_argcount", "co_posonlyargcount", "co_kwonlyargcount")
    if any(getattr(a, name) != getattr(b, name) for name in fields + counts) or len(a.co_consts) != len(b.co_consts):
        return False
    return all(map(same_constant, a.co_consts, b.co_consts))


def same_constant(a: object, b: object) -> bool:
    """Equality that tells 1 from 1.0 and True, 0.0 from -0.0, and finds nan equal to itself."""
    if isinstance(a, types.CodeType) and isinstance(b, types.CodeType):
        return same_code(a, b)
    if isinstance(a, frozenset):
        return type(a) is type(b) and a == b
    return type(a) is type(b) and repr(a) == repr(b)


def rewritten(code: types.CodeType) -> bool:
    """Has pytest rewritten an `assert` in this code? Then it differs from the text, but its lines are right."""
    names = (*code.co_names, *code.co_varnames)
    return any(name.startswith("@py") for name in names) or any(map(rewritten, nested_codes(code)))
