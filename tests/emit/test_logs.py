"""Logs of derivatives in the program that XLA runs: made once or lent, and never copied."""

from __future__ import annotations

import re

import numpy as np
import pytest

import hloc
from hloc import pipeline
from hloc.emit.lint import find_copies


def recurrence(w: np.ndarray, x: np.ndarray, n: int) -> float:
    y = x
    for _ in range(n):
        x, y = np.tanh(w @ x + y), np.sin(w @ y) * x
    return float(np.sum(x * y))


def nested(w: np.ndarray, x: np.ndarray, n: int) -> float:
    for _ in range(n // 10):
        x = np.cos(x)
        for _ in range(10):
            x = np.tanh(w @ x)
    return float(np.sum(x * x))


def chosen(w: np.ndarray, x: np.ndarray, n: int) -> float:
    for _ in range(n):
        x = np.sin(w @ x) if x[0] > 0.5 else np.cos(w @ x)
    return float(np.sum(x * x))


def stencil(w: np.ndarray, x: np.ndarray, n: int) -> float:
    u = x.copy()
    for _ in range(n):
        u[1:-1] = u[1:-1] + w[0, 0] * (u[2:] - 2.0 * u[1:-1] ** 2 + u[:-2])
    return float(np.sum(u))


def gradient(function: object) -> hloc.CompiledFunction:
    return hloc.compile(hloc.grad(function, argnums=1), static_argnames=("n",))


def count(pattern: str, text: str) -> int:
    return len(re.findall(pattern, text))


def test_each_small_log_is_filled_once() -> None:
    arguments = np.eye(6), np.ones(6), 50
    hlo = gradient(recurrence).lower(*arguments).compile().optimized_hlo
    logs = len(gradient(recurrence).explain(*arguments).saved)
    assert logs > 1
    assert count(r"f64\[50,6\]\{1,0\} broadcast\(", hlo) == logs
    assert not count(r"f64\[50,6\]\{1,0\} copy\(", hlo)
    assert not find_copies(hlo)


@pytest.mark.parametrize("function", [recurrence, nested, chosen, stencil])
def test_large_logs_are_lent(function: object) -> None:
    arguments = np.eye(50), np.linspace(0.1, 1.0, 50), 800
    lowered = gradient(function).lower(*arguments)
    assert len(lowered.program.inputs) == len(lowered.program.module.entry.params) <= 2
    hlo = lowered.compile().optimized_hlo
    sizes = [log for log in gradient(function).explain(*arguments).saved if log.nbytes >= 1 << 18]
    assert sizes
    assert count(r"tf.aliasing_output", lowered.stablehlo) == len(sizes)
    for log in sizes:
        shape = ",".join(map(str, (log.rows, *log.type.shape)))
        assert count(rf"f64\[{shape}\]\S* parameter\(", hlo)
        assert not count(rf"f64\[{shape}\]\S* (copy|broadcast)\(", hlo)
    assert not find_copies(hlo)


def test_other_platforms_fill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "platform_of", lambda options: "cuda")
    text = gradient(recurrence).lower(np.eye(50), np.ones(50), 800).stablehlo
    assert not count("tf.aliasing_output", text)


def test_tangents_of_logs_are_lent_too() -> None:
    first = gradient(recurrence).explain(np.eye(50), np.ones(50), 800).saved
    derivative = hloc.compile(lambda w, x, v: hloc.hvp(lambda x: recurrence(w, x, 800), (x,), (v,)))
    lowered = derivative.lower(np.eye(50), np.ones(50), np.ones(50))
    lent = count("tf.aliasing_output", lowered.stablehlo)
    assert lent > len(first)
    assert count(r"f64\[800,50\]\S* parameter\(", lowered.compile().optimized_hlo) >= lent
    assert not count(r"f64\[800,50\]\S* (copy|broadcast)\(", lowered.compile().optimized_hlo)
