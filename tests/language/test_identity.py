"""Names that stand for one of several arrays after a branch or a loop, as data says: writes go to the very array."""

from __future__ import annotations

import numpy as np
import pytest

import hloc

from .agreement import agree, define

PROGRAMS = {
    "rebound in a loop": "for i in range(n): a = a + 1\nk = a\nk[0] = 7\nresult = a",
    "rebound in a branch": "x = a\nif n > 1: x = a * 2\nx[1] = 9\nresult = x",
    "in a branch of a branch": "x = np.zeros(3)\nif n > 0:\n    if n > 1: x = a\n    else: x = a + 1\nx[0] = 7\nresult = x + a",
    "in a branch of a loop": "x = a\nfor i in range(n):\n    if i % 2: x = x + 1\n    else: x[i % 3] += 5\nx[0] = 7\nresult = x",
    "until a break": "x = a\nfor i in range(5):\n    if i == n: break\n    x = x + b\nx[2] = 5\nresult = x",
    "in a while": "x, k = a, n\nwhile x[0] < 5 and k > 0:\n    x = x + 1\n    k -= 1\nx[0] = -1\nresult = x",
    "with an else": "x = a\nfor i in range(n): x = x * 2\nelse: x = x if n > 1 else b\nx += 1\nresult = x",
    "two names": "x = a\ny = b\nfor i in range(n):\n    x = x + 1\n    if i == 1: y = x\nx[0] = 7\ny[1] = 8\nresult = (x, y)",
    "one new array, two names": "x = y = a\nif n > 0: x = y = a + 1\nx[0] = 7\nresult = (x + 0, y + 0)",
    "names that part": "x = y = a\nfor i in range(n):\n    x = x + 1\n    if i == 0: y = x\nx[0] = 7\ny[1] = 8\nresult = (x + 0, y + 0)",
    "augmented": "x = a\nfor i in range(n):\n    if i == 1: x = x + 0\n    x += 1\nresult = x + a",
    "swapped": "x, y = a, b\nfor i in range(n): x, y = y, x + 1\nx[0] = 7\ny[0] = 8\nresult = (x, y)",
    "double buffer": "x, y = a, b\nfor i in range(n):\n    new = x * 2\n    x, y = new, x\nx[0] = 7\ny[0] = 8\nresult = (x, y)",
    "buffers written": "x, y = a, b\nfor i in range(n):\n    y[:] = x + 1\n    if i == 1: y = y.copy()\n    x, y = y, x\nresult = x + y",
    "a view of the choice": "x = a\nif n > 1: x = b + 1\nv = x[1:]\nv[0] = 9\nresult = x",
    "a view of a new array": "x = a\nv = b[:2]\nfor i in range(n):\n    x = x + 1\n    v = x[1:]\nv[0] = 9\nresult = (x + 0, v + 0)",
    "views as members": "x = a\nif n > 0: x = a[::-1]\nif n > 1: x = b + 1\nx[0] = 9\nresult = x + 0",
    "a column": "m = np.outer(a, b)\nc = m.T\nif n > 0: c = m + 1\nc[0, 1] = 5\nresult = (m, c)",
    "in a list": "l = [a, b]\nif n > 0: l[0] = l[1].copy()\nif n > 1: l[1] = l[0]\nl[1][1] = 18\nl[0][0] = 4\nresult = (l[0] + 0, l[1] + 0)",
    "in a dict": "d = {'u': a + 1, 'v': a}\nfor i in range(n): d['v'] = a[::-1]\na += 3\nresult = d['v'] + d['u']",
    "in a tuple": "t = (a, b)\nfor i in range(n): t = (t[1], t[0] + 1)\nt[0][0] = 7\nt[1][1] = 8\nresult = t",
    "a conditional expression": "x = a if n > 1 else a + b if n > 0 else b\nx[1] = 5\nresult = x",
    "maybe set": "if n > 0: x = a\nfor i in range(n):\n    if i: x = a + i\nif n > 0: x[0] = 7\nresult = a + 0",
    "last of a loop": "for i in range(n + 1):\n    t = a\n    if i > 1: t = t + 1\nt[0] = 7\nresult = t",
    "by a mask and an index array": "x = a\nif n > 1: x = a + 1\nx[x > 2] = 0\nx[np.array([0, 2])] += 1\nresult = x",
    "sorted": "x = a\nif n > 1: x = -a\nx.sort()\nresult = x + a",
    "nested loops": "x = a\nfor i in range(n):\n    for j in range(i):\n        x = x + 1\n        x[j] = i\n    x[0] = 7\nresult = x",
}
CALLEES = {
    "argument or new": "def f(p, k):\n    for i in range(k): p = p + 1\n    return p\n\ndef program(a, b, n):\n    x = f(a, n)\n    x[0] = 7\n    return x + a\n",
    "one that writes": "def f(p, q, k):\n    if k > 1: p = q\n    p[0] += 5\n    return p\n\ndef program(a, b, n):\n    x = f(a, b, n)\n    y = f(x, b + 1, n)\n    y[1] = 4\n    return x + y\n",
    "a closure": "def program(a, b, n):\n    x = a\n    def step():\n        nonlocal x\n        x = x + 1\n    for i in range(n): step()\n    x[0] = 7\n    return x\n",
    "one that has no name yet": "def w(p):\n    p[0] = 50\n    return 0.0\n\ndef program(a, b, n):\n    return (a if n > 1 else a + 1) + w(a)\n",
    "items that are written on the way": "def program(a, b, n):\n    s = 0.0\n    for v in (a if n > 1 else a + 1):\n        a[:] = 5\n        s = s + v\n    return s\n",
    "captured": "def program(a, b, n):\n    x = TABLE\n    for i in range(n): x = x + a\n    x[0] = 7\n    return x + TABLE\n",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_writes_go_to_the_very_array(name: str) -> None:
    body = "".join(f"    {line}\n" for line in PROGRAMS[name].splitlines())
    program = define(f"def program(a, b, n):\n{body}    return result\n")
    compiled = hloc.compile(program)
    for n in (0, 1, 2, 3):
        agree(program, np.array([1.0, 3.0, 2.0]), np.array([10.0, 20.0, 30.0]), n, compiled=compiled)


@pytest.mark.parametrize("name", CALLEES)
def test_callees(name: str) -> None:
    for n in (0, 1, 2):
        plain, compiled = (define(CALLEES[name], TABLE=np.ones(3)) for _ in range(2))
        agree(plain, np.arange(3.0), np.arange(3.0) + 10, n, compiled=hloc.compile(compiled))
        np.testing.assert_array_equal(plain.__globals__["TABLE"], compiled.__globals__["TABLE"])


LOSS = """
def program(a, n):
    x = a * 1
    y = x
    for i in range(n): y = y * a
    y[0] = 3 * a[1]
    return (x * y).sum()
"""


@pytest.mark.parametrize("n", [0, 1, 2])
def test_gradient(n: int) -> None:
    program, a, step = define(LOSS), np.array([1.5, -0.5, 2.0]), 1e-6
    found = hloc.grad(program)(a, n)
    expected = [(program(a + step * e, n) - program(a - step * e, n)) / (2 * step) for e in np.eye(3)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_lanes_choose_for_themselves() -> None:
    program = define(LOSS.replace("(x * y).sum()", "x + y"))
    a, n = np.arange(12.0).reshape(4, 3), np.array([0, 1, 2, 0])
    found = hloc.compile(hloc.vmap(program))(a, n)
    np.testing.assert_allclose(found, [program(row, k) for row, k in zip(a, n, strict=True)])


def test_programs_that_write_nothing_carry_one_array() -> None:
    program = define("def program(a, n):\n    for i in range(n): a = a + 1\n    return a\n")
    text = hloc.compile(program).lower(np.ones(3), 2).ssa
    assert "select" not in text
    assert "compare" not in text


def test_a_loop_that_reads_does_not_choose_in_each_trip() -> None:
    program = define("def program(a, n):\n    for i in range(n): a = a + 1\n    k = a\n    k[0] = 7\n    return k\n")
    text = hloc.compile(program).lower(np.ones(3), 2).ssa
    loop = text[text.index("body(") : text.index("\n  }")]
    assert "add" in loop
    assert "select" not in loop


UNTOLD = {
    "of two types": "x = a\nif n > 0: x = np.ones(3, np.float32)\nx[0] = 7\nresult = x",
    "lists of numbers": "t = [[0] * 3 for _ in range(2)]\nr = t[0]\nif n > 0: r = [1, 2, 3]\nr[0] = n\nresult = t[n % 2][0]",
    "views of one new array": "u = v = a\nif n > 0:\n    w = a + 1\n    u, v = w[::-1], w[1:][:1]\nelse: v = a[:1]\nu[0] = 7\nresult = v + 0",
}


@pytest.mark.parametrize("name", UNTOLD)
def test_what_is_not_told_apart_is_refused(name: str) -> None:
    body = "".join(f"    {line}\n" for line in UNTOLD[name].splitlines())
    with pytest.raises(hloc.AliasError):
        hloc.compile(define(f"def program(a, n):\n{body}    return result\n"))(np.ones(3), 1)
