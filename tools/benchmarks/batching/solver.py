"""Loops whose number of trips is not known before, over small vectors, and derivatives through such loops by lane."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import hloc
from tools.benchmarks.batching.case import JAX, ONE, Case


def adaptive(y, p, end, tolerance):
    """Predator and prey by Bogacki and Shampine's pair of orders 3 and 2: the state at the end, and the trials."""

    def slope(y):
        return np.array([p[0] * y[0] - p[1] * y[0] * y[1], p[2] * y[0] * y[1] - p[3] * y[1]])

    t, h, trials = 0.0, 0.01, 0
    while t < end:
        h = min(h, end - t)
        k1 = slope(y)
        k2 = slope(y + 0.5 * h * k1)
        k3 = slope(y + 0.75 * h * k2)
        new = y + h / 9.0 * (2.0 * k1 + 3.0 * k2 + 4.0 * k3)
        k4 = slope(new)
        difference = h / 72.0 * (-5.0 * k1 + 6.0 * k2 + 8.0 * k3 - 9.0 * k4)
        error = np.sqrt((difference * difference).sum()) / tolerance
        if error <= 1.0:
            t, y = t + h, new
        h = h * min(5.0, max(0.2, 0.9 * error ** (-1.0 / 3.0)))
        trials += 1
    return y, trials


def adaptive_jax(y, p, end, tolerance):
    def slope(y):
        return jnp.array([p[0] * y[0] - p[1] * y[0] * y[1], p[2] * y[0] * y[1] - p[3] * y[1]])

    def step(carry):
        t, h, y, trials = carry
        h = jnp.minimum(h, end - t)
        k1 = slope(y)
        k2 = slope(y + 0.5 * h * k1)
        k3 = slope(y + 0.75 * h * k2)
        new = y + h / 9.0 * (2.0 * k1 + 3.0 * k2 + 4.0 * k3)
        k4 = slope(new)
        difference = h / 72.0 * (-5.0 * k1 + 6.0 * k2 + 8.0 * k3 - 9.0 * k4)
        error = jnp.sqrt((difference * difference).sum()) / tolerance
        good = error <= 1.0
        t, y = jnp.where(good, t + h, t), jnp.where(good, new, y)
        return t, h * jnp.minimum(5.0, jnp.maximum(0.2, 0.9 * error ** (-1.0 / 3.0))), y, trials + 1

    _, _, y, trials = lax.while_loop(lambda carry: carry[0] < end, step, (0.0, 0.01, y, 0))
    return y, trials


def settled(x, rate):
    """A loop of unknown length, to be differentiated."""
    while x > 0.1:
        x = x - rate * np.sin(x) * x
    return x * x


def settled_gradients(strategy):
    return hloc.vmap(hloc.value_and_grad(settled, argnums=(0, 1)), strategy=strategy)


def settled_scan(most: int) -> Callable[..., Any]:
    """For jax, which has no reverse mode for `while_loop`: √most checkpointed pieces of √most steps, those after the
    end without effect."""
    root = math.isqrt(most - 1) + 1

    def run(x, rate):
        def guarded(x, _):
            return lax.cond(x > 0.1, lambda x: x - rate * jnp.sin(x) * x, lambda x: x, x), None

        def piece(x, _):
            return lax.scan(guarded, x, None, length=root)[0], None

        x, _ = lax.scan(jax.checkpoint(piece), x, None, length=root)
        return x * x

    return run


def steps_until_settled(x, rate):
    steps = np.zeros(len(x), np.int64)
    x = x.copy()
    while np.any(x > 0.1):
        steps += x > 0.1
        x = np.where(x > 0.1, x - rate * np.sin(x) * x, x)
    return steps


def cases(scale: float) -> Iterator[Case]:
    random = np.random.default_rng(23)
    lanes, each = max(4, int(256 * scale)), ("serial", "lockstep")
    y, end = np.array([10.0, 5.0]) * (1.0 + 0.2 * random.random((lanes, 2))), 10.0 * scale
    p = np.array([1.5, 1.0, 1.0, 3.0]) * (1.0 + 0.5 * random.random((lanes, 4)))
    yield Case(
        "predator and prey, adaptive steps",
        lanes,
        adaptive,
        (y, p, end, 1e-5),
        (0, 0, None, None),
        jax.vmap(adaptive_jax, (0, 0, None, None)),
        strategies=each,
        bars={ONE: 1.0},
        trips=lambda y, p, end, tolerance, result: np.asarray(result[1]),
        alone=True,
    )
    x, rate = 1.0 + 2.0 * random.random(lanes), 0.02 / scale * (1.0 + 3.0 * random.random(lanes))
    most = int(steps_until_settled(x, rate).max())
    yield Case(
        "gradient of a `while`",
        lanes,
        settled,
        (x, rate),
        (0, 0),
        jax.vmap(jax.value_and_grad(settled_scan(most), argnums=(0, 1))),
        made=settled_gradients,
        strategies=each,
        bars={JAX: 1 / 3},
        trips=lambda x, rate, result: steps_until_settled(x, rate),
    )
