"""The scalar loops with their arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tools.benchmarks import loop_programs as programs


@dataclass(frozen=True)
class Loop:
    """One program: its name in the table, the function, and fresh arguments."""

    name: str
    function: Callable[..., Any]
    arguments: Callable[[], tuple[Any, ...]]
    changes: bool = False


def loops(scale: float = 1.0) -> Iterator[Loop]:
    """All of them, at sizes near `scale` times the full one."""
    random = np.random.default_rng(0)

    def size(n: int) -> int:
        return max(8, int(n * scale))

    yield Loop("LCG sum, 5M", programs.lcg_sum, lambda: (size(5_000_000),))
    yield Loop("float recurrence, 5M", programs.float_recurrence, lambda: (size(5_000_000), 0.5))
    yield Loop("Collatz, 50k", programs.collatz, lambda: (size(50_000),))
    yield Loop("Mandelbrot, one point, 3M", programs.mandelbrot_point, lambda: (-0.1, 0.2, size(3_000_000)))
    yield Loop("Mandelbrot, 200×200", programs.mandelbrot_grid, lambda: (size(200), 50))
    yield Loop("nested scalar loops, 1500²", programs.nested_scalar, lambda: (size(1500),))
    yield Loop("sieve with while, 1M", programs.sieve_while, lambda: (size(1_000_000),))
    yield Loop("sieve with range, 1M", programs.sieve_range, lambda: (size(1_000_000),))
    yield Loop("Fibonacci table, 1M", programs.fibonacci_table, lambda: (size(1_000_000),))
    distances = random.random((size(120), size(120)))
    yield Loop("Floyd-Warshall, 120", programs.floyd_warshall, lambda: (distances.copy(),), True)
    grid = random.random((size(120), size(120)))
    yield Loop("Gauss-Seidel, 120×120, 50 sweeps", programs.gauss_seidel, lambda: (grid.copy(), 50), True)
    row = random.random(size(1_000_000))
    yield Loop("prefix sum, 1M", programs.prefix_sum, lambda: (row,))
    a, b = random.random((2, size(100), size(100)))
    yield Loop("naive matmul, 100", programs.naive_matmul, lambda: (a, b))
    unsorted = random.random(size(2000))
    yield Loop("insertion sort, 2000", programs.insertion_sort, lambda: (unsorted.copy(),), True)
    s, t = random.integers(0, 4, (2, size(600)))
    yield Loop("edit distance, 600", programs.edit_distance, lambda: (s, t))
