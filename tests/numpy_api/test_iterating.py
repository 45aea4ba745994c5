"""np.ndindex, np.ndenumerate, apply_along_axis, np.c_, np.r_ and more of the math and operator modules."""

from __future__ import annotations

import math
import operator

import numpy as np
import pytest

from tests.numpy_api.agreement import agree

MATRIX = np.random.default_rng(0).normal(size=(3, 4))


def indices(a):
    s, t = 0.0, 0.0
    for i, j in np.ndindex(3, 4):
        s += a[i, j] * i - j
    for index in np.ndindex(a.shape):
        a[index] += 1
    for (i, j), x in np.ndenumerate(a):
        t += x * (i + j)
    for x in a.flat:
        t += x
    a.flat[5] = 9
    return s, t


def concatenated(a):
    return np.c_[a[0], a[1]], np.c_[np.ones(3), a], np.r_[a[0], 1, a[1]], np.r_[0:3, a[0]], a[np.ix_([0, 2], [1, 3])]


def along_axis(a):
    return (
        np.apply_along_axis(lambda r: r.max() - r.min(), 1, a),
        np.apply_along_axis(lambda r, k: r * k - r.mean(), 0, a, 2.0),
        np.apply_along_axis(np.sort, 1, a),
    )


@np.vectorize
def clamped(x, low):
    if x < low:
        return low * 1.0
    return x * x


def elementwise_functions(a):
    doubled = np.vectorize(lambda x: x * 2 if x > 0 else -x)
    return (
        (clamped(a, 0.5), doubled(a), clamped(a[0], a[1])),
        (
            np.choose(a.argmax(axis=0), [a[0], a[1], a[2]]),
            np.gcd(np.array([12, 0, 7]), 8),
            np.lcm(np.array([4, 0]), [6, 3]),
        ),
    )


@pytest.mark.parametrize("function", [indices, concatenated, along_axis, elementwise_functions])
def test_arrays(function):
    agree(function, MATRIX)


def numbers(x, y, n):
    return (
        (math.prod([x, y, 2]), math.prod((n, 3)), math.isclose(x, y), math.isclose(x, x + 1e-12)),
        (math.modf(x), math.modf(-y), math.modf(math.inf), math.dist((x, y), (1.0, 2.0)), math.perm(n, 2)),
        (operator.contains([1, 2, 3], n), operator.truth(n), operator.is_(x, None), operator.concat([x], [y])),
    )


def test_numbers():
    agree(numbers, 2.5, -1.25, 5)


def places(a, i, k):
    return (
        (np.ravel_multi_index((i, i), (3, 4)), np.unravel_index(i, (3, 4)), np.unravel_index(a.argmax(), a.shape)),
        (np.unravel_index(k, (3, 4)), np.tril_indices_from(a), np.diag_indices_from(a[:3, :3])),
    )


def outside(a, i, k):
    return np.unravel_index(k + 10, (3, 4))


@pytest.mark.parametrize("function", [places, outside])
def test_flat_places(function):
    agree(function, MATRIX, np.array([0, 2, 1]), 5)
