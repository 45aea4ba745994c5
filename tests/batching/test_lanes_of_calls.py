"""What the front end makes of hloc.vmap: names of lanes in errors, arrays that are mapped and shared, the arguments."""

from __future__ import annotations

import numpy as np
import pytest

import hloc

X = np.arange(9.0).reshape(3, 3)


def small(x):
    if x > 5:
        raise ValueError("too large")
    return x


@pytest.mark.parametrize("strategy", ["serial", "lockstep"])
def test_an_error_names_the_lanes_of_all_maps(strategy: str) -> None:
    def twice(x):
        first = hloc.vmap(small, strategy=strategy)(x)
        if x[0] < -1:
            raise KeyError("negative")
        return first.sum() + hloc.vmap(small, strategy=strategy)(2 * x).sum()

    deep = small
    for _ in range(3):
        deep = hloc.vmap(deep, strategy=strategy)
    x = np.zeros((2, 3, 4))
    x[1, 2, 3] = 9
    with pytest.raises(ValueError, match="too large") as caught:
        deep(x)
    assert caught.value.args == ("too large (lane 1, 2, 3)",)
    assert "  in lane 1, 2, 3 of hloc.vmap" in caught.value.__notes__
    mapped = hloc.vmap(twice, strategy=strategy)
    for rows, message in (
        ([[1, 2], [2, 3]], "lane 1, 1"),
        ([[1, 1], [-2, 9]], "lane 1, 1"),
        ([[9, 1], [1, 1]], "lane 0, 0"),
    ):
        with pytest.raises(ValueError, match=message):
            mapped(np.array(rows, float))
    with pytest.raises(KeyError, match=r"negative \(lane 1\)"):
        mapped(np.array([[1.0, 1.0], [-2.0, 1.0]]))


def test_an_error_before_the_map_names_no_lane() -> None:
    @hloc.compile
    def f(x):
        assert x[0] >= 0, "negative"
        return hloc.vmap(small)(x)

    with pytest.raises(AssertionError) as caught:
        f(np.array([-1.0, 9.0]))
    assert caught.value.args == ("negative",)
    assert not any("in lane" in note for note in caught.value.__notes__)


def test_lanes_one_after_another_name_theirs_too() -> None:
    def f(x, seen):
        seen[0] += 1
        return hloc.vmap(small)(x).sum()

    with pytest.raises(ValueError, match=r"\(lane 1, 1\)"):
        hloc.vmap(f, in_axes=(0, None))(np.array([[1.0, 2.0], [3.0, 7.0]]), np.zeros(1))


def test_an_array_that_is_mapped_and_shared_can_be_returned_whole() -> None:
    whole = np.stack([X] * 3)
    np.testing.assert_array_equal(hloc.compile(lambda x: hloc.vmap(lambda a: x)(x))(X), whole)
    both = hloc.vmap(lambda a, b: [a, b], in_axes=(0, None))(X, X)
    np.testing.assert_array_equal(both[0], X)
    np.testing.assert_array_equal(both[1], whole)
    shared = hloc.vmap(lambda a, b: (a, b), in_axes=(0, None), out_axes=(0, None))(X, X)
    np.testing.assert_array_equal(shared[1], X)


@pytest.mark.parametrize("size", [True, 2.0, -1, "3"])
def test_axis_size_is_a_number_of_lanes(size: object) -> None:
    with pytest.raises(hloc.DTypeError, match="axis_size is a number of lanes"):
        hloc.vmap(lambda: 1.0, axis_size=size)


def test_defaults_and_keywords() -> None:
    def f(x, k=2.0, *, w):
        return x * k + w

    np.testing.assert_array_equal(hloc.vmap(f)(np.arange(3.0), w=np.ones(3)), [1, 3, 5])
    np.testing.assert_array_equal(hloc.vmap(f)(np.arange(3.0), k=3.0, w=1.0), [1, 4, 7])
    np.testing.assert_array_equal(hloc.vmap(f, in_axes=(0,))(np.arange(3.0), w=1.0), [1, 3, 5])
