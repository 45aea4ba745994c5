"""Programs that random generation found to go wrong, as small as they could be made."""

from __future__ import annotations

import numpy as np
import pytest

from tests.language.agreement import agree, define

A = np.array([1.5, -2.0, 0.25, 4.0, 3.0])
M = np.arange(12.0).reshape(4, 3)
PROGRAMS = {
    "an index whose value always raises": ("a", "i = 40\nreturn a[i // (i - 40)]", [(A,)]),
    "a store at a place that always raises": ("a", "i = 40\na[i // (i - 40)] = 5.0\nreturn 1", [(A,)]),
    "a term that always raises, in a loop": (
        "n",
        "s = 0\nfor k in range(n):\n    i = 4\n    s += 1 + 2 // (i - 4)\nreturn s",
        [(0,), (2,)],
    ),
    "a loop test that always raises": ("a, n", "while n > 0 and a[9] > 0: n -= 1\nreturn n", [(A, 0), (A, 2)]),
    "a part that always raises, on one path": ("a, n", "return a[0] if n > 0 else 1 + a[7]", [(A, 1), (A, 0)]),
    "a message that raises": ("a, n", "if n > 0: raise ValueError(f'x {a[9]}')\nreturn n", [(A, 1), (A, 0)]),
    "the first of two certain errors": ("m, a", "m[80] = m[len(a)]", [(M, A)]),
    "a written array that is two results": (
        "a, n",
        "s = -n\nif s: return s, a.copy()\na[1] = 1\nreturn s, a",
        [(A, 9), (A, 0)],
    ),
    "a view made in a branch and returned": (
        "m, n, k",
        "if n > 0:\n    j = k % 3\n    if n > 5: return m[1:, j * 1]\nm[0, 0] += 1\nreturn m[1:, 1]",
        [(M, 9, 2), (M, 1, 2), (M, 0, 0)],
    ),
    "a row or a new array": (
        "m, n, k",
        "if n > 5: r = m[(k + 1) % 3]\nelse: r = m[0] * 2\nreturn r",
        [(M, 9, 2), (M, 1, 2)],
    ),
    "rows of two arrays": (
        "m, a, n",
        "r = m[0]\nfor i in range(n):\n    if i % 2 == 0: r = m[(n + i) % 3]\n    else: r = a[n % 2]\nreturn r",
        [(M, M * 2, 1), (M, M * 2, 2)],
    ),
    "returns of an array and of a view of it in a loop": (
        "m, n, k",
        "for i in range(3):\n    if n:\n        if k: return 1, m\n    elif n:\n        return 2, m[::-1]\n    return 3, m\nreturn 4, m",
        [(M, 0, 0), (M, 1, 1), (M, 1, 0)],
    ),
    "defaults of a lambda made in a branch": ("n", "if n > 0: f = lambda v=n * 2: v + 1\nreturn f()", [(1,), (-1,)]),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_found_by_random_programs(name: str) -> None:
    parameters, body, cases = PROGRAMS[name]
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    program = define(f"def program({parameters}):\n{lines}\n")
    for case in cases:
        agree(program, *case)
