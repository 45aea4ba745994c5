"""Control flow: if, while, for, their exits and else, nested, on static and data conditions, in every context."""

from __future__ import annotations

import numpy as np
import pytest

from .agreement import CONTEXTS, agree, define, in_context

A = np.array([3.0, -1.0, 4.0, 1.0, -5.0, 9.0])
SNIPPETS = {
    "if elif else": (
        "x",
        "if x < 0: result = -x\nelif x == 0: result = 100\nelif x < 10: result = x * 2\nelse: result = 7",
        [(-3,), (0,), (4,), (50,)],
    ),
    "nested if": (
        "x, y",
        "result = 0\nif x > 0:\n    if y > 0: result = 1\n    else:\n        result = 2\n        if y < -5: result = 3\nelif y > 0: result = 4",
        [(1, 1), (1, -1), (1, -9), (-1, 1), (-1, -1)],
    ),
    "while": ("n", "result, k = 0, n\nwhile k > 0:\n    result += k\n    k -= 2", [(7,), (0,), (-3,)]),
    "while else": (
        "n",
        "k = n\nwhile k > 0:\n    if k == 4: break\n    k -= 3\nelse:\n    k = -k + 100\nresult = k",
        [(7,), (10,), (11,), (0,)],
    ),
    "while true": (
        "n",
        "k, result = n, 0\nwhile True:\n    if k > 50: break\n    k = k * 2 + 1\n    if k % 3 == 0: continue\n    result += 1",
        [(1,), (60,), (5,)],
    ),
    "while with := in the test": (
        "n",
        "r = result = 0\nwhile (child := 2 * r + 1) <= n and (m := child % 3) < 3:\n    result += m\n    r = child\nresult = (result, r, child)\nwhile (n := n - 1) > 0:\n    if n % 3 == 0: continue\n    r += n\nresult = (result, r, n)",
        [(32,), (1,), (-2,)],
    ),
    "for range": ("n", "result = 0\nfor i in range(n): result = result * 2 + i", [(5,), (0,), (-2,)]),
    "for range bounds": (
        "n",
        "result = 0\nfor i in range(2, n): result += i\nfor j in range(n, 2, -2): result = result * 3 + j\nfor k in range(n, n + 5, 3): result -= k",
        [(9,), (2,), (0,)],
    ),
    "range with a step that is data": (
        "a, b, s",
        "result = 0\nfor i in range(a, b, s): result = result * 2 + i",
        [(0, 9, 2), (9, 0, -3), (0, 9, -1), (5, 5, 1)],
    ),
    "for else break continue": (
        "a, t",
        "result = 0.0\nfor x in a:\n    if x < 0: continue\n    if x > t: break\n    result += x\nelse:\n    result = -result",
        [(A, 3.5), (A, 100.0)],
    ),
    "nested loops with breaks": (
        "n",
        "result = 0\nfor i in range(n):\n    for j in range(n):\n        if j > i: break\n        if (i + j) % 3 == 0: continue\n        k = 0\n        while k < j:\n            k += 1\n            if k == 2: break\n        result += k + i * j\n    else:\n        result += 1000\n    if result > 2000: break",
        [(6,), (0,), (12,)],
    ),
    "loop variable after the loop": ("n", "i = -1\nfor i in range(n): pass\nresult = i", [(5,), (0,)]),
    "names bound in branches": (
        "x",
        "if x > 0:\n    y = x\n    z = 1\nelse:\n    y = -x\n    z = 2.5\nresult = (y, float(z))",
        [(3,), (-3,)],
    ),
    "arrays": (
        "a",
        "result = 0.0\nfor row in a:\n    for x in row: result = result * 0.5 + x",
        [(np.arange(6.0).reshape(2, 3),)],
    ),
    "enumerate zip reversed": (
        "a, b",
        "result = 0.0\nfor i, x in enumerate(a): result += i * x\nfor i, (x, y) in enumerate(zip(a, b), 2): result += i * x * y\nfor x in reversed(a): result = result * 0.5 + x\nfor i in reversed(range(3)): result = result * 2 + i",
        [(A, A[::-1].copy()), (A, A[:3])],
    ),
    "tuples and lists": (
        "x",
        "result = 0\nfor v in (1, x, 2.5): result = result * 2 + v\nfor v in [x, 3]: result -= v\nfor i, name in enumerate(('a', 'b')): result += len(name) * i",
        [(4,)],
    ),
    "list comprehension": (
        "x, a",
        "result = ([i * x for i in range(4)], [v + 1 for v in a], [i * j for i in range(2) for j in range(3) if (i + j) % 2 == 0], [k for k in range(40)][-1])",
        [(3, A[:2])],
    ),
    "generator expressions": (
        "a",
        "result = (sum(x * x for x in a), any(x > 8 for x in a), all(x > -9 for x in a), max(x for x in a), min(-x for x in a))",
        [(A,)],
    ),
    "short circuit": (
        "a, n",
        "i = 0\nwhile i < n and a[i] > 0: i += 1\nresult = i\nif i >= len(a) or a[i] < 0: result = -i",
        [(np.array([1, 2, 3]), 3), (np.array([1, -2, 3]), 3), (np.array([1, 2]), 0)],
    ),
    "shadowing": ("x", "y = x\nfor x in range(3): y = y + x\nresult = (x, y)\nx = 2.5\nresult = (x, y)", [(5,)]),
    "collatz": (
        "n",
        "result, m = 0, n\nwhile m != 1:\n    m = m // 2 if m % 2 == 0 else 3 * m + 1\n    result += 1",
        [(27,), (1,)],
    ),
    "a flag": (
        "a",
        "found = False\nfor x in a:\n    if x > 8: found = True\nresult = 1 if found else 0",
        [(A,), (A[:3],)],
    ),
    "type grows in the loop": ("n", "result = 0\nfor i in range(3): result = result + i / 2", [(3,)]),
    "repeated for shapes": ("a", "result = 0.0\nfor i in range(1, 4): result += a[:i].sum() * i", [(A,)]),
}


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("name", SNIPPETS)
def test_control_flow(name: str, context: str) -> None:
    parameters, body, cases = SNIPPETS[name]
    program, first = in_context(context, parameters, body)
    for case in cases:
        agree(program, *first, *case)


RETURNS = {
    "early return": (
        "x",
        "    if x < 0: return -1\n    if x == 0:\n        return 0\n    y = x * 2\n    if y > 10: return y\n    return x",
        [(-5,), (0,), (2,), (7,)],
    ),
    "return in loops": (
        "a, t",
        "    for i in range(len(a)):\n        for j in range(i):\n            if a[i] + a[j] == t: return i * 10 + j\n        if a[i] > 100: return -2\n    return -1",
        [(A, 3.0), (A, 50.0), (A, 12.0)],
    ),
    "return in while": (
        "n",
        "    while True:\n        n -= 3\n        if n < 0: return n\n        if n == 4: return 400",
        [(10,), (9,), (-1,)],
    ),
    "no return": ("a", "    a[0] = 5", [(A,)]),
    "return of a tuple": ("x", "    if x > 1: return x, 2.0\n    return 1, x * 1.0", [(3,), (0,)]),
    "return in a branch of a loop else": (
        "a",
        "    for x in a:\n        if x > 8: break\n    else:\n        return -1.0\n    return float(x)",
        [(A,), (A[:3],)],
    ),
}


@pytest.mark.parametrize("name", RETURNS)
def test_returns(name: str) -> None:
    parameters, body, cases = RETURNS[name]
    program = define(f"def program({parameters}):\n{body}\n")
    caller = define(
        f"def helper({parameters}):\n{body}\n\ndef program({parameters}):\n    r = helper({parameters})\n    return r, r\n"
    )
    for case in cases:
        agree(program, *case)
        agree(caller, *case)


def test_unbound_local_variables() -> None:
    agree(define("def program(x):\n    if x > 0: y = 1\n    return y\n"), 1)
    agree(define("def program(x):\n    if x > 0: y = 1\n    return y\n"), -1)
    agree(define("def program(n):\n    for i in range(n): z = i\n    return z\n"), 3)
    agree(define("def program(n):\n    for i in range(n): z = i\n    return z\n"), 0)
    agree(define("def program(n):\n    r = y\n    y = 2\n    return r\n"), 0)
    agree(define("def program(x):\n    y = 1\n    if x > 0: del y\n    return y\n"), 1)
