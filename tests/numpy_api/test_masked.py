"""`a[mask]` with a mask that is data: reductions and element-wise functions of the selected elements."""

from __future__ import annotations

import numpy as np
import pytest

from tests.numpy_api.agreement import agree

MATRIX = np.array([[1.5, -2.0, 0.25], [4.0, -1.0, 3.0]])


def reductions(a):
    b = a[a > 0]
    return (
        (b.sum(), np.prod(b), b.mean(), b.max(), np.min(b), b.any(), np.all(b > 1), len(b), b.size, b.shape, b.ndim),
        (b.std(), np.var(b, ddof=1), b.argmax(), np.argmin(b), np.ptp(b), np.count_nonzero(b > 1), np.median(b)),
        (np.sum(b, keepdims=True), b.sum(axis=0), b.sum(dtype=np.float32), np.quantile(b, 0.3), np.nanmax(b)),
    )


def elementwise(a):
    b = a[a > 0]
    c = np.sqrt(b) * 2 + 1
    return (
        c.sum(),
        (-b).min(),
        (c > 2).sum(),
        (b - b.mean()).max(),
        np.exp(b).mean(),
        b.astype(np.float32).sum(),
        b.copy().sum(),
    )


def from_functions(a):
    def spread(x):
        return np.sqrt(((x - x.mean()) ** 2).sum() / x.size)

    return spread(a[a > 0]), spread(a[a < 0])


def in_a_loop(a):
    total = 0.0
    for limit in range(4):
        chosen = a[a > limit]
        if len(chosen) > 0:
            total += chosen.mean()
    return total


@pytest.mark.parametrize("function", [reductions, elementwise, from_functions, in_a_loop])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
def test_selections(function, dtype):
    agree(function, (MATRIX * 2).astype(dtype))


def empty_sums(a):
    b = a[a > 100]
    return b.sum(), b.prod(), b.mean(), len(b), b.any(), b.all(), b.std(), np.median(b)


def empty_max(a):
    return a[a > 100].max()


def empty_min(a):
    return np.min(a[a > 100])


def empty_argmax(a):
    return a[a > 100].argmax()


@pytest.mark.parametrize("function", [empty_sums, empty_max, empty_min, empty_argmax])
def test_empty_selections(function):
    agree(function, MATRIX)


def nan_inside(a):
    b = a[a != 2]
    return b.max(), b.mean(), np.nansum(b), np.nanmean(b), b.argmax(), np.median(b), np.nanmin(b)


def test_nan_among_the_selected():
    agree(nan_inside, np.array([1.0, np.nan, 2.0, 5.0]))


def one_by_one(a):
    total, b = 0.0, a[a > 0]
    for x in b:
        total += x * x
    for i, x in enumerate(a[a < 0]):
        total += i * x
    return (
        total,
        [b[0], b[-1], b[len(b) - 1]],
        np.dot(b, b),
        b @ (b + 1),
        np.linalg.norm(b),
        np.linalg.norm(b, 1),
        np.average(b),
    )


def beyond(a):
    return a[a > 0][4]


def in_an_empty_one(a):
    return a[a > 100][0]


@pytest.mark.parametrize("function", [one_by_one, beyond, in_an_empty_one])
def test_elements_of_selections(function):
    agree(function, MATRIX)
