"""Series and dynamic loops: filters, likelihoods over time, solvers that end when the data say so."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tools.benchmarks.derivatives.case import IN_PLACE, Case


def kalman(a, q, x, series):
    """Minus the log likelihood of a series of pairs: state of four, the first two seen with noise 1."""
    p = np.eye(4)
    total = 0.0
    for t in range(series.shape[0]):
        x = a @ x
        p = a @ p @ a.T + q
        s = p[:2, :2] + np.eye(2)
        error = series[t] - x[:2]
        gain = np.linalg.solve(s, p[:2, :]).T
        total += 0.5 * (error @ np.linalg.solve(s, error) + np.log(np.linalg.det(s)))
        x = x + gain @ error
        p = p - gain @ p[:2, :]
    return total


def kalman_jax(a, q, x, series):
    def step(carry, seen):
        x, p = carry
        x = a @ x
        p = a @ p @ a.T + q
        s = p[:2, :2] + jnp.eye(2)
        error = seen - x[:2]
        gain = jnp.linalg.solve(s, p[:2, :]).T
        loss = 0.5 * (error @ jnp.linalg.solve(s, error) + jnp.log(jnp.linalg.det(s)))
        return (x + gain @ error, p - gain @ p[:2, :]), loss

    return lax.scan(step, (x, jnp.eye(4)), series)[1].sum()


def hidden_markov(transitions, emissions):
    """The log likelihood of a hidden Markov model by sums of exponentials over time."""
    alpha = emissions[0]
    for t in range(1, emissions.shape[0]):
        table = alpha[:, None] + transitions
        highest = table.max(axis=0)
        alpha = np.log(np.exp(table - highest).sum(axis=0)) + highest + emissions[t]
    top = alpha.max()
    return np.log(np.exp(alpha - top).sum()) + top


def hidden_markov_jax(transitions, emissions):
    def step(alpha, seen):
        return jax.nn.logsumexp(alpha[:, None] + transitions, axis=0) + seen, None

    return jax.nn.logsumexp(lax.scan(step, emissions[0], emissions[1:])[0])


def adaptive(y, p, end, tolerance):
    """Predator and prey by Bogacki and Shampine's pair of orders 3 and 2, with steps as the error allows."""
    t = 0.0
    h = 0.01
    while t < end:
        h = min(h, end - t)
        k1 = lotka_volterra(y, p)
        k2 = lotka_volterra(y + 0.5 * h * k1, p)
        k3 = lotka_volterra(y + 0.75 * h * k2, p)
        new = y + h / 9.0 * (2.0 * k1 + 3.0 * k2 + 4.0 * k3)
        k4 = lotka_volterra(new, p)
        difference = h / 72.0 * (-5.0 * k1 + 6.0 * k2 + 8.0 * k3 - 9.0 * k4)
        error = np.sqrt((difference * difference).sum()) / tolerance
        if error <= 1.0:
            t = t + h
            y = new
        h = h * min(5.0, max(0.2, 0.9 * error ** (-1.0 / 3.0)))
    return (y * y).sum()


def lotka_volterra(y, p):
    return np.array([p[0] * y[0] - p[1] * y[0] * y[1], p[2] * y[0] * y[1] - p[3] * y[1]])


def adaptive_scan(most: int, checkpoint: bool) -> Callable[..., object]:
    """For jax: as many steps as may be needed, those after the end without effect; perhaps in checkpointed pieces."""

    def slope(y, p):
        return jnp.array([p[0] * y[0] - p[1] * y[0] * y[1], p[2] * y[0] * y[1] - p[3] * y[1]])

    def step(p, end, tolerance, carry):
        t, h, y = carry
        h = jnp.minimum(h, end - t)
        k1 = slope(y, p)
        k2 = slope(y + 0.5 * h * k1, p)
        k3 = slope(y + 0.75 * h * k2, p)
        new = y + h / 9.0 * (2.0 * k1 + 3.0 * k2 + 4.0 * k3)
        k4 = slope(new, p)
        difference = h / 72.0 * (-5.0 * k1 + 6.0 * k2 + 8.0 * k3 - 9.0 * k4)
        error = jnp.sqrt((difference * difference).sum()) / tolerance
        good = error <= 1.0
        t, y = jnp.where(good, t + h, t), jnp.where(good, new, y)
        return t, h * jnp.minimum(5.0, jnp.maximum(0.2, 0.9 * error ** (-1.0 / 3.0))), y

    def run(y, p, end, tolerance):
        def guarded(carry, _):
            return lax.cond(carry[0] < end, lambda c: step(p, end, tolerance, c), lambda c: c, carry), None

        def piece(carry, _):
            return lax.scan(guarded, carry, None, length=root)[0], None

        root = math.isqrt(most) if checkpoint else most
        start = (0.0, 0.01, y)
        if checkpoint:
            _, _, y = lax.scan(jax.checkpoint(piece), start, None, length=-(-most // root))[0]
        else:
            _, _, y = lax.scan(guarded, start, None, length=most)[0]
        return (y * y).sum()

    return run


def relaxation(y, p, end):
    """A dynamic loop over a vector: how often it turns depends on a number."""
    t = 0.0
    while t < end:
        y = y + 0.001 * np.sin(y) * p
        t = t + 1.0
    return (y * y).sum()


def relaxation_scan(most: int, checkpoint: bool) -> Callable[..., object]:
    def run(y, p, end):
        def step(carry):
            t, y = carry
            return t + 1.0, y + 0.001 * jnp.sin(y) * p

        def guarded(carry, _):
            return lax.cond(carry[0] < end, step, lambda c: c, carry), None

        def piece(carry, _):
            return lax.scan(guarded, carry, None, length=root)[0], None

        root = math.isqrt(most) if checkpoint else most
        if checkpoint:
            y = lax.scan(jax.checkpoint(piece), (0.0, y), None, length=-(-most // root))[0][1]
        else:
            y = lax.scan(guarded, (0.0, y), None, length=most)[0][1]
        return (y * y).sum()

    return run


def cases(scale: float) -> Iterator[Case]:
    random = np.random.default_rng(2)

    def size(n: int) -> int:
        return max(4, int(n * scale))

    a = np.eye(4) + 0.1 * np.eye(4, k=2)
    seen = random.standard_normal((size(200), 2)).cumsum(axis=0)
    yield Case(
        "Kalman filter, 200 steps",
        kalman,
        kalman_jax,
        (a, 0.1 * np.eye(4), np.zeros(4), seen),
        (0, 1),
        (a, 0.1 * np.eye(4), np.zeros(4), np.tile(seen, (10, 1))),
        not_slower=True,
    )
    emissions = random.standard_normal((size(200), 32))
    yield Case(
        "hidden Markov model, 200 steps, 32 states",
        hidden_markov,
        hidden_markov_jax,
        (random.standard_normal((32, 32)), emissions),
        (0, 1),
        (random.standard_normal((32, 32)), np.tile(emissions, (10, 1))),
    )
    y, p, end = np.array([10.0, 5.0]), np.array([1.5, 1.0, 1.0, 3.0]), 10.0 * scale
    most = 2 ** math.ceil(math.log2(700 * scale + 40))
    yield Case(
        "adaptive Runge-Kutta, about 600 steps",
        adaptive,
        adaptive_scan(most, checkpoint=False),
        (y, p, end, 1e-5),
        (0, 1),
        (y, p, 10 * end, 1e-5),
        beside=(("checkpointed", adaptive_scan(most, checkpoint=True)),),
        not_slower=True,
    )
    y, p = random.standard_normal((2, 64))
    steps = size(10_000)
    yield Case(
        "dynamic while, 10k steps, 64-vector",
        relaxation,
        relaxation_scan(2 ** math.ceil(math.log2(steps)), checkpoint=False),
        (y, p, float(steps)),
        (0, 1),
        (y, p, 10.0 * steps),
        IN_PLACE,
        beside=(("checkpointed", relaxation_scan(2 ** math.ceil(math.log2(steps)), checkpoint=True)),),
    )
