"""What cannot be compiled is refused by name with what to do instead; errors of NumPy keep their text."""

from __future__ import annotations

import numpy as np
import pytest

import hloc
from tests.numpy_api.agreement import agree

A = np.arange(6.0).reshape(2, 3)

REFUSED = {
    "length depends on data": [
        lambda a: np.unique(a),
        lambda a: np.extract(a > 1, a),
    ],
    "has a length that depends on data": [
        lambda a: np.nonzero(a),
        lambda a: a.nonzero(),
        lambda a: np.where(a > 1),
        lambda a: np.flatnonzero(a),
        lambda a: np.compress(a[0] > 1, a, axis=1),
        lambda a: np.bincount(a.astype(np.int64).ravel()),
    ],
    "draws from a state": [
        lambda a: np.random.rand(3) + a,
        lambda a: np.random.default_rng(0).normal() + a,
        lambda a: np.random.normal(size=3) + a,
    ],
    "the length of a selection by a mask is data": [lambda a: np.sort(a[a > 1]), lambda a: np.cumsum(a[a > 1])],
    "to use a where mask one has to specify 'initial'": [lambda a: np.max(a, where=a > 1)],
    "different masks": [lambda a: (a[a > 1] + a[a > 2]).sum()],
}


@pytest.mark.parametrize(("message", "function"), [(m, f) for m, fs in REFUSED.items() for f in fs])
def test_refusals(message, function):
    with pytest.raises(hloc.UnsupportedError, match=message):
        hloc.compile(function)(A)


def test_random_numbers_on_constants_are_refused_too():
    def draw():
        return np.random.rand()

    with pytest.raises(hloc.UnsupportedError, match="pass them as an argument"):
        hloc.compile(draw)()


SHAPE_ERRORS = [
    lambda a: np.sum(a, axis=2),
    lambda a: np.sum(a, axis=(0, 0)),
    lambda a: np.concatenate([a, a[0]]),
    lambda a: np.concatenate([a, a[:, :2]]),
    lambda a: np.stack([a, a[:, :2]]),
    lambda a: np.dot(a, a),
    lambda a: a @ a,
    lambda a: np.split(a, 2, axis=1),
    lambda a: np.squeeze(a, axis=0),
    lambda a: np.broadcast_to(a, (3, 2)),
    lambda a: np.linalg.inv(a),
    lambda a: np.swapaxes(a, 0, 5),
    lambda a: np.tensordot(a, a, 1),
    lambda a: np.diagonal(a[0]),
]


@pytest.mark.parametrize("function", SHAPE_ERRORS)
def test_shape_errors_have_numpys_text(function):
    with pytest.raises(Exception) as expected:  # noqa: PT011
        function(A)
    with pytest.raises(hloc.ShapeError) as found:
        hloc.compile(function)(A)
    assert str(expected.value) in str(found.value)


def empty_max(a):
    return a[:0].max()


def empty_argmin(a):
    return np.argmin(a[:0])


def all_nan(a):
    return np.nanargmax(a * np.nan)


def negative_counts(a):
    return np.bincount(a[0].astype(np.int64) - 1, minlength=4)


def disordered_bins(a):
    return np.digitize(a, np.array([0.0, 2.0, 1.0]))


def far_index(a):
    return np.take(a, [0, 9])


def no_weight(a):
    return np.average(a, weights=a * 0)


def percent(a):
    return np.percentile(a, a[0] * 100)


@pytest.mark.parametrize(
    "function", [empty_max, empty_argmin, all_nan, negative_counts, disordered_bins, far_index, no_weight, percent]
)
def test_errors_at_run_time(function):
    agree(function, A)
