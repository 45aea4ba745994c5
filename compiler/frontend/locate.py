"""Code object → the syntax tree of the function it was compiled from.

The whole file is parsed, so that methods, nested functions and several lambdas on one line need no special care. The
tree is compiled once more, and a function's code there must equal the live code: a file that was edited after its
import gives an error instead of a program that nobody is running.
"""

from __future__ import annotations
import __future__

import ast
import linecache
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache, reduce

from hloc.diagnostics.errors import SourceError
from hloc.diagnostics.span import Span

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
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

    lines: tuple[str, ...]
    nodes: dict[tuple[str, int], list[tuple[FunctionNode, str]]] = field(default_factory=dict)
    codes: dict[str, list[types.CodeType]] = field(default_factory=dict)


def locate(fn: types.FunctionType) -> Located:
    """The tree of `fn`. Raises SourceError when there is no text, or not the text `fn` was compiled from."""
    code = fn.__code__
    parsed = None
    for lines in source_texts(fn):
        parsed = parse_file(lines, code.co_filename, code.co_flags & FUTURES)
        found = find(parsed, code) if parsed else None
        if parsed and found:
            return Located(*found, parsed.lines)
    span = Span(code.co_filename, code.co_firstlineno, 0, code.co_firstlineno, 0, code.co_name)
    if not linecache.getlines(code.co_filename, fn.__globals__) and parsed is None:
        raise no_source(code).with_span(span)
    raise SourceError(
        f"the source of {code.co_name!r} has changed since it was imported",
        span=span,
        notes=["the text of the file does not compile to the code that is running"],
        help="import the module again (importlib.reload, or restart Python), then use the new function",
    )


def no_source(code: types.CodeType) -> SourceError:
    name, file = code.co_name, code.co_filename
    return SourceError(
        f"the source of {name!r} is not available ({file})",
        help="hloc reads the text of a function: define it in a file or a notebook cell. "
        "For text made at run time, enter it into linecache.cache under the file name given to compile()",
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
    parsed = ParsedFile(lines)
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


def find(parsed: ParsedFile, live: types.CodeType) -> tuple[FunctionNode, str] | None:
    """The node whose code equals `live`; among equal ones the nearest, as lines above may have come or gone."""
    matches = [code for code in parsed.codes.get(live.co_name, ()) if same_code(code, live)]
    if not matches and rewritten(live):
        matches = [live]
    matches.sort(key=lambda code: abs(code.co_firstlineno - live.co_firstlineno))
    wanted = set(live.co_positions())
    for code in matches[:1]:
        near = [c for c in matches if c.co_firstlineno == code.co_firstlineno]
        exact = [c for c in near if set(c.co_positions()) == wanted]
        return pick(parsed.nodes.get((code.co_name, code.co_firstlineno), []), (exact or near)[0])
    return None


def pick(nodes: list[tuple[FunctionNode, str]], code: types.CodeType) -> tuple[FunctionNode, str] | None:
    """Of several functions of one name on one line (lambdas) the one whose body has the code's columns."""
    if len(nodes) < 2:
        return nodes[0] if nodes else None
    positions = set(code.co_positions())
    exact = [item for item in nodes if isinstance(item[0], ast.Lambda) and extent(item[0].body) in positions]
    if not exact:
        return None
    return max(exact, key=lambda item: size(item[0]))


def extent(node: ast.expr) -> tuple[int, int | None, int, int | None]:
    """The position in the order of `co_positions`."""
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset


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
