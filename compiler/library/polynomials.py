"""Polynomials, highest power first, in plain Python; the front end compiles them like user code."""

from __future__ import annotations

import numpy as np


def polyval(p, x):  # type: ignore[no-untyped-def]
    """`np.polyval`: Horner's scheme."""
    p = np.asarray(p)
    y = np.zeros_like(x) * p[0]
    for j in range(len(p)):
        y = y * x + p[j]
    return y


def polyadd(a1, a2):  # type: ignore[no-untyped-def]
    """`np.polyadd`."""
    a1, a2 = np.atleast_1d(a1), np.atleast_1d(a2)
    n = max(len(a1), len(a2))
    return np.pad(a1, (n - len(a1), 0)) + np.pad(a2, (n - len(a2), 0))


def polysub(a1, a2):  # type: ignore[no-untyped-def]
    """`np.polysub`."""
    return polyadd(a1, -np.atleast_1d(a2))


def polyder(p, m=1):  # type: ignore[no-untyped-def]
    """`np.polyder`: the m-th derivative."""
    p = np.asarray(p)
    if m == 0:
        return p
    n = len(p) - 1
    return polyder(p[:-1] * np.arange(n, 0, -1), m - 1)


def polyint(p, m=1, k=0):  # type: ignore[no-untyped-def]
    """`np.polyint` with one constant of integration."""
    p = np.asarray(p)
    if m == 0:
        return p
    whole = np.append(p / np.arange(len(p), 0, -1), k)
    return polyint(whole, m - 1, k)
