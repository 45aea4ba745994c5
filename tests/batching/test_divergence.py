"""Lanes that go their own ways through branches, loops, exits, writes and subscripts."""

from __future__ import annotations

import numpy as np
import pytest

import hloc

from .divergent import KEYS, PROGRAMS, ROWS, TRIPS, X, collatz, trajectory, trajectory_in_place
from .oracle import STRATEGIES, agree

QUICK = (None, "lockstep")
"""Strategies of the quick tests; the sweep has the others."""
BY_STRATEGY = pytest.mark.parametrize(
    "strategy", [s if s in QUICK else pytest.param(s, marks=pytest.mark.sweep) for s in STRATEGIES]
)


@BY_STRATEGY
@pytest.mark.parametrize("number", range(len(PROGRAMS)), ids=[f"{f.__name__}-{a}" for f, _, a in PROGRAMS])
def test_divergent(number: int, strategy: str | None) -> None:
    function, arguments, in_axes = PROGRAMS[number]
    expected = agree(function, *arguments, in_axes=in_axes, strategies=[strategy])
    assert expected.error is None


@pytest.mark.parametrize("size", [1, 2, 1024])
def test_batch_sizes(size: int) -> None:
    """Few lanes, and many, the bounds of which are 0, 1 and very different."""
    trips = np.resize(np.array([0, 1, 5, 0, 40, 2]), size)
    agree(trajectory, np.linspace(-2, 2, size), trips, strategies=QUICK)
    agree(collatz, np.arange(size) % 50, strategies=QUICK)


@pytest.mark.parametrize(("function", "arguments", "in_axes"), [PROGRAMS[j] for j in range(0, len(PROGRAMS), 3)])
def test_no_lanes(function, arguments, in_axes) -> None:
    """Results have the shapes and types that lanes have, and nothing is done."""
    axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(arguments)
    none = [x if a is None else np.take(x, [], axis=a) for x, a in zip(arguments, axes, strict=True)]
    full, empty = hloc.vmap(function, in_axes)(*map(np.copy, arguments)), hloc.vmap(function, in_axes)(*none)
    for f, e in zip(leaves(full), leaves(empty), strict=True):
        assert e.shape == (0, *f.shape[1:])
        assert e.dtype == f.dtype


def leaves(x):
    if isinstance(x, tuple | list):
        return [leaf for part in x for leaf in leaves(part)]
    return [] if x is None else [np.asarray(x)]


def test_lanes_that_are_done_make_no_nan() -> None:
    """What a lane would compute after its end is not seen: here 0 / 0, and a root of a negative number."""

    def program(x, n):
        y = x
        while n > 0:
            y = math_root(y) / n
            n -= 1
        return y

    def math_root(y):
        return np.sqrt(y + 1) if y > 0 else y * 0.5

    agree(program, X, TRIPS, strategies=STRATEGIES)


def test_cond_inside_while_ends() -> None:
    """A conditional in a loop that only ends if the lanes that are done stay as they are (jax issue 2947)."""

    def program(x):
        while x < 3:
            if x == 2:
                x = 5
            else:
                x = x + 1 if x >= 0 else x + 3
        return x

    agree(program, np.array([0, 1, 2, 3, -7, 10]), strategies=STRATEGIES)


def test_a_lane_that_is_not_there_does_not_keep_a_loop_going() -> None:
    """The inner loop ends only for numbers that its lanes have."""

    def program(n):
        steps = 0
        if n > 0:
            while n != 1:
                n = n // 2
                steps += 1
        else:
            while n != -1:
                n = n // 2 if n < -1 else n - 1
                steps -= 1
        return steps

    agree(program, np.array([8, 0, -3, 1, -1, 77]), strategies=STRATEGIES)


def test_writes_go_to_views_of_the_caller() -> None:
    """A lane's slice is a view: of a transposed array, of every second row."""
    big = np.zeros((5, 14))
    found = big.copy()
    expected = big.copy()
    hloc.vmap(trajectory_in_place, (1, 0, 0))(found[:, ::2], X, TRIPS)
    for k in range(7):
        trajectory_in_place(expected[:, 2 * k], X[k], TRIPS[k])
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_same_program_with_other_bounds_is_not_compiled_again() -> None:
    batched = hloc.vmap(collatz)
    batched(np.array([5, 1, 0]))
    programs = len(batched._programs)
    np.testing.assert_array_equal(np.asarray(batched(np.array([27, 2, 9]))), [collatz(27), collatz(2), collatz(9)])
    assert len(batched._programs) == programs


def test_numbers_of_each_type() -> None:
    """Element types are kept, of arrays and of numbers."""

    def program(x, a):
        total = x
        for v in a:
            total = total + v if v > x else total - x
        return total, a * x, a > x

    values = np.array([[1, 2, 3], [0, 5, 2], [7, 1, 1], [2, 2, 9]])
    for dtype in ("float32", "float64", "int32", "uint8", "int64", "float16"):
        agree(program, values[:, 0].astype(dtype), values.astype(dtype), strategies=QUICK)

    def complex_program(z, p):
        k = 0
        while abs(z) < 4.0 and k < 9:
            z = z * z + 0.5 if p else z * 1.5j
            k += 1
        return z, z.real, k

    agree(complex_program, ROWS[:, 0] + 0.5j, KEYS[:, 0] > 1, strategies=QUICK)

    def truth(p, q):
        r = p
        for v in q:
            if v:
                r = not r
        return r, q & p, ~q

    agree(truth, KEYS[:, 0] > 1, KEYS > 0, strategies=QUICK)
