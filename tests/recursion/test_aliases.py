"""Arrays that recursive functions return may be the caller's own: writes to them are seen, or refused where data decides."""

from __future__ import annotations

import numpy as np
import pytest

import hloc
from tests.language.agreement import define

from .agreement import check

SAME = {
    "the argument": "if n == 0: return a\n    return walk(n - 1, a)",
    "the argument after writes": "a[n % 4] += n\n    if n == 0: return a\n    return walk(n - 1, a)",
    "a view": "if n == 0: return a[1:3]\n    return walk(n - 1, a)",
    "a view chosen by data": "if n == 0: return a[n : n + 2]\n    walk(n - 1, a)[0] += 1\n    return a[n % 2 : n % 2 + 2]",
    "a copy": "if n == 0: return a.copy()\n    return walk(n - 1, a) + 1",
    "in a tuple": "if n == 0: return (a, n)\n    b, k = walk(n - 1, a)\n    b[k] += 1\n    return b, k + 1",
    "in a list": "if n == 0: return [a, a]\n    b = walk(n - 1, a)\n    b[1][0] += 1\n    return b",
}
REFUSED = {
    "the argument or a view": "if n == 0: return a\n    return walk(n - 1, a)[::-1]",
    "the argument or a copy": "if n == 0: return a\n    return walk(n - 1, a).copy()",
    "the argument or a new array": "if n == 0: return a\n    walk(n - 1, a)\n    return np.zeros(4)",
    "the argument or its content": "if n == 0: return a\n    return walk(n - 1, a) + 1",
}
AFTER = "b = walk(n, a)\n    b = b[0] if isinstance(b, (tuple, list)) else b\n    b[1] += 1\n    return b"


def program(body: str):
    return define(f"def walk(n, a):\n    {body}\n\ndef program(a, n):\n    {AFTER}\n")


@pytest.mark.parametrize("name", SAME)
def test_writes_are_seen(name: str) -> None:
    check(program(SAME[name]), [(np.arange(4.0), n) for n in (0, 1, 2, 3)])


@pytest.mark.parametrize("name", REFUSED)
def test_writes_by_data_are_refused(name: str) -> None:
    with pytest.raises(hloc.AliasError, match="may or may not change another array"):
        hloc.compile(program(REFUSED[name]))(np.arange(4.0), 1)


def test_one_of_two_arguments() -> None:
    """Roles change with each call: which array is written depends on data."""
    swapped = define(
        "def walk(n, a, b):\n    if n == 0: return a\n    return walk(n - 1, b, a)\n\n"
        "def program(a, b, n):\n    c = walk(n, a, b)\n    c[1] += 1\n    return c, a[1], b[1]\n"
    )
    check(swapped, [(np.arange(4.0), np.arange(4.0) + 10, n) for n in (0, 1, 2, 3)])
