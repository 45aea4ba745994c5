"""`./tools/bench`: run suites on one processor core, print their tables, write docs/benchmarks.md when all have run."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from tools.benchmarks.report import PAGE, Table, page

SUITES = [
    "loops",
    "operations",
    "triangular",
    "programs",
    "derivatives",
    "recursion",
    "batching",
    "first_result",
    "warm_starts",
    "compile_time",
    "import_time",
    "dispatch",
]


def tables_of(suite: str, rounds: int) -> list[Table]:
    """The tables of one suite, printed as soon as they are there."""
    found: list[Table] = importlib.import_module(f"tools.benchmarks.{suite}").tables(rounds)
    for table in found:
        print(table.markdown(), end="\n\n", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(SUITES)}; all of them without")
    parser.add_argument("--rounds", type=int, default=9, help="interleaved rounds for each row (default 9)")
    parser.add_argument("--all-cores", action="store_true", help="let every contender use all processor cores")
    options = parser.parse_args()
    unknown = set(options.suites) - set(SUITES)
    if unknown:
        parser.error(f"no suite {min(unknown)!r}: there are {', '.join(SUITES)}")
    if not options.all_cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # before the peers count the cores
    tables = [table for suite in options.suites or SUITES for table in tables_of(suite, options.rounds)]
    if not options.suites:
        PAGE.write_text(page(tables))
        print(f"written: {PAGE}", file=sys.stderr)


if __name__ == "__main__":
    main()
