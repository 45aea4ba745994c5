"""The same programs written with jax.vmap: values, and gradients for each example."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hloc

jax: Any = pytest.importorskip("jax")
jnp: Any = jax.numpy
RNG = np.random.default_rng(5)


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def network(np):
    def loss(w1, b1, w2, x, y):
        h = np.tanh(w1 @ x + b1)
        z = w2 @ h
        z = z - np.max(z)
        return np.log(np.sum(np.exp(z))) - z @ y

    return loss


def attention(np):
    def heads(q, k, v):
        scores = q @ k.T / np.sqrt(q.shape[-1])
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.sum((scores / scores.sum(axis=1, keepdims=True)) @ v * v)

    return heads


def gaussian(np):
    def density(mean, root, x):
        covariance = root @ root.T + np.eye(3)
        d = x - mean
        return -0.5 * d @ np.linalg.solve(covariance, d) - 0.5 * np.log(np.linalg.det(covariance))

    return density


def ragged_sum(np):
    def total(x, n):
        return np.sum(np.where(np.arange(6) < n, np.sqrt(x * x + 1.0), 0.0)) * np.sort(x)[2]

    return total


normal = RNG.standard_normal
PROGRAMS = {
    "network": (network, (normal((4, 3)), normal(4), normal((2, 4)), normal((7, 3)), np.eye(2)[[0, 1, 1, 0, 1, 0, 0]]), (None, None, None, 0, 0), (0, 1, 2)),
    "network in columns": (network, (normal((7, 4, 3)), normal(4), normal((2, 4)), normal((3, 7)), np.eye(2)[[0, 1, 1, 0, 1, 0, 0]]), (0, None, None, 1, 0), (0, 1, 3)),
    "attention": (attention, (normal((5, 4, 3)), normal((5, 4, 3)), normal((4, 3))), (0, 0, None), (0, 1, 2)),
    "gaussian": (gaussian, (normal(3), normal((6, 3, 3)), normal((6, 3))), (None, 0, 0), (0, 1, 2)),
    "where": (ragged_sum, (normal((5, 6)), np.array([0, 6, 1, 3, 2])), (0, 0), (0,)),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_values_and_gradients(name: str) -> None:
    make, arguments, in_axes, wrt = PROGRAMS[name]
    ours, theirs = make(np), make(jnp)
    np.testing.assert_allclose(
        np.asarray(hloc.vmap(ours, in_axes)(*arguments)), jax.vmap(theirs, in_axes)(*arguments), rtol=1e-10, atol=1e-12
    )
    found = hloc.vmap(hloc.grad(ours, argnums=wrt), in_axes)(*arguments)
    expected = jax.vmap(jax.grad(theirs, argnums=wrt), in_axes)(*arguments)
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.asarray(f), e, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", ["network", "gaussian"])
def test_gradients_of_means(name: str) -> None:
    make, arguments, in_axes, wrt = PROGRAMS[name]
    ours, theirs = make(np), make(jnp)
    found = hloc.grad(lambda *a: np.mean(hloc.vmap(ours, in_axes)(*a)), argnums=wrt)(*arguments)
    expected = jax.grad(lambda *a: jnp.mean(jax.vmap(theirs, in_axes)(*a)), argnums=wrt)(*arguments)
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.asarray(f), e, rtol=1e-9, atol=1e-11)


def test_a_while_loop_with_a_conditional() -> None:
    """What does not end in jax (issue 2947) ends here; where jax has an answer, it is the same one."""

    def steps(x):
        k = 0
        while x < 10.0:
            x = x * 2.0 if x > 1.0 else x + 1.5
            k += 1
        return x, k

    def theirs(x):
        def body(state):
            x, k = state
            return jax.lax.cond(x > 1.0, lambda v: v * 2.0, lambda v: v + 1.5, x), k + 1

        return jax.lax.while_loop(lambda state: state[0] < 10.0, body, (x, 0))

    x = np.array([0.5, 11.0, -7.0, 3.0])
    for f, e in zip(hloc.vmap(steps)(x), jax.vmap(theirs)(x), strict=True):
        np.testing.assert_allclose(np.asarray(f), e)
