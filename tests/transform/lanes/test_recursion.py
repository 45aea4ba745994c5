"""Recursive functions in many lanes: the loops that they become have a stack for each lane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from hloc.ir.core import Module
from hloc.ir.verifier import verify
from hloc.transform.lanes import expand_lanes
from hloc.transform.recursion import Stacks, lower_recursion
from tests.transform.interpreter import run
from tests.transform.lanes.agreement import compare, executable_of, run_compiled, run_printed
from tests.transform.lanes.over_lanes import over_lanes, stacked
from tests.transform.recursion.random_recursion import random_recursion, random_recursion_arguments
from tests.transform.recursive_programs import PROGRAMS


def check_lanes(make: Callable[[], Module], lanes: Sequence[Sequence[Any]], *, compile_: bool) -> None:
    """The results of all lanes, and tokens that say that all stacks had room."""
    plain, module = make(), make()
    expected = [np.stack(column) for column in zip(*(run(plain, a) for a in lanes), strict=True)]
    over_lanes(module, len(lanes), "pc")
    lower_recursion(module, Stacks(first=64, limit=1_000_000))
    verify(module)
    batches = expand_lanes(module, "cpu")
    verify(module)
    assert {batch.chosen for batch in batches} <= {"pc"}, batches
    tokens = [np.zeros(())] * (len(module.entry.results) - len(expected))
    arguments = [np.asarray(a, p.type.dtype) for a, p in zip(stacked(lanes), module.entry.params, strict=True)]
    compare("printed", [run_printed(module, arguments)], [[*expected, *tokens]], "")
    if compile_:
        executable = executable_of(module)
        compare("compiled", [run_compiled(executable, module, arguments)], [[*expected, *tokens]], "")


@pytest.mark.parametrize("name", PROGRAMS)
def test_lanes_have_stacks_of_their_own(name: str) -> None:
    program = PROGRAMS[name]
    arguments = [*program.arguments, *program.arguments][: max(2, len(program.arguments))]
    check_lanes(program.module, arguments, compile_=name in ("fib", "tree", "quicksort", "power"))


def check_random(seed: int, *, compile_: bool) -> None:
    lanes = [random_recursion_arguments(seed + 1000 * lane) for lane in range(2 + seed % 4)]
    check_lanes(lambda: random_recursion(seed), lanes, compile_=compile_)


@pytest.mark.parametrize("seed", range(12))
def test_random_recursion_in_lanes(seed: int) -> None:
    check_random(seed, compile_=seed == 3)


@pytest.mark.sweep
def test_much_random_recursion_in_lanes(pytestconfig: pytest.Config) -> None:
    first = pytestconfig.getoption("--first")
    for seed in range(first, first + (pytestconfig.getoption("--programs") or 200)):
        check_random(seed, compile_=seed % 4 == 0)
