"""Derivatives that compiled functions ask for, differentiated again, against programs with the derivative by hand."""

from __future__ import annotations

import numpy as np
import pytest

import hloc

from .agreement import check_cases
from .contexts import CONTEXTS, in_context, straight

A = np.array([0.8, -0.3, 1.7, 0.4])
SNIPPETS = {
    "a derivative inside": (
        "x, y",
        "f = lambda u: u ** 3 * y\nresult = hloc.grad(f)(x) * np.sin(x)",
        "result = 3 * x ** 2 * y * np.sin(x)",
        [(0.7, 1.3)],
    ),
    "of a loop": (
        "x, y, n",
        """
        def f(u):
            for i in range(n): u = np.sin(u) * y + u * 0.5
            return u
        result = hloc.grad(f)(x) * x + f(y)
        """,
        """
        slope, u, v = 1.0, x, y
        for i in range(n):
            slope = slope * (np.cos(u) * y + 0.5)
            u = np.sin(u) * y + u * 0.5
            v = np.sin(v) * y + v * 0.5
        result = slope * x + v
        """,
        [(0.7, 1.3, 4), (0.7, 1.3, 0)],
    ),
    "of a while": (
        "x, y",
        """
        def f(u):
            while u < 3.0: u = u * u * 0.3 + u * y
            return u
        result = hloc.grad(f)(x) * np.cos(x)
        """,
        """
        slope, u = 1.0, x
        while u < 3.0:
            slope = slope * (0.6 * u + y)
            u = u * u * 0.3 + u * y
        result = slope * np.cos(x)
        """,
        [(0.7, 1.3), (4.0, 1.3)],
    ),
    "in a loop": (
        "x, n",
        "result = x\nfor i in range(n): result = result - 0.1 * hloc.grad(lambda u: np.cos(u * x) + u * u * i)(result)",
        "result = x\nfor i in range(n): result = result - 0.1 * (2 * result * i - x * np.sin(result * x))",
        [(0.7, 4)],
    ),
    "in a branch": (
        "x, n",
        "f = lambda u: u * u * np.exp(u * x)\nif n > 0: result = hloc.grad(f)(x)\nelse: result = f(x)",
        "if n > 0: result = (2 * x + x ** 3) * np.exp(x * x)\nelse: result = x * x * np.exp(x * x)",
        [(0.7, 4), (0.7, 0)],
    ),
    "Newton": (
        "p, x",
        """
        def f(u): return u ** 3 - p * u - 1
        for i in range(30):
            step = f(x) / hloc.grad(f)(x)
            x = x - step
            if abs(step) < 1e-12: break
        result = x * x
        """,
        """
        for i in range(30):
            step = (x ** 3 - p * x - 1) / (3 * x * x - p)
            x = x - step
            if abs(step) < 1e-12: break
        result = x * x
        """,
        [(0.7, 1.5)],
    ),
    "Newton for a vector": (
        "p, v",
        """
        def f(v): return np.sum(v ** 4) / 4 + p * np.sum(v * v[::-1]) / 2 - np.sum(v)
        for i in range(6): v = v - np.linalg.solve(hloc.hessian(f)(v) + np.eye(4), hloc.grad(f)(v))
        result = np.sum(v * v)
        """,
        """
        for i in range(6):
            slope = v ** 3 + p * v[::-1] - 1
            v = v - np.linalg.solve(np.diag(3 * v * v) + p * np.eye(4)[::-1] + np.eye(4), slope)
        result = np.sum(v * v)
        """,
        [(0.2, A)],
    ),
    "a derivative in a derivative": (
        "x, y",
        "f = lambda u: np.sin(u * hloc.grad(lambda v: v ** 3 * u)(y))\nresult = hloc.grad(f)(x)",
        "result = np.cos(3 * x * x * y * y) * 6 * x * y * y",
        [(0.7, 1.3)],
    ),
    "of a derivative": (
        "x, y",
        "f = lambda u: np.sin(u * y)\nresult = hloc.grad(hloc.grad(hloc.grad(f)))(x)",
        "result = -np.cos(x * y) * y ** 3",
        [(0.7, 1.3)],
    ),
    "the value too": (
        "a, x",
        "value, (slope, by) = hloc.value_and_grad(lambda v, y: np.sum(v * v * y), argnums=(0, 1))(a * x, x)\nresult = value * np.sum(slope * a) + by",
        "result = np.sum(a * a) * x ** 3 * np.sum(2 * a * x * x * a) + np.sum(a * a) * x * x",
        [(A, 0.7)],
    ),
    "a jvp": (
        "x, y",
        "value, slope = hloc.jvp(lambda u, v: u * np.sin(v * x), (x, y), (y, 1.0))\nresult = value * slope",
        "result = x * np.sin(y * x) * (y * np.sin(y * x) + x * x * np.cos(y * x))",
        [(0.7, 1.3)],
    ),
    "a vjp": (
        "a, x",
        "value, pullback = hloc.vjp(lambda v: np.sin(v) * x, a)\n(slope,) = pullback(value * x)\nresult = np.sum(slope * slope)",
        "result = np.sum((np.sin(a) * x * x * np.cos(a) * x) ** 2)",
        [(A, 0.7)],
    ),
    "a pullback used twice": (
        "a, x",
        "value, pullback = hloc.vjp(lambda v, y: np.sin(v) * y, a, x)\np, q = pullback(value)\nr, s = pullback(a)\nresult = np.sum(p * r) + q * s",
        "c = np.cos(a) * x\nresult = np.sum(np.sin(a) * x * c * a * c) + np.sum(np.sin(a) ** 2 * x) * np.sum(np.sin(a) * a)",
        [(A, 0.7)],
    ),
    "a linear map": (
        "a, x",
        "value, along = hloc.linearize(lambda v: np.sin(v) * v[0] * x, a)\nresult = np.sum(along(a) * along(a[::-1]) * value)",
        """
        s, c = np.sin(a), np.cos(a)
        p, q = (c * a * a[0] + s * a[0]) * x, (c * a[::-1] * a[0] + s * a[-1]) * x
        result = np.sum(p * q * s * a[0] * x)
        """,
        [(A, 0.7)],
    ),
    "a Hessian": (
        "a",
        "h = hloc.hessian(lambda v: np.sum(v ** 4) + v[0] * v[1] * v[1])(a)\nresult = np.sum(np.sin(h) * h)",
        """
        h = np.diag(12 * a ** 2)
        h[0, 1] += 2 * a[1]
        h[1, 0] += 2 * a[1]
        h[1, 1] += 2 * a[0]
        result = np.sum(np.sin(h) * h)
        """,
        [(A,)],
    ),
    "Jacobians": (
        "a, x",
        "j = hloc.jacfwd(lambda v: np.sin(v) * v[0] * x)(a)\nresult = np.sum((j @ a) ** 2) + np.sum(hloc.jacrev(lambda v: v[:2] ** 2 * x)(a) * j[:2])",
        """
        j = np.diag(np.cos(a) * a[0] * x)
        j[:, 0] += np.sin(a) * x
        result = np.sum((j @ a) ** 2) + 2 * x * (a[0] * j[0, 0] + a[1] * j[1, 1])
        """,
        [(A, 0.7)],
    ),
    "a product with a Hessian": (
        "a, x",
        "result = np.sum(hloc.hvp(lambda v: np.sum(v ** 4) * x, (a,), (a * x,)) * a)",
        "result = np.sum(12 * a ** 2 * a * x * x * a)",
        [(A, 0.7)],
    ),
}


@pytest.mark.parametrize("name", SNIPPETS)
def test_nested(name: str) -> None:
    parameters, body, by_hand, cases = SNIPPETS[name]
    program, reference = straight(parameters, body, hloc=hloc), straight(parameters, by_hand)
    check_cases(program, cases, reference)


@pytest.mark.sweep
@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("name", SNIPPETS)
def test_nested_in_context(name: str, context: str) -> None:
    parameters, body, by_hand, cases = SNIPPETS[name]
    program, first = in_context(context, parameters, body, hloc=hloc)
    reference, _ = in_context(context, parameters, by_hand)
    check_cases(program, [(*first, *case) for case in cases], reference)


def test_stop_gradient() -> None:
    program = straight(
        "x, n", "y = x\nfor i in range(n): y = y * x + hloc.stop_gradient(y * x)\nresult = y * y", hloc=hloc
    )
    slope, y = 1.0, 0.7
    for _ in range(3):
        slope = slope * 0.7 + y
        y = 2 * y * 0.7
    assert float(hloc.grad(program)(0.7, 3)) == pytest.approx(2 * y * slope, rel=1e-13)
