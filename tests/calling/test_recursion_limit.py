"""Recursion gets the room that it needs, remembers it, and ends at the limit; only a run that had room has effects."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hloc
from hloc.runtime.workspace import Lender


def total(x: float, n: int) -> float:
    return x if n == 0 else x + np.sin(total(0.99 * x, n - 1))


def total_loop(x: float, n: int) -> float:
    xs = [x]
    for _ in range(n):
        xs.append(0.99 * xs[-1])
    y = xs.pop()
    while xs:
        y = xs.pop() + np.sin(y)
    return float(y)


def tree(x: float, n: int) -> float:
    return x if n < 2 else tree(0.5 * x, n - 1) * x + tree(x + 1.0, n - 2)


def endless(n: int) -> int:
    return endless(n + 1) if n >= 0 else n


def rows(function: Any) -> list[int]:
    return [machine.rows for bound in function._programs for machine in bound.machines]


def test_room_grows_with_need_and_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLOC_CACHE", "off")  # which remembers it, too
    f = hloc.compile(total)
    f(0.5, 10)
    (small,) = rows(f)
    deep = 20 * small
    np.testing.assert_allclose(f(0.5, deep), total_loop(0.5, deep), rtol=1e-12)
    (large,) = rows(f)
    assert large > deep
    f(np.float64(0.5), 10)  # another program of the same function
    assert rows(f) == [large, large]


def test_threads_that_need_more_room_at_once() -> None:
    f = hloc.compile(total)
    f(0.5, 10)
    depths, found = (5000, 30_000, 10, 70_000, 5001), dict[int, float]()
    threads = [threading.Thread(target=lambda n=n: found.update({n: f(0.5, n)})) for n in depths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_allclose([found[n] for n in depths], [total_loop(0.5, n) for n in depths], rtol=1e-9)
    (room,) = rows(f)
    assert room >= max(depths)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [(total, (0.5, 101)), (tree, (0.5, 102)), (endless, (0,))],
    ids=["linear", "tree", "tail"],
)
def test_the_limit(function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    f = hloc.compile(function, recursion_limit=100)
    with pytest.raises(RecursionError) as caught:
        f(*arguments)
    name = function.__name__
    assert str(caught.value) == f"maximum recursion depth exceeded in {name}: more than 100 calls"
    line = function.__code__.co_firstlineno
    assert caught.value.__notes__ == [f"  --> {__file__}:{line}, in {name}"]


def test_as_many_calls_as_the_limit_says_may_be_active() -> None:
    f = hloc.compile(total, recursion_limit=100)
    np.testing.assert_allclose(f(0.5, 99), total_loop(0.5, 99), rtol=1e-12)
    with pytest.raises(RecursionError):
        f(0.5, 101)
    np.testing.assert_allclose(f(0.5, 98), total_loop(0.5, 98), rtol=1e-12)


def test_a_limit_beyond_the_first_room() -> None:
    f = hloc.compile(total, recursion_limit=20_000)
    f(0.5, 19_000)
    assert rows(f) == [20_000]
    with pytest.raises(RecursionError, match="more than 20000 calls"):
        f(0.5, 25_000)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_that_is_none(limit: int) -> None:
    with pytest.raises(ValueError, match=f"^recursion_limit must be at least 1, found {limit}$"):
        hloc.compile(total, recursion_limit=limit)


def mark(a: np.ndarray, n: int) -> int:
    a[n % 4] += 1
    if n == 0:
        print("bottom")
        return 0
    below = mark(a, n - 1)
    a[0] += 1
    return below + n


def test_effects_happen_once(capsys: pytest.CaptureFixture[str]) -> None:
    f = hloc.compile(mark)
    a = np.zeros(4)
    assert f(a, 5000) == 5000 * 5001 // 2
    assert capsys.readouterr().out == "bottom\n"
    assert a.tolist() == [1251.0 + 5000.0, 1250.0, 1250.0, 1250.0]


def test_no_effects_at_the_limit(capsys: pytest.CaptureFixture[str]) -> None:
    f = hloc.compile(mark, recursion_limit=100)
    a = np.zeros(4)
    with pytest.raises(RecursionError):
        f(a, 200)
    assert capsys.readouterr().out == ""
    assert not a.any()


def checked(a: np.ndarray, n: int) -> float:
    return 0.0 if n < 0 else a[n] + checked(a, n - 1)


def test_errors_of_the_function_at_any_depth() -> None:
    f = hloc.compile(checked)
    assert f(np.ones(2000), 1999) == 2000.0
    with pytest.raises(IndexError, match="index 2000 is out of bounds"):
        f(np.ones(2000), 2000)


def test_large_stacks_are_lent() -> None:
    f = hloc.compile(total)
    deep = 100_000
    for _ in range(2):
        np.testing.assert_allclose(f(0.5, deep), total_loop(0.5, deep), rtol=1e-9)
    (bound,) = f._programs
    assert isinstance(bound.executable, Lender)
    assert bound.executable.nbytes >= 8 * deep


def test_programs_without_recursion_have_no_token() -> None:
    f = hloc.compile(lambda x: np.sin(x) * 2.0)
    f(0.5)
    (bound,) = f._programs
    assert bound._plain
    assert bound.machines == ()
    assert len(bound.executable.signature.outputs) == 1


def test_the_limit_holds_for_derivatives() -> None:
    f = hloc.compile(total, recursion_limit=100)
    derivative = hloc.grad(f)
    h = 1e-6
    np.testing.assert_allclose(
        derivative(0.5, 50), (total_loop(0.5 + h, 50) - total_loop(0.5 - h, 50)) / (2 * h), rtol=1e-6
    )
    with pytest.raises(RecursionError, match="in total: more than 100 calls"):
        derivative(0.5, 150)


def test_the_pullback_has_stacks_of_its_own() -> None:
    n, h = 5000, 1e-6
    value, pullback = hloc.vjp(lambda x: total(x, n), 0.5)
    np.testing.assert_allclose(value, total_loop(0.5, n), rtol=1e-12)
    (x_bar,) = pullback(2.0)
    np.testing.assert_allclose(x_bar, (total_loop(0.5 + h, n) - total_loop(0.5 - h, n)) / h, rtol=1e-6)
    (again,) = pullback(1.0)
    np.testing.assert_allclose(again, x_bar / 2, rtol=1e-12)
