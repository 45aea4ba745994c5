"""Derivatives with logs that are lent memory: the same results as with logs that each run fills."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hloc
from hloc import pipeline
from hloc.runtime import xla
from hloc.runtime.workspace import Lender


def relaxed(u: np.ndarray, steps: int) -> float:
    for _ in range(steps):
        u = u - 0.01 * u * u
    return float(np.sum(u))


def expected(u: np.ndarray, steps: int) -> np.ndarray:
    slope = np.ones_like(u)
    for _ in range(steps):
        slope, u = slope * (1 - 0.02 * u), u - 0.01 * u * u
    return slope


def gradient() -> Any:
    return hloc.compile(hloc.grad(relaxed), static_argnames=("steps",))


def lender(derivative: Any) -> Lender:
    found = derivative._programs[0].executable
    assert isinstance(found, Lender)
    return found


@pytest.mark.parametrize(("width", "steps"), [(400, 100), (3000, 300), (200_000, 25)])
def test_repeated_calls(width: int, steps: int) -> None:
    derivative = gradient()
    given = [np.linspace(0.0, 1.0 + k, width) for k in range(4)]
    found = [derivative(u, steps) for u in given]
    assert lender(derivative).nbytes == 8 * width * steps
    for u, slope in zip(given, found, strict=True):  # looked at after all the calls
        np.testing.assert_allclose(slope, expected(u, steps), rtol=1e-12)


def test_results_never_are_the_lent_memory() -> None:
    derivative = gradient()
    found = [np.asarray(derivative(np.linspace(0.0, k, 1000), 60)) for k in range(3)]
    (log,) = lender(derivative).idle[0]
    for slope in found:
        assert not np.may_share_memory(slope, np.asarray(memoryview(log)))


def test_threads() -> None:
    derivative = gradient()
    wrong: list[int] = []

    def work(number: int) -> None:
        for k in range(20):
            u = np.linspace(0.0, 1.0 + number + k, 1000)
            if not np.allclose(derivative(u, 60), expected(u, 60), rtol=1e-12, atol=0.0):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert 1 <= len(lender(derivative).idle) <= 3


def iterated(x: float, n: int) -> float:
    y = x
    while n > 0:
        y = np.sin(y) + x
        n -= 1
    return y


def slope(x: float, n: int) -> float:
    y, dot = x, 1.0
    for _ in range(n):
        y, dot = np.sin(y) + x, np.cos(y) * dot + 1
    return dot


def test_more_room_is_lent_after_an_overflow() -> None:
    derivative = hloc.compile(hloc.grad(iterated))
    for n in (10, 50_000, 20, 200_000, 70_000):
        assert derivative(0.3, n) == pytest.approx(slope(0.3, n), rel=1e-12)
    assert lender(derivative).nbytes >= 8 * 200_000


def test_the_cache_keeps_such_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLOC_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("HLOC_CACHE", raising=False)
    u = np.linspace(0.0, 1.0, 1000)
    gradient()(u, 60)
    monkeypatch.setattr(xla, "compile_program", None)
    derivative = gradient()
    for _ in range(2):
        np.testing.assert_allclose(derivative(u, 60), expected(u, 60), rtol=1e-12)
    assert lender(derivative).nbytes == 8 * 60_000


def test_a_log_that_the_pullback_reads_is_a_result() -> None:
    u = np.linspace(0.0, 1.0, 1000)
    pulls = [hloc.vjp(lambda u: relaxed(u, 60), k * u)[1] for k in range(3)]
    for k, pull in enumerate(pulls):
        np.testing.assert_allclose(pull(1.0)[0], expected(k * u, 60), rtol=1e-12)


def test_the_report_of_memory_is_as_without_lending(monkeypatch: pytest.MonkeyPatch) -> None:
    u = np.linspace(0.0, 1.0, 1000)
    lent = gradient().lower(u, 60).compile().memory
    monkeypatch.setattr(pipeline, "BUDGET", 0)
    filled = gradient().lower(u, 60).compile().memory
    assert (lent.arguments, lent.alias) == (filled.arguments, filled.alias)
    assert abs(lent.temporaries - filled.temporaries) < 1000
    assert abs(lent.outputs - filled.outputs) < 100
