"""Recursive programs that are differentiated; their floats come first. What they compute is what Python does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import hloc
from hloc.frontend.context import Options
from hloc.frontend.entry import specialize
from hloc.ir.core import Module, walk
from hloc.ir.parser import parse_module
from hloc.ir.printer import print_module
from hloc.transform.eliminate_dead_code import eliminate_dead_code
from hloc.transform.simplify import simplify

_rng = np.random.default_rng(0)
LEFT, RIGHT = np.array([1, 3, 5, -1, -1, -1, -1]), np.array([2, 4, -1, -1, 6, -1, -1])


def power(x, n):
    if n <= 0:
        return 1.0
    return x * np.sin(power(x, n - 1))


def tree(w, v, left, right, node):
    """Weights, and values of nodes, are arrays that every activation reads."""

    def visit(node):
        if node < 0:
            return 0.0
        a = visit(left[node])
        b = visit(right[node])
        return np.tanh(w[0] * a + w[1] * b + w[2] * v[node] + v[node] * a * b)

    return visit(node)


def simpson(a, b, p, tol):
    def f(x):
        return np.sin(p * x) * np.exp(-x * p)

    def rule(a, b):
        return (b - a) / 6 * (f(a) + 4 * f((a + b) / 2) + f(b))

    def refine(a, b, whole, tol, depth):
        m = (a + b) / 2
        left, right = rule(a, m), rule(m, b)
        if depth <= 0 or np.abs(left + right - whole) <= 15 * tol:
            return left + right + (left + right - whole) / 15
        return refine(a, m, left, tol / 2, depth - 1) + refine(m, b, right, tol / 2, depth - 1)

    return refine(a, b, rule(a, b), tol, 20)


def quicksort(x, w):
    """An array that is permuted in place."""
    a = x.copy()

    def sort(low, high):
        if low < high:
            pivot = a[high]
            i = low
            for j in range(low, high):
                if a[j] < pivot:
                    a[i], a[j] = a[j], a[i]
                    i += 1
            a[i], a[high] = a[high], a[i]
            sort(low, i - 1)
            sort(i + 1, high)

    sort(0, len(a) - 1)
    return np.sum(a * a * w)


def products(x, w, n):
    """Writes that are not linear, before, between and after calls."""
    a = x.copy()

    def go(low, high):
        if high - low > 0:
            m = (low + high) // 2
            for j in range(low, high):
                a[j] = a[j] * np.sin(a[j + 1] * w)
            go(low, m)
            a[m] += a[low] * a[high]
            go(m + 1, high)

    go(0, n)
    return np.sum(a)


def pendulum(y, h, p):
    """Steps that are halved until they are exact enough; vectors as arguments and results."""

    def f(y):
        return np.stack([y[1], -p * np.sin(y[0])])

    def step(y, h, depth):
        whole = y + h * f(y)
        halves = y + h / 2 * f(y)
        halves = halves + h / 2 * f(halves)
        if depth <= 0 or np.sum((whole - halves) ** 2) < 1e-3:
            return 2 * halves - whole
        return step(step(y, h / 2, depth - 1), h / 2, depth - 1)

    for _ in range(3):
        y = step(y, h, 5)
    return np.sum(y * y)


def mutual(x, w, n):
    def even(x, n):
        if n <= 0:
            return x * w[0]
        return np.sin(odd(x * w[1], n - 1)) + x

    def odd(x, n):
        if n <= 0:
            return x * x
        return w[2] * even(x + 1, n - 1) * even(x, n - 2)

    return even(x, n)


def in_loops(x, n):
    def go(x, n):
        if n <= 0:
            return 1.0
        return x * np.sin(go(x, n - 1) + x)

    s = 0.0
    for i in range(n):
        s = s * x + go(x + s, i)
    k = 0
    while s > 0.5 and k < 4:
        s = s * 0.7 + 0.01 * go(s, k)
        k += 1
    return s


def calls_in_loops(x, w, n):
    """A loop around calls, two results."""

    def go(x, n):
        if n <= 0:
            return np.sin(x), x * w[0]
        s, t = 0.0, x
        for i in range(n):
            p, q = go(x * w[i] + t, n - 1 - i)
            s = s + p * t
            t = t * 0.5 + q
        return s * t, t

    a, b = go(x, n)
    return a + b * b


def whiles(x, n):
    """Loops whose trips depend on data, one in the other, before calls."""

    def go(x, n):
        k = 0
        while x < 3.0 and k < 5:
            for _ in range(k):
                x = x * 1.1 + np.sin(x) * 0.2
            x = x * 1.2
            k += 1
        if n <= 0:
            return x
        return np.cos(go(x * 0.1, n - 1)) + np.sin(go(x * 0.2, n - 2)) * x

    return go(x, n)


def cycle_in_cycle(x, n):
    def inner(x, y, m):
        if m <= 0:
            return y
        return np.sin(inner(x, y * x, m - 1)) * y

    def outer(x, n):
        if n <= 0:
            return x
        return outer(inner(x, x, n), n - 1) * inner(x, x, 2)

    return outer(x, n)


def cases(x, n):
    def go(x, n):
        if n <= 0:
            return x
        if n % 3 == 0:
            return go(x * x, n - 1)
        if n % 3 == 1:
            return np.sin(go(x, n - 2) * x)
        return go(x + 1, n - 1) * go(x * 0.5, n - 3)

    return go(x, n)


def run_again(x, n):
    """A recursive function that is run again in the backward sweep of a loop."""

    def go(x, n):
        if n <= 0:
            return x
        return x * np.sin(go(x, n - 1) * go(x * x, n - 2))

    s = x
    for i in range(3):
        s = s + hloc.checkpoint(go)(s * 0.5, n - i)
    return s


def run_again_inside(x, w, n):
    """Loops of a helper that are run again in the backward sweep of a recursive function; its calls are, too."""

    def helper(x, n):
        for _ in range(n):
            x = np.sin(x * w)
        return x

    def go(x, n):
        if n <= 0:
            return x
        s = hloc.checkpoint(helper)(x, n)
        for i in range(n):
            s = np.sin(s * w) + go(x * w, n - 1 - i)
        return s

    return go(x, n)


@hloc.custom_jvp
def often(x):
    for _ in range(3):
        x = np.sin(x)
    return x


@often.defjvp
def _often_rule(primals, tangents):
    s, t = primals[0], tangents[0]
    for _ in range(3):
        s, t = np.sin(s), np.cos(s) * t
    return s, t


def with_rule(x, n):
    def go(x, n):
        if n <= 0:
            return x
        return often(go(x * x, n - 1) * x) + go(x * 0.5, n - 2)

    return go(x, n)


PROGRAMS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "power": (power, (1.3, 4)),
    "tree": (tree, (_rng.standard_normal(3), _rng.standard_normal(7), LEFT, RIGHT, 0)),
    "simpson": (simpson, (0.1, 2.3, 1.7, 1e-3)),
    "quicksort": (quicksort, (_rng.standard_normal(7), _rng.standard_normal(7))),
    "products": (products, (_rng.standard_normal(7), 0.8, 6)),
    "pendulum": (pendulum, (np.array([0.3, 0.9]), 0.4, 1.3)),
    "mutual": (mutual, (0.7, _rng.standard_normal(3), 4)),
    "in_loops": (in_loops, (0.7, 4)),
    "calls_in_loops": (calls_in_loops, (0.7, np.array([0.3, 0.5, 0.7, 0.2]), 3)),
    "whiles": (whiles, (0.7, 2)),
    "cycle_in_cycle": (cycle_in_cycle, (0.7, 3)),
    "cases": (cases, (0.7, 7)),
    "run_again": (run_again, (0.6, 4)),
    "run_again_inside": (run_again_inside, (0.6, 0.4, 3)),
    "with_rule": (with_rule, (0.6, 3)),
}
"""name → (function, arguments)"""


def maker(name: str) -> Callable[[], Module]:
    """Gives new copies of the module of a program."""
    function, arguments = PROGRAMS[name]
    names = function.__code__.co_varnames[: function.__code__.co_argcount]  # type: ignore[attr-defined]
    bound = dict(zip(names, arguments, strict=True))
    module = specialize(function, bound, Options(checks=False)).module  # type: ignore[arg-type]
    eliminate_dead_code(module)
    simplify(module)
    for called in module.functions.values():
        for op in walk(called.block):
            if name == "run_again_inside" and op.attrs.get("function") == called.name:
                op.attrs["checkpoint"] = True
    text = print_module(module)
    return lambda: parse_module(text)
