"""Importing hloc beside what it stands on, as whole processes."""

from __future__ import annotations

from tools.benchmarks.processes import medians
from tools.benchmarks.report import Table, ratio, seconds

SOURCES = {
    "numpy and jaxlib's client": "import numpy, jaxlib.xla_client",
    "hloc": "import hloc",
    "hloc with its compiler and runtime": "import numpy, hloc; hloc.compile; import hloc.pipeline",
    "jax": "import jax.numpy",
    "numba": "import numba",
    "nothing": "pass",
}


def tables(rounds: int) -> list[Table]:
    found = medians(SOURCES, rounds)
    base = found["numpy and jaxlib's client"]
    rows = [[name, seconds(cpu), seconds(wall), ratio(cpu, base[0])] for name, (cpu, wall) in found.items()]
    head = ["imported", "CPU time", "wall time", "ratio to the first"]
    text = "Whole processes, `python -c 'import …'`, CPU time as the operating system counts it."
    return [Table("Import time", text, head, rows)]
