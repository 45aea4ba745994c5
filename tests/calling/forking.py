"""Functions that processes made in other ways call."""

from __future__ import annotations

import numpy as np

import hloc


@hloc.compile
def square(x):  # type: ignore[no-untyped-def] # programs as users write them
    return x * x


@hloc.compile
def steps(n):  # type: ignore[no-untyped-def]
    k = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        k += 1
    return k


def cubes(x):  # type: ignore[no-untyped-def]
    return np.sum(x**3)


compiled_cubes = hloc.compile(cubes, checks=False)
slope_of_square = hloc.grad(square)
slope_of_cubes = hloc.grad(cubes)


def work(n: int) -> tuple[int, hloc.Array]:
    """With results that travel back."""
    return steps(n), square(np.arange(float(n)))


def apply(function, x):  # type: ignore[no-untyped-def]
    """A compiled function that came as an argument."""
    return function(x)
