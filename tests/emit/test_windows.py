"""Windows computed from shifted windows of the same array: right, and read by one fused loop where they are large."""

from __future__ import annotations

import numpy as np
import pytest

import hloc


def heat(u, steps):  # type: ignore[no-untyped-def]
    for _ in range(steps):
        u[1:-1, 1:-1] += 0.1 * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1])
    return u


def scale(u, steps):  # type: ignore[no-untyped-def]
    for _ in range(steps):
        u[1:-1, 1:-1] *= 0.5
    return u


@pytest.mark.parametrize("function", [heat, scale])
def test_windows_are_right(function) -> None:  # type: ignore[no-untyped-def]
    u = np.random.default_rng(0).normal(size=(64, 48))
    np.testing.assert_allclose(hloc.compile(function)(u.copy(), 5), function(u.copy(), 5), rtol=1e-12, atol=1e-14)


def test_no_window_is_copied_on_its_own() -> None:
    lowered = hloc.compile(heat).lower(np.zeros((64, 48)), 5)
    assert "optimization_barrier" in lowered.stablehlo or "call @" in lowered.stablehlo
    assert "wrapped_slice" not in lowered.compile().optimized_hlo


def test_a_window_that_only_reads_itself_needs_no_barrier() -> None:
    text = hloc.compile(scale).lower(np.zeros((64, 48)), 5).stablehlo
    assert not [line for line in text.splitlines() if "optimization_barrier" in line and "62x46" in line]


def shifted_rows(m, total):  # type: ignore[no-untyped-def]
    for k in range(len(m)):
        a = m[k].copy()
        a[1:] = a[:-1]
        a[:-2] += np.where(a[2:] < np.inf, a[2:], 0.0)
        total[k] = a.sum()
    return total


def test_small_windows_of_rows_are_right() -> None:
    """XLA would take a window from the row of the matrix, and shift in place."""
    m = np.array([[0.8, -0.3, 1.7, 0.4, -1.1, 2.3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
    np.testing.assert_allclose(hloc.compile(shifted_rows)(m, np.zeros(2)), shifted_rows(m, np.zeros(2)), rtol=1e-13)
