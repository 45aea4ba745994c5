"""Derivatives beside those of JAX, where JAX can write the program down."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hloc

from . import textbook
from .agreement import leaves

jax = pytest.importorskip("jax")
lax, jnp = jax.lax, jax.numpy


@pytest.fixture(autouse=True)
def double_precision() -> Any:
    with jax.enable_x64(True):
        yield


def horner(coefficients: Any, x: Any) -> Any:
    return lax.fori_loop(0, len(coefficients), lambda k, r: r * x + coefficients[k], 0.0) ** 2


def perceptron(weights: Any, biases: Any, x: Any, y: Any) -> Any:
    h = x
    for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
        h = h @ w + b
        if i < len(weights) - 1:
            h = jnp.maximum(h, 0.0) + 0.1 * jnp.tanh(h)
    return jnp.mean((h - y) ** 2)


def attention(q: Any, k: Any, v: Any) -> Any:
    scores = jnp.where(jnp.tri(len(q)) > 0, q @ k.T / np.sqrt(q.shape[1]), -jnp.inf)
    return jnp.sum((jax.nn.softmax(scores, axis=-1) @ v) ** 2)


def lstm(w: Any, b: Any, xs: Any, n: int) -> Any:
    def step(state: Any, x: Any) -> Any:
        h, c = state
        i, f, g, o = jnp.split(w @ jnp.concatenate([x, h]) + b, 4)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jnp.tanh(c) * jax.nn.sigmoid(o), c), None

    (h, c), _ = lax.scan(step, (jnp.zeros(n), jnp.zeros(n)), xs)
    return jnp.sum(h * c)


def softmax_regression(w: Any, x: Any, labels: Any) -> Any:
    return -jnp.mean(jax.nn.log_softmax(x @ w, axis=1)[jnp.arange(len(labels)), labels])


def forward_algorithm(start: Any, transition: Any, emission: Any, symbols: Any) -> Any:
    def step(state: Any, s: Any) -> Any:
        alpha, total = state
        alpha = (alpha @ jnp.exp(transition)) * jnp.exp(jnp.asarray(emission)[:, s])
        return (alpha / alpha.sum(), total + jnp.log(alpha.sum())), None

    first = jnp.exp(start) * jnp.exp(emission[:, symbols[0]])
    return lax.scan(step, (first, 0.0), symbols[1:])[0][1]


def gaussian_process(x: Any, y: Any, length: Any, noise: Any) -> Any:
    k = jnp.exp(-((x[:, None] - x[None, :]) ** 2) / (2 * length**2)) + noise * jnp.eye(len(x))
    return 0.5 * y @ jnp.linalg.solve(k, y) + jnp.linalg.slogdet(k)[1] / 2


def power_iteration(a: Any, v: Any, steps: int) -> Any:
    v = lax.fori_loop(0, steps, lambda _, v: (a @ v) / jnp.linalg.norm(a @ v), v)
    return v @ a @ v


def heat_equation(u: Any, k: Any, steps: int) -> Any:
    def step(_: int, u: Any) -> Any:
        u = u.at[1:-1].add(k * (u[2:] - 2 * u[1:-1] + u[:-2]))
        return u.at[0].set(u[1]).at[-1].set(u[-2])

    u = lax.fori_loop(0, steps, step, u)
    return jnp.sum(u * u) + u[2]


def layer_norm(x: Any, gain: Any, bias: Any) -> Any:
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return jnp.sum(jnp.sin((x - mean) / jnp.sqrt(variance + 1e-5) * gain + bias))


PROGRAMS: list[tuple[Callable[..., Any], tuple[int, ...]]] = [
    (horner, (0, 1)),
    (perceptron, (0, 1, 2, 3)),
    (attention, (0, 1, 2)),
    (lstm, (0, 1, 2)),
    (softmax_regression, (0, 1)),
    (forward_algorithm, (0, 1, 2)),
    (gaussian_process, (0, 1, 2, 3)),
    (power_iteration, (0, 1)),
    (heat_equation, (0, 1)),
    (layer_norm, (0, 1, 2)),
]
HESSIANS = ("horner", "heat_equation", "forward_algorithm", "gaussian_process")


@pytest.mark.parametrize(("peer", "wrt"), PROGRAMS, ids=[peer.__name__ for peer, _ in PROGRAMS])
def test_gradient(peer: Callable[..., Any], wrt: tuple[int, ...]) -> None:
    function, arguments, _ = textbook.PROGRAMS[peer.__name__]
    value, gradient = hloc.value_and_grad(function, argnums=wrt)(*copy.deepcopy(arguments))
    right, slopes = jax.value_and_grad(peer, argnums=wrt)(*arguments)
    np.testing.assert_allclose(float(value), float(right), rtol=1e-12)
    assert len(jax.tree.leaves(slopes)) >= len(wrt)
    for found, slope in zip(leaves(gradient), jax.tree.leaves(slopes), strict=True):
        np.testing.assert_allclose(found, slope, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", HESSIANS)
def test_hessian(name: str) -> None:
    function, (x, *rest), _ = textbook.PROGRAMS[name]
    peer = next(peer for peer, _ in PROGRAMS if peer.__name__ == name)
    np.testing.assert_allclose(
        hloc.hessian(function)(x.copy(), *rest), jax.hessian(peer)(x, *rest), rtol=1e-9, atol=1e-10
    )
