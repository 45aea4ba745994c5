"""Desugaring, one construct at a time: the core tree as text, and that it still computes the same."""

from __future__ import annotations

from typing import Any

import gast
import pytest

from hloc.frontend.source import function_source
from tests.conftest import Golden
from tests.frontend.core_python import core_text, define, facts, run_core

PROGRAMS = {
    "guard": """
def f(x):
    \"\"\"Docstrings go.\"\"\"
    if x < 0:
        return -x
    if x > 5:
        pass
    y: int = x + 1
    z: int
    return y
""",
    "falls_off_the_end": """
def f(x):
    if x == 1:
        x += 1
        return
    x = 7
""",
    "assert_and_raise": """
def f(x):
    assert x != 1, f"x is {x}"
    assert not x == 2
    if x == 3:
        raise ValueError("three")
    elif x == 4:
        return 0
    return x
""",
    "exit_from_one_of_two_open_branches": """
def f(x):
    if x > 1:
        if x == 3:
            return 33
        y = 1
    else:
        y = 2
        if x == 1:
            raise KeyError(x)
    return y + x
""",
    "continue": """
def f(n):
    s = 0
    for i in range(n):
        if i == 1:
            continue
        if i == 3:
            s += 10
            if i < n - 1:
                continue
            s += 100
        else:
            s += 1
        s *= 2
    return s
""",
    "break_and_else": """
def f(n):
    for i in range(5):
        if i == n:
            break
    else:
        i = -1
    while n > 0:
        n -= 2
    else:
        n += 10
    return i, n
""",
    "return_from_nested_loops": """
def f(n):
    for i in range(n):
        for j in range(i):
            if i * j == 6:
                return i, j
            if j > 3:
                break
        n -= 1
    return n
""",
    "forever": """
def f(n):
    while True:
        n += 1
        if n % 7 == 0:
            return n
        if n > 50:
            raise OverflowError(n)
""",
    "forever_with_break": """
def f(n):
    s = 0
    while True:
        n -= 1
        if n < 0:
            break
        s += n
    else:
        s = -1
    return s
""",
    "break_of_the_outer_loop_in_else": """
def f(n):
    for i in range(9):
        for j in range(3):
            if j == i:
                break
        else:
            break
        n += j
    return n, i
""",
    "only_continue": """
def f(n):
    for i in range(n):
        if i:
            continue
        continue
    return n
""",
    "walrus_in_while": """
def f(n):
    s = 0
    while (m := n // 2) > 0:
        s += m
        n = m
    return s
""",
    "nested_function": """
def f(n):
    total = 0
    def add(k):
        nonlocal total
        for i in range(k):
            if i == 2:
                return i
            total += i
    while n > 0:
        add(n)
        n -= 1
    return total
""",
    "comprehensions": """
def f(n):
    k, last, out = 2, 0, []
    for i in range(n):
        squares = [k * j for j in range(i)]
        if squares and any(j > 3 for j in squares):
            k += 1
        out += [(last := j + k) for j in range(2)]
        table = {j: last for j in range(2)}
        pick = lambda j: table[j % 2] + i
        out.append(pick(last))
    return out
""",
    "conditional_walrus": """
def f(n):
    x = y = 5
    while n > 0 and (x := n % 3) != 1:
        z = (y := x) if x else (y := n)
        n -= z + 1
    return x + y if n else 0
""",
    "raise_between_loops": """
def f(n):
    total = 0
    for i in range(n):
        if i == 4:
            raise ValueError(total)
        total += i
    for i in range(n):
        if total > i * 3:
            return i
    return -1
""",
    "writes": """
def f(n):
    a = [0] * 4
    for i in range(4):
        if i < n:
            a[i] = i
        t = i
        a[0] += t
    return a
""",
}


def stages(name: str) -> str:
    text = PROGRAMS[name].lstrip()
    fn = define(text)
    return f"== {name} ==\n{text}-- core --\n{core_text(fn)}\n-- facts --\n" + "".join(
        f"{fact}\n" for fact in facts(fn)
    )


def test_core_trees(golden: Golden) -> None:
    golden("frontend/desugar.txt", "\n".join(map(stages, PROGRAMS)))


def outcome(fn: Any, *args: Any) -> Any:
    try:
        return fn(*args)
    except (ValueError, AssertionError, KeyError, OverflowError) as error:
        return type(error), error.args


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("forget", [False, True])
def test_core_tree_computes_the_same(name: str, forget: bool) -> None:
    fn = define(PROGRAMS[name])
    core = run_core(fn, forget)
    for n in range(8):
        assert outcome(core, n) == outcome(fn, n)


def test_many_guards_do_not_exhaust_the_stack() -> None:
    guards = "".join(f"    if x == {k}:\n        return {k} * 2\n" for k in range(250))
    source = function_source(define(f"def f(x):\n{guards}    return 0\n"))
    assert sum(isinstance(node, gast.If) for node in gast.walk(source.node)) == 250


def test_made_nodes_carry_the_place_of_what_they_stand_for() -> None:
    source = function_source(define("def f(n):\n    for i in range(n):\n        if i == 3:\n            return i\n"))
    places = {
        node.targets[0].id: (source.span(node).line, source.lines[source.span(node).line - 1].strip())
        for node in gast.walk(source.node)
        if isinstance(node, gast.Assign)
    }
    assert places == {"$return_1": (4, "return i"), "$value_1": (4, "return i")}


def test_returns_after_an_error_are_marked() -> None:
    source = function_source(define("def f(n):\n    while True:\n        if n > 3: return n\n        n += 1\n"))
    marks = [
        (node.never, isinstance(node.value, gast.Constant))
        for node in gast.walk(source.node)
        if type(node) is gast.Return
    ]
    assert sorted(marks) == [(False, False), (True, True)]
