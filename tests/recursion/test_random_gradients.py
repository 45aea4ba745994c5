"""Derivatives of random recursive programs against differences.

The sweep runs many: pytest -m sweep tests/recursion/test_random_gradients.py --programs 200 --first 0
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.derivatives.check import choices, compare
from tests.random_programs.check import Verdict
from tests.random_programs.generator import Program

from .smooth_generator import generate


def accept(seed: int, verdict: Verdict, program: Program) -> None:
    """Refused may be a write to one of several arrays, by data."""
    allowed = verdict.kind in ("same", "discarded") or verdict.sort.startswith("AliasError")
    assert allowed, f"{seed} {verdict.kind}: {verdict.sort}\n{verdict.detail}\n{program.source}\n{program.arguments}"


@pytest.mark.parametrize("seed", range(1, 9))
def test_random_programs(seed: int) -> None:
    program = generate(random.Random(seed))
    accept(seed, compare(program, **choices(seed)), program)


@pytest.mark.sweep
def test_sweep(request: pytest.FixtureRequest) -> None:
    first, count = request.config.getoption("first"), request.config.getoption("programs") or 200
    verdicts: Counter[str] = Counter()
    for seed in range(first, first + count):
        program = generate(random.Random(seed))
        verdict = compare(program, **choices(seed))
        verdicts[verdict.kind] += 1
        accept(seed, verdict, program)
    assert verdicts["discarded"] + verdicts["refused"] <= count * 0.15, verdicts


def test_programs_vary_and_are_the_same_for_a_seed() -> None:
    """Every way of calling occurs."""
    texts = [generate(random.Random(seed)).source for seed in range(60)]
    assert texts == [generate(random.Random(seed)).source for seed in range(60)]
    everything = "\n".join(texts)
    parts = ("walk_1(fuel - 1", "walk_0(fuel // 2", " = walk_0(", "(walk_0(", "while ", "for ", "return np.tanh")
    assert [part for part in parts if part not in everything] == []
