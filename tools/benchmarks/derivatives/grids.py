"""Arrays that loops write in place, whole-array steps over time, and matrices."""

from __future__ import annotations

import math
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numba
import numpy as np
from jax import lax

from tools.benchmarks.against_numpy import over_jax
from tools.benchmarks.derivatives.case import IN_PLACE, Case


def seidel(u, sweeps):
    u = u.copy()
    for _ in range(sweeps):
        for i in range(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
    return (u * u).sum()


def seidel_jax(u, sweeps):
    n, m = u.shape

    def cell(i, j, u):
        return u.at[i, j].set(0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1]))

    def row(i, u):
        return lax.fori_loop(1, m - 1, lambda j, u: cell(i, j, u), u)

    u = lax.fori_loop(0, sweeps, lambda _, u: lax.fori_loop(1, n - 1, row, u), u)
    return (u * u).sum()


def seidel_adjoint(u, sweeps):
    """Value and gradient written by hand for Numba."""
    u = u.copy()
    n, m = u.shape
    for _ in range(sweeps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
    value = (u * u).sum()
    bar = 2.0 * u
    for _ in range(sweeps):
        for i in range(n - 2, 0, -1):
            for j in range(m - 2, 0, -1):
                share = 0.25 * bar[i, j]
                bar[i, j] = 0.0
                bar[i - 1, j] += share
                bar[i + 1, j] += share
                bar[i, j - 1] += share
                bar[i, j + 1] += share
    return value, bar


def recurrence(x, n):
    a = np.zeros(n)
    a[0] = x
    for i in range(n - 1):
        a[i + 1] = math.sin(a[i]) / 2 + 1
    return a.sum()


def recurrence_jax(x, n):
    def step(i, a):
        return a.at[i + 1].set(jnp.sin(a[i]) / 2 + 1)

    return lax.fori_loop(0, n - 1, step, jnp.zeros(n).at[0].set(x)).sum()


def recurrence_adjoint(x, n):
    """Value and derivative written by hand for Numba."""
    a = np.zeros(n)
    a[0] = x
    for i in range(n - 1):
        a[i + 1] = math.sin(a[i]) / 2 + 1
    bar = np.ones(n)
    for i in range(n - 2, -1, -1):
        bar[i] += bar[i + 1] * 0.5 * math.cos(a[i])
        bar[i + 1] = 0.0
    return a.sum(), bar[0]


def heat(u, diffusivity, steps):
    u = u.copy()
    for _ in range(steps):
        u[1:-1, 1:-1] += diffusivity * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1])
    return (u * u).sum()


def heat_jax(u, diffusivity, steps):
    def step(_, u):
        change = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1]
        return u.at[1:-1, 1:-1].add(diffusivity * change)

    u = lax.fori_loop(0, steps, step, u)
    return (u * u).sum()


def bodies(x, v, masses, steps):
    for _ in range(steps):
        d = x[None, :, :] - x[:, None, :]
        inverse = ((d * d).sum(axis=-1) + 0.01) ** -1.5
        v = v + 0.01 * (d * (inverse * masses)[:, :, None]).sum(axis=1)
        x = x + 0.01 * v
    return (x * x).sum()


def bodies_jax(x, v, masses, steps):
    def step(_, carry):
        x, v = carry
        d = x[None, :, :] - x[:, None, :]
        inverse = ((d * d).sum(axis=-1) + 0.01) ** -1.5
        v = v + 0.01 * (d * (inverse * masses)[:, :, None]).sum(axis=1)
        return x + 0.01 * v, v

    x, _ = lax.fori_loop(0, steps, step, (x, v))
    return (x * x).sum()


def convolution(image, kernel):
    out = np.zeros((image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            total = 0.0
            for k in range(kernel.shape[0]):
                for m in range(kernel.shape[1]):
                    total += image[i + k, j + m] * kernel[k, m]
            out[i, j] = total
    return (out * out).sum()


def convolution_jax(image, kernel):
    out = lax.conv(image[None, None], kernel[None, None], (1, 1), "VALID")
    return (out * out).sum()


def power_iteration(a, v, steps):
    for _ in range(steps):
        v = a @ v
        v = v / np.sqrt((v * v).sum())
    return v @ (a @ v)


def power_iteration_jax(a, v, steps):
    def step(_, v):
        v = a @ v
        return v / jnp.sqrt((v * v).sum())

    v = lax.fori_loop(0, steps, step, v)
    return v @ (a @ v)


def gaussian(length, noise, x, y):
    """Minus the log likelihood of a Gaussian process."""
    d = x[:, None] - x[None, :]
    k = np.exp(-0.5 * (d / length) ** 2) + noise * np.eye(x.shape[0])
    low = np.linalg.cholesky(k)
    z = np.linalg.solve(low, y)
    return 0.5 * (z @ z) + np.log(np.diagonal(low)).sum()


def gaussian_jax(length, noise, x, y):
    d = x[:, None] - x[None, :]
    low = jnp.linalg.cholesky(jnp.exp(-0.5 * (d / length) ** 2) + noise * jnp.eye(x.shape[0]))
    z = jax.scipy.linalg.solve_triangular(low, y, lower=True)
    return 0.5 * (z @ z) + jnp.log(jnp.diagonal(low)).sum()


def sums_of_exponentials(x):
    """A chain of log(sum(exp)) over the axes of an array in turn."""
    rows = x.max(axis=2)
    x = np.log(np.exp(x - rows[:, :, None]).sum(axis=2)) + rows
    columns = x.max(axis=1)
    x = np.log(np.exp(x - columns[:, None]).sum(axis=1)) + columns
    return np.log(np.exp(x - x.max()).sum()) + x.max()


hand_written = {seidel: numba.njit(seidel_adjoint), recurrence: numba.njit(recurrence_adjoint)}
"""Adjoints written by hand: function → (value, gradient)."""


def cases(scale: float) -> Iterator[Case]:
    random = np.random.default_rng(4)

    def size(n: int) -> int:
        return max(4, int(n * scale))

    u = random.random((size(100), size(100)))
    yield Case("Gauss-Seidel, 100×100, 15 sweeps", seidel, seidel_jax, (u, size(15)), (0,), (u, size(150)), IN_PLACE)
    yield Case(
        "a[i+1] = sin(a[i])/2 + 1, n = 4000",
        recurrence,
        recurrence_jax,
        (0.3, size(4000)),
        (0,),
        (0.3, size(40_000)),
        IN_PLACE,
    )
    yield Case("heat by slices, 100×100, 50 steps", heat, heat_jax, (u, 0.1, size(50)), (0, 1), (u, 0.1, size(500)))
    x, v = random.standard_normal((2, size(32), 3))
    masses = random.random(size(32))
    yield Case(
        "32 bodies, 20 steps",
        bodies,
        bodies_jax,
        (x, 0.1 * v, masses, size(20)),
        (0, 1, 2),
        (x, 0.1 * v, masses, size(200)),
    )
    image, kernel = random.random((size(64), size(64))), random.random((5, 5))[: size(5), : size(5)]
    yield Case("convolution by loops, 64×64 by 5×5", convolution, convolution_jax, (image, kernel), (0, 1))
    a, v = random.random((size(100), size(100))), random.random(size(100))
    yield Case(
        "power iteration, 100×100, 50 steps",
        power_iteration,
        power_iteration_jax,
        (a, v, size(50)),
        (0, 1),
        (a, v, size(500)),
    )
    points = np.sort(random.random(size(100))) * 10.0
    yield Case("Gaussian process, 100 points", gaussian, gaussian_jax, (1.0, 0.1, points, np.sin(points)), (0, 1))
    yield Case(
        "log of sums of exponentials, 20×50×50",
        sums_of_exponentials,
        over_jax(sums_of_exponentials),
        (random.standard_normal((size(20), size(50), size(50))),),
    )
