"""The order of `sort`: NaN last, zeros of both signs equal, stable where asked."""

from __future__ import annotations

import numpy as np
import pytest

from hloc.ops.sampling import Sample
from hloc.ops.sorting import Sort
from tests.ops.harness import run

FLOATS = ("float16", "float32", "float64")


def shuffled(dtype: str) -> np.ndarray:
    values = [0.0, -0.0, np.nan, -np.nan, np.inf, -np.inf, 1.0, -1.0, 2.0, 6e-8, -6e-8, 5.0]
    return np.random.default_rng(3).permutation(np.array(values * 5, dtype))


@pytest.mark.parametrize("dtype", FLOATS)
def test_values_are_those_of_numpy(dtype: str) -> None:
    x = shuffled(dtype)
    ((found,),) = run(Sort, [Sample((x,), {"dim": 0, "num_keys": 1, "stable": False})])
    np.testing.assert_array_equal(found, np.sort(x))


@pytest.mark.parametrize("dtype", FLOATS)
def test_stable_sort_keeps_the_order_of_zeros(dtype: str) -> None:
    x = shuffled(dtype)
    ((found,),) = run(Sort, [Sample((x,), {"dim": 0, "num_keys": 1, "stable": True})])
    expected = np.sort(x, stable=True)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(np.signbit(found[found == 0]), np.signbit(expected[expected == 0]))


@pytest.mark.parametrize("dtype", FLOATS)
def test_argsort_is_stable(dtype: str) -> None:
    x = shuffled(dtype)
    sample = Sample((x, np.arange(len(x))), {"dim": 0, "num_keys": 1, "stable": True})
    ((values, order),) = run(Sort, [sample])
    np.testing.assert_array_equal(order, np.argsort(x, stable=True))
    np.testing.assert_array_equal(np.signbit(values[values == 0]), np.signbit(x[order][values == 0]))


def test_large_sorts_agree() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=20_000).round(2)
    whole = rng.integers(-50, 50, 20_000)
    values = Sample((x,), {"dim": 0, "num_keys": 1, "stable": False})
    order = Sample((whole, x, np.arange(20_000)), {"dim": 0, "num_keys": 2, "stable": True})
    ((found,), (_, _, places)) = run(Sort, [values, order])
    np.testing.assert_array_equal(found, np.sort(x))
    np.testing.assert_array_equal(places, np.lexsort([x, whole]))
