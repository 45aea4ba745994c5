"""Loops over slices whose length depends on the loop variable."""

from __future__ import annotations

import numpy as np

from tools.benchmarks import array_programs as programs
from tools.benchmarks.against_numpy import HEAD, Program, rows
from tools.benchmarks.report import Table


def triangular(n: int = 100) -> list[Program]:
    random = np.random.default_rng(2)
    a, b = random.random((n, n)) + n * np.eye(n), random.random(n)
    spd = a @ a.T
    listed = [
        ("a[i, :i] @ x[:i]", programs.forward_substitution, (a, b)),
        ("a[i, i:] @ x[i:]", programs.triangular_product, (a, b)),
        ("Cholesky by columns", programs.cholesky, (spd,)),
        ("x[:i + 1].max()", programs.prefix_maxima, (b,)),
    ]
    return [Program(f"{name}, n = {n}", function, given, jax_runs=False) for name, function, given in listed]


def tables(rounds: int) -> list[Table]:
    text = "Python loops over slices `:i` and `i:`; jax.jit cannot trace them with a dynamic `i`."
    below = "The loops are repeated when compiled (`hloc explain` says so), so each trip is a kernel of its own."
    return [Table("Triangular loops", text, HEAD, rows(triangular(), rounds), below)]
