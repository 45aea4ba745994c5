"""Single array operations at which XLA's own choice is slower than NumPy."""

from __future__ import annotations

import numpy as np

from tools.benchmarks import array_programs as programs
from tools.benchmarks.against_numpy import HEAD, Program, rows
from tools.benchmarks.report import Table


def operations() -> list[Program]:
    random = np.random.default_rng(1)
    found = []
    for n, label in ((10_000, "1e4"), (1_000_000, "1e6")):
        x = random.random(n)
        plain = (programs.sort, programs.argsort, programs.argmax, programs.cumsum)
        found += [Program(f"{function.__name__}, {label}", function, (x,)) for function in plain]
        found.append(Program(f"x[x > 0.5], {label}", programs.compress, (x,), jax_runs=False))
        found.append(Program(f"x ** 1.5, {label}", programs.three_halves, (x,)))
    for n in (4, 8, 16, 64, 256):
        a, b = random.random((2, n, n))
        found.append(Program(f"a @ b, {n}×{n}", programs.matmul, (a, b)))
    return found


def tables(rounds: int) -> list[Table]:
    below = (
        "NumPy sorts with vector instructions, XLA calls a comparison; hloc gives it integer keys, which compare "
        "fastest. Operations of a few µs are dispatch (see below). x[x > 0.5] has no shape that jax.jit could know."
    )
    return [Table("Array operations", "One NumPy call each, on f64.", HEAD, rows(operations(), rounds), below)]
