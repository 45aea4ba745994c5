"""What is told about lanes: how they run and why, what differs between them, how many would be active in lockstep."""

from __future__ import annotations

import numpy as np
import pytest

import hloc


def collatz(n):
    count = 0
    while n != 1:
        if n % 2 == 0:
            n //= 2
        else:
            n = 3 * n + 1
        count += 1
    return count


def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


def rows(m, s):
    total = 0.0
    for i in range(m):
        k = s[i]
        while k > 0:
            total += k
            k -= 1
    return total


def test_a_loop_that_lanes_leave_at_different_times() -> None:
    n = np.arange(1, 20)
    lengths = [collatz(int(v)) for v in n]
    (measured,) = hloc.vmap(collatz).utilisation(n)
    assert (measured.size, measured.active, measured.all) == (19, sum(lengths), max(lengths) * 19)
    assert measured.ratio == sum(lengths) / (max(lengths) * 19)
    assert measured.span.line == collatz.__code__.co_firstlineno + 2


def test_a_loop_inside_another_one_counts_the_longest_lane_of_each_trip() -> None:
    m, s = np.array([1, 2, 3]), np.array([[1, 2, 3], [5, 1, 2], [2, 2, 9]])
    inner, outer = hloc.vmap(rows).utilisation(m, s)
    assert (inner.active, inner.all) == (1 + 5 + 1 + 2 + 2 + 9, 3 * (5 + 2 + 9))
    assert (outer.active, outer.all) == (6, 9)


def test_lanes_of_lanes_are_counted_one_by_one() -> None:
    n = np.arange(1, 7)
    lengths = np.array([collatz(int(v)) for v in n]).reshape(2, 3)
    inner, outer = hloc.vmap(hloc.vmap(collatz)).utilisation(n.reshape(2, 3))
    assert (inner.active, inner.all) == (lengths.sum(), lengths.max(axis=1).sum() * 3)
    assert (outer.active, outer.all) == (lengths.max(axis=1).sum(), lengths.max() * 2)


def test_recursion_that_needs_more_rows_is_measured_too() -> None:
    def deep(n):
        return 0 if n == 0 else 1 + deep(n - 1)

    (measured, *_) = hloc.vmap(deep).utilisation(np.array([3, 5000]))
    assert 0.5 <= measured.ratio < 0.51
    (measured,) = hloc.vmap(fib).utilisation(np.array([7, 7, 7]))
    assert measured.ratio == 1.0


def test_measuring_has_no_effects(capsys: pytest.CaptureFixture[str]) -> None:
    def f(a, n):
        if n > 5:
            raise ValueError("too many")
        while n > 0:
            a[0] += 1
            n -= 1
        return a[0]

    a = np.zeros((2, 1))
    (measured,) = hloc.vmap(f).utilisation(a, np.array([1, 9]))
    assert measured.size == 2
    np.testing.assert_array_equal(a, 0)
    assert capsys.readouterr().out == ""


def test_what_differs_between_lanes() -> None:
    def f(x, w):
        scale = w * 2
        y = np.tanh(x) * scale
        return y.sum()

    (batch,) = hloc.vmap(f, in_axes=(0, None)).explain("f64[5,3]", "f64[3]").batches
    assert (batch.size, batch.asked, batch.chosen) == (5, "auto", "simd")
    names = {value.name: value.because for value in batch.varying}
    assert "y" in names
    assert "scale" not in names
    (batch,) = hloc.vmap(collatz, strategy="lockstep").explain("i64[4]").batches
    assert (batch.asked, batch.chosen, batch.reason) == ("lockstep", "lockstep", "asked for")


def test_lanes_that_depend_on_each_other_say_where() -> None:
    def f(x, seen):
        seen[0] = seen[0] * 2 + x
        return seen[0]

    explained = hloc.vmap(f, in_axes=(0, None)).explain("f64[5]", "f64[1]")
    assert explained.batches == ()  # a plain loop from the start
    seen = np.zeros(1)
    np.testing.assert_array_equal(hloc.vmap(f, in_axes=(0, None))(np.ones(3), seen), [1, 3, 7])
    assert seen[0] == 7
