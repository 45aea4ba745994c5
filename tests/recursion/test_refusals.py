"""Recursion that cannot be compiled is refused, with the reason."""

from __future__ import annotations

import numpy as np
import pytest

import hloc
from tests.language.agreement import define

A = np.arange(4.0)
NEVER_ENDS = {
    "itself": ("def f(n): return f(n - 1) + 1", "f never ends", ["f calls f at"]),
    "with effects": ("def f(n):\n    print(n)\n    f(n - 1)\n    return n", "f never ends", ["f calls f at"]),
    "same arguments": ("def f(n): return g(n, 3)\ndef g(n, k): return g(n, k) * k", "g never ends", ["g calls g at"]),
    "lambda": ("def f(n):\n    g = lambda n: g(n + 1)\n    return g(n)", "<lambda> never ends", []),
    "mutual": (
        "def f(n): return g(n) + 1\ndef g(n): return f(n - 1) if n > 3 else f(n + 1)",
        "never ends",
        ["f calls g calls f at"],
    ),
}


@pytest.mark.parametrize("name", NEVER_ENDS)
def test_what_never_ends(name: str) -> None:
    source, message, notes = NEVER_ENDS[name]
    with pytest.raises(hloc.UnsupportedError) as caught:
        hloc.compile(define(f"{source}\ndef program(n): return f(n)\n"))(3)
    text = str(caught.value)
    assert message in text
    assert "every path through it calls it again" in text
    for note in notes:
        assert note in text
    assert "help: return before the call where the recursion is to end" in text


EVER_NEW = {
    "arrays": "def f(a, n): return a if n == 0 else f(np.concatenate((a, a)), n - 1)",
    "tuples": "def f(t, n): return 0 if n == 0 else f((t, n), n - 1)",
    "strings": "def f(x, n, s=''): return 0 if n == 0 else f(x, n - 1, s + 'a')",
    "lists": "def f(v, n):\n    v = [1]\n    def g(n):\n        if n > 0:\n            v.append(n)\n            g(n - 1)\n    g(n)\n    return v",
}


@pytest.mark.parametrize("name", EVER_NEW)
def test_arguments_of_ever_new_kinds(name: str) -> None:
    argument = {"arrays": A, "tuples": 1, "strings": 1, "lists": 1}[name]
    with pytest.raises(hloc.CompileError) as caught:
        hloc.compile(define(f"{EVER_NEW[name]}\ndef program(x, n): return f(x, n)\n"))(argument, 3)
    assert "ever new kinds" in str(caught.value)


NO_TYPE = {
    "tuple or number": "def f(n): return 1 if n == 0 else (f(n - 1),)",
    "growing array": "def f(n): return np.zeros(2) if n == 0 else np.concatenate((f(n - 1), np.ones(2)))",
    "growing list": "def f(n): return [] if n == 0 else f(n - 1) + [n]",
    "growing dict": "def f(n):\n    if n == 0: return {}\n    d = f(n - 1)\n    d['x'] = n\n    return d",
}


@pytest.mark.parametrize("name", NO_TYPE)
def test_results_without_a_type(name: str) -> None:
    with pytest.raises(hloc.DTypeError, match=r"on one path and .* on another"):
        hloc.compile(define(f"{NO_TYPE[name]}\ndef program(n): return f(n)\n"))(3)
