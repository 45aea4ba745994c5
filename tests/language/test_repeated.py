"""Loops in which an array or list changes its size are repeated with known values, where their count can be known."""

from __future__ import annotations

import numpy as np
import pytest

import hloc

from .agreement import agree, define

PROGRAMS = {
    "binomial tree": (
        "v, p",
        "    for i in range(len(v) - 1): v = p * v[1:] + (1 - p) * v[:-1]\n    return v[0]",
        (np.arange(6.0), 0.3),
    ),
    "pascal": (
        "n",
        "    row = [1]\n    for i in range(n): row = [1] + [row[j] + row[j + 1] for j in range(i)] + [1]\n    return row",
        (5,),
    ),
    "halving": (
        "x",
        "    while len(x) > 1:\n        if len(x) % 2: x = x[:-1] + x[-1]\n        x = x[::2] + x[1::2]\n    return x[0]",
        (np.arange(8.0),),
    ),
    "halving a number": (
        "n",
        "    s = 0\n    while n > 0:\n        s += np.ones(n).sum()\n        n //= 2\n    return s",
        (9,),
    ),
    "growing list": (
        "a",
        "    out = []\n    for i in range(4):\n        for j in range(i): out.append(a[i] * j)\n    return out",
        (np.arange(4.0),),
    ),
    "a stack of known length": (
        "a",
        "    s = [1, 2, 3]\n    t = 0\n    while s:\n        t = t * 2 + s.pop() * a[0]\n    return t",
        (np.ones(2),),
    ),
    "unlike layers": (
        "layers, x",
        "    for i in range(len(layers)): x = np.tanh(layers[i] @ x)\n    return x",
        ((np.full((4, 3), 0.1), np.full((2, 4), 0.2)), np.arange(3.0)),
    ),
    "unlike items written": (
        "rows",
        "    rows = list(rows)\n    for i in range(len(rows)): rows[i] = rows[i] * 2\n    return rows",
        ([np.ones(2), np.ones(3), 4.0],),
    ),
    "arrays of a list written": (
        "x",
        "    rows = [x, x * 2]\n    for i in range(2): rows[i] = rows[i] + rows[1 - i]\n    return rows[0] + rows[1]",
        (np.arange(3.0),),
    ),
    "early exit": (
        "v, t",
        "    k = 0\n    for i in range(1, 5):\n        if v[:i].sum() > t: break\n        k = i\n    return k",
        (np.arange(6.0), 2.5),
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_repeated_loops(name: str) -> None:
    parameters, body, arguments = PROGRAMS[name]
    program = define(f"def program({parameters}):\n{body}\n")
    agree(program, *arguments)
    assert hloc.compile(program).explain(*arguments).repeated


def test_a_size_that_depends_on_data_is_refused() -> None:
    program = define("def program(x, a):\n    while a[0] > 1:\n        x = x[1:]\n        a[0] -= 1\n    return x\n")
    with pytest.raises(hloc.StaticValueError, match="must be known"):
        hloc.compile(program)(np.arange(5.0), np.array([3.0]))


def test_too_many_repetitions_are_refused() -> None:
    program = define("def program(v):\n    for i in range(len(v) - 1): v = v[1:] + v[:-1]\n    return v\n")
    with pytest.raises(hloc.StaticValueError, match="would be repeated 999 times"):
        hloc.compile(program)(np.zeros(1000))


def test_an_argument_that_chooses_among_unlike_items_is_static() -> None:
    program = define("def program(rows, k):\n    return rows[k]\n")
    rows = (np.ones(2), 4.0)
    compiled = hloc.compile(program)
    assert compiled(rows, 1) == 4.0
    np.testing.assert_array_equal(compiled(rows, 0), rows[0])
    assert compiled.explain(rows, 1).static


def test_a_list_of_arrays_is_not_written_at_data() -> None:
    program = define("def program(x, k):\n    rows = [x, x * 2]\n    rows[k[0]] = x\n    return rows[0] + rows[1]\n")
    with pytest.raises(hloc.DTypeError, match="a list of arrays cannot be written"):
        hloc.compile(program)(np.ones(2), np.array([1]))


def test_a_loop_that_cannot_be_repeated_says_what_for() -> None:
    program = define(
        "def program(x, y):\n    k = 0\n    rows = (x, y)\n"
        "    while x[0] < 9:\n        x = x + rows[k][0]\n        k = 1 - k\n    return x\n"
    )
    with pytest.raises(hloc.StaticValueError, match=r"unlike items must be known .* test of the loop .* on data"):
        hloc.compile(program)(np.ones(2), np.ones(3))
