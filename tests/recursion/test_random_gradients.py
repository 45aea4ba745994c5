"""Derivatives of random recursive programs against differences.

The sweep runs many: pytest -m sweep tests/recursion/test_random_gradients.py --programs 200 --first 0
"""

from __future__ import annotations

import random

import pytest

from tests.derivatives.check import choices, compare
from tests.random_programs.trial import accept, sweep

from .smooth_generator import generate


@pytest.mark.parametrize("seed", range(1, 9))
def test_random_programs(seed: int) -> None:
    program = generate(random.Random(seed))
    accept(seed, compare(program, **choices(seed)), program)


@pytest.mark.sweep
def test_sweep(request: pytest.FixtureRequest) -> None:
    sweep(request, generate, lambda seed, program: compare(program, **choices(seed)), programs=200, unused=0.15)


def test_programs_vary_and_are_the_same_for_a_seed() -> None:
    """Every way of calling occurs."""
    texts = [generate(random.Random(seed)).source for seed in range(60)]
    assert texts == [generate(random.Random(seed)).source for seed in range(60)]
    everything = "\n".join(texts)
    parts = ("walk_1(fuel - 1", "walk_0(fuel // 2", " = walk_0(", "(walk_0(", "while ", "for ", "return np.tanh")
    assert [part for part in parts if part not in everything] == []
