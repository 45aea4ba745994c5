"""Gradients of recursive functions against JAX, where a loop says the same."""

from __future__ import annotations

import numpy as np
import pytest

import hloc

jax = pytest.importorskip("jax")
jnp = jax.numpy


@pytest.fixture(autouse=True)
def doubles():
    with jax.enable_x64(True):
        yield


def power(x, n):
    return 1.0 if n == 0 else x * power(x, n - 1)


def horner(c, x, i):
    return 0.0 if i == len(c) else c[i] + x * horner(c, x, i + 1)


def logistic_map(r, x, n):
    return x if n == 0 else logistic_map(r, r * x * (1 - x), n - 1)


def pendulum(y, length, h, n):
    """Euler's method; y: angle and speed."""
    if n == 0:
        return y[0] ** 2 + y[1] ** 2
    return pendulum(y + h * np.array([y[1], -9.81 / length * np.sin(y[0])]), length, h, n - 1)


def recurrent(w, u, xs, t):
    """The state after t steps of a network."""
    if t == 0:
        return np.zeros(3)
    return np.tanh(w @ recurrent(w, u, xs, t - 1) + u * xs[t - 1])


def recurrent_loss(w, u, xs):
    return (recurrent(w, u, xs, len(xs)) ** 2).sum()


def jax_recurrent_loss(w, u, xs):
    state, _ = jax.lax.scan(lambda s, x: (jnp.tanh(w @ s + u * x), None), jnp.zeros(3), xs)
    return (state**2).sum()


def loop(step, start, n):
    return jax.lax.fori_loop(0, n, lambda _, state: step(state), start)


DRAW = np.random.default_rng(0)
CASES = {
    "power": (power, lambda x, n: loop(lambda s: s * x, 1.0, n), (1.3, 7), (0,)),
    "horner": (
        lambda c, x: horner(c, x, 0),
        lambda c, x: jnp.polyval(c[::-1], x),
        (DRAW.normal(size=6), 0.7),
        (0, 1),
    ),
    "logistic map": (
        logistic_map,
        lambda r, x, n: loop(lambda s: r * s * (1 - s), x, n),
        (3.7, 0.4, 12),
        (0, 1),
    ),
    "pendulum": (
        pendulum,
        lambda y, length, h, n: (
            loop(lambda s: s + h * jnp.array([s[1], -9.81 / length * jnp.sin(s[0])]), y, n) ** 2
        ).sum(),
        (np.array([0.5, 0.1]), 2.0, 0.01, 40),
        (0, 1, 2),
    ),
    "recurrent network": (
        recurrent_loss,
        jax_recurrent_loss,
        (DRAW.normal(size=(3, 3)), DRAW.normal(size=3), DRAW.normal(size=8)),
        (0, 1, 2),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_gradient(name: str) -> None:
    function, theirs, arguments, argnums = CASES[name]
    numbers = [n for n, a in enumerate(arguments) if isinstance(a, int)]
    value, found = hloc.value_and_grad(function, argnums=argnums)(*arguments)
    static = jax.jit(theirs, static_argnums=tuple(numbers))
    expected = jax.grad(static, argnums=argnums)(*arguments)
    np.testing.assert_allclose(value, static(*arguments), rtol=1e-12)
    for ours, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, right, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", ["power", "logistic map"])
def test_second_derivative(name: str) -> None:
    function, theirs, arguments, _ = CASES[name]
    last = len(arguments) - 1
    ours = hloc.grad(hloc.grad(function))(*arguments)
    right = jax.grad(jax.grad(jax.jit(theirs, static_argnums=last)))(*arguments)
    np.testing.assert_allclose(ours, right, rtol=1e-9)
