"""Derivatives of random programs: against differences, forward against reverse, printed, with little room for logs.

The fast test runs a fixed few; the sweep runs many:

    pytest -m sweep tests/derivatives/test_random_programs.py --programs 500 --first 0
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.random_programs.check import Verdict
from tests.random_programs.generator import Program

from .check import choices, compare
from .generator import generate

REFUSED = ("AliasError",)
"""Refusals that random programs may meet: writes to one of several arrays, by data."""


def accept(seed: int, verdict: Verdict, program: Program) -> None:
    allowed = verdict.kind in ("same", "discarded") or (verdict.kind == "refused" and verdict.sort.startswith(REFUSED))
    found = f"{verdict.kind}: {verdict.sort}\n{verdict.detail}\n{program.source}\n{program.arguments}"
    assert allowed, f"{found}\nto make it smaller: python -m tests.derivatives.check {seed}"


@pytest.mark.parametrize("seed", range(1, 13))
def test_random_programs(seed: int) -> None:
    program = generate(random.Random(seed))
    accept(seed, compare(program, **choices(seed)), program)


@pytest.mark.sweep
def test_sweep(request: pytest.FixtureRequest) -> None:
    first, count = request.config.getoption("first"), request.config.getoption("programs") or 300
    verdicts: Counter[str] = Counter()
    for seed in range(first, first + count):
        program = generate(random.Random(seed))
        verdict = compare(program, **choices(seed))
        verdicts[verdict.kind] += 1
        accept(seed, verdict, program)
    print(dict(verdicts))
    assert verdicts["discarded"] + verdicts["refused"] <= count * 0.1


def test_programs_vary_and_are_the_same_for_a_seed() -> None:
    """Every construct occurs."""
    texts = [generate(random.Random(seed)).source for seed in range(80)]
    assert texts == [generate(random.Random(seed)).source for seed in range(80)]
    everything = "\n".join(texts)
    for part in (
        "while ",
        "for ",
        "else:",
        "break",
        "continue",
        "if ",
        "elif ",
        ".T",
        "reshape",
        "helper_0(",
        "::-1]",
        "enumerate(",
        ".at(",
        "np.where",
        "return ",
        "def f_",
    ):
        assert part in everything, part
