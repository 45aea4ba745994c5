"""Random programs under vmap do what the loop over lanes does, with each strategy; also recursive ones, and gradients.

The fast tests run a fixed few; the sweep runs more: pytest -m sweep tests/batching --programs 500 --first 0
"""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from tests.derivatives.check import unfit as unfit_for_derivatives
from tests.derivatives.generator import generate as generate_smooth
from tests.language.agreement import define
from tests.random_programs.check import Verdict
from tests.random_programs.generator import Program, generate
from tests.random_programs.trial import accept, sweep
from tests.recursion.generator import generate as generate_recursive
from tests.recursion.smooth_generator import generate as generate_smooth_recursive

from .gradients import judge_gradient_of_map, judge_gradients
from .oracle import STRATEGIES
from .random_lanes import compare_lanes, several_lanes

QUICK = (None, "lockstep")
LANES = 6
MANY = 130
"""Lanes of every third program: so many run in blocks."""


def batched(generator, seed: int) -> tuple[Program, random.Random]:
    rng = random.Random(seed)
    return several_lanes(generator(rng), rng, MANY if seed % 3 == 2 else LANES), rng


@pytest.mark.parametrize("seed", range(8))
def test_random_programs(seed: int) -> None:
    program, rng = batched(generate, seed)
    accept(seed, compare_lanes(program, rng, QUICK), program)


@pytest.mark.parametrize("seed", range(5))
def test_random_recursive_programs(seed: int) -> None:
    program, rng = batched(generate_recursive, seed)
    accept(seed, compare_lanes(program, rng, (None, "pc")), program)


def gradients(program: Program, strategies: Iterable[str | None]) -> Verdict:
    """Gradients of a random loss in lanes, and of their sum."""
    function = define(program.source)
    if (reason := unfit_for_derivatives(function, program.arguments[0])) is not None:
        return Verdict("discarded", reason)
    judge_gradients(function, program.arguments, None, strategies)
    judge_gradient_of_map(function, program.arguments, None, strategies)
    return Verdict("same")


@pytest.mark.parametrize("seed", range(1, 4))
def test_random_gradients(seed: int) -> None:
    program = generate_smooth(random.Random(seed))
    accept(seed, gradients(program, QUICK), program)


def all_strategies(seed: int, program: Program) -> Verdict:
    """Few lanes, or many for every third program."""
    rng = random.Random(seed)
    return compare_lanes(several_lanes(program, rng, MANY if seed % 3 == 2 else LANES), rng, STRATEGIES)


@pytest.mark.sweep
@pytest.mark.parametrize(("generator", "programs", "unused"), [(generate, 500, 0.25), (generate_recursive, 200, 0.35)])
def test_sweep(request: pytest.FixtureRequest, generator, programs: int, unused: float) -> None:
    sweep(request, generator, all_strategies, programs=programs, unused=unused)


@pytest.mark.sweep
@pytest.mark.parametrize("generator", [generate_smooth, generate_smooth_recursive])
def test_sweep_of_gradients(request: pytest.FixtureRequest, generator) -> None:
    sweep(request, generator, lambda _, program: gradients(program, QUICK), programs=60, unused=0.5)
