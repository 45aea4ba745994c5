"""Functions: parameters of every kind, closures, nested and higher-order functions, methods, errors of calls."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import hloc

from .agreement import CONTEXTS, agree, define, in_context

HELPERS = """
import functools
def scale(x, k=2, *args, shift=0.5, **more): return x * k + sum(args) + shift + more.get("extra", 0)
def apply(f, *args): return f(*args)
def compose(f, g): return lambda x: f(g(x))
def accumulate(a, v):
    for i in range(len(a)): a[i] += v
def two(x): return x + 1, x * 2
def count_down(n):
    while n > 3: n -= 2
    return n
SCALE = 3.0
OFFSETS = np.array([1.0, 2.0, 3.0])
"""
SNIPPETS = {
    "defaults and keywords": (
        "x",
        "result = (scale(x), scale(x, 3), scale(x, k=4), scale(x, 1, 2, 3), scale(x, shift=x), scale(x, extra=7), scale(x, *(1, 2), **{'shift': 1}))",
        [(2.0,)],
    ),
    "nested functions": ("x", "def inner(y, k=x): return y * k + x\nresult = inner(3) + inner(2, k=1)", [(2,), (1.5,)]),
    "nonlocal": (
        "n",
        "total = 0\ndef add(v):\n    nonlocal total\n    total += v\n    return total\nfor i in range(n): add(i)\nresult = total",
        [(4,), (0,)],
    ),
    "lambdas": (
        "x",
        "f, g = lambda y: y + x, lambda y: y * x\nresult = (f(1), g(2), (lambda: x)(), compose(f, g)(3))",
        [(2,), (0.5,)],
    ),
    "functions as arguments": (
        "x",
        "result = (apply(scale, x), apply(lambda a, b: a - b, x, 1), apply(math.sin, x), apply(np.exp, x))",
        [(0.5,)],
    ),
    "partial": (
        "x",
        "result = (functools.partial(scale, k=5)(x), functools.partial(scale, x, 3)(), apply(functools.partial(apply, scale), x))",
        [(2.0,)],
    ),
    "helpers write arrays": (
        "a",
        "accumulate(a, 1.5)\naccumulate(a[1:], 10.0)\nresult = a.copy()",
        [(np.arange(4.0),)],
    ),
    "several results": ("x", "p, q = two(x)\n(r, s), t = two(p), q\nresult = (p, q, r, s, t)", [(3,)]),
    "loops in helpers": ("n", "result = count_down(n) + count_down(n * 2) * count_down(5)", [(10,), (1,)]),
    "globals": ("x", "result = (x * SCALE, x + OFFSETS, OFFSETS[1] * x)", [(2.0,)]),
    "map and filterless builtins": (
        "x",
        "result = (list(map(lambda v: v * x, [1, 2, 3])), sum(map(abs, [x, -x])), functools.reduce(lambda p, q: p * x + q, [1, 2, 3]))",
        [(2,)],
    ),
    "static recursion": (
        "x",
        "def power(y, n): return 1 if n == 0 else y * power(y, n - 1)\nresult = power(x, 5)",
        [(2,), (1.5,)],
    ),
    "unpacking": (
        "x",
        "a, *b, c = [x, 1, 2, 3]\n*d, e = (x, 5)\n[f, g] = x, 2\nresult = (a, b, c, d, e, f, g)",
        [(7,)],
    ),
    "swap": ("x, y", "x, y = y, x\nresult = (x, y)", [(1, 2)]),
}


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("name", SNIPPETS)
def test_functions(name: str, context: str) -> None:
    parameters, body, cases = SNIPPETS[name]
    space: dict[str, object] = {"np": np}
    exec_module = define(HELPERS + "\ndef program(): pass\n").__globals__
    space.update({k: v for k, v in exec_module.items() if not k.startswith("__")})
    del space["program"]
    program, first = in_context(
        context, parameters, body, **{k: v for k, v in space.items() if k not in ("np", "math", "operator")}
    )
    for case in cases:
        agree(program, *first, *case)


def test_methods_and_bound_methods() -> None:
    program = define("""
        class Line:
            unit = 2.0
            def __init__(self, slope, offset=0.0):
                self.slope = slope
                self.offset = offset
            def at(self, x): return self.slope * x + self.offset
            def __call__(self, x): return self.at(x) * self.unit
            def __add__(self, other): return Line(self.slope + other.slope, self.offset + other.offset)
            @property
            def double(self): return self.slope * 2
            @staticmethod
            def zero(): return Line(0.0)
            @classmethod
            def make(cls, s): return cls(s, 1.0)
        def program(x):
            line = Line(x, 1.0) + Line.make(2.0)
            f = line.at
            line.slope += 1
            return f(3.0), line(2.0), line.double, Line.zero().at(5.0), line.unit
        """)
    agree(program, 1.5)


def test_a_compiled_function_calls_compiled_ones() -> None:
    import hloc

    space = {"inner": hloc.compile(define("def program(x):\n    return x * 2\n"))}
    agree(define("def program(x):\n    return inner(x) + inner(x + 1)\n", **space), 3)


def test_a_compiled_method() -> None:
    import hloc

    class Model:
        def __init__(self) -> None:
            self.weight = np.array([1.0, 2.0])

        @hloc.compile
        def predict(self, x):  # type: ignore[no-untyped-def]
            return self.weight @ x

    model = Model()
    assert float(model.predict(np.array([3.0, 4.0]))) == 11.0
    model.weight = np.array([0.0, 1.0])
    assert float(model.predict(np.array([3.0, 4.0]))) == 4.0


def test_closures_over_numbers_arrays_and_functions() -> None:
    def make(k, a, f):  # type: ignore[no-untyped-def]
        def inner(x):  # type: ignore[no-untyped-def]
            return f(x * k) + a[1]

        return inner

    agree(make(2.5, np.arange(3.0), lambda v: v + 1), 4.0)
    agree(make(2, np.arange(3), abs), -4)


def test_arguments_of_the_entry() -> None:
    import hloc

    program = define(
        "def program(x, y=2.0, *rest, z=1, **more):\n    return x + y + sum(rest) * z + more.get('w', 0)\n"
    )
    compiled = hloc.compile(program)
    assert compiled(1) == program(1)
    assert compiled(1, 2, 3, 4, z=5, w=6) == program(1, 2, 3, 4, z=5, w=6)
    assert compiled(y=3, x=2) == program(y=3, x=2)
    with pytest.raises(TypeError, match="missing a required argument"):
        compiled()
    assert functools.partial(compiled, z=3)(1, 2, 3) == program(1, 2, 3, z=3)


def test_decorators_of_nested_functions() -> None:
    program = define("""
import functools

def scaled(k):
    def decorate(f):
        @functools.wraps(f)
        def g(*args, **kwargs):
            return f(*args, **kwargs) * k
        return g
    return decorate

def twice(f): return lambda *args: f(f(*args))

def program(x, n):
    @twice
    @scaled(x)
    def step(y, k=2.0): return y * k + x
    s = 0.0
    for i in range(n):
        @scaled(3.0)
        def step_of_trip(z): return z * i + s
        s = step(s) + step_of_trip(x)
    twice_ = scaled
    @twice_(2.0)
    def twice_(y): return y + x
    return s + twice_(1.0)
""")
    agree(program, 0.5, 3)


def test_a_wrapper_takes_its_own_arguments() -> None:
    program = define("""
import functools

def shifted(f):
    @functools.wraps(f)
    def g(*args, **kwargs):
        return f(*args, **kwargs) + len(args)
    return g

@shifted
def program(x, y=2.0):
    return x * y
""")
    compiled = hloc.compile(program)
    for args, kwargs in (((1.5,), {}), ((1.5, 3.0), {}), ((1.5,), {"y": 4.0})):
        assert compiled(*args, **kwargs) == program(*args, **kwargs)
    assert hloc.grad(program)(1.5) == 2.0


class Settings:
    factor = 1.0


SETTINGS, TABLE = Settings(), [1.0, 2.0]


def scaled(y):
    return y * SETTINGS.factor + TABLE[0]


def test_a_function_called_twice_sees_what_has_changed_meanwhile() -> None:
    def program(y):
        first = scaled(y)
        SETTINGS.factor = 5.0
        TABLE[0] = 10.0
        return first + scaled(y) + scaled(y + 1)

    def in_a_loop(y, n):
        for _ in range(n):
            SETTINGS.factor = SETTINGS.factor + 1.0
            y = y + scaled(y) * 0.5
        return y + scaled(y)

    for function, arguments in ((program, (2.0,)), (in_a_loop, (2.0, 3))):
        found = []
        for run in (function, hloc.compile(function)):
            SETTINGS.factor, TABLE[0] = 1.0, 1.0
            found.append((float(run(*arguments)), SETTINGS.factor, TABLE[0]))
        assert found[0] == found[1]
