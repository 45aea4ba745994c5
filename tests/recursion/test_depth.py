"""Deep recursion has room, endless recursion is a RecursionError without effects, and what never ends is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hloc
from tests.language.agreement import define, outcome

from .agreement import check, deep_recursion
from .textbook_arrays import horner
from .textbook_flow import loop_before_and_after
from .textbook_numbers import ackermann, gcd_by_subtraction, is_even, sum_to
from .textbook_search import flood_fill
from .textbook_series import harmonic
from .textbook_trees import depth, in_order, tree_sum

DEEP = 20_000
NODES = np.arange(DEEP)
CHAIN = np.where(NODES + 1 < DEEP, NODES + 1, -1)
NONE = np.full(DEEP, -1)
PROGRAMS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "tail": (gcd_by_subtraction, (DEEP, 1)),
    "tail, mutual": (is_even, (DEEP + 1,)),
    "linear": (sum_to, (DEEP,)),
    "linear, floats": (harmonic, (DEEP,)),
    "linear, reading": (horner, (np.linspace(-1.0, 1.0, DEEP), 0, 0.75)),
    "linear, writing": (loop_before_and_after, (np.zeros(600), 600)),
    "to the left": (tree_sum, (CHAIN, NONE, NODES * 0.5, 0)),
    "to the right": (tree_sum, (NONE, CHAIN, NODES * 0.5, 0)),
    "both results used": (depth, (NONE, CHAIN, 0)),
    "writing": (in_order, (CHAIN, NONE, NODES, 0, np.zeros(DEEP, int), 0)),
    "nested calls": (ackermann, (2, 600)),
    "four calls": (flood_fill, (np.zeros((60, 60), int), 30, 30, 0, 1)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_deep(name: str) -> None:
    function, arguments = PROGRAMS[name]
    check(function, [arguments])


ENDLESS = {
    "tail": "def f(n): return n if n == 5 else f(n + 2)",
    "tail, mutual": "def f(n): return n if n == 5 else g(n + 1)\ndef g(n): return f(n + 1)",
    "linear": "def f(n): return 0 if n == 5 else 1 + f(n + 2)",
    "two calls": "def f(n): return n if n == 5 else f(n + 2) + f(n + 4)",
    "first of two": "def f(n):\n    if n % 2 == 1: return n\n    return f(n + 2) + f(n + 1)",
    "in a loop": "def f(n):\n    s = n\n    for i in range(n % 4): s += f(n + 4)\n    return s",
    "argument of itself": "def f(n): return n if n == 5 else f(f(n + 2))",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_endless(name: str) -> None:
    """The function that recurses too deep is named; nothing is printed or written; the next call is as the first."""
    program = define(
        f"{ENDLESS[name]}\ndef program(a, n):\n    a[0] = 7\n    print('before')\n    a[1] = f(n)\n    return a\n"
    )
    compiled = hloc.compile(program, recursion_limit=5_000)
    with deep_recursion(8_000):
        assert isinstance(outcome(program, (np.zeros(2), 6)).error, RecursionError)
        found = outcome(compiled, (np.zeros(2), 6))
    assert isinstance(found.error, RecursionError)
    assert str(found.error) in {f"maximum recursion depth exceeded in {f}: more than 5000 calls" for f in "fg"}
    assert found.printed == ""
    np.testing.assert_array_equal(found.arguments[0], [0.0, 0.0])
    check(program, [(np.zeros(2), 5 if "loop" not in name else 4)], compiled=compiled)
