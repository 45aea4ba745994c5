"""What a call costs: hloc's Executable beside jax.jit, on the same programs, in one process.

    python tools/bench_dispatch.py

Rounds are interleaved; printed are the medians of wall time in µs, with the quartiles, and the ratio of the medians.
Both results are waited for. `jax` must be installed.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

import jax
import numpy as np

from hloc.runtime import compile_stablehlo

ROUNDS = 25
Case = tuple[str, Callable[[], object], Callable[[], object], int]


def add_sine(n: int) -> str:
    return f"""
    module @add_sine {{ func.func public @main(%a: tensor<{n}xf64>, %b: tensor<{n}xf64>) -> tensor<{n}xf64> {{
      %0 = stablehlo.add %a, %b : tensor<{n}xf64>
      %1 = stablehlo.sine %0 : tensor<{n}xf64>
      return %1 : tensor<{n}xf64> }} }}
    """


def cases() -> Iterator[Case]:
    theirs = jax.jit(lambda a, b: jax.numpy.sin(a + b))
    for n, repeats in ((16, 1000), (1000, 1000), (20_000, 100), (1_000_000, 2)):
        ours = compile_stablehlo(add_sine(n))
        x = np.ones(n + 1)[1:]
        mine, jaxs = ours.execute([x, x])[0], theirs(x, x)
        yield (
            f"{n} numbers on the device",
            lambda ours=ours, mine=mine: np.asarray(ours.execute([mine, mine])[0]),
            lambda jaxs=jaxs: np.asarray(theirs(jaxs, jaxs)),
            repeats,
        )
        yield (
            f"{n} numbers from NumPy",
            lambda ours=ours, x=x: np.asarray(ours.execute([x, x])[0]),
            lambda x=x: np.asarray(theirs(x, x)),
            repeats,
        )


def microseconds(call: Callable[[], object], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats * 1e6


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    for name, ours, theirs, repeats in cases():
        times = [(microseconds(ours, repeats), microseconds(theirs, repeats)) for _ in range(ROUNDS + 1)][1:]
        columns = [statistics.quantiles(column, n=4) for column in zip(*times, strict=True)]
        texts = [f"{middle:9.1f} ({low:.1f}-{high:.1f})" for low, middle, high in columns]
        print(f"{name:30} hloc {texts[0]:28} jax.jit {texts[1]:28} ratio {columns[0][1] / columns[1][1]:.2f}")


if __name__ == "__main__":
    main()
