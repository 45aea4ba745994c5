"""Programs over arrays in each lane, and gradients of networks. What jax runs unchanged has one form."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

import hloc
from tools.benchmarks.against_numpy import over_jax
from tools.benchmarks.batching.case import JAX, Case

SAME = 1.05
"""Not slower than jax, but for what two runs differ by."""


def wave(x, scale):
    return np.sin(scale * x) * np.exp(-0.5 * x * x) + scale


def network(w1, b1, w2, b2, x):
    return w2 @ np.tanh(w1 @ x + b1) + b2


def network_loss(w1, b1, w2, b2, x, y):
    error = w2 @ np.tanh(w1 @ x + b1) + b2 - y
    return (error * error).mean()


def solution(a, b):
    """A symmetric system by Cholesky's factors: the solution, and the logarithm of the determinant."""
    low = np.linalg.cholesky(a)
    z = np.linalg.solve(low, b)
    return np.linalg.solve(low.T, z), 2.0 * np.log(np.diagonal(low)).sum()


def solution_jax(a, b):
    low = jnp.linalg.cholesky(a)
    z = jax.scipy.linalg.solve_triangular(low, b, lower=True)
    return jax.scipy.linalg.solve_triangular(low.T, z, lower=False), 2.0 * jnp.log(jnp.diagonal(low)).sum()


WEIGHTS = (None, None, None, None)


def example_gradients(strategy):
    return hloc.vmap(hloc.grad(network_loss, argnums=(0, 1, 2, 3)), in_axes=(*WEIGHTS, 0, 0), strategy=strategy)


def example_gradients_jax(w1, b1, w2, b2, x, y):
    return jax.vmap(jax.grad(over_jax(network_loss), argnums=(0, 1, 2, 3)), (*WEIGHTS, 0, 0))(w1, b1, w2, b2, x, y)


def mean_loss_gradient(strategy):
    def mean_loss(w1, b1, w2, b2, x, y):
        return np.mean(hloc.vmap(network_loss, in_axes=(*WEIGHTS, 0, 0), strategy=strategy)(w1, b1, w2, b2, x, y))

    return hloc.value_and_grad(mean_loss, argnums=(0, 1, 2, 3))


def mean_loss_gradient_jax(w1, b1, w2, b2, x, y):
    def mean_loss(w1, b1, w2, b2):
        return jax.vmap(over_jax(network_loss), (*WEIGHTS, 0, 0))(w1, b1, w2, b2, x, y).mean()

    return jax.value_and_grad(mean_loss, argnums=(0, 1, 2, 3))(w1, b1, w2, b2)


def cases(scale: float) -> Iterator[Case]:
    random = np.random.default_rng(20)

    def size(n: int) -> int:
        return max(3, int(n * scale))

    lanes, n = size(256), size(1000)
    x, factors = random.normal(size=(lanes, n)), random.random(lanes)
    axes: tuple[int | None, ...] = (0, 0)
    form = jax.vmap(over_jax(wave), axes)
    yield Case(f"sine and exponential, vectors of {n}", lanes, wave, (x, factors), axes, form, bars={JAX: SAME})
    lanes, wide, hidden, out = size(256), size(64), size(128), size(10)
    w1, w2 = random.normal(size=(hidden, wide)) / 8.0, random.normal(size=(out, hidden)) / 8.0
    weights = (w1, random.normal(size=hidden), w2, random.normal(size=out))
    x, y = random.normal(size=(lanes, wide)), random.normal(size=(lanes, out))
    shapes = f"{wide}-{hidden}-{out}"
    axes = (*WEIGHTS, 0)
    form = jax.vmap(over_jax(network), axes)
    yield Case(f"network {shapes}", lanes, network, (*weights, x), axes, form, bars={JAX: SAME})
    few, n = size(256), size(32)
    parts = random.normal(size=(few, n, n))
    matrices, right = parts @ parts.transpose(0, 2, 1) + n * np.eye(n), random.normal(size=(few, n))
    form = jax.vmap(solution_jax)
    yield Case(f"solution by Cholesky, {n}×{n}", few, solution, (matrices, right), (0, 0), form, bars={JAX: SAME})
    axes = (*WEIGHTS, 0, 0)
    yield Case(
        f"gradient of each example, network {shapes}",
        lanes,
        network_loss,
        (*weights, x, y),
        axes,
        example_gradients_jax,
        made=example_gradients,
        bars={JAX: SAME},
    )
    yield Case(
        f"gradient of the mean over lanes, network {shapes}",
        lanes,
        network_loss,
        (*weights, x, y),
        axes,
        mean_loss_gradient_jax,
        made=mean_loss_gradient,
        bars={JAX: SAME},
    )
