"""Recursion on floats: powers, fractions, roots, polynomials by their recurrences."""

from __future__ import annotations

import numpy as np


def power(x, n):
    if n == 0:
        return 1.0
    return x * power(x, n - 1)


def fast_power(x, n):
    if n == 0:
        return 1.0
    half = fast_power(x, n // 2)
    if n % 2 == 0:
        return half * half
    return half * half * x


def continued_fraction(a, i):
    """a[i] + 1 / (a[i + 1] + …)."""
    if i == len(a) - 1:
        return a[i]
    return a[i] + 1.0 / continued_fraction(a, i + 1)


def tangent_fraction(x, k, depth):
    if k == depth:
        return 2.0 * k - 1.0
    return 2.0 * k - 1.0 - x * x / tangent_fraction(x, k + 1, depth)


def nested_root(n, k):
    if k == n:
        return (1.0 + k) ** 0.5
    return (1.0 + k * nested_root(n, k + 1)) ** 0.5


def newton_root(x, guess):
    better = (guess + x / guess) / 2
    if abs(better - guess) < 1e-12 * x:
        return better
    return newton_root(x, better)


def bisect(low, high, target):
    middle = (low + high) / 2
    if high - low < 1e-10:
        return middle
    if middle**3 + middle < target:
        return bisect(middle, high, target)
    return bisect(low, middle, target)


def geometric_mean(a, b):
    """The arithmetic-geometric mean."""
    if abs(a - b) <= 1e-14 * a:
        return a
    return geometric_mean((a + b) / 2, (a * b) ** 0.5)


def harmonic(n):
    return 0.0 if n == 0 else harmonic(n - 1) + 1 / n


def legendre(n, x):
    if n == 0:
        return 1.0
    if n == 1:
        return x
    return ((2 * n - 1) * x * legendre(n - 1, x) - (n - 1) * legendre(n - 2, x)) / n


def chebyshev(n, x):
    if n == 0:
        return 1.0
    if n == 1:
        return x
    return 2 * x * chebyshev(n - 1, x) - chebyshev(n - 2, x)


def hermite_pair(n, x):
    """(H(n), H(n - 1))."""
    if n == 0:
        return 1.0, 0.0
    h, before = hermite_pair(n - 1, x)
    return 2 * x * h - 2 * (n - 1) * before, h


CASES = {
    "power": (power, [(2.0, 0), (2.0, 1), (1.5, 10), (-0.5, 7)]),
    "fast power": (fast_power, [(2.0, 0), (2.0, 1), (1.5, 10), (-0.5, 7), (1.0001, 1000)]),
    "continued fraction": (continued_fraction, [(np.array([3.0, 7.0, 15.0, 1.0, 292.0]), i) for i in (0, 2, 4)]),
    "tangent as a fraction": (tangent_fraction, [(0.5, 1, 10), (1.2, 1, 20), (0.0, 3, 3)]),
    "nested root": (nested_root, [(30, 1), (1, 1), (5, 2)]),
    "newton root": (newton_root, [(2.0, 1.0), (100.0, 1.0), (0.25, 0.5)]),
    "bisect": (bisect, [(0.0, 2.0, 1.0), (0.0, 2.0, 9.5)]),
    "arithmetic-geometric mean": (geometric_mean, [(1.0, 2.0), (24.0, 6.0), (1.0, 1.0)]),
    "harmonic": (harmonic, [(0,), (1,), (500,)]),
    "legendre": (legendre, [(0, 0.3), (1, 0.3), (9, 0.3), (7, -1.0)]),
    "chebyshev": (chebyshev, [(0, 0.3), (1, 0.3), (9, 0.3), (7, -1.0)]),
    "hermite": (hermite_pair, [(0, 0.3), (1, 0.3), (9, 0.3), (7, -1.0)]),
}
