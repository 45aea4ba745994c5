"""What is told about recursive programs: the checks that remain in functions that are called."""

from __future__ import annotations

import numpy as np

import hloc


def path(parents: np.ndarray, lengths: np.ndarray, node: int) -> float:
    """How far it is to the root."""
    if node == 0:
        return 0.0
    return lengths[node] + path(parents, lengths, parents[node])


def far(parents: np.ndarray, lengths: np.ndarray) -> float:
    return path(parents, lengths, 3)


def spread(x: np.ndarray, level: int) -> float:
    total = 0.0
    for k in range(3):
        total += x[k] if level == 0 else spread(x, level - 1) * x[k]
    return total


def test_checks_in_functions_that_are_called() -> None:
    checks = hloc.compile(far).explain("i64[9]", "f64[9]").checks
    line = path.__code__.co_firstlineno
    assert [(check.what, check.span.line - line) for check in checks] == [("IndexError", 4)]


def test_no_checks_where_recursion_needs_none() -> None:
    assert hloc.compile(spread).explain("f64[3]", "i64").checks == []
