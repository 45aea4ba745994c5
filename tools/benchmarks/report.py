"""Tables in Markdown, and the page that holds them."""

from __future__ import annotations

import datetime
import importlib.metadata
import math
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


@dataclass(frozen=True)
class Table:
    """One table: its title, what it shows, the column heads, the rows, and what to say below them."""

    title: str
    text: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    below: str = ""

    def markdown(self) -> str:
        lines = [self.head, [":--" if j == 0 else "--:" for j in range(len(self.head))], *self.rows]
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        return "\n\n".join(part for part in (f"## {self.title}", self.text, table, self.below) if part)


def seconds(value: float) -> str:
    """A time with its unit, to three figures."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def ratio(ours: float, theirs: float) -> str:
    """ours / theirs; above 1 means that hloc is slower."""
    return f"{ours / theirs:.2f}"


def geometric_mean(values: Iterable[float]) -> float:
    found = list(values)
    return math.exp(sum(map(math.log, found)) / len(found))


def page(tables: Sequence[Table]) -> str:
    return "\n\n".join([_HEAD.format(machine=_machine()), *(table.markdown() for table in tables)]) + "\n"


def _machine() -> str:
    names = ("numpy", "jaxlib", "jax", "numba")
    versions = ", ".join(filter(None, map(_version, names)))
    cores = os.cpu_count()
    return f"{_processor()}, {cores} cores; Python {platform.python_version()}, {versions}; {datetime.date.today()}"


def _version(name: str) -> str:
    try:
        return f"{name} {importlib.metadata.version(name)}"
    except importlib.metadata.PackageNotFoundError:
        return ""


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


_HEAD = """\
# Benchmarks

Written by `./tools/bench` ({machine}). `./tools/bench --help` lists the suites and options.

Contenders run in turn in one process on one processor core, and each figure is the median over the rounds of CPU time
for one call (minima: the least of the rounds), unless a table says otherwise. A ratio is hloc's time divided by the
peer's, so below 1.00 hloc is faster. Programs are the plain Python of `tools/benchmarks/`; what a peer cannot run
unchanged is written for it beside the plain form. First calls (compilation) are not counted, nor is making the
arguments. hloc checks indices and raises what Python raises; Numba and jax do not."""
