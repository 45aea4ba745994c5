"""Scalar loops against Numba."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

import hloc
from tools.benchmarks.loop_cases import Loop, loops
from tools.benchmarks.report import Table, geometric_mean, ratio, seconds
from tools.benchmarks.timing import Contender, interleaved

_NOTE = (
    "Of the prefix sum's time about a third is copying the argument, which NumPy puts where XLA cannot read it in "
    "place (at no multiple of 64 bytes), and a quarter is filling `out` with zeros, which Numba leaves to the "
    "operating system."
)


def contenders(loop: Loop) -> dict[str, Contender]:
    """hloc and Numba, after making sure that they agree."""
    ours = hloc.compile(loop.function)
    theirs = numba.njit(loop.function)
    np.testing.assert_allclose(np.asarray(ours(*loop.arguments())), theirs(*loop.arguments()), rtol=1e-9)

    def run(*arguments: Any) -> Any:
        result = ours(*arguments)
        return result.block_until_ready() if isinstance(result, hloc.Array) else result

    return {
        "hloc": Contender(run, loop.arguments, loop.changes),
        "Numba": Contender(theirs, loop.arguments, loop.changes),
    }


def tables(rounds: int, scale: float = 1.0) -> list[Table]:
    rows, ratios = [], []
    for loop in loops(scale):
        found = interleaved(contenders(loop), rounds)
        ours, theirs = found["hloc"], found["Numba"]
        ratios.append(ours.median / theirs.median)
        rows.append(
            [
                loop.name,
                seconds(theirs.median),
                seconds(ours.median),
                ratio(ours.median, theirs.median),
                ratio(ours.least, theirs.least),
            ]
        )
    mean = geometric_mean(ratios)
    return [
        Table(
            "Scalar loops",
            "Plain Python loops over numbers and arrays, against `numba.njit` of the same function.",
            ["program", "Numba", "hloc", "ratio of medians", "ratio of minima"],
            rows,
            f"Geometric mean of the ratios: {mean:.2f}; largest: {max(ratios):.2f}. {_NOTE}",
        )
    ]
