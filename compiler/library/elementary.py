"""Functions of the math module in plain Python; the front end compiles them like user code."""

from __future__ import annotations

import math


def prod(iterable, *, start=1):  # type: ignore[no-untyped-def]
    """`math.prod`."""
    total = start
    for item in iterable:
        total = total * item
    return total


def isclose(a, b, *, rel_tol=1e-09, abs_tol=0.0):  # type: ignore[no-untyped-def]
    """`math.isclose`."""
    if rel_tol < 0.0 or abs_tol < 0.0:
        raise ValueError("tolerances must be non-negative")
    if a == b:
        return True
    if math.isinf(a) or math.isinf(b):
        return False
    difference = abs(b - a)
    return difference <= abs(rel_tol * b) or difference <= abs(rel_tol * a) or difference <= abs_tol


def modf(x):  # type: ignore[no-untyped-def]
    """`math.modf`: fraction and whole part, both with the sign of x."""
    x = float(x)
    if math.isinf(x):
        return math.copysign(0.0, x), x
    fraction = math.fmod(x, 1.0)
    return math.copysign(fraction, x), math.copysign(x - fraction, x)


def dist(p, q):  # type: ignore[no-untyped-def]
    """`math.dist`: the Euclidean distance of two points."""
    if len(p) != len(q):
        raise ValueError("both points must have the same number of dimensions")
    total = 0.0
    for x, y in zip(p, q):  # noqa: B905
        total = total + (x - y) * (x - y)
    return math.sqrt(total) if total != 0.0 else 0.0


def perm(n, k=None):  # type: ignore[no-untyped-def]
    """`math.perm` for results that 64 bits hold."""
    if k is None:
        return math.factorial(n)
    if n < 0:
        raise ValueError("n must be a non-negative integer")
    if k < 0:
        raise ValueError("k must be a non-negative integer")
    result = 1
    for i in range(k):
        result = result * (n - i)
    return result


def unravel(k, shape):  # type: ignore[no-untyped-def]
    """The index of element k, in row-major order, of an array of this shape."""
    places = []
    for n in reversed(shape):
        places.append(k % n)
        k = k // n
    return tuple(reversed(places))


def enumerated(k, a):  # type: ignore[no-untyped-def]
    """The index and the value of element k of an array."""
    return unravel(k, a.shape), a.flat[k]
