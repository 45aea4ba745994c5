"""Random recursive programs mean what CPython means.

The fast test runs a fixed few; the sweep runs more: pytest -m sweep tests/recursion --programs 500 --first 0
"""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.random_programs.check import compare
from tests.random_programs.trial import accept, quick, sweep

from .generator import generate

QUICK = quick(12)
SEEDS = st.integers(0, 2**32)


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
    sweep(request, generate, lambda _, program: compare(program), programs=500, unused=0.1)


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
