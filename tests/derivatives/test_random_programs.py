"""Derivatives of random programs: against differences, forward against reverse, printed, with little room for logs.

The fast test runs a fixed few; the sweep runs many:

    pytest -m sweep tests/derivatives/test_random_programs.py --programs 500 --first 0
"""

from __future__ import annotations

import random

import pytest

from tests.random_programs.trial import accept, sweep

from .check import choices, compare
from .generator import generate

REDUCER = "tests.derivatives.check"


@pytest.mark.parametrize("seed", range(1, 13))
def test_random_programs(seed: int) -> None:
    program = generate(random.Random(seed))
    accept(seed, compare(program, **choices(seed)), program, REDUCER)


@pytest.mark.sweep
def test_sweep(request: pytest.FixtureRequest) -> None:
    sweep(
        request,
        generate,
        lambda seed, program: compare(program, **choices(seed)),
        programs=300,
        unused=0.1,
        reducer=REDUCER,
    )


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
