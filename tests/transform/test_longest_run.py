"""Bounds of how long a run takes, as terms of the numbers that a program is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hloc
from hloc.program import Program
from hloc.transform.longest_run import Work, longest_run


def work(function: Callable[..., Any], *args: Any) -> Work | None:
    program = hloc.compile(function).lower(*args).program
    assert isinstance(program, Program)
    return longest_run(program.module)


def inputs_of(found: Work | None) -> set[tuple[int, ...]]:
    assert found is not None
    return {inputs for _, inputs in found}


def straight(x):  # type: ignore[no-untyped-def] # programs as users write them
    return np.exp(x) @ x


def counted(x):  # type: ignore[no-untyped-def]
    s = 0.0
    for k in range(1000):
        s = s * 0.5 + x[k % 10]
    return s


def triangle(x, n):  # type: ignore[no-untyped-def]
    s = 0.0
    for i in range(n):
        for j in range(i + 3):
            s = s * 0.5 + x[j % 10]
    return s


def called(n):  # type: ignore[no-untyped-def]
    return step(n) + step(2 * n)


def step(m):  # type: ignore[no-untyped-def]
    s = 1.0
    for _ in range(m):
        s = s * 0.5
    return s


def collatz(n):  # type: ignore[no-untyped-def]
    k = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        k += 1
    return k


def found_length(x):  # type: ignore[no-untyped-def]
    s = 0.0
    for _ in range(int(x[0])):
        s = s * 0.5 + 1.0
    return s


def fibonacci(n):  # type: ignore[no-untyped-def]
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def test_trips_that_are_known() -> None:
    x = np.ones(10)
    assert inputs_of(work(straight, x)) == inputs_of(work(counted, x)) == {()}
    ((few, _),), ((many, _),) = work(straight, x) or (), work(counted, x) or ()
    assert few < 10_000
    assert 1000 < many < 100_000


def test_trips_that_are_given() -> None:
    assert inputs_of(work(triangle, np.ones(10), 3)) == {(), (1,), (1, 1)}
    assert inputs_of(work(called, 3)) == {(), (0,)}


@pytest.mark.parametrize(("function", "args"), [(collatz, (3,)), (found_length, (np.ones(2),)), (fibonacci, (3,))])
def test_trips_that_depend_on_data_have_no_bound(function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    assert work(function, *args) is None


def test_a_batch_takes_as_long_as_its_lanes() -> None:
    ((one, _),) = work(counted, np.ones(10)) or ()
    ((many, _),) = work(hloc.vmap(counted).__hloc_function__, np.ones((50, 10))) or ()
    assert many > 5 * one
    assert work(hloc.vmap(collatz).__hloc_function__, np.arange(1, 5)) is None
