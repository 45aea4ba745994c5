"""raise, assert, print; captured data that changes between calls."""

from __future__ import annotations

import numpy as np
import pytest

from .agreement import CONTEXTS, agree, define, in_context

A = np.array([3.0, -1.0, 4.0])


class OwnError(Exception):
    """An exception class of the user."""


SNIPPETS = {
    "raise": ("x", "if x < 0: raise ValueError(f'negative: {x}')\nresult = x", [(1,), (-2,), (-2.5,)]),
    "raise formats": (
        "x, y",
        "if x > y: raise OwnError('too large', x, y)\nif x == y: raise RuntimeError(f'{x:5d}|{y!r:>8}|{x + y}')\nresult = y - x",
        [(1, 2), (3, 2), (2, 2)],
    ),
    "raise in a loop": (
        "a",
        "result = 0.0\nfor i in range(len(a)):\n    if a[i] < 0: raise ArithmeticError(f'a[{i}] = {a[i]:.3f}')\n    result += a[i]",
        [(A,), (np.abs(A),)],
    ),
    "raise without arguments": ("x", "if x: raise KeyError\nresult = 1", [(0,), (1,)]),
    "assert": ("x", "assert x > 0, f'x is {x}'\nassert x < 10\nresult = x", [(1,), (0,), (10,)]),
    "the first error wins": (
        "a, i, x",
        "y = a[i]\nif x < 0: raise ValueError('x')\nresult = y / x",
        [(A, 5, -1), (A, 0, -1), (A, 0, 0), (A, 0, 2)],
    ),
    "raise in while": (
        "n",
        "k = n\nwhile k != 0:\n    if k < 0: raise OverflowError(f'below zero at {k}')\n    k -= 2\nresult = k",
        [(4,), (5,)],
    ),
    "print": (
        "x, a",
        "print('x =', x, a[0])\nprint()\nprint(x, x + 1.5, sep=', ', end='!\\n')\nprint(f'{x:>4}|{a[1]:.2f}')\nprint(a, (x, 2), [x, None], True)\nresult = x",
        [(3, A)],
    ),
    "print in loops": (
        "n, a",
        "for i in range(n):\n    print(i, a[i % 3])\n    if i == 2: print('two')\nresult = n",
        [(4, A), (0, A)],
    ),
    "print before an error": (
        "x",
        "print('start', x)\nif x < 0: raise ValueError('no')\nprint('end')\nresult = x",
        [(1,), (-1,)],
    ),
    "long prints": ("n", "for i in range(n): print(i)\nresult = n", [(3000,)]),
    "error in a helper": (
        "x",
        "def check(v):\n    if v > 3: raise ValueError(f'{v} > 3')\n    return v\nresult = check(x) + check(x + 1)",
        [(1,), (3,), (5,)],
    ),
    "short circuit keeps errors away": (
        "a, i",
        "result = 0\nif 0 <= i < len(a) and a[i] > 0: result = 1\nif i >= 3 or a[i] > 100: result = 2",
        [(A, 0), (A, 7), (A, 1)],
    ),
}


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("name", SNIPPETS)
def test_effects(name: str, context: str) -> None:
    parameters, body, cases = SNIPPETS[name]
    program, first = in_context(context, parameters, body, OwnError=OwnError)
    for case in cases:
        agree(program, *first, *case)


def test_errors_name_the_place() -> None:
    import hloc

    program = define("def program(x):\n    y = x + 1\n    return 1 // x\n")
    with pytest.raises(ZeroDivisionError) as caught:
        hloc.compile(program)(0)
    assert any(":3" in note for note in caught.value.__notes__)


def test_changed_globals_are_seen() -> None:
    import hloc

    program = define(
        "K = 2.0\nN = 3\nARRAY = np.arange(3.0)\ndef helper(x): return x * K\ndef program(x):\n    return helper(x) + ARRAY.sum() + np.zeros(N).size\n"
    )
    space = program.__globals__
    compiled = hloc.compile(program)

    def both() -> None:
        assert float(compiled(1.5)) == float(program(1.5))

    both()
    space["K"] = 5.0
    both()
    assert len(compiled._programs) == 1
    space["ARRAY"][0] = 100.0
    both()
    assert len(compiled._programs) == 1
    space["ARRAY"] = np.arange(5)
    both()
    space["N"] = 7
    both()
    exec("def helper(x): return x - K", space)
    with pytest.raises(OSError, match="source"):
        compiled(1.5)
    space["helper"] = define("def program(x): return x * 3\n")
    both()


def test_changed_closures_and_attributes_are_seen() -> None:
    import hloc

    k = 1.0

    def inner(x):  # type: ignore[no-untyped-def]
        return x + k

    compiled = hloc.compile(inner)
    assert compiled(1.0) == 2.0
    k = 5.0
    assert compiled(1.0) == 6.0
    k = np.array([1.0, 2.0])  # type: ignore[assignment]
    np.testing.assert_array_equal(np.asarray(compiled(1.0)), [2.0, 3.0])
