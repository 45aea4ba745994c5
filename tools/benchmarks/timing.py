"""Measuring contenders beside each other: interleaved rounds in one process, CPU time, medians."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Arguments = Callable[[], tuple[Any, ...]]
"""Makes fresh arguments for one call; not part of what is measured."""

SAMPLE = 2e-3
"""A sample repeats short calls until it takes about this long (seconds)."""


@dataclass(frozen=True)
class Timed:
    """Seconds of CPU time of one call: median, quartiles and least of the rounds, and the median of the wall time."""

    median: float
    low: float
    high: float
    least: float
    wall: float


@dataclass(frozen=True)
class Contender:
    """Something to run: the function, and what makes its arguments (device arrays or NumPy arrays)."""

    call: Callable[..., Any]
    arguments: Arguments
    fresh: bool = False
    """Whether the call changes its arguments, so that each call needs new ones."""


def _sample(contender: Contender, repeats: int) -> tuple[float, float]:
    call = contender.call
    sets = [contender.arguments() for _ in range(repeats if contender.fresh else 1)]
    if not contender.fresh:
        sets = sets * repeats
    wall, cpu = time.perf_counter(), time.process_time()
    for arguments in sets:
        call(*arguments)
    return (time.process_time() - cpu) / repeats, (time.perf_counter() - wall) / repeats


def _repeats(contender: Contender) -> int:
    """How many calls make one sample."""
    contender.call(*contender.arguments())
    once = min(_sample(contender, 1)[1] for _ in range(2))
    return max(1, min(2000, int(SAMPLE / max(once, 1e-7))))


def interleaved(contenders: Mapping[str, Contender], rounds: int) -> dict[str, Timed]:
    """Each contender once a round, in turn, after a first call that is not counted."""
    repeats = {name: _repeats(contender) for name, contender in contenders.items()}
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            samples[name].append(_sample(contender, repeats[name]))
    return {name: _summary(found) for name, found in samples.items()}


def _summary(samples: list[tuple[float, float]]) -> Timed:
    cpu = [c for c, _ in samples]
    low, _, high = statistics.quantiles(cpu, n=4) if len(cpu) > 1 else (cpu[0],) * 3
    return Timed(statistics.median(cpu), low, high, min(cpu), statistics.median(w for _, w in samples))
