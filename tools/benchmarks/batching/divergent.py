"""Loops that run more often in some lanes than in others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tools.benchmarks.batching.case import JAX, NUMBA, ONE, Case

SCALAR = {NUMBA: 2.0, JAX: 1 / 3}
"""What loops over numbers may take."""


def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def collatz_jax(n):
    def step(carry):
        n, steps = carry
        return jnp.where(n % 2 == 0, n // 2, 3 * n + 1), steps + 1

    return lax.while_loop(lambda carry: carry[0] != 1, step, (n, 0))[1]


def collatz_lanes(starts):
    found = np.zeros(len(starts), np.int64)
    for k in range(len(starts)):
        found[k] = collatz(starts[k])
    return found


def escape_time(x, y, limit):
    a = b = 0.0
    steps = 0
    while steps < limit and a * a + b * b <= 4.0:
        a, b = a * a - b * b + x, 2.0 * a * b + y
        steps += 1
    return steps


def escape_time_jax(x, y, limit):
    def step(carry):
        a, b, steps = carry
        return a * a - b * b + x, 2.0 * a * b + y, steps + 1

    def inside(carry):
        a, b, steps = carry
        return (steps < limit) & (a * a + b * b <= 4.0)

    return lax.while_loop(inside, step, (0.0, 0.0, 0))[2]


def escape_time_lanes(x, y, limit):
    found = np.zeros(len(x), np.int64)
    for k in range(len(x)):
        found[k] = escape_time(x[k], y[k], limit)
    return found


def cubic_root(a):
    """The x with x³ + x = a by Newton's method, and the steps it took."""
    x, change, steps = 1.0, 1.0, 0
    while abs(change) > 1e-12 * abs(x):
        change = (x * x * x + x - a) / (3.0 * x * x + 1.0)
        x -= change
        steps += 1
    return x, steps


def cubic_root_jax(a):
    def step(carry):
        x, _, steps = carry
        change = (x * x * x + x - a) / (3.0 * x * x + 1.0)
        return x - change, change, steps + 1

    x, _, steps = lax.while_loop(lambda carry: jnp.abs(carry[1]) > 1e-12 * jnp.abs(carry[0]), step, (1.0, 1.0, 0))
    return x, steps


def cubic_root_lanes(a):
    roots, steps = np.zeros(len(a)), np.zeros(len(a), np.int64)
    for k in range(len(a)):
        roots[k], steps[k] = cubic_root(a[k])
    return roots, steps


def loop_in_loop(x, trips):
    for n in trips:
        for _ in range(n):
            x = 0.5 * x + 1.0 / (1.0 + x * x)
    return x


def loop_in_loop_jax(x, trips):
    def outer(x, n):
        return lax.fori_loop(0, n, lambda _, x: 0.5 * x + 1.0 / (1.0 + x * x), x), None

    return lax.scan(outer, x, trips)[0]


def loop_in_loop_lanes(x, trips):
    found = np.zeros(len(x))
    for k in range(len(x)):
        found[k] = loop_in_loop(x[k], trips[k])
    return found


def trajectory(x, rate, rows):
    """A path that ends when it has come down, and its length."""
    path = np.zeros(rows)
    k = 0
    while k < rows and x > 1e-3:
        path[k] = x
        x = x - rate * x / (1.0 + x)
        k += 1
    return path, k


def trajectory_jax(x, rate, rows):
    def step(carry):
        path, x, k = carry
        return path.at[k].set(x), x - rate * x / (1.0 + x), k + 1

    path, _, k = lax.while_loop(lambda c: (c[2] < rows) & (c[1] > 1e-3), step, (jnp.zeros(rows), x, 0))
    return path, k


def trajectory_lanes(x, rate, rows):
    paths, lengths = np.zeros((len(x), rows)), np.zeros(len(x), np.int64)
    for k in range(len(x)):
        paths[k], lengths[k] = trajectory(x[k], rate[k], rows)
    return paths, lengths


def cases(scale: float) -> Iterator[Case]:
    random = np.random.default_rng(22)

    def size(n: int) -> int:
        return max(4, int(n * scale))

    lanes, each = size(10_000), ("serial", "lockstep")
    starts = np.arange(1, lanes + 1)
    yield Case(
        "Collatz lengths",
        lanes,
        collatz,
        (starts,),
        (0,),
        jax.vmap(collatz_jax),
        collatz_lanes,
        strategies=each,
        bars=SCALAR,
        trips=lambda starts, steps: np.asarray(steps),
    )
    side = size(100)
    x, y = (axis.ravel() for axis in np.meshgrid(np.linspace(-2.0, 0.5, side), np.linspace(-1.2, 1.2, side)))
    yield Case(
        f"Mandelbrot, {side}×{side}, at most 1000 steps",
        side * side,
        escape_time,
        (x, y, 1000),
        (0, 0, None),
        lambda x, y, limit: jax.vmap(lambda x, y: escape_time_jax(x, y, limit))(x, y),
        escape_time_lanes,
        strategies=each,
        bars=SCALAR,
        trips=lambda x, y, limit, steps: np.asarray(steps),
    )
    yield Case(
        "roots by Newton's method",
        lanes,
        cubic_root,
        (10.0 ** random.uniform(-2.0, 6.0, lanes),),
        (0,),
        jax.vmap(cubic_root_jax),
        cubic_root_lanes,
        strategies=each,
        bars=SCALAR,
        trips=lambda a, result: np.asarray(result[1]),
    )
    lanes, outer = size(1024), size(200)
    trips = random.integers(0, 21, (lanes, outer))
    yield Case(
        f"loop in loop, {outer} times 0 to 20 trips",
        lanes,
        loop_in_loop,
        (random.random(lanes), trips),
        (0, 0),
        jax.vmap(loop_in_loop_jax),
        loop_in_loop_lanes,
        strategies=each,
        bars={ONE: 1.0},
        trips=lambda x, trips, result: trips,
        alone=True,
    )
    rows = size(8000)
    yield Case(
        f"a path into an array of {rows:,} rows",
        64,
        trajectory,
        (10.0 + random.random(64), 16.0 / rows * (1.0 + 0.5 * random.random(64)), rows),
        (0, 0, None),
        _paths_in_jax,
        trajectory_lanes,
        strategies=each,
        bars={JAX: 1 / 100},
        trips=lambda x, rate, rows, result: np.asarray(result[1]),
        seldom=True,
    )


def _paths_in_jax(x: Any, rate: Any, rows: int) -> Any:
    form: Callable[..., Any] = jax.vmap(lambda x, rate: trajectory_jax(x, rate, rows))
    return form(x, rate)
