"""Comparisons and repairs of floating-point arrays in plain Python; the front end compiles them like user code."""

from __future__ import annotations

import numpy as np


def isclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):  # type: ignore[no-untyped-def]
    """`np.isclose`."""
    a = np.asarray(a)
    b = np.asarray(b)
    if b.dtype.kind in "biu":
        b = b * 1.0
    close = (np.abs(a - b) <= atol + rtol * np.abs(b)) & np.isfinite(b)
    close = close | (a == b)
    if equal_nan:
        close = close | (np.isnan(a * 1.0) & np.isnan(b))
    return close


def allclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):  # type: ignore[no-untyped-def]
    """`np.allclose`."""
    return bool(np.all(isclose(a, b, rtol, atol, equal_nan)))


def array_equal(a1, a2, equal_nan=False):  # type: ignore[no-untyped-def]
    """`np.array_equal`."""
    a1 = np.asarray(a1)
    a2 = np.asarray(a2)
    if a1.shape != a2.shape:
        return False
    same = a1 == a2
    if equal_nan and a1.dtype.kind in "fc" and a2.dtype.kind in "fc":
        same = same | (np.isnan(a1) & np.isnan(a2))
    return bool(np.all(same))


def array_equiv(a1, a2):  # type: ignore[no-untyped-def]
    """`np.array_equiv` of arrays whose shapes broadcast."""
    return bool(np.all(np.asarray(a1) == np.asarray(a2)))


def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):  # type: ignore[no-untyped-def]
    """`np.nan_to_num`."""
    given = x
    x = np.asarray(x)
    if x.dtype.kind == "c":
        real = nan_to_num(x.real, True, nan, posinf, neginf)
        return (real + 1j * nan_to_num(x.imag, True, nan, posinf, neginf)).astype(x.dtype)
    if x.dtype.kind != "f":
        return x[()] if np.isscalar(given) else x.copy()
    limits = np.finfo(x.dtype)
    high = limits.max if posinf is None else posinf
    low = limits.min if neginf is None else neginf
    result = np.where(np.isnan(x), nan, np.where(x == np.inf, high, np.where(x == -np.inf, low, x)))
    result = result.astype(x.dtype)
    if not copy:
        given[...] = result
        return given
    return result


def sinc(x):  # type: ignore[no-untyped-def]
    """`np.sinc`: sin(pi x) / (pi x); near 0 by its series, so that derivatives are right there too."""
    x = x * 1.0 if np.isscalar(x) else np.asarray(x) * 1.0
    y = np.pi * x
    square = y * y
    small = np.abs(square) < 1e-3
    series = 1 - square / 6 * (1 - square / 20 * (1 - square / 42 * (1 - square / 72)))
    y = np.where(small, 1.0, y)
    return np.where(small, series, np.sin(y) / y)[()]


def angle(z, deg=False):  # type: ignore[no-untyped-def]
    """`np.angle`: the argument of a complex number."""
    a = np.arctan2(np.imag(z), np.real(z)) if np.iscomplexobj(z) else np.arctan2(0, z)
    return a * (180 / np.pi) if deg else a


def isneginf(x):  # type: ignore[no-untyped-def]
    """`np.isneginf`."""
    return np.isinf(x) & (np.asarray(x) < 0)


def isposinf(x):  # type: ignore[no-untyped-def]
    """`np.isposinf`."""
    return np.isinf(x) & (np.asarray(x) > 0)


def isreal(x):  # type: ignore[no-untyped-def]
    """`np.isreal`."""
    return np.imag(x) == 0


def iscomplex(x):  # type: ignore[no-untyped-def]
    """`np.iscomplex`."""
    return np.imag(x) != 0


def piecewise(x, condlist, funclist):  # type: ignore[no-untyped-def]
    """`np.piecewise` with functions of arrays, or numbers."""
    x = np.asarray(x)
    result = np.zeros_like(x)
    if len(funclist) == len(condlist) + 1:
        some = condlist[0]
        for c in condlist[1:]:
            some = some | c
        rest = funclist[-1]
        result = np.where(~some, rest(x) if callable(rest) else rest, result).astype(x.dtype)
    for c, f in zip(condlist, funclist):  # noqa: B905  (one more function than conditions is allowed)
        result = np.where(c, f(x) if callable(f) else f, result).astype(x.dtype)
    return result
