"""What loops carry in lanes that have left them."""

from __future__ import annotations

import re

import numpy as np
import pytest

import hloc


def newton(a: float) -> float:
    x = change = 1.0
    while abs(change) > 1e-12:
        change = (x * x * x + x - a) / (3.0 * x * x + 1.0)
        x -= change
    return x


def test_what_nobody_looks_at_later_is_not_chosen() -> None:
    """Of the root and the last change, only the root is."""
    ssa = hloc.vmap(newton, strategy="lockstep").lower(np.ones(9)).after("batching").ssa
    assert len(re.findall(r": f64\[9\] = select", ssa)) == 1
    a = 10.0 ** np.linspace(-2.0, 6.0, 9)
    np.testing.assert_allclose(hloc.vmap(newton, strategy="lockstep")(a), [newton(x) for x in a], rtol=1e-12)


def fading(x: float, n: int) -> float:
    """Its gradient goes through a loop that counts down, in which lanes with a small n start late."""
    for k in range(n):
        x = np.sin(x) + 0.1 * k
    return x


@pytest.mark.parametrize("function", [fading, hloc.grad(fading), hloc.grad(hloc.grad(fading))])
def test_lanes_that_join_late_keep_what_they_came_with(function) -> None:
    x, n = np.linspace(0.1, 1.0, 7), np.array([0, 5, 1, 3, 0, 7, 2])
    found = hloc.vmap(function, strategy="lockstep")(x, n)
    np.testing.assert_allclose(found, hloc.vmap(function, strategy="serial")(x, n), rtol=1e-10)
