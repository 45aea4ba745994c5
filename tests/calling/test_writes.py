"""What a call writes to its arguments: in the order of CPython, and as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hloc
from hloc.results import change, make_all


def remove_and_add(d):
    x = d.pop("a")
    d["a"] = x + 1


def rename(d):
    d["z"] = d.pop("a")
    d["b"] += 1


def empty(d):
    for key in ("a", "b", "c"):
        d.pop(key)


def fill(d):
    x = d.pop("c")
    d.pop("a")
    d["c"] = x
    d["n"] = 4
    d["a"] = 5


def change_values(d):
    d["c"] = d["a"]
    d["a"] = 2.5


@pytest.mark.parametrize("function", [remove_and_add, rename, empty, fill, change_values])
def test_a_dict_has_the_items_and_the_order_of_cpython(function: Callable[[Any], None]) -> None:
    d: dict[str, Any] = {"a": 1, "b": 2, "c": 3}
    expected = dict(d)
    hloc.compile(function)(d)
    function(expected)
    assert list(d.items()) == list(expected.items())


def test_keys_that_are_equal_but_not_the_same() -> None:
    d: dict[Any, Any] = {1: "a", 2: "b"}
    make_all([change(d, {True: "c", 2: "b"}, ())])
    assert repr(d) == "{True: 'c', 2: 'b'}"


class Stop(BaseException):
    """What a signal handler might raise."""


class Interrupted(dict[str, int]):
    """Raises when it is written to, the first time, half way."""

    raised = False

    def __setitem__(self, key: str, value: int) -> None:
        super().__setitem__(key, value)
        if not self.raised and key == "b":
            self.raised = True
            raise Stop


def test_changes_can_be_made_again_after_an_interrupt() -> None:
    first, d, last, array = [1], Interrupted(a=1, b=1, gone=1), np.zeros(2), hloc.array(np.zeros(2))
    new = hloc.array(np.ones(2))
    changes = [change(first, [2], ()), change(d, {"a": 2, "b": 2}, ()), change(last, new, ()), change(array, new, ())]
    with pytest.raises(Stop):
        make_all(changes)
    make_all(changes)
    assert (first, dict(d), last.tolist(), array.tolist()) == ([2], {"a": 2, "b": 2}, [1.0, 1.0], [1.0, 1.0])


def write_both(u, x):
    u += 1
    x += 1


def test_a_read_only_array_is_refused_before_anything_is_written() -> None:
    u, x = hloc.array(np.zeros(2)), np.zeros(2)
    compiled = hloc.compile(write_both)
    compiled(u, x)
    x.flags.writeable = False
    with pytest.raises(ValueError, match="assignment destination is read-only"):
        compiled(u, x)
    assert (u.tolist(), x.tolist()) == ([1.0, 1.0], [1.0, 1.0])
