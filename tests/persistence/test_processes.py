"""A program that one process made runs in another, which then needs no front end, MLIR or jax."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.persistence.process import run

UNWANTED = (
    "gast",
    "jax",
    "jaxlib.mlir",
    "hloc.pipeline",
    "hloc.frontend",
    "hloc.emit",
    "hloc.ops",
    "hloc.mlir",
    "hloc.ir.core",
)
LAST = f"""
import sys
print("loaded:", [name for name in {UNWANTED} if name in sys.modules])
"""
PROGRAM = """
import collections, dataclasses, functools
import numpy as np
import hloc

P = collections.namedtuple("P", "a b")
SCALE = np.array([1.0, 2.0])

@dataclasses.dataclass
class Point:
    x: float
    y: float = 2.0
    def norm(self): return self.x * self.x + self.y * self.y

class Odd(ValueError):
    pass

def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
def depth(n, x): return x if n == 0 else np.sin(depth(n - 1, x)) + 1
def scaled(p, k): return Point(p.x * k, p.norm())
def pair(x, *, n=2): return P(x, np.ones(n)), {"k": [x, (x, None, "t")]}
def fill(a, values): a[:] = values; values.append(7.0)
def loud(x):
    for i in range(3): print("at", i, x)
    if x > 1: raise Odd(f"too large: {x}")
    return x
def index(a, i): return a[i]
def logistic(x, n):
    s = x
    while n > 0: s = np.sin(s) + x; n = n - 1
    return s
def static(x, axis): return np.sum(x, axis=axis)
def many(n):
    for i in range(n): print(i)
def product(a, b): return a @ b

def show(name, run):
    try: found = run()
    except Exception as error: found = (type(error).__name__, str(error), [n[n.rfind(','):] for n in getattr(error, "__notes__", [])])
    print(name, found if not isinstance(found, hloc.Array) else np.asarray(found).tolist())

def linear(maker):
    value, back, *rest = maker
    return np.asarray(value).tolist(), np.asarray(back(1.0)).tolist()

c = hloc.compile
a = np.arange(4.0)
held = [1.0]
show("recursion", lambda: c(fib)(12))
show("deep", lambda: c(depth)(3000, 0.5))
show("object", lambda: c(scaled)(Point(3.0), 2.0))
show("containers", lambda: repr(c(pair)(1.5, n=3)))
show("write", lambda: (c(fill)(a, held), a.tolist(), held))
show("print", lambda: c(loud)(0.5))
show("error", lambda: c(loud)(2.5))
show("index", lambda: c(index)(np.arange(3.0), 7))
show("many prints", lambda: c(many)(3000))
show("gradient", lambda: hloc.grad(logistic)(0.1, 5000))
show("hessian", lambda: hloc.hessian(lambda x: np.sum(np.sin(x) * x) * np.prod(x))(np.arange(1.0, 4.0)))
show("jacobian", lambda: hloc.jacrev(lambda x: np.sin(x) * SCALE)(np.ones(2)))
show("lanes", lambda: hloc.vmap(product)(np.ones((2, 3, 4)), np.ones((2, 4, 5))).sum())
show("vjp", lambda: linear(hloc.vjp(lambda x: np.sum(x * x * SCALE), np.arange(2.0))))
show("linearize", lambda: linear(hloc.linearize(logistic, 0.1, 20)) if 0 else linear(hloc.linearize(lambda x: np.sin(x), 0.3)))
show("static", lambda: c(static, static_argnames="axis")(np.ones((2, 3)), 1))
show("partial", lambda: c(lambda x: functools.partial(pair, n=1)(x)[0].a)(2.5))
show("method", lambda: c(Point.norm)(Point(3.0, 4.0)))
"""


def test_what_one_process_made_runs_in_another(tmp_path: Path) -> None:
    first, second, plain = (
        run(tmp_path, PROGRAM + LAST),
        run(tmp_path, "# moved\n\n" + PROGRAM + LAST, name="elsewhere/renamed.py"),
        run(tmp_path, PROGRAM.replace("c = hloc.compile", "c = lambda f, **_: f"), HLOC_CACHE="off"),
    )
    (*first_lines, _), (*lines, loaded) = first.splitlines(), second.splitlines()
    assert loaded == "loaded: []"
    assert lines == first_lines
    assert len(lines) > 3000
    names = ("recursion", "object", "write", "print", "error", "index", "many prints", "method")
    same = [line for line in lines if line.split(" ")[0] in names or line.startswith(("at ", "many"))]
    expected = [line for line in plain.splitlines() if line.split(" ")[0] in names or line.startswith(("at ", "many"))]
    assert [strip(line) for line in same] == [strip(line) for line in expected]


def strip(line: str) -> str:
    """Without the notes of errors, which CPython has not."""
    return line.partition(", [")[0]


@pytest.mark.parametrize("seed", ["1", "2"])
def test_orders_of_sets_do_not_matter(tmp_path: Path, seed: str) -> None:
    text = """
    import hloc
    ALLOWED = {"sin", "cos", "tan", "exp"}
    def f(x, kind): return x if kind in ("a", "b", "c") and "sin" in ALLOWED else -x
    print(hloc.compile(f)(1.5, "b"))
    """
    run(tmp_path, text, PYTHONHASHSEED="0")
    assert run(tmp_path, text + LAST.strip().replace("\n", "\n    "), PYTHONHASHSEED=seed).split() == [
        "1.5",
        "loaded:",
        "[]",
    ]
