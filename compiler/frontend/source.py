"""Python function → `FunctionSource`: its desugared tree with scopes, liveness and places, made once per code object.

The steps: locate (text → tree), origin (places), fence (refusals), scopes, desugar (structured exits), liveness.
"""

from __future__ import annotations

import types
import weakref
from dataclasses import dataclass
from functools import partial

import gast

from hloc.diagnostics.errors import SourceError
from hloc.diagnostics.span import Span
from hloc.frontend.desugar import desugar
from hloc.frontend.fence import fence
from hloc.frontend.liveness import attach_liveness
from hloc.frontend.locate import locate
from hloc.frontend.origin import span_of, to_gast
from hloc.frontend.scopes import Scope, attach_scopes


@dataclass(frozen=True, eq=False)
class FunctionSource:
    """A function as core gast.

    node: gast.FunctionDef or gast.Lambda.   lines: the whole file, for diagnostics, `lines[0]` being line 1.
    Nodes carry: `span`; functions, lambdas, comprehensions `scope`; loops `exit_flags`, `live_head`; if and loops
    `live_after`, `assigned`, `has_writes`; returns `never`. See desugar, scopes, liveness.
    """

    node: gast.AST
    file: str
    name: str
    first_line: int
    lines: tuple[str, ...]
    scope: Scope

    def span(self, node: gast.AST) -> Span:
        """The place of a node in the user's text; for a node made by desugaring, the place it stands for."""
        return span_of(node) or self.node.span


_cache: dict[int, tuple[weakref.ref[types.CodeType], FunctionSource]] = {}


def function_source(fn: types.FunctionType) -> FunctionSource:
    """The source of a function or lambda.

    Raises: SourceError when there is no text, or the text changed since import; UnsupportedError from the fence.
    """
    code = getattr(fn, "__code__", None)
    if not isinstance(code, types.CodeType):
        raise SourceError(f"{fn!r} has no Python source", help="only functions written in Python can be compiled")
    known = _cache.get(id(code))  # by identity: equal code objects may come from different files
    if known is None:
        source = read(fn)
        known = _cache[id(code)] = weakref.ref(code, partial(_forget, id(code))), source
    return known[1]


def _forget(key: int, _: object) -> None:
    _cache.pop(key, None)


def read(fn: types.FunctionType) -> FunctionSource:
    """All steps, without the cache."""
    code = fn.__code__
    located = locate(fn)
    node = to_gast(located, code.co_filename)
    fence(node)
    scope = attach_scopes(node, code.co_freevars)
    desugar(node)
    attach_liveness(node)
    return FunctionSource(node, code.co_filename, code.co_name, code.co_firstlineno, located.lines, scope)
