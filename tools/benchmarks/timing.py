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
    """Seconds of CPU time of one call: the median and the least of the rounds."""

    median: float
    least: float


@dataclass(frozen=True)
class Contender:
    """Something to run: the function, and what makes its arguments (device arrays or NumPy arrays)."""

    call: Callable[..., Any]
    arguments: Arguments
    fresh: bool = False
    """Whether the call changes its arguments, so that each call needs new ones."""


def _sample(contender: Contender, repeats: int) -> float:
    """CPU seconds of one call."""
    call = contender.call
    sets = [contender.arguments() for _ in range(repeats if contender.fresh else 1)]
    if not contender.fresh:
        sets = sets * repeats
    start = time.process_time()
    for arguments in sets:
        call(*arguments)
    return (time.process_time() - start) / repeats


def _repeats(contender: Contender) -> int:
    """How many calls make one sample."""
    contender.call(*contender.arguments())
    once = min(_sample(contender, 1) for _ in range(2))
    return max(1, min(2000, int(SAMPLE / max(once, 1e-7))))


def interleaved(contenders: Mapping[str, Contender], rounds: int) -> dict[str, Timed]:
    """Each contender once a round, in turn, after a first call that is not counted."""
    repeats = {name: _repeats(contender) for name, contender in contenders.items()}
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            samples[name].append(_sample(contender, repeats[name]))
    return {name: Timed(statistics.median(found), min(found)) for name, found in samples.items()}
