"""Lanes that fail: the first one's error with its number, what was printed before it, nothing written."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest

import hloc

from .failing import FAILING, FINE, A, prints, prints_where_some_are, raises, raises_with_values, writes
from .oracle import STRATEGIES, agree


@pytest.mark.parametrize(("function", "arguments", "in_axes"), FAILING, ids=[f.__name__ for f, *_ in FAILING])
def test_the_first_failing_lane_raises(function, arguments, in_axes) -> None:
    expected = agree(function, *arguments, in_axes=in_axes, strategies=(None, "lockstep"))
    assert expected.error is not None


@pytest.mark.sweep
@pytest.mark.parametrize("strategy", ["simd", "serial", "pc"])
@pytest.mark.parametrize(("function", "arguments", "in_axes"), FAILING, ids=[f.__name__ for f, *_ in FAILING])
def test_the_first_failing_lane_raises_under_each_strategy(function, arguments, in_axes, strategy) -> None:
    agree(function, *arguments, in_axes=in_axes, strategies=[strategy])


@pytest.mark.parametrize(("function", "arguments", "in_axes"), FINE, ids=[f.__name__ for f, *_ in FINE])
def test_no_lane_fails(function, arguments, in_axes) -> None:
    expected = agree(function, *arguments, in_axes=in_axes, strategies=(None, "lockstep"))
    assert expected.error is None


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_nothing_is_written_when_a_lane_fails(strategy: str | None) -> None:
    a = A.copy()
    with pytest.raises(IndexError, match=r"index 7 is out of bounds for axis 0 with size 5 \(lane 2\)"):
        hloc.vmap(writes, strategy=strategy)(a, np.array([4, 0, 7, -6]), np.ones(4))
    np.testing.assert_array_equal(a, A)


def test_the_lane_is_noted() -> None:
    """Also where the exception has no message to put it in."""
    with pytest.raises(RuntimeError) as caught:
        hloc.vmap(raises_with_values)(np.array([1, 2, 3]), np.array([4, 4, 3]))
    assert caught.value.args == ()
    assert any("lane 2" in note for note in caught.value.__notes__)


def test_the_place_of_the_error_is_noted() -> None:
    with pytest.raises(ValueError, match="negative: -3 \\(lane 1\\)") as caught:
        hloc.vmap(raises)(np.array([1, -3]))
    assert any("failing.py" in note and "raises" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_prints_come_in_the_order_of_lanes(strategy: str | None) -> None:
    agree(prints, np.array([1.5, 2.0, 3.0]), np.array([3, 0, 2]), strategies=[strategy])
    agree(prints_where_some_are, np.array([7, 2, 1, 13, 6]), strategies=[strategy])


def test_prints_before_the_failing_lane_are_seen() -> None:
    expected = agree(prints, np.array([1.5, -2.0, 7.0]), np.array([3, 1, 2]))
    assert "negative" in expected.printed
    assert "7.0" not in expected.printed


def test_a_lane_that_fails_in_a_loop_around() -> None:
    """A map in a loop: the loop ends at the error."""

    def program(xs, times):
        total = 0.0
        for t in range(times):
            print("trip", t)
            total += hloc.vmap(lambda x: 1.5 * raises(x - t))(xs).sum()
        return total

    def plain(xs, times):
        total = 0.0
        for t in range(times):
            print("trip", t)
            lanes = []
            for k in range(len(xs)):
                try:
                    lanes.append(1.5 * raises(xs[k] - t))
                except ValueError as error:
                    raise ValueError(f"{error} (lane {k})") from error
            total += np.stack(lanes).sum()
        return total

    xs = np.array([3.0, 2.0, 5.0])
    for times in (0, 2, 5):
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            try:
                expected: object = plain(xs, times)
            except ValueError as error:
                expected = str(error)
        with contextlib.redirect_stdout(io.StringIO()) as found_printed:
            try:
                found: object = float(hloc.compile(program)(xs, times))
            except ValueError as error:
                found = str(error)
        assert found_printed.getvalue() == printed.getvalue()
        assert found == (pytest.approx(expected, rel=1e-12) if isinstance(expected, float) else expected)
