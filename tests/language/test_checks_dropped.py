"""Checks that cannot fail are dropped, and counting loops are recognised, from plain source."""

from __future__ import annotations

import numpy as np
import pytest

import hloc

from .agreement import agree, define

PROGRAMS = {
    "sieve by squares": (
        "n",
        "    p = np.ones(101, dtype=np.bool_)\n    i = 2\n    while i * i <= 100:\n        if p[i]:\n            j = i * i\n            while j <= 100:\n                p[j] = False\n                j += i\n        i += 1\n    return p",
        (3,),
    ),
    "strict square": (
        "n",
        "    p = np.zeros(10)\n    i = 0\n    while i * i < 100:\n        p[i] += i\n        i += 1\n    return p",
        (3,),
    ),
    "neighbours": (
        "a",
        "    for i in range(1, len(a) - 1): a[i] = a[i - 1] + a[i + 1]\n    return a",
        (np.arange(9.0),),
    ),
    "triangle": (
        "m",
        "    s = 0.0\n    for i in range(4):\n        for j in range(i): s += m[i, j] * m[j, i]\n    return s",
        (np.arange(16.0).reshape(4, 4),),
    ),
    "ring": (
        "a",
        "    s = 0.0\n    for i in range(100): s += a[i % len(a)] * a[(i + 1) % 9]\n    return s",
        (np.arange(9.0),),
    ),
    "bisection": (
        "a",
        "    lo, hi = 0, 9\n    while lo < hi:\n        mid = (lo + hi) // 2\n        if a[mid] < 4.5: lo = mid + 1\n        else: hi = mid\n    return lo",
        (np.arange(9.0),),
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_check_remains(name: str) -> None:
    parameters, body, arguments = PROGRAMS[name]
    program = define(f"def program({parameters}):\n{body}\n")
    agree(program, *arguments)
    assert hloc.compile(program).explain(*arguments).checks == []


def test_a_square_that_may_wrap_keeps_its_check() -> None:
    program = define("def program(a, n):\n    i = 1\n    while i * i < n:\n        i += 1\n    return a[i]\n")
    agree(program, np.arange(9.0), 50)
    agree(program, np.arange(9.0), 5000)
    assert len(hloc.compile(program).explain(np.arange(9.0), 50).checks) == 1


def test_strides_from_data_become_counted_loops() -> None:
    program = define(
        "def program(a, s):\n    step = s % 7 + 1\n    j = step\n    while j < 100:\n        a[j] += step\n        j += step\n    return j\n"
    )
    for s in (0, 3, 6, -1):
        agree(program, np.zeros(100), s)
    assert "while" not in hloc.compile(program).lower(np.zeros(100), 3).ssa
