"""What changes between two calls of one process is seen at the second, as in CPython; and so it is by another function."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

import hloc
from tests.language.agreement import assert_same
from tests.persistence.sources import load
from tests.persistence.test_edits import HEAD

A = "class A:\n    def m(self, x): return x + 1\n    def __call__(self, x): return x + 3\n"
PROPERTY = "class A:\n    @property\n    def p(self): return 1.0\na = A()\ndef f(x): return a.p + x"
CHANGES = {
    "a global function": ("def g(x): return x\ndef f(x): return g(x)", "m.g = lambda x: -x"),
    "its code": ("def g(x): return x\ndef h(x): return -x\ndef f(x): return g(x)", "m.g.__code__ = m.h.__code__"),
    "a builtin's name": ("def f(x): return max(x, 2.0)", "m.max = min"),
    "a builtin": ("import builtins\ndef f(x): return max(x, 2.0)", "patch.setattr(m.builtins, 'max', min)"),
    "a function of NumPy": ("def f(x): return np.sin(x)", "patch.setattr(m.np, 'sin', m.np.cos)"),
    "a constant of a library": ("def f(x): return math.pi * x", "patch.setattr(m.math, 'pi', 3.0)"),
    "a module": ("def f(x): return math.sqrt(x)", "m.math = m.np"),
    "a method": (A + "a = A()\ndef f(x): return a.m(x)", "m.A.m = lambda self, x: x - 1"),
    "an override": (A + "class B(A): pass\nb = B()\ndef f(x): return b.m(x)", "m.B.m = lambda self, x: x - 1"),
    "an override between": (
        A + "class B(A): pass\nclass C(B): pass\nc = C()\ndef f(x): return c.m(x)", "m.B.m = lambda self, x: x - 1",
    ),
    "a bound method's": (A + "b = A().m\ndef f(x): return b(x)", "m.A.m = lambda self, x: x - 1\nm.b = m.A().m"),
    "a call of an object": (A + "a = A()\ndef f(x): return a(x)", "m.A.__call__ = lambda self, x: x - 1"),
    "a property": (PROPERTY, "m.A.p = property(lambda self: 2.0)"),
    "a property for a constant": ("class A: p = 1.0\na = A()\ndef f(x): return a.p + x", "m.A.p = property(lambda self: 2.0)"),
    "a setter": (
        "class A:\n    def __init__(self, v): self.v = v\ndef f(x):\n    a = A(x)\n    a.w = x\n    return a.v",
        "def w(self, value): self.v = value + 1\nm.A.w = property(None, w)",
    ),
    "a static method": ("class A:\n    @staticmethod\n    def m(x): return x\ndef f(x): return A.m(x)",
                        "m.A.m = staticmethod(lambda x: -x)"),
    "a static method of an object": ("class A:\n    @staticmethod\n    def m(x): return x\na = A()\ndef f(x): return a.m(x)",
                                     "m.A.m = staticmethod(lambda x: -x)"),
    "a class method": ("class A:\n    @classmethod\n    def m(cls, x): return x\na = A()\ndef f(x): return a.m(x)",
                       "m.A.m = classmethod(lambda cls, x: -x)"),
    "a class constant": ("class A: N = 2\ndef f(x): return np.ones(A.N) * x", "m.A.N = 3"),
    "a class constant of an object": ("class A: N = 2\na = A()\ndef f(x): return np.ones(a.N) * x", "m.a.N = 3"),
    "a shadowed class constant": ("class A: N = 2\nclass B(A): pass\nb = B()\ndef f(x): return np.ones(b.N) * x", "m.B.N = 3"),
    "an initialiser": ("class A:\n    def __init__(self, v): self.v = v\ndef f(x): return A(x).v",
                       "def init(self, v): self.v = -v\nm.A.__init__ = init"),
    "a post-init": ("@dataclasses.dataclass\nclass A:\n    v: float\n    def __post_init__(self): self.v = self.v + 1\n"
                    "def f(x): return A(x).v", "def post(self): self.v = -self.v\nm.A.__post_init__ = post"),
    "an operator": ("class A:\n    def __init__(self, v): self.v = v\n    def __add__(self, o): return A(self.v + o.v)\n"
                    "def f(x): return (A(x) + A(x)).v", "m.A.__add__ = lambda self, o: m.A(self.v * o.v)"),
    "the truth of an object": ("class A: pass\na = A()\ndef f(x): return x if a else -x", "m.A.__bool__ = lambda self: False"),
    "the length of an object": ("class A: pass\na = A()\ndef f(x): return x if a else -x", "m.A.__len__ = lambda self: 0"),
    "a default": ("def g(x, n=2): return x + n\ndef f(x): return g(x)", "m.g.__defaults__ = (5,)"),
    "defaults that shift": ("def g(x, n, k=2): return x * n + k\ndef f(x): return g(x, 3.0)", "m.g.__defaults__ = (7, 5)"),
    "a keyword default": ("def g(x, *, n=2): return x + n\ndef f(x): return g(x)", "m.g.__kwdefaults__ = {'n': 5}"),
    "a keyword default of the function": ("def f(x, *, n=2): return x + n", "m.f.__kwdefaults__['n'] = 5"),
    "a default of the function": ("def f(x, n=2): return x + n", "m.f.__defaults__ = (5,)"),
    "an attribute of a function": ("def g(x): return x\ng.k = 2.0\ndef f(x): return g.k * x", "m.g.k = 3.0"),
    "a part of a function's attribute": ("def g(x): return x\ng.k = [2.0]\ndef f(x): return g.k[0] * x", "m.g.k[0] = 3.0"),
    "a partial's keywords": ("def g(x, n=1): return x + n\np = functools.partial(g, n=2)\ndef f(x): return p(x)",
                             "m.p.keywords['n'] = 5"),
    "a partial's new keyword": ("def g(x, n=1): return x + n\np = functools.partial(g)\ndef f(x): return p(x)",
                                "m.p.keywords['n'] = 5"),
    "a rule": ("@hloc.custom_jvp\ndef g(x): return x * x\n@g.defjvp\ndef rule(p, t): return g(p[0]), 2.0 * t[0]\n"
               "def f(x): return hloc.grad(g)(x)", "m.g.defjvp(lambda p, t: (m.g(p[0]), 3.0 * t[0]))"),
    "a closed-over cell": ("def make(k):\n    def put(v):\n        nonlocal k\n        k = v\n    def f(x): return np.ones(k) * x\n"
                           "    return f, put\nf, put = make(2)", "m.put(3)"),
    "a captured array": ("K = np.ones(2)\ndef f(x): return K * x", "m.K[:] = 3.0"),
    "a captured array's shape": ("K = np.ones(2)\ndef f(x): return K * x", "m.K = m.np.ones(3)"),
    "a list": ("K = [1.0, 2.0]\ndef f(x): return [k * x for k in K]", "m.K.append(3.0)"),
    "a list in a list": ("K = [[1.0], [2.0]]\ndef f(x): return [k[0] * x for k in K]", "m.K[1] = [5.0]"),
    "a dict": ("K = {'a': 1.0}\ndef f(x): return K.get('b', x)", "m.K['b'] = 3.0"),
    "a set": ("K = {1, 2}\ndef f(x): return x if 3 in K else -x", "m.K.add(3)"),
    "bytes": ("K = bytearray(b'ab')\ndef f(x): return x * K[0]", "m.K[0] = 5"),
    "a queue": ("K = collections.deque([2.0])\ndef f(x): return x * K[0]", "m.K[0] = 5.0"),
    "an object's attribute": ("class A: pass\na = A()\na.k = 'p'\ndef f(x): return x if a.k == 'p' else -x", "m.a.k = 'q'"),
    "an object's class": (A + "class B:\n    def m(self, x): return -x\na = A()\ndef f(x): return a.m(x)", "m.a.__class__ = m.B"),
    "a method on an object": (A + "a = A()\ndef f(x): return a.m(x)", "m.a.m = lambda x: -x"),
    "a registered class": (
        "class S(abc.ABC): pass\nclass A: pass\na = A()\ndef f(x): return x if isinstance(a, S) else -x", "m.S.register(m.A)",
    ),
    "a vectorised function": ("g = np.vectorize(lambda x: x + 1)\ndef f(x): return g(np.ones(2) * x)",
                              "m.g.pyfunc = lambda x: x - 1"),
    "a field's factory": (
        "@dataclasses.dataclass\nclass A:\n    v: list = dataclasses.field(default_factory=lambda: [1.0])\n"
        "def f(x): return A().v[0] * x",
        "m.A = m.dataclasses.make_dataclass('A', [('v', list, m.dataclasses.field(default_factory=lambda: [2.0]))])",
    ),
    "the identity of objects": ("A = [1.0]\nB = [1.0]\ndef f(x): return x if A is B else -x", "m.B = m.A"),
    "a type": ("T = np.float32\ndef f(x): return np.zeros(2, T)", "m.T = m.np.float64"),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_seen(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, change = CHANGES[what]
    module = load(tmp_path, f"{HEAD}{text}\ndef change(m, patch):\n{textwrap.indent(change, '    ')}\n")
    compiled = hloc.compile(module.f)
    assert_same(compiled(1.5), module.f(1.5), "before")
    before = module.f(1.5)
    with monkeypatch.context() as patch:
        module.change(module, patch)
        expected = module.f(1.5)
        found, again = compiled(1.5), hloc.compile(module.f)(1.5)
    assert_same(found, expected, "after, by the same function")
    assert_same(again, expected, "after, by another one")
    assert repr(before) != repr(expected), "the change must change something"
