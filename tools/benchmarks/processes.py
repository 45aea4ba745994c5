"""Timing whole Python processes, in turn; the CPU time is the operating system's account of each."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping


def cpu_seconds(
    source: str, environment: Mapping[str, str] | None = None, *, quiet: bool = False
) -> tuple[float, float]:
    """CPU and wall time of `python -c source`; if quiet, what it prints is lost."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", source],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL if quiet else None,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"a measured process ended with {process.returncode}: {source}")
    return usage.ru_utime + usage.ru_stime, wall


def medians(sources: Mapping[str, str], rounds: int) -> dict[str, tuple[float, float]]:
    """Median CPU and wall time of each, after one round that is not counted."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in sources}
    for number in range(rounds + 1):
        for name, source in sources.items():
            times = cpu_seconds(source)
            if number:
                found[name].append(times)
    return {
        name: (statistics.median(c for c, _ in times), statistics.median(w for _, w in times))
        for name, times in found.items()
    }


def printed(source: str) -> str:
    """What a fresh Python with an empty cache of compiled programs prints."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "HLOC_CACHE_DIR": cache}
        done = subprocess.run(
            [sys.executable, "-c", source], env=environment, capture_output=True, text=True, check=True
        )
    return done.stdout
