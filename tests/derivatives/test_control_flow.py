"""Derivatives through branches and loops, their exits and else, nested, with trip counts from data."""

from __future__ import annotations

import copy
import textwrap
from typing import Any

import numpy as np
import pytest

from tests.language.agreement import define

from .agreement import (
    check_cases,
    check_second_order,
    directional,
    float_arguments,
    inner,
    random_like,
    value_and_gradient,
)
from .contexts import CONTEXTS, Snippet, in_context, straight, sweep_all_but

A = np.array([0.8, -0.3, 1.7, 0.4, -1.1, 2.3])
M = np.array([[0.5, -1.2, 0.7], [1.4, 0.2, -0.6], [0.9, 1.1, 0.3], [-0.4, 0.8, 1.6]])
SNIPPETS: dict[str, Snippet] = {
    "if elif else": (
        "x",
        """
        if x < 0: result = x * x
        elif x < 1: result = np.sin(x) * 3
        elif x < 10: result = 1 / x
        else: result = 7.0
        """,
        [(-3.0,), (0.5,), (4.0,), (50.0,)],
    ),
    "nested if": (
        "x, y",
        """
        result = x * y
        if x > 0:
            result = result + x ** 3
            if y > 0: result = result * y
            else:
                result -= x
                if y < -5: result = np.exp(result / 100)
        elif y > 0: y = y * x; result += y
        """,
        [(1.5, 0.7), (1.2, -1.0), (0.4, -9.0), (-1.3, 1.1), (-0.2, -0.8)],
    ),
    "names bound in branches": (
        "x, n",
        """
        if n > 0:
            y = x * 2
            z = np.cos(x)
        else:
            y = x
            z = 1.0
        result = y * z + x
        """,
        [(0.7, 3), (0.7, -3)],
    ),
    "a conditional expression": (
        "x, y",
        "result = (x * y if x > y else np.sin(x)) + (y if y > 0 else 0.0)",
        [(1.5, 0.5), (0.5, 1.5), (0.4, -2.0)],
    ),
    "and, or": (
        "x, y",
        "result = x * x if x > 0 and 1 / x > y or y > 3 else y * x * x",
        [(0.5, 1.0), (5.0, 1.0), (-0.5, 1.0), (0.3, 5.0)],
    ),
    "singular root not taken": ("x", "result = np.sqrt(x) if x > 0 else 0.0 * x", [(-1.0,), (2.0,)]),
    "singular logarithm not taken": (
        "x, y",
        """
        if x > 0: result = x * np.log(x)
        else: result = y * x
        """,
        [(-1.0, 0.5), (2.0, 0.5)],
    ),
    "singular quotient not taken": (
        "x, y",
        "result = np.sin(x) / x if x != 0.0 else 1.0 * y",
        [(1.0, 0.5)],
    ),
    "singular power not taken": (
        "a",
        "result = np.sum(np.where(a > 0, a, 1.0) ** 0.5 * np.where(a > 0, 1.0, a))",
        [(A,)],
    ),
    "where over a singular operand": (
        "a",
        "result = np.sum(np.where(a > 0, np.sqrt(np.abs(a) * (a > 0)), a * a))",
        [(A,)],
    ),
    "for over a range": (
        "x, n",
        "result = 0.0\nfor i in range(n): result = result * 0.5 + np.sin(x * i)",
        [(0.9, 5), (0.9, 0), (0.9, -2)],
    ),
    "range bounds and steps": (
        "x, n",
        """
        result = x
        for i in range(2, n): result = np.sin(result) + i * x
        for j in range(n, 2, -2): result = result * x * 0.3 + j
        for k in range(n, n + 5, 3): result -= np.cos(result * k)
        """,
        [(0.6, 9), (0.6, 2), (0.6, 0)],
    ),
    "a step that is data": (
        "x, a, b, s",
        "result = x\nfor i in range(a, b, s): result = np.sin(result + i) * x",
        [(0.7, 0, 9, 2), (0.7, 9, 0, -3), (0.7, 5, 5, 1)],
    ),
    "static range": ("x", "result = 1.0\nfor i in range(4): result = result * x + i", [(0.7,)]),
    "for over an array": (
        "a, t",
        """
        result = 0.0
        for x in a:
            if x < 0: continue
            result = np.sin(result + x * t)
        """,
        [(A, 0.6)],
    ),
    "for over rows": (
        "m",
        "result = 1.0\nfor row in m:\n    for x in row: result = np.cos(result * 0.5 + x * x)",
        [(M,)],
    ),
    "enumerate, zip, reversed": (
        "a, b",
        """
        result = 0.0
        for i, x in enumerate(a): result += i * x * x
        for i, (x, y) in enumerate(zip(a, b), 2): result = result * 0.9 + i * x * y
        for x in reversed(a): result = np.sin(result) + x
        """,
        [(A, A[::-1].copy())],
    ),
    "while on a float": ("x, y", "result = y\nwhile result < 5.0: result = result * x + 0.3", [(1.3, 0.7), (1.3, 6.0)]),
    "while on an integer": (
        "x, n",
        "result, k = x, n\nwhile k > 0:\n    result = np.sin(result) * k\n    k -= 2",
        [(0.5, 7), (0.5, 0), (0.5, -3)],
    ),
    "while with else": (
        "x, n",
        """
        k, result = n, x
        while k > 0:
            result = result * x + k
            if k == 4: break
            k -= 3
        else:
            result = np.sin(result) * 100
        """,
        [(0.6, 7), (0.6, 9), (0.6, 0)],
    ),
    "while true": (
        "x, t",
        """
        result, k = x, 0
        while True:
            k += 1
            if result > t: break
            result = result * 1.4 + 0.1
            if k % 3 == 0: continue
            result = result + np.sin(x * k)
        """,
        [(0.5, 9.0), (0.5, 0.2)],
    ),
    "for with break, continue and else": (
        "a, t",
        """
        result = 0.0
        for x in a:
            if x < -1: continue
            if x > t: break
            result = result * x + np.cos(x)
        else:
            result = -result * result
        """,
        [(A, 2.0), (A, 100.0), (A, 0.5)],
    ),
    "nested loops with breaks": (
        "x, n",
        """
        result = x
        for i in range(n):
            for j in range(n):
                if j > i: break
                if (i + j) % 3 == 0: continue
                k = 0
                while k < j:
                    k += 1
                    result = np.sin(result) + x * k
                    if k == 2: break
                result += x * i * j
            else:
                result = result * 0.1
            if result > 8.0: break
        """,
        [(0.4, 6), (0.4, 0), (0.9, 6)],
    ),
    "inner counts vary": (
        "x, y, n",
        """
        result = 0.0
        for i in range(n):
            z = x + i * 0.1
            while z < 3.0: z = z * y + 0.2
            result = result + np.sin(z)
        """,
        [(0.5, 1.25, 4), (4.0, 1.25, 4), (2.5, 1.5, 3)],
    ),
    "whiles in a while": (
        "x, y",
        """
        result, outer = x, 0
        while result < 20.0:
            inner, z = 0, y
            while inner <= outer:
                third = z
                while third < 1.0: third = third * 1.7 + 0.01
                z = np.sin(z * third) + 0.5
                inner += 1
            result = result * 1.2 + z
            outer += 1
        """,
        [(0.5, 0.6), (30.0, 0.6), (5.0, 0.2)],
    ),
    "two loops after each other": (
        "x, n",
        "result = x\nfor i in range(n): result = np.sin(result + x)\ny = result\nwhile y < 4: y = y * 1.5 + 0.1\nfor i in range(n): result = result + np.cos(y * i)",
        [(0.5, 4), (0.5, 0)],
    ),
    "a triangle": (
        "a",
        "result = 0.0\nfor i in range(len(a)):\n    for j in range(i):\n        result += np.sin(a[i] * a[j])",
        [(A,)],
    ),
    "a branch in a loop": (
        "x, n",
        """
        result = x
        for i in range(n):
            if result > 0.5: result = result - np.sin(result) * 0.8
            elif i % 2: result = result * 2 + x
            else: result = result + x * x
        """,
        [(0.35, 7)],
    ),
    "a loop in a branch": (
        "x, n",
        """
        if x > 0:
            result = 1.0
            for i in range(n): result = result * x + np.cos(result)
        else:
            result = x
            while result > -5: result = result * 1.3 - 0.1
        """,
        [(0.7, 3), (-0.7, 3)],
    ),
    "the last value of a loop variable": ("a", "for x in a: y = x * 2\nresult = x * y", [(A,)]),
    "the trip before": (
        "a",
        """
        previous, result = 0.1, 0.0
        for x in a:
            result = result + np.sin(previous * x)
            previous = x * x
        result = result * previous
        """,
        [(A,)],
    ),
    "carries that change places": (
        "x, y, n",
        "for i in range(n): x, y = y, np.sin(x) + 0.1 * i\nresult = x * 2 + y",
        [(0.4, 0.9, 5), (0.4, 0.9, 2), (0.4, 0.9, 0)],
    ),
    "carries that feed no result": (
        "x, n",
        "result, other = x, x\nfor i in range(n):\n    result = result * 0.9 + np.sin(x)\n    other = other * x",
        [(0.4, 5)],
    ),
    "a first trip": (
        "x, n",
        "result, first = 0.0, True\nfor i in range(n):\n    if first: y, first = x * x, False\n    else: y = y * x\n    result += y",
        [(0.8, 4)],
    ),
    "search for the greatest": (
        "a",
        "best, place = a[0], 0\nfor i in range(1, len(a)):\n    if a[i] > best: best, place = a[i], i\nresult = best * best + place * a[place]",
        [(A,)],
    ),
    "invariant values": (
        "x, n",
        "y = np.exp(x)\nresult = 0.0\nfor i in range(n): result = result * y + np.sin(y) * np.exp(x * 0.5)",
        [(0.3, 6)],
    ),
    "vectors in a loop": (
        "a, n",
        "v = a\nfor i in range(n): v = np.sin(v) * a + v[::-1] * 0.5\nresult = np.sum(v * v)",
        [(A, 4), (A, 0)],
    ),
    "a while on a norm": (
        "a",
        "v = a\nwhile np.sum(v * v) > 0.5: v = v * 0.8 + 0.01 * np.cos(v)\nresult = v @ a",
        [(A,), (A * 0.1,)],
    ),
    "clip and extremes": (
        "a, x",
        "result = np.sum(np.clip(a, -0.5, x) * a) + max(x, a[0]) * min(x, a[1], a[2]) + np.maximum(a, x)[2]",
        [(A, 1.2)],
    ),
    "float of a comparison": ("a, x", "result = np.sum((a > x) * a) + float(x > 0) * x * x", [(A, 0.5)]),
    "rounding has no slope": (
        "x",
        "result = np.floor(x) * x + np.round(x * 3) * x * x + int(x * 5) * x + x // 0.7 * x + x % 0.7",
        [(1.3,)],
    ),
}
RETURNS: dict[str, Snippet] = {
    "early return": (
        "x",
        "if x < 0: return -x * x\ny = x * 2\nif y > 10: return np.log(y)\nreturn np.sin(x) * y",
        [(-5.0,), (2.0,), (7.0,)],
    ),
    "return in loops": (
        "a, t",
        """
        total = 0.0
        for i in range(len(a)):
            for j in range(i):
                total = total * 0.9 + a[i] * a[j]
                if total > t: return total * t
            if a[i] > 2.2: return np.sin(total)
        return total * total
        """,
        [(A, 0.4), (A, 50.0), (A[:3], 50.0)],
    ),
    "return in while": (
        "x, n",
        """
        while True:
            n -= 3
            x = np.sin(x) * 1.5 + 0.1 * n
            if n < 0: return x * n
            if x > 1.4: return x * x
        """,
        [(0.5, 10), (0.5, 9), (0.1, 2)],
    ),
    "return in the else of a loop": (
        "a, t",
        "y = t\nfor x in a:\n    y = y * x + 1\n    if x > t: break\nelse:\n    return y * y\nreturn y / t",
        [(A, 1.5), (A, 5.0)],
    ),
}


SINGULAR: dict[str, tuple[str, str, tuple[Any, ...], tuple[Any, ...]]] = {
    "root": ("x", "return np.sqrt(x) if x > 0 else 0.0 * x", (0.0,), (0.0,)),
    "root of an element": (
        "a",
        "s = 0.0\nfor x in a:\n    if x > 0: s = s + np.sqrt(x)\nreturn s",
        (np.array([0.0, 4.0, -1.0]),),
        (np.array([0.0, 0.25, 0.0]),),
    ),
    "logarithm": ("x, y", "if x > 0: return x * np.log(x)\nreturn y * x", (0.0, 1.5), (1.5, 0.0)),
    "quotient": ("x, y", "return np.sin(x) / x if x != 0.0 else 1.0 * y", (0.0, 1.5), (0.0, 1.0)),
    "where over a root": (
        "a",
        "return np.sum(np.where(a > 0, np.sqrt(a), 0.0))",
        (np.array([0.0, 4.0, -1.0]),),
        (np.array([0.0, 0.25, 0.0]),),
    ),
    "where over a quotient": (
        "a",
        "return np.sum(np.where(a == 0, 1.0, np.sin(a) / a) * a)",
        (np.array([0.0, np.pi]),),
        (np.array([1.0, -1.0]),),
    ),
    "where over a logarithm": (
        "a",
        "return np.sum(np.where(a > 0, a * np.log(a), a))",
        (np.array([0.0, 1.0]),),
        (np.array([1.0, 1.0]),),
    ),
    "where over a power": (
        "a",
        "return np.sum(np.where(a > 0, a ** 0.5, 2 * a))",
        (np.array([0.0, 4.0]),),
        (np.array([2.0, 0.25]),),
    ),
    "maximum of a root": (
        "a",
        "return np.sum(np.maximum(np.sqrt(a), 1.0))",
        (np.array([0.0, 4.0]),),
        (np.array([0.0, 0.25]),),
    ),
    "a branch without its operand": (
        "x, n",
        "y = np.sqrt(x)\nz = 1.0\nfor i in range(n): z = z * (y if i > 5 else x + 1)\nreturn z",
        (0.0, 3),
        (3.0,),
    ),
    "a mask": ("a", "a[a <= 0] = 1.0\nreturn np.sum(np.log(a))", (np.array([0.0, 4.0]),), (np.array([0.0, 0.25]),)),
    "an element overwritten": (
        "a, x",
        "b = np.log(a)\nb[0] = x\nreturn np.sum(b)",
        (np.array([0.0, 4.0]), 3.0),
        (np.array([0.0, 0.25]), 1.0),
    ),
}


@pytest.mark.parametrize("name", SNIPPETS)
def test_control_flow(name: str) -> None:
    parameters, body, cases = SNIPPETS[name]
    program = straight(parameters, body)
    check_cases(program, cases)


@pytest.mark.parametrize("name", sweep_all_but(SNIPPETS, every=6))
def test_control_flow_to_second_order(name: str) -> None:
    parameters, body, cases = SNIPPETS[name]
    check_second_order(straight(parameters, body), cases[0])


@pytest.mark.sweep
@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("name", SNIPPETS)
def test_control_flow_in_context(name: str, context: str) -> None:
    parameters, body, cases = SNIPPETS[name]
    program, first = in_context(context, parameters, body)
    check_cases(program, [(*first, *case) for case in cases])


@pytest.mark.parametrize("name", RETURNS)
def test_returns(name: str) -> None:
    parameters, body, cases = RETURNS[name]
    program = define(f"def program({parameters}):\n{textwrap.indent(textwrap.dedent(body), '    ')}\n")
    check_cases(program, cases)


@pytest.mark.parametrize("name", SINGULAR)
def test_the_path_not_taken_may_be_singular(name: str) -> None:
    """The gradient is that of the path taken, forward too: never NaN."""
    parameters, body, arguments, expected = SINGULAR[name]
    program = define(f"def program({parameters}):\n" + "\n".join(f"    {line}" for line in body.splitlines()) + "\n")
    wrt = float_arguments(arguments)
    with np.errstate(all="ignore"):
        value, gradient = value_and_gradient(program, arguments, wrt)
        np.testing.assert_allclose(float(value), program(*copy.deepcopy(arguments)), rtol=1e-13, atol=1e-15)
    for found, right in zip(gradient, expected, strict=True):
        np.testing.assert_allclose(np.asarray(found), right, rtol=1e-13, atol=1e-15)
    direction = tuple(random_like(arguments[place], np.random.default_rng(1)) for place in wrt)
    tangent = directional(program, arguments, wrt)(*copy.deepcopy(arguments), *direction)
    np.testing.assert_allclose(float(tangent), inner(expected, direction), rtol=1e-13)
