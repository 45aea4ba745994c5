"""An edit of anything that a program depends on is a miss with the right answer; any other edit is a hit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.language.agreement import assert_same, outcome
from tests.persistence.sources import is_hit, load, only_from_cache

HEAD = """
import collections, dataclasses, enum, functools, math, operator, types, typing, abc
import numpy as np
import hloc
"""

MISSES: dict[str, tuple[str | Mapping[str, str], str, str]] = {
    "the function": ("def f(x): return x * 2.0", "x * 2.0", "x * 3.0"),
    "an integer that was a float": ("def f(x): return x * 2.0", "2.0", "2"),
    "minus zero": ("def f(x): return np.copysign(1.0, 0.0) * x", " 0.0", " -0.0"),
    "a helper in another file": (
        {"main.py": "import helpers\ndef f(x): return helpers.g(x)", "helpers.py": "def g(x): return x + 1"},
        "x + 1",
        "x + 2",
    ),
    "a helper imported by name": (
        {"main.py": "from helpers import g\ndef f(x): return g(x)", "helpers.py": "def g(x): return x + 1"},
        "x + 1",
        "x + 2",
    ),
    "a helper's helper in a package": (
        {
            "main.py": "import pack.inner\ndef f(x): return pack.inner.g(x)",
            "pack/__init__.py": "",
            "pack/inner.py": "from pack.deep import h\ndef g(x): return h(x)",
            "pack/deep.py": "def h(x): return x + 1",
        },
        "x + 1",
        "x + 2",
    ),
    "a global that is a shape": ("N = 2\ndef f(x): return np.ones(N) * x", "N = 2", "N = 3"),
    "a global of a function dressed as a library's": (
        "N = 2\n@functools.wraps(np.mean)\ndef g(x): return np.ones(N) * x\ndef f(x): return g(x)",
        "N = 2",
        "N = 3",
    ),
    "a global text": ("KIND = 'sin'\ndef f(x): return np.sin(x) if KIND == 'sin' else x", "KIND = 's", "KIND = 'c"),
    "a global flag": ("FLAG = True\ndef f(x): return x if FLAG else -x", "True", "False"),
    "a global element type": ("T = np.float32\ndef f(x): return np.zeros(3, T) + T(x)", "float32", "float64"),
    "a global dtype": ("T = np.dtype('f4')\ndef f(x): return np.zeros(3, T)", "'f4'", "'i4'"),
    "a global function": ("def g(x): return x\nh = g\ndef f(x): return h(x)", "return x\n", "return -x\n"),
    "a global function of NumPy": ("h = np.sin\ndef f(x): return h(x)", "np.sin", "np.cos"),
    "a global number of another type": ("K = 2\ndef f(x): return x // K", "K = 2", "K = 2.0"),
    "a module that another name means": ("import math as m\ndef f(x): return m.pi * x", "math as m", "numpy as m"),
    "an alias in a module": (
        {"main.py": "import helpers\ndef f(x): return helpers.h(x)", "helpers.py": "import numpy as np\nh = np.sin"},
        "np.sin",
        "np.cos",
    ),
    "a default of a helper": ("def g(x, n=2): return x ** n\ndef f(x): return g(x)", "n=2", "n=3"),
    "a keyword default of a helper": ("def g(x, *, n=2): return x ** n\ndef f(x): return g(x)", "n=2", "n=3"),
    "a default that was not there": (
        "def g(x, n=2, m=3): return x ** n + m\ndef f(x): return g(x, 4)", "n=2, m=3", "n=7, m=5",
    ),
    "a closed-over function": (
        "def make():\n    def g(x): return x + 1\n    def f(x): return g(x)\n    return f\nf = make()", "x + 1", "x + 2",
    ),
    "a closed-over text": (
        "def make(op):\n    def f(x): return x + 1 if op == 'plus' else x - 1\n    return f\nf = make('plus')",
        "make('plus')",
        "make('minus')",
    ),
    "a nested lambda": ("def f(x):\n    g = lambda y: y + 1\n    return g(x)", "y + 1", "y + 2"),
    "a comprehension": ("def f(x): return [x + i for i in range(3)]", "x + i", "x - i"),
    "a lambda in a list": ("FS = [lambda x: x + 1, np.sin]\ndef f(x): return FS[0](x)", "x + 1", "x + 2"),
    "the order of a list": ("FS = [np.cos, np.sin]\ndef f(x): return FS[0](x)", "[np.cos, np.sin]", "[np.sin, np.cos]"),
    "a function in a dict": ("FS = {'a': np.cos}\ndef f(x): return FS['a'](x)", "np.cos", "np.sin"),
    "a key of a dict": ("D = {'a': 1.0, 'b': 2.0}\ndef f(x): return [k for k in D]", "'b'", "'c'"),
    "a method": ("class A:\n    def m(self, x): return x + 1\ndef f(a, x): return a.m(x)\n"
                 "def args(): return A(), 1.5", "x + 1", "x + 2"),
    "an inherited method": ("class B:\n    def m(self, x): return x + 1\nclass A(B): pass\n"
                            "def f(a, x): return a.m(x)\ndef args(): return A(), 1.5", "x + 1", "x + 2"),
    "a method that overrides": ("class B:\n    def m(self, x): return x + 1\nclass A(B):\n    pass\n"
                                "def f(a, x): return a.m(x)\ndef args(): return A(), 1.5",
                                "    pass", "    def m(self, x): return x - 1"),
    "the order of bases": ("class B:\n    def m(self, x): return x + 1\nclass C:\n    def m(self, x): return x - 1\n"
                           "class A(B, C): pass\ndef f(a, x): return a.m(x)\ndef args(): return A(), 1.5",
                           "A(B, C)", "A(C, B)"),
    "a method of an argument's part": ("class A:\n    def m(self, x): return x + 1\ndef f(d, x): return d['a'].m(x)\n"
                                       "def args(): return {'a': A()}, 1.5", "x + 1", "x + 2"),
    "a property": ("class A:\n    @property\n    def p(self): return 1.0\ndef f(a, x): return a.p + x\n"
                   "def args(): return A(), 1.5", "1.0", "2.0"),
    "a static method": ("class A:\n    @staticmethod\n    def m(x): return x + 1\ndef f(a, x): return a.m(x)\n"
                        "def args(): return A(), 1.5", "x + 1", "x + 2"),
    "a static method of a class": ("class A:\n    @staticmethod\n    def m(x): return x + 1\n"
                                   "def f(x): return A.m(x)", "x + 1", "x + 2"),
    "a class method": ("class A:\n    K = 'a'\n    @classmethod\n    def m(cls, x): return x + (cls.K == 'a')\n"
                       "def f(a, x): return a.m(x)\ndef args(): return A(), 1.5", "K = 'a'", "K = 'b'"),
    "a class method's code": ("class A:\n    @classmethod\n    def m(cls, x): return x + 1\n"
                              "def f(a, x): return a.m(x)\ndef args(): return A(), 1.5", "x + 1", "x + 2"),
    "an operator of a class": ("class A:\n    def __init__(self, v): self.v = v\n"
                               "    def __add__(self, o): return A(self.v + o.v)\n"
                               "def f(x): return (A(x) + A(x)).v", "self.v + o.v", "self.v - o.v"),
    "an initialiser": ("class A:\n    def __init__(self, v): self.v = v + 1\ndef f(x): return A(x).v", "v + 1", "v + 2"),
    "an inherited initialiser": ("class B:\n    def __init__(self, v): self.v = v + 1\nclass A(B): pass\n"
                                 "def f(x): return A(x).v", "v + 1", "v + 2"),
    "a call of an object": ("class A:\n    def __call__(self, x): return x + 1\na = A()\ndef f(x): return a(x)",
                            "x + 1", "x + 2"),
    "a dataclass default": ("@dataclasses.dataclass\nclass A:\n    v: int = 2\ndef f(x): return np.ones(A().v) * x",
                            "int = 2", "int = 3"),
    "a dataclass factory": ("@dataclasses.dataclass\nclass A:\n    v: list = dataclasses.field(default_factory=lambda: [1.0])\n"
                            "def f(x): return A().v[0] * x", "[1.0]", "[2.0]"),
    "the order of dataclass fields": ("@dataclasses.dataclass\nclass A:\n    a: float\n    b: float\n"
                                      "def f(x): return A(x, 2 * x).a", "    a: float\n    b: float",
                                      "    b: float\n    a: float"),
    "a post-init": ("@dataclasses.dataclass\nclass A:\n    a: float\n    def __post_init__(self): self.a = self.a + 1\n"
                    "def f(x): return A(x).a", "self.a + 1", "self.a + 2"),
    "the fields of a namedtuple": ("P = collections.namedtuple('P', 'a b')\ndef f(x): return P(x, 2 * x).a", "'a b'", "'b a'"),
    "a namedtuple's default": ("class P(typing.NamedTuple):\n    a: float\n    n: int = 2\n"
                               "def f(x): return np.ones(P(x).n)", "int = 2", "int = 3"),
    "an enumeration's value": ("class E(enum.IntEnum):\n    A = 2\ndef f(x): return np.ones(E.A) * x", "A = 2", "A = 3"),
    "a class constant": ("class A:\n    N = 2\ndef f(x): return np.ones(A.N) * x", "N = 2", "N = 3"),
    "a wrapped function": ("def twice(g):\n    @functools.wraps(g)\n    def w(x): return g(g(x))\n    return w\n"
                           "@twice\ndef h(x): return x + 1\ndef f(x): return h(x)", "x + 1", "x + 2"),
    "a decorator": ("def twice(g):\n    @functools.wraps(g)\n    def w(x): return g(g(x))\n    return w\n"
                    "@twice\ndef h(x): return x + 1\ndef f(x): return h(x)", "g(g(x))", "g(g(g(x)))"),
    "a partial's function": ("def g(n, x): return x + 1\nh = functools.partial(g, 2)\ndef f(x): return h(x)",
                             "x + 1", "x + 2"),
    "a partial's argument": ("def g(n, x): return np.ones(n) * x\nh = functools.partial(g, 2)\ndef f(x): return h(x)",
                             "g, 2", "g, 3"),
    "a bound method": ("class A:\n    def m(self, x): return x + 1\nm = A().m\ndef f(x): return m(x)", "x + 1", "x + 2"),
    "a custom rule": ("@hloc.custom_jvp\ndef g(x): return x * x\n@g.defjvp\ndef rule(p, t): return g(p[0]), 2.0 * t[0]\n"
                      "def f(x): return hloc.grad(g)(x)", "2.0 * t", "3.0 * t"),
    "a backward rule": ("@hloc.custom_vjp\ndef g(x): return x * x\n"
                        "g.defvjp(lambda x: (g(x), x), lambda r, c: (2.0 * c,))\n"
                        "def f(x): return hloc.grad(g)(x)", "2.0 * c", "3.0 * c"),
    "a checkpointed function": ("@hloc.checkpoint\ndef g(x): return x * x\ndef f(x): return hloc.grad(g)(x)",
                                "x * x", "x * x * x"),
    "a compiled helper": ("@hloc.compile\ndef g(x): return x + 1\ndef f(x): return g(x)", "x + 1", "x + 2"),
    "a vectorised helper": ("g = np.vectorize(lambda x: x + 1)\ndef f(x): return g(np.ones(3) * x)", "x + 1", "x + 2"),
    "an abstract class": ("class S(abc.ABC): pass\nclass A: pass\nS.register(A)\n"
                          "def f(a, x): return x if isinstance(a, S) else -x\ndef args(): return A(), 1.5",
                          "S.register(A)\n", ""),
    "a message": ("def f(x):\n    if x > 1: raise ValueError(f'large {x}')\n    return x", "large", "big"),
    "a user's exception": ("class E(ValueError): pass\ndef f(x):\n    if x > 1: raise E('large')\n    return x",
                           "class E(ValueError)", "class E(KeyError)"),
    "a printed text": ("def f(x):\n    print('a', x)\n    return x", "'a'", "'b'"),
    "a name that was built in": ("def f(x): return max(x, 1.0)", "def f", "max = min\ndef f"),
    "a library's name": ("def f(x): return math.sqrt(x)", "def f", "math = types.SimpleNamespace(sqrt=lambda x: x)\ndef f"),
    "a number of repetitions": ("def g(x, n):\n    for _ in range(n): x = x * x\n    return x\n"
                                "def f(x): return g(x, 2)", "g(x, 2)", "g(x, 3)"),
    "an order of arguments": ("def g(a, b): return a - b\ndef f(x): return g(x, 2 * x)", "g(a, b)", "g(b, a)"),
    "a name imported by star": ({"main.py": "from helpers import *\ndef f(x): return g(x)", "helpers.py": "def g(x): return x + 1"},
                                "x + 1", "x + 2"),
    "which of two definitions": ("if True:\n    def g(x): return x + 1\nelse:\n    def g(x): return x - 1\ndef f(x): return g(x)",
                                 "if True", "if False"),
    "an attribute's name": ("class A:\n    def u(self, x): return x + 1\n    def v(self, x): return x - 1\na = A()\nN = 'u'\n"
                            "def f(x): return getattr(a, N)(x)", "N = 'u'", "N = 'v'"),
    "a method called by its class": ("class B:\n    def m(self, x): return x + 1\nclass A(B):\n    def m(self, x): return B.m(self, x) * 2\n"
                                     "a = A()\ndef f(x): return a.m(x)", "x + 1", "x + 2"),
    "a function in an object": ("class A:\n    def __init__(self): self.op = lambda x: x + 1\na = A()\ndef f(x): return a.op(x)",
                                "x + 1", "x + 2"),
    "a function chosen by an argument": ("D = {'a': lambda x: x + 1, 'b': lambda x: x}\ndef f(x, k): return D[k](x)\n"
                                         "def args(): return 1.5, 'a'", "x + 1", "x + 2"),
    "a function that is an argument": ("def f(h, x): return h(x)\ndef args(): return (lambda x: x + 1), 1.5", "x + 1", "x + 2"),
    "a partial that is an argument": ("def g(a, x): return x + a\ndef f(h, x): return h(x)\n"
                                      "def args(): return functools.partial(g, 2), 1.5", "x + a", "x - a"),
    "a method that is an argument": ("class A:\n    def m(self, x): return x + 1\ndef f(h, x): return h(x)\n"
                                     "def args(): return A().m, 1.5", "x + 1", "x + 2"),
    "a class that is an argument": ("class A:\n    def m(self, x): return x + 1\ndef f(c, x): return c().m(x)\n"
                                    "def args(): return A, 1.5", "x + 1", "x + 2"),
    "a member of an enumeration": ("class E(enum.Enum):\n    A = 1\n    B = 2\ndef f(e, x): return x if e is E.A else -x\n"
                                   "def args(): return E.A, 1.5", "E.A, 1.5", "E.B, 1.5"),
    "the value of a member": ("class E(enum.Enum):\n    A = 'p'\n    B = 'q'\ndef f(x): return x if E.A.value == 'p' else -x",
                              "A = 'p'", "A = 'z'"),
    "a flag": ("class E(enum.IntFlag):\n    A = 1\n    B = 2\nF = E.A | E.B\ndef f(x): return x if F & E.B else -x",
               "F = E.A | E.B", "F = E.A"),
    "a set": ("S = {1, 2}\ndef f(x): return x if 2 in S else -x", "{1, 2}", "{1, 3}"),
    "an object of a module": ({"main.py": "import cfg\ndef f(x): return cfg.C.m(x)",
                               "cfg.py": "class K:\n    def m(self, x): return x + 1\nC = K()"}, "x + 1", "x + 2"),
    "an attribute that a module makes": (
        {"main.py": "import cfg\ndef f(x): return np.ones(cfg.N) * x",
         "cfg.py": "def __getattr__(n):\n    if n == 'N': return 2\n    raise AttributeError(n)"}, "return 2", "return 3"),
    "a method of a metaclass": ("class M(type):\n    def m(cls, x): return x + 1\nclass A(metaclass=M): pass\ndef f(x): return A.m(x)",
                                "x + 1", "x + 2"),
    "what a base does to its classes": ("class B:\n    def __init_subclass__(cls): cls.k = 'p'\nclass A(B): pass\n"
                                        "def f(x): return x if A.k == 'p' else -x", "'p'\nclass", "'q'\nclass"),
    "an argument of a decorator": (
        "def rep(k):\n    def d(g):\n        def w(x):\n            for _ in range(k): x = g(x)\n            return x\n"
        "        return w\n    return d\n@rep(2)\ndef h(x): return x * x\ndef f(x): return np.ones(3) * h(x)", "x * x", "x * x * x"),
    "the order of decorators": ("def p(g):\n    def w(x): return g(x) + 1\n    return w\ndef q(g):\n    def w(x): return g(x) * 2\n"
                                "    return w\n@p\n@q\ndef h(x): return x\ndef f(x): return h(x)", "@p\n@q", "@q\n@p"),
    "what is differentiated": ("g = hloc.grad(lambda a, b: a * a * b, argnums=0)\ndef f(x): return g(x, 2 * x)",
                               "argnums=0", "argnums=1"),
    "a mapped axis": ("g = hloc.vmap(np.cumsum, in_axes=0)\ndef f(x): return np.asarray(g(np.ones((2, 3)))).sum() * x",
                      "in_axes=0", "in_axes=1"),
}  # fmt: skip

HITS: dict[str, tuple[str | Mapping[str, str], str, str]] = {
    "a comment": ("def f(x): return x * 2.0", "2.0", "2.0  # twice"),
    "blank lines": ("def g(x): return x + 1\ndef f(x): return g(x)", "def f", "\n\n\ndef f"),
    "a docstring": ("def f(x):\n    'old'\n    return x * 2.0", "'old'", "'new'"),
    "spaces": ("def f(x): return x * 2.0", "x * 2.0", "( x*2.0 )"),
    "another function": ("def g(x): return x + 1\ndef f(x): return x * 2.0", "x + 1", "x + 2"),
    "the order of functions": ("def g(x): return x + 1\ndef f(x): return g(x)",
                               "def g(x): return x + 1\ndef f(x): return g(x)",
                               "def f(x): return g(x)\ndef g(x): return x + 1"),
    "another import": ("def f(x): return np.sin(x)", "def f", "import json\ndef f"),
    "an annotation": ("def f(x): return x * 2.0", "f(x)", "f(x: float) -> float"),
    "a global that is data": ("K = 2.0\ndef f(x): return x * K", "2.0", "3.0"),
    "a default that is data": ("def f(x, n=2.0): return x * n\ndef args(): return (1.5,)", "n=2.0", "n=3.0"),
    "the content of an array": ("A = np.array([1.0, 2.0])\ndef f(x): return x * A", "2.0", "3.0"),
    "a closed-over number": ("def make(k):\n    def f(x): return x * k\n    return f\nf = make(2.0)", "2.0", "3.0"),
    "an attribute that is data": ("class A:\n    def __init__(self): self.k = 2.0\na = A()\ndef f(x): return x * a.k",
                                  "2.0", "2.0 "),
    "the name of another file": ({"main.py": "import one as h\ndef f(x): return h.g(x)", "one.py": "def g(x): return x + 1",
                                  "two.py": "def g(x): return x + 1"}, "import one", "import two"),
    "a helper's place": ({"main.py": "from one import g\ndef f(x): return g(x)", "one.py": "from two import g",
                          "two.py": "def g(x): return x + 1"}, "from one", "from two"),
}  # fmt: skip


def changed(files: str | Mapping[str, str], old: str, new: str) -> str | dict[str, str]:
    if isinstance(files, str):
        assert old in files
        return files.replace(old, new)
    assert any(old in text for text in files.values())
    return {path: text.replace(old, new) for path, text in files.items()}


def prepared(files: str | Mapping[str, str]) -> str | dict[str, str]:
    if isinstance(files, str):
        return HEAD + files
    return {path: (HEAD if path == "main.py" else "") + text for path, text in files.items()}


def checked(module: Any) -> Any:
    """A function that has run compiled, and done what CPython does."""
    args = module.args() if hasattr(module, "args") else (1.5,)
    compiled = module.hloc.compile(module.f)
    expected, found = outcome(module.f, args), outcome(compiled, args)
    assert (type(found.error), str(found.error)) == (type(expected.error), str(expected.error))
    assert found.printed == expected.printed
    if expected.error is None:
        assert_same(found.result, expected.result, "result")
    return module.hloc.compile(module.f), args


@pytest.mark.parametrize("what", MISSES)
def test_an_edit_that_matters_is_seen(what: str, tmp_path: Path) -> None:
    files, old, new = MISSES[what]
    function, args = checked(load(tmp_path, prepared(files)))
    if "error" not in what and "exception" not in what and "message" not in what:
        assert is_hit(function, *args), function.unkept
    edited = load(tmp_path, prepared(changed(files, old, new)))
    args = edited.args() if hasattr(edited, "args") else (1.5,)
    assert not is_hit(edited.hloc.compile(edited.f), *args)
    checked(edited)


@pytest.mark.parametrize("what", HITS)
def test_an_edit_that_does_not_matter_is_a_hit(what: str, tmp_path: Path) -> None:
    files, old, new = HITS[what]
    checked(load(tmp_path, prepared(files)))
    edited = load(tmp_path, prepared(changed(files, old, new)))
    args = edited.args() if hasattr(edited, "args") else (1.5,)
    with only_from_cache():
        assert_same(edited.hloc.compile(edited.f)(*args), edited.f(*args), "result")


def test_moved_and_renamed_files_are_hits(tmp_path: Path) -> None:
    text = prepared("def g(x): return x + 1\ndef f(x): return g(x)")
    checked(load(tmp_path, text))
    with only_from_cache():
        moved = load(tmp_path / "elsewhere", text, "renamed")
        assert moved.hloc.compile(moved.f)(1.5) == 2.5


def test_places_in_errors_follow_the_lines(tmp_path: Path) -> None:
    text = prepared("def g(x):\n    return x[9]\ndef f(x):\n    return g(x)\ndef args(): return (np.ones(3),)")
    first = load(tmp_path, text)
    with pytest.raises(IndexError) as before:
        first.hloc.compile(first.f)(*first.args())
    edited = load(tmp_path, changed(text, "def g", "# moved\n\n\ndef g"), "renamed")
    with only_from_cache(), pytest.raises(IndexError) as after:
        edited.hloc.compile(edited.f)(*edited.args())
    (old,), (new,) = before.value.__notes__, after.value.__notes__
    assert str(first.__file__) in old
    assert str(edited.__file__) in new
    line = int(old.rpartition(":")[2].partition(",")[0])
    assert f":{line + 3}, in g" in new
