"""Logs of derivatives in the program that XLA runs: made once, and never copied."""

from __future__ import annotations

import re

import numpy as np

import hloc
from hloc.emit.lint import find_copies


def recurrence(w: np.ndarray, x: np.ndarray, n: int) -> float:
    y = x
    for _ in range(n):
        x, y = np.tanh(w @ x + y), np.sin(w @ y) * x
    return float(np.sum(x * y))


def test_each_log_is_filled_once() -> None:
    gradient = hloc.compile(hloc.grad(recurrence), static_argnames=("n",))
    arguments = np.eye(6), np.ones(6), 50
    hlo = gradient.lower(*arguments).compile().optimized_hlo
    logs = len(gradient.explain(*arguments).saved)
    assert logs > 2
    assert len(re.findall(r"f64\[50,6\]\{1,0\} broadcast\(", hlo)) == logs
    assert not re.findall(r"f64\[50,6\]\{1,0\} copy\(", hlo)
    assert not find_copies(hlo)
