"""Loops over numbers, as Python for hloc and with jax's loops."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import jax.numpy as jnp
import numpy as np
from jax import lax

from tools.benchmarks.derivatives.case import SCALAR_LOOP, Case


def logistic_map(x, r, n):
    for _ in range(n):
        x = r * x * (1.0 - x)
    return x


def logistic_map_jax(x, r, n):
    return lax.fori_loop(0, n, lambda _, x: r * x * (1.0 - x), x)


def newton_roots(a, n):
    total = 0.0
    for i in range(n):
        x = a + i
        y = x
        for _ in range(6):
            y = 0.5 * (y + x / y)
        total += y
    return total


def newton_roots_jax(a, n):
    def add_root(i, total):
        x = a + i
        return total + lax.fori_loop(0, 6, lambda _, y: 0.5 * (y + x / y), x)

    return lax.fori_loop(0, n, add_root, 0.0)


def runge_kutta(y, rate, n):
    h = 10.0 / n
    for i in range(n):
        t = i * h
        k1 = math.sin(t) - rate * y
        k2 = math.sin(t + 0.5 * h) - rate * (y + 0.5 * h * k1)
        k3 = math.sin(t + 0.5 * h) - rate * (y + 0.5 * h * k2)
        k4 = math.sin(t + h) - rate * (y + h * k3)
        y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return y


def runge_kutta_jax(y, rate, n):
    h = 10.0 / n

    def slope(t, y):
        return jnp.sin(t) - rate * y

    def step(i, y):
        t = i * h
        k1 = slope(t, y)
        k2 = slope(t + 0.5 * h, y + 0.5 * h * k1)
        k3 = slope(t + 0.5 * h, y + 0.5 * h * k2)
        k4 = slope(t + h, y + h * k3)
        return y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)

    return lax.fori_loop(0, n, step, y)


def oscillator(x, stiffness, n):
    v = 0.0
    for _ in range(n):
        if x > 0.0:
            force = -stiffness * x
        else:
            force = -0.5 * stiffness * x * x * x
        v = v + 0.001 * (force - 0.05 * v)
        x = x + 0.001 * v
    return x


def oscillator_jax(x, stiffness, n):
    def step(_, carry):
        x, v = carry
        force = jnp.where(x > 0.0, -stiffness * x, -0.5 * stiffness * x * x * x)
        v = v + 0.001 * (force - 0.05 * v)
        return x + 0.001 * v, v

    return lax.fori_loop(0, n, step, (x, 0.0))[0]


def horner(c, x):
    y = 0.0
    for i in range(c.shape[0]):
        y = y * x + c[i]
    return y


def horner_jax(c, x):
    return lax.scan(lambda y, a: (y * x + a, None), 0.0, c)[0]


def until_small(x, rate, tolerance):
    while x * x > tolerance:
        x = x - rate * math.sin(x)
    return x


def until_small_scan(most: int) -> Callable[..., object]:
    """For jax: as many steps as any argument needs, those after the end without effect."""

    def run(x, rate, tolerance):
        def step(x, _):
            return jnp.where(x * x > tolerance, x - rate * jnp.sin(x), x), None

        return lax.scan(step, x, None, length=most)[0]

    return run


def cases(scale: float) -> Iterator[Case]:
    def size(n: int) -> int:
        return max(4, int(n * scale))

    coefficients = np.random.default_rng(0).standard_normal(size(100_000))
    yield Case(
        "logistic map, 100k steps",
        logistic_map,
        logistic_map_jax,
        (0.4, 2.9, size(100_000)),
        (0, 1),
        (0.4, 2.9, size(1_000_000)),
        SCALAR_LOOP,
    )
    yield Case(
        "20k square roots by Newton",
        newton_roots,
        newton_roots_jax,
        (2.0, size(20_000)),
        (0,),
        (2.0, size(200_000)),
        SCALAR_LOOP,
    )
    yield Case(
        "Runge-Kutta, scalar, 20k steps",
        runge_kutta,
        runge_kutta_jax,
        (1.0, 0.3, size(20_000)),
        (0, 1),
        (1.0, 0.3, size(200_000)),
        SCALAR_LOOP,
    )
    yield Case(
        "oscillator with a branch, 50k steps",
        oscillator,
        oscillator_jax,
        (1.0, 4.0, size(50_000)),
        (0, 1),
        (1.0, 4.0, size(500_000)),
        SCALAR_LOOP,
    )
    yield Case(
        "Horner, 100k coefficients",
        horner,
        horner_jax,
        (coefficients, 0.999),
        (0, 1),
        (np.tile(coefficients, 10), 0.999),
        SCALAR_LOOP,
    )
    rate = 4e-4 / max(scale, 1e-3)
    yield Case(
        "while, about 20k steps",
        until_small,
        until_small_scan(1 << max(2, math.ceil(math.log2(8.2 / rate)))),
        (1.0, rate, 1e-6),
        (0, 1),
        (1.0, rate / 10, 1e-6),
        SCALAR_LOOP,
    )
