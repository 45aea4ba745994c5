"""Array programs against NumPy and jax.jit, from 1e4 elements up."""

from __future__ import annotations

import numpy as np

from tools.benchmarks import array_programs as programs
from tools.benchmarks.against_numpy import HEAD, Program, rows
from tools.benchmarks.report import Table


def array_programs() -> list[Program]:
    random = np.random.default_rng(3)
    found = []
    for n in (100, 1000):
        label = f"{n}×{n}"
        x = random.random((n, n))
        a, b, c = random.random((3, n, n)) / n
        points, w, y = random.random((n, 3)), random.random(n), random.random(n)
        found += [
            Program(f"heat step by slices, {label}", programs.heat_step, (x,), programs.heat_step_jax),
            Program(f"heat, 20 steps by slices, {label}", programs.heat, (x, 20), programs.heat_jax),
            Program(f"a @ b @ c, {label}", programs.matmul_chain, (a, b, c)),
            Program(f"sums, maxima, mean, std, {label}", programs.reductions, (x,)),
            Program(f"softmax of rows, {label}", programs.softmax, (x,)),
            Program(f"pairwise distances, {n} points", programs.pairwise_distances, (points,)),
            Program(f"polynomial and sine, {label}", programs.polynomial, (x,)),
            Program(f"logistic gradient, {label}", programs.logistic_gradient, (w, x, y)),
        ]
    return found


def tables(rounds: int) -> list[Table]:
    below = (
        "A maximum over large axes costs hloc a second pass that looks for NaN: XLA's fast reduction loses NaN, and "
        "jax.jit's result is then not NumPy's."
    )
    return [Table("Array programs", "Whole-array NumPy code on f64.", HEAD, rows(array_programs(), rounds), below)]
