"""The text of a derivative: NumPy runs it to the same numbers, and it reads as a person would write it."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import hloc
from tests.conftest import Golden
from tests.derivatives.agreement import float_arguments, leaves
from tests.derivatives.readable import GOLDEN, PROGRAMS, while_if
from tests.derivatives.textbook import PROGRAMS as TEXTBOOK
from tests.derivatives.textbook import TOLERANCES


def run(derivative: Any, arguments: tuple[Any, ...]) -> Any:
    """What the printed derivative returns; the arguments stay as they are."""
    space: dict[str, Any] = {}
    exec(compile(derivative.source(*arguments), "<source>", "exec", dont_inherit=True), space)
    given = copy.deepcopy(arguments)
    with np.errstate(all="ignore"):
        result = space[derivative.__name__.strip("<>")](*given)
    for before, after in zip(leaves(arguments), leaves(given), strict=True):
        np.testing.assert_array_equal(before, after)
    return result


def same(found: Any, expected: Any, single: bool = False) -> None:
    if isinstance(expected, tuple | list | dict):
        assert type(found) is type(expected)
    for f, e in zip(leaves(found), leaves(expected), strict=True):
        scale = float(np.max(np.abs(e), initial=0.0))
        assert np.shape(f) == np.shape(e)
        assert np.asarray(f).dtype == np.asarray(e).dtype
        np.testing.assert_allclose(f, e, rtol=1e-5 if single else 1e-9, atol=1e-12 * scale)


@pytest.mark.parametrize("name", PROGRAMS)
def test_numpy_computes_the_same(name: str) -> None:
    derivative, arguments = PROGRAMS[name]
    same(run(derivative, arguments), derivative(*copy.deepcopy(arguments)), name == "single_precision")


@pytest.mark.parametrize("name", TEXTBOOK)
def test_numpy_computes_the_same_for_textbook_programs(name: str) -> None:
    function, arguments, wrt = TEXTBOOK[name]
    derivative = hloc.value_and_grad(function, argnums=wrt or float_arguments(arguments))
    assert function not in TOLERANCES or wrt
    same(run(derivative, arguments), derivative(*copy.deepcopy(arguments)))


@pytest.mark.parametrize("name", GOLDEN)
def test_text(name: str, golden: Golden) -> None:
    derivative, arguments = PROGRAMS[name]
    golden(f"derivatives/{name}.txt", derivative.source(*arguments))


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_status_words_and_no_clamps(name: str) -> None:
    derivative, arguments = PROGRAMS[name]
    text = derivative.source(*arguments)
    for word in ("error", "payload", "needed", "print_log", "min(", "1099511627776", "op_dot_general", "value_log"):
        assert word not in text, text


def test_logs_have_the_room_that_runs_have_needed() -> None:
    derivative = hloc.grad(while_if)
    arguments = (0.5, 1e-3, 500.0)
    assert "np.empty(4096)" in derivative.source(*arguments)
    expected = derivative(*arguments)
    assert "np.empty(8192)" in derivative.source(*arguments)
    same(run(derivative, arguments), expected)


def test_too_little_room_is_an_error() -> None:
    derivative = hloc.grad(lambda x, n: while_if(x, 0.01, n * 0.07))
    with pytest.raises(IndexError):
        run(derivative, (0.5, 5000))


def test_arguments_may_be_types() -> None:
    text = hloc.grad(while_if).source("f64", "f64", "f64")
    assert "def grad_while_if(x, p, end):" in text
    assert "# readable.py:" in text
    assert text.count("# ---- backward") == 1


WEIGHTS = np.array([1.0, 2.0])


def with_global(x: Any) -> Any:
    return np.sum(WEIGHTS * x * x)


def test_what_a_function_finds_outside_is_given_by_name() -> None:
    text = hloc.grad(with_global).source(np.ones(2))
    space: dict[str, Any] = {}
    exec(text, space)
    assert "def grad_with_global(x, *, WEIGHTS):" in text
    np.testing.assert_array_equal(space["grad_with_global"](np.ones(2), WEIGHTS=WEIGHTS), [2.0, 4.0])


def test_a_function_that_is_no_derivative() -> None:
    text = hloc.compile(while_if).source(0.5, 1.3, 2.0)
    space: dict[str, Any] = {}
    exec(text, space)
    np.testing.assert_allclose(space["while_if"](0.5, 1.3, 2.0), while_if(0.5, 1.3, 2.0), rtol=1e-12)
    assert "----" not in text


def test_a_lambda_has_a_name() -> None:
    assert "def lambda_(x):" in hloc.compile(lambda x: x * x).source(2.0)
