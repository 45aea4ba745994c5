"""The second half of hloc.vjp and hloc.linearize has an entry of its own, made when it is called first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hloc
from tests.persistence.sources import FrontEndUsed, load, only_from_cache
from tests.persistence.test_edits import HEAD

TEXT = f"{HEAD}\ndef f(x): return np.sum(x * x * x)\n"
X = np.array([1.0, 2.0])


def loss(folder: Path) -> Any:
    """The same function anew."""
    return load(folder, TEXT).f


def test_a_second_half_that_is_not_there_is_made(tmp_path: Path) -> None:
    hloc.vjp(loss(tmp_path), X)
    with only_from_cache():
        value, back = hloc.vjp(loss(tmp_path), X)
        assert value == 9.0
        with pytest.raises(FrontEndUsed):
            back(1.0)
    np.testing.assert_array_equal(back(1.0)[0], 3 * X * X)
    with only_from_cache():
        _, back = hloc.vjp(loss(tmp_path), X)
        np.testing.assert_array_equal(back(2.0)[0], 6 * X * X)


def test_linearize_from_the_cache(tmp_path: Path) -> None:
    _, forward = hloc.linearize(loss(tmp_path), X)
    assert forward(np.ones(2)) == 15.0
    with only_from_cache():
        _, forward = hloc.linearize(loss(tmp_path), X)
        assert forward(np.ones(2)) == 15.0


def test_what_does_not_continue_the_first_half_is_not_used(tmp_path: Path) -> None:
    text = f"{HEAD}\ndef f(xs): return np.sum(xs[0] * xs[0])\n"
    given = [X]
    hloc.vjp(load(tmp_path, text).f, given)
    _, back = hloc.vjp(load(tmp_path, text).f, given)
    given[0] = np.ones(3)
    with pytest.raises(RuntimeError, match="make it again"):
        back(1.0)
