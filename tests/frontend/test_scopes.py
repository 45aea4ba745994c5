"""Scopes: compared with what CPython's compiler decides."""

from __future__ import annotations

import types
from typing import Any

import gast
import pytest

from hloc.frontend.locate import nested_codes
from hloc.frontend.scopes import Scope
from hloc.frontend.source import function_source
from tests.frontend.core_python import define

PROGRAMS = {
    "closure": """
def f(x, /, y, *rest, k=1, **options):
    z = y
    def g(a, b=z):
        return a + x + np.pi
    h = lambda c: (lambda: c + z)
    return g, h
""",
    "nonlocal": """
def f(x):
    count = 0
    def g():
        nonlocal count
        count += 1
        def h():
            nonlocal count
            count = x
        return h
    return g
""",
    "binders": """
def f(x):
    import os.path, math as m
    from math import sqrt as root, pi
    for i, (j, *k) in x:
        pass
    while (w := i) > 3:
        w2: int = 3
    a[0] = b.c = d = 1
    e += 1
    del q
    return later
    unreachable = 1
""",
    "name_of_a_function": """
def f():
    def g(n):
        return g(n - 1)
    return g
""",
}


def functions(node: gast.AST) -> list[Any]:
    return [part for part in gast.walk(node) if isinstance(part, gast.FunctionDef | gast.Lambda)]


@pytest.mark.parametrize("name", PROGRAMS)
def test_scopes_are_those_of_python(name: str) -> None:
    fn = define(PROGRAMS[name])
    codes = {(code.co_name, code.co_firstlineno): code for code in [fn.__code__, *nested_codes(fn.__code__)]}
    nodes = [node for node in functions(function_source(fn).node) if isinstance(node, gast.FunctionDef)]
    for node in nodes:
        agree(node.scope, codes[node.name, node.span.line])
    assert len(nodes) == sum(key[0] != "<lambda>" for key in codes)


def agree(scope: Scope, code: types.CodeType) -> None:
    assert scope.locals == set(code.co_varnames) | set(code.co_cellvars)
    assert scope.cellvars == set(code.co_cellvars)
    assert scope.freevars == set(code.co_freevars)
    assert scope.globals <= set(code.co_names)
    arguments = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)
    assert scope.params == code.co_varnames[:arguments]


def scopes_of(text: str, kind: type) -> tuple[Scope, Any]:
    """The scope of the function and the only node of a kind in it."""
    source = function_source(define(text))
    (node,) = (part for part in gast.walk(source.node) if isinstance(part, kind))
    return source.scope, node


def test_comprehension_variables_do_not_leak() -> None:
    outer, inner = scopes_of("def f(xs, k):\n    return [x * k for x in xs for y in x if y]\n", gast.ListComp)
    assert outer.locals == {"xs", "k"}
    assert outer.cellvars == set()
    assert inner.scope.locals == {"x", "y"}
    assert inner.scope.freevars == {"k"}


def test_first_iterable_belongs_outside() -> None:
    outer, inner = scopes_of("def f(x):\n    return {x: 1 for x in range(x)}\n", gast.DictComp)
    assert outer.globals == {"range"}
    assert inner.scope.freevars == set()


def test_walrus_in_a_comprehension_binds_outside() -> None:
    outer, inner = scopes_of("def f(xs):\n    y = [[t := a for a in b] for b in xs]\n    return t\n", gast.NamedExpr)
    assert "t" in outer.locals
    assert "t" not in outer.globals
    source = function_source(define("def f(xs):\n    return [(t := x) for x in xs], t\n"))
    (comprehension,) = (part for part in gast.walk(source.node) if isinstance(part, gast.ListComp))
    assert comprehension.scope.nonlocals == {"t"}
    assert comprehension.scope.locals == {"x"}


def test_walrus_in_a_comprehension_obeys_nonlocal() -> None:
    text = (
        "def f(xs):\n    t = 0\n    def g():\n        nonlocal t\n        return [t := x for x in xs]\n    return g\n"
    )
    outer, inner = scopes_of(text, gast.ListComp)
    assert outer.cellvars == {"t", "xs"}
    assert inner.scope.nonlocals == {"t"}


def test_function_in_a_comprehension_captures() -> None:
    outer, inner = scopes_of("def f(xs, k):\n    return [lambda: x + k for x in xs]\n", gast.ListComp)
    assert outer.cellvars == {"k"}
    assert inner.scope.cellvars == {"x"}


def test_function_in_the_default_of_a_parameter_belongs_outside() -> None:
    text = "def f(n, key=lambda k: k):\n    def g(a, b=lambda c: n):\n        return b(a)\n    return g(key(n))\n"
    source = function_source(define(text))
    assert source.scope.cellvars == {"n"}
    assert source.scope.locals == {"n", "key", "g"}


def test_flags_are_locals() -> None:
    outer, _ = scopes_of("def f(n):\n    for i in range(n):\n        if i: return i\n", gast.For)
    assert outer.locals == {"n", "i", "$return_1", "$value_1"}


def test_name_shadowed_by_a_parameter_of_a_nested_function() -> None:
    outer, inner = scopes_of("def f(x, y):\n    return lambda x: x + y\n", gast.Lambda)
    assert outer.cellvars == {"y"}
    assert inner.scope.freevars == {"y"}
    assert inner.scope.params == ("x",)
