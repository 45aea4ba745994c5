"""CPython says what a recursive program does: `check` compares a compiled program with it, case by case.

Compared are results, arguments as they are left, what was printed (also before an error), and type and text of errors.
A program whose paths return different types of numbers (0.0 at the bottom, a NumPy number above) is compared in values:
compiled, it returns the common type on all paths.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

import hloc
from tests.language.agreement import assert_same, define, outcome

CONTEXTS = ("loop", "branch", "callee")
Case = tuple[Any, ...]


def check(function: Callable[..., Any], cases: Sequence[Case], like: Sequence[Any] = (), compiled: Any = None) -> None:
    """Assert that the compiled function does what CPython does, for each list of arguments.

    like: results of other cases, whose types count too.
    """
    compiled = compiled or hloc.compile(function)
    with deep_recursion():
        expected = [outcome(function, case) for case in cases]
    mixed = len({types_of(x) for x in [*(e.result for e in expected if e.error is None), *like]}) > 1
    for case, right in zip(cases, expected, strict=True):
        found = outcome(compiled, case)
        assert (type(found.error), str(found.error)) == (type(right.error), str(right.error)), (case, found, right)
        assert found.printed == right.printed
        if right.error is None:
            assert_same(found.result, common(right.result, found.result) if mixed else right.result, "result")
            assert_same(found.arguments, right.arguments, "arguments")


def types_of(result: Any) -> Any:
    if isinstance(result, tuple | list):
        return type(result), *map(types_of, result)
    return type(result), getattr(result, "shape", None)


def common(expected: Any, found: Any) -> Any:
    """What is expected, its numbers in the types that were found where these hold the same values."""
    if isinstance(expected, tuple | list) and type(found) is type(expected) and len(found) == len(expected):
        return type(expected)(map(common, expected, found))
    if isinstance(expected, bool | int | float | np.generic) and np.ndim(found) == 0:
        kind = np.asarray(found).dtype
        if np.result_type(expected, kind) == kind:
            value = np.asarray(expected).astype(kind)[()]
            return value if isinstance(found, hloc.Array | np.generic) else type(found)(value)
    return expected


def in_context(context: str, function: Callable[..., Any]) -> tuple[Callable[..., Any], Case]:
    """The function called again in a loop, in a branch on data, or twice in a callee; what that takes first."""
    names = ", ".join(inspect.signature(function).parameters)
    if context == "loop":
        text = f"def program(times, {names}):\n    result = function({names})\n    for _ in range(times):\n        result = function({names})\n    return result\n"
        return define(text, function=function), (2,)
    if context == "branch":
        text = f"def program(flag, {names}):\n    if flag > 0:\n        return function({names})\n    result = function({names})\n    return result\n"
        return define(text, function=function), (1,)
    text = f"def helper({names}):\n    first = function({names})\n    return first, function({names})\n\ndef program({names}):\n    return helper({names})\n"
    return define(text, function=function), ()


@contextmanager
def deep_recursion(limit: int = 100_000) -> Iterator[None]:
    """CPython may recurse this deep."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(limit)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
