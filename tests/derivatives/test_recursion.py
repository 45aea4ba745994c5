"""Derivatives of recursive functions, compiled."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

import numpy as np
import pytest

import hloc
from hloc.emit.lint import find_copies
from tests.transform.smooth_recursion import PROGRAMS

COMPILED = ["power", "tree", "simpson", "products", "pendulum", "mutual", "calls_in_loops", "whiles", "run_again"]
STEP = 1e-6


@pytest.mark.parametrize("name", COMPILED)
def test_gradient_is_the_limit_of_differences(name: str) -> None:
    function, arguments = PROGRAMS[name]
    count = len(list(takewhile(lambda a: np.asarray(a).dtype.kind == "f", arguments)))
    rng = np.random.default_rng(1)
    directions = [rng.standard_normal(np.shape(x)) for x in arguments[:count]]

    def at(h: float) -> Any:
        return function(*(x + h * t for x, t in zip(arguments, directions, strict=False)), *arguments[count:])

    value, found = hloc.value_and_grad(function, argnums=tuple(range(count)))(*arguments)
    np.testing.assert_allclose(value, at(0.0), rtol=1e-12)
    slope = sum(np.sum(np.asarray(g) * t) for g, t in zip(found, directions, strict=True))
    np.testing.assert_allclose(slope, (at(STEP) - at(-STEP)) / (2 * STEP), rtol=1e-5, atol=1e-7)


def cubes(x, n):
    """x ** (3 ** n), whose derivatives are known."""
    if n <= 0:
        return x
    y = cubes(x, n - 1)
    return y * y * y


def both(x, n):
    """The same with two calls."""
    if n <= 0:
        return x
    return both(x, n - 1) * both(x * x, n - 1)


@pytest.mark.parametrize("function", [cubes, both])
def test_every_order(function) -> None:
    x, power = 1.1, 9
    assert function(x, 2) == pytest.approx(x**power)
    derivative, expected = function, x**power
    for order in range(1, 4):
        derivative = hloc.grad(derivative) if order % 2 else hloc.jacfwd(derivative)
        expected *= (power - order + 1) / x
        np.testing.assert_allclose(derivative(x, 2), expected, rtol=1e-12)


def test_linear_maps_of_a_recursive_function() -> None:
    arguments = PROGRAMS["tree"][1]
    function = PROGRAMS["tree"][0]

    def of_values(v):
        return function(arguments[0], v, *arguments[2:])

    v = arguments[1]
    t = np.random.default_rng(2).standard_normal(v.shape)
    value, pullback = hloc.vjp(of_values, v)
    same, pushforward = hloc.linearize(of_values, v)
    _, tangent = hloc.jvp(of_values, (v,), (t,))
    assert value == same
    np.testing.assert_allclose(pushforward(t), tangent, rtol=1e-12)
    np.testing.assert_allclose(np.sum(np.asarray(pullback(1.0)[0]) * t), tangent, rtol=1e-12)


@pytest.mark.parametrize("name", ["power", "tree", "simpson", "quicksort"])
def test_no_array_is_copied_in_loops(name: str) -> None:
    function, arguments = PROGRAMS[name]
    arguments = tuple(np.resize(a, 500) if np.shape(a) == (7,) else a for a in arguments)
    assert not find_copies(hloc.grad(function).lower(*arguments).compile().optimized_hlo)


def test_logs_grow_with_the_recursion() -> None:
    """More activations than rows at first; the function remembers."""
    gradient = hloc.grad(PROGRAMS["power"][0])
    for n in (10, 6000, 10):
        x, step = 1.3, 1e-7
        slope = (PROGRAMS["power"][0](x + step, min(n, 500)) - PROGRAMS["power"][0](x - step, min(n, 500))) / (2 * step)
        np.testing.assert_allclose(gradient(x, n), slope, rtol=1e-5)


def test_source_is_recursive() -> None:
    text = hloc.grad(cubes).source(1.1, 2)
    assert text.count("cubes_fwd(") == 3
    assert text.count("cubes_bwd(") == 3
    scope: dict[str, Any] = {}
    exec(compile(text, "source", "exec"), scope)
    (name,) = (n for n in scope if n.endswith("cubes") or n == "cubes")
    np.testing.assert_allclose(scope[name](1.1, 2), 9 * 1.1**8, rtol=1e-12)
