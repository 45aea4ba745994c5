"""What tests of random programs share: how Hypothesis draws them, which verdicts are right, long sweeps."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, settings

from .check import Verdict
from .generator import Program

REFUSED = ("AliasError",)
"""Refusals that random programs may meet: writes to one of several arrays, by data."""


def quick(examples: int) -> settings:
    """The same few programs in every run; one that fails is made smaller by hand, statement by statement."""
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )


def accept(seed: int, verdict: Verdict, program: Program, reducer: str = "") -> None:
    """Fail with the program where CPython and hloc differ, or where hloc refuses what it should not.

    reducer: the module that makes a program of this kind smaller.
    """
    allowed = verdict.kind in ("same", "discarded") or (verdict.kind == "refused" and verdict.sort.startswith(REFUSED))
    found = f"{seed} {verdict.kind}: {verdict.sort}\n{verdict.detail}\n{program.source}\n{program.arguments}"
    assert allowed, found + (f"\nto make it smaller: python -m {reducer} {seed}" if reducer else "")


def sweep(
    request: pytest.FixtureRequest,
    generate: Callable[[random.Random], Program],
    compare: Callable[[int, Program], Verdict],
    *,
    programs: int,
    unused: float,
    reducer: str = "",
) -> None:
    """Compare many programs (options `programs` and `first`); at most a share `unused` may say nothing."""
    first, count = request.config.getoption("first"), request.config.getoption("programs") or programs
    verdicts: Counter[str] = Counter()
    for seed in range(first, first + count):
        program = generate(random.Random(seed))
        verdict = compare(seed, program)
        verdicts[verdict.kind] += 1
        accept(seed, verdict, program, reducer)
    print(dict(verdicts))
    assert verdicts["discarded"] + verdicts["refused"] <= count * unused, verdicts
