"""Random recursive programs mean what CPython means.

The fast test runs a fixed few; the sweep runs more: pytest -m sweep tests/recursion --programs 500 --first 0
"""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.random_programs.check import Verdict, compare
from tests.random_programs.generator import Program

from .generator import generate

QUICK = settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
SEEDS = st.integers(0, 2**32)


def accept(seed: int, verdict: Verdict, program: Program) -> None:
    """Refused may be a write to one of several arrays, by data."""
    allowed = verdict.kind in ("same", "discarded") or verdict.sort.startswith("AliasError")
    assert allowed, f"{seed} {verdict.kind}: {verdict.sort}\n{verdict.detail}\n{program.source}\n{program.arguments}"


@QUICK
@given(seed=SEEDS)
def test_random_programs(seed: int) -> None:
    program = generate(random.Random(seed))
    accept(seed, compare(program), program)


@QUICK
@given(seed=SEEDS)
def test_random_programs_as_printed_python(seed: int) -> None:
    program = generate(random.Random(seed))
    accept(seed, compare(program, printed=True), program)


@pytest.mark.sweep
def test_sweep(request: pytest.FixtureRequest) -> None:
    first, count = request.config.getoption("first"), request.config.getoption("programs") or 500
    verdicts: Counter[str] = Counter()
    for seed in range(first, first + count):
        program = generate(random.Random(seed))
        verdict = compare(program)
        verdicts[verdict.kind] += 1
        accept(seed, verdict, program)
    assert verdicts["discarded"] + verdicts["refused"] <= count * 0.1, verdicts


def test_programs_vary_and_are_the_same_for_a_seed() -> None:
    """Every way of calling occurs."""
    texts = [generate(random.Random(seed)).source for seed in range(60)]
    assert texts == [generate(random.Random(seed)).source for seed in range(60)]
    everything = "\n".join(texts)
    parts = (
        "walk_2(",
        "nonlocal a0",
        "budget[0] -= 1",
        "budget=budget",
        "fuel // 2",
        ")[0]",
        "= walk_0(",
        " walk_1(",
    )
    assert [part for part in parts if part not in everything] == []
