"""Loops that run as often in all lanes: the loop of one lane, over arrays with a row for each lane."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tools.benchmarks.batching.case import Case

LANES = (8, 64, 1024)


def logistic_map(x, rate, n):
    for _ in range(n):
        x = rate * x * (1.0 - x)
    return x


def logistic_map_jax(x, rate, n):
    return lax.fori_loop(0, n, lambda _, x: rate * x * (1.0 - x), x)


def sum_of_sines(x, rate, n):
    """Scalars and a vector in one lane."""
    total = 0.0
    for k in range(n):
        total += np.sin(x + rate * k)
    return total


def sum_of_sines_jax(x, rate, n):
    return lax.fori_loop(0, n, lambda k, total: total + jnp.sin(x + rate * k), jnp.zeros_like(x))


def diffusion(u, rate, n):
    for _ in range(n):
        u = u + rate * (np.roll(u, 1) + np.roll(u, -1) - 2.0 * u)
    return u


def diffusion_jax(u, rate, n):
    return lax.fori_loop(0, n, lambda _, u: u + rate * (jnp.roll(u, 1) + jnp.roll(u, -1) - 2.0 * u), u)


def diffusion_of_rows(u, rate, n):
    rate = rate[:, None]
    for _ in range(n):
        u = u + rate * (np.roll(u, 1, axis=1) + np.roll(u, -1, axis=1) - 2.0 * u)
    return u


def recurrent(h, mix, n):
    for _ in range(n):
        h = np.tanh(mix @ h)
    return h


def recurrent_jax(h, mix, n):
    return lax.fori_loop(0, n, lambda _, h: jnp.tanh(mix @ h), h)


def recurrent_of_rows(h, mix, n):
    for _ in range(n):
        h = np.tanh(h @ mix.T)
    return h


@dataclass(frozen=True)
class Uniform:
    """A case, and the loop over all lanes as one would write it by hand. size: elements of a lane's state."""

    case: Case
    by_hand: Callable[..., Any]
    trips: int
    size: int


def cases(scale: float) -> Iterator[Uniform]:
    random = np.random.default_rng(21)
    n = max(3, int(1000 * scale))
    mix = random.normal(size=(16, 16)) / 4.0
    for lanes in LANES:
        x, rate = random.random(lanes), 3.0 + random.random(lanes)
        u, h = random.random((lanes, 16)), random.random((lanes, 16))
        for name, size, function, in_jax, by_hand, arguments, axes in (
            ("x = r x (1 - x)", 1, logistic_map, logistic_map_jax, logistic_map, (x, rate, n), (0, 0, None)),
            ("sum of sin(x + r k)", 1, sum_of_sines, sum_of_sines_jax, _sines_of_rows, (x, rate, n), (0, 0, None)),
            ("diffusion on 16", 16, diffusion, diffusion_jax, diffusion_of_rows, (u, rate / 10, n), (0, 0, None)),
            ("h = tanh(mix h), 16", 16, recurrent, recurrent_jax, recurrent_of_rows, (h, mix, n), (0, None, None)),
        ):
            case = Case(
                name,
                lanes,
                function,
                arguments,
                axes,
                _over_lanes(in_jax, axes),
                strategies=("simd", "serial"),
                alone=True,
            )
            yield Uniform(case, by_hand, n, size)


def _over_lanes(form: Callable[..., Any], axes: tuple[int | None, ...]) -> Callable[..., Any]:
    """`jax.vmap` over all but the last argument, how often the loop runs, which is known when jax compiles."""
    return lambda *xs: jax.vmap(lambda *own: form(*own, xs[-1]), axes[:-1])(*xs[:-1])


def _sines_of_rows(x, rate, n):
    total = np.zeros(x.shape)
    for k in range(n):
        total += np.sin(x + rate * k)
    return total
