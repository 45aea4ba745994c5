"""Functions that many threads compile and call."""

from __future__ import annotations

import numpy as np


def smooth(x):  # type: ignore[no-untyped-def] # programs as users write them
    y = x.copy()
    for k in range(1, len(x) - 1):
        y[k] = 0.25 * y[k - 1] + 0.5 * x[k] + 0.25 * x[k + 1]
    return np.sin(y)


def newton(x):  # type: ignore[no-untyped-def]
    y = x + 1.0
    while np.max(np.abs(y * y - x)) > 1e-12:
        y = 0.5 * (y + x / y)
    return y


def powers(x):  # type: ignore[no-untyped-def]
    return power(x, 9)


def power(x, n):  # type: ignore[no-untyped-def]
    if n == 0:
        return np.ones_like(x)
    half = power(x, n // 2)
    return half * half * x if n % 2 else half * half


def sums(x):  # type: ignore[no-untyped-def]
    return np.cumsum(x)[::-1] + np.mean(x)


def sorted_pairs(x):  # type: ignore[no-untyped-def]
    return np.sort(x * -1.0) + np.outer(x, x)[0]


FUNCTIONS = [smooth, newton, powers, sums, sorted_pairs]


def loss(x):  # type: ignore[no-untyped-def]
    return np.sum(2.0 * np.sin(x))


def scaled(x, s):  # type: ignore[no-untyped-def]
    return x * s


def element(x, j):  # type: ignore[no-untyped-def]
    return x[j]


def count_up(x):  # type: ignore[no-untyped-def]
    x[0] += 1.0


def depth(n):  # type: ignore[no-untyped-def]
    return 0 if n == 0 else 1 + depth(n - 1)


def refused(x):  # type: ignore[no-untyped-def]
    return eval("x")
