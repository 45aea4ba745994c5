"""Derivatives through calls, closures, containers and effects."""

from __future__ import annotations

import contextlib
import io
from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import hloc
from tests.language.agreement import define

from .agreement import check_cases, check_gradient, check_second_order
from .contexts import CONTEXTS, Snippet, in_context, straight, sweep_all_but

A = np.array([0.8, -0.3, 1.7, 0.4])
M = np.array([[0.5, -1.2, 0.7], [1.4, 0.2, -0.6], [0.9, 1.1, 0.3]])
Point = namedtuple("Point", "x y")


@dataclass
class Body:
    mass: Any
    position: Any

    def moved(self, force: Any, dt: Any) -> Body:
        return Body(self.mass, self.position + force * dt / self.mass)


NAMES = {"Point": Point, "Body": Body, "A": A}
SNIPPETS: dict[str, Snippet] = {
    "a helper called several times": (
        "x, y",
        "def f(u, v): return np.sin(u) * v + u\nresult = f(x, y) * f(y, x) + f(f(x, x), 2.0)",
        [(0.7, 1.3)],
    ),
    "a helper with two results": (
        "x, y",
        "def f(u, v):\n    if u > v: return u * v, u\n    return np.sin(u), v * v\np, q = f(x, y)\nr, s = f(y, x)\nresult = p * s + q * r",
        [(0.7, 1.3)],
    ),
    "a helper with loops, from several places": (
        "x, n",
        """
        def g(u, k):
            while u < 2.0 + k: u = u * 1.3 + 0.1
            return u
        result = g(x, 1)
        for i in range(n): result = np.sin(g(x * i, i)) + result * 0.5
        if result > 0: result = g(result, n)
        """,
        [(0.7, 3), (0.7, 0)],
    ),
    "a closure over values": (
        "x, y",
        "z = x * y\ndef f(u):\n    return u * z + x\nz = z + 1\nresult = f(y) * f(2.0) + z",
        [(0.7, 1.3)],
    ),
    "a closure that writes": (
        "x, a",
        "total = x\ndef add(v):\n    nonlocal total\n    total = total * v + x\n    a[0] += total\nfor i in range(4): add(a[i])\nresult = total * a[0]",
        [(0.7, A)],
    ),
    "a closure made in a loop": (
        "x, n",
        "result = 1.0\nfor i in range(n):\n    f = lambda u, k=i * x: np.sin(u * k)\n    result += f(x) * f(result)",
        [(0.7, 4)],
    ),
    "functions as arguments": (
        "x, n",
        "def twice(f, v): return f(f(v))\ndef iterate(f, v, n):\n    for i in range(n): v = f(v)\n    return v\nresult = twice(np.sin, x) * iterate(lambda u: twice(lambda w: w * x + 0.1, u), x, n)",
        [(0.7, 3)],
    ),
    "partial application": (
        "x, y",
        "import functools\ndef f(u, v, w=1.0): return u * v ** 2 + w\ng = functools.partial(f, x, w=y)\nresult = g(y) * g(2.0)",
        [(0.7, 1.3)],
    ),
    "recursion on a constant": (
        "x",
        "def power(u, n):\n    if n == 0: return 1.0\n    if n % 2: return u * power(u, n - 1)\n    h = power(u, n // 2)\n    return h * h\nresult = power(x, 11) + power(x * 2, 2)",
        [(0.7,)],
    ),
    "arguments by name and default": (
        "x, y",
        "def f(u, *rest, v=2.0, **more): return u * rest[0] + v * more['w'] * len(rest)\nresult = f(x, y, 3.0, w=x) + f(y, x, v=x, w=y)",
        [(0.7, 1.3)],
    ),
    "a tuple": ("x, y", "t = (x, (y, x * y))\np, (q, r) = t\nresult = p * t[1][0] + r * q", [(0.7, 1.3)]),
    "a list": (
        "x, a",
        "l = [x, x * 2]\nl.append(a[1])\nl[0] = l[1] * l[2]\nl = l + [v * x for v in l]\nresult = sum(l) * l[-1] + max(l) + sorted(l)[1] * l[0]",
        [(0.7, A)],
    ),
    "a list indexed by data": (
        "x, n",
        "l = [x, x * x, np.sin(x)]\nfor i in range(n): l[i % 3] = l[(i + 1) % 3] * x + l[i % 3]\nresult = l[n % 3] * l[0]",
        [(0.7, 5)],
    ),
    "a dict": (
        "x, y",
        "d = {'u': x, 'v': {'w': y}}\nfor i in range(3): d['u'] = d['u'] * d['v']['w'] + 0.1\nd['z'] = d['u'] * x\nresult = sum(d[k] for k in ('u', 'z'))",
        [(0.7, 1.3)],
    ),
    "a named tuple": (
        "x, y, n",
        "p = Point(x, y)\nfor i in range(n): p = Point(p.y * 0.9, np.sin(p.x))\nresult = p.x * p[1]",
        [(0.7, 1.3, 3)],
    ),
    "a dataclass": (
        "x, a, n",
        "b = Body(x, a * 1.0)\nfor i in range(n):\n    b = b.moved(np.cos(b.position), 0.1)\n    b.mass += 0.1 * b.position[0]\nresult = np.sum(b.position) * b.mass",
        [(0.7, A, 3)],
    ),
    "a state of lists of arrays": (
        "a, m, n",
        "state = [a[:3] * 1.0, m * 1.0]\nfor i in range(n):\n    state[0] = np.tanh(state[1] @ state[0])\n    state[1][0] += state[0]\nresult = np.sum(state[0]) + np.sum(state[1] * m)",
        [(A, M, 3)],
    ),
    "a global array": ("x", "result = np.sum(A * x * np.sin(A * x))", [(0.7,)]),
    "an assertion that holds": (
        "x, n",
        "result = x\nfor i in range(n):\n    assert result < 100, f'too large: {result}'\n    result = result * 1.1 + np.sin(x)",
        [(0.7, 4)],
    ),
}


@pytest.mark.parametrize("name", SNIPPETS)
def test_functions(name: str) -> None:
    parameters, body, cases = SNIPPETS[name]
    program = straight(parameters, body, **NAMES)
    check_cases(program, cases)


ANALYTIC = {
    "a recurrent network": "for i in range(4):\n    a = np.tanh(M @ a[:3] * x + np.roll(a[:3], 1))\nresult = np.sum(a * a)",
    "a product in place": "b = a.copy()\nfor i in range(1, 4):\n    b[i] = b[i] * np.exp(b[i - 1] * x)\nresult = b[3]",
    "Newton's method": "y = 2.0 + 0 * x\nfor i in range(6):\n    y = 0.5 * (y + x / y)\nresult = y * np.sum(np.sin(a))",
}


@pytest.mark.parametrize("name", ANALYTIC)
def test_against_complex_steps(name: str) -> None:
    check_gradient(straight("a, x", ANALYTIC[name], M=M), A, 0.7, complex_step=True)


@pytest.mark.parametrize("name", sweep_all_but(SNIPPETS, every=6))
def test_functions_to_second_order(name: str) -> None:
    parameters, body, cases = SNIPPETS[name]
    check_second_order(straight(parameters, body, **NAMES), cases[0])


@pytest.mark.sweep
@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("name", SNIPPETS)
def test_functions_in_context(name: str, context: str) -> None:
    parameters, body, cases = SNIPPETS[name]
    program, first = in_context(context, parameters, body, **NAMES)
    check_cases(program, [(*first, *case) for case in cases])


def test_arguments_of_many_structures() -> None:
    """A gradient has the structure of the argument."""
    program = define(
        """
        def program(layers, point, body, table):
            h = table["x"]
            for w, b in layers: h = np.tanh(w @ h + b)
            return np.sum(h * point.x) + point[1] * table["more"][0] + body.mass * np.sum(body.position * h)
        """
    )
    layers = [(M, A[:3]), (M * 0.5, A[1:])]
    arguments = (layers, Point(0.7, 1.3), Body(2.0, A[:3]), {"x": A[1:], "more": [0.4]})
    check_gradient(program, *arguments, forward=False)


def test_errors_are_raised_by_the_derivative() -> None:
    program = define(
        """
        def program(x, n):
            for i in range(n):
                assert x < 2, f"too large: {i}"
                x = x * 1.5
                if i == 3: raise ValueError("the fourth")
            return x
        """
    )
    slope = hloc.grad(program)
    assert float(slope(0.1, 3)) == pytest.approx(1.5**3)
    with pytest.raises(AssertionError, match="too large: 2"):
        slope(1.0, 3)
    with pytest.raises(ValueError, match="the fourth"):
        slope(0.1, 4)


def test_index_errors_are_raised_by_the_derivative() -> None:
    program = define("def program(a, n):\n    s = 0.0\n    for i in range(n): s += a[i] * a[i]\n    return s\n")
    slope = hloc.grad(program)
    np.testing.assert_allclose(slope(A, 2), [2 * A[0], 2 * A[1], 0, 0])
    with pytest.raises(IndexError):
        slope(A, 5)


def test_prints_once() -> None:
    program = define(
        """
        def program(x, n):
            for i in range(n):
                x = x * 2
                print("at", i, x)
            return x * x
        """
    )
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        slope = hloc.grad(program)(0.5, 3)
    assert printed.getvalue() == "at 0 1.0\nat 1 2.0\nat 2 4.0\n"
    assert float(slope) == 64.0


def test_prints_once_where_the_derivative_ran_again() -> None:
    """A loop longer than there was room for is run again with room; its text appears once."""
    program = define(
        """
        def program(x, n):
            k = 0
            while k < n:
                k += 1
                x = np.sin(x)
                if k % 5000 == 0: print(k)
            return x
        """
    )
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        slope = hloc.grad(program)(0.5, 10_000)
    assert printed.getvalue() == "5000\n10000\n"
    x, expected = 0.5, 1.0
    for _ in range(10_000):
        expected *= np.cos(x)
        x = np.sin(x)
    np.testing.assert_allclose(float(slope), expected, rtol=1e-10)
