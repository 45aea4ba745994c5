"""The benchmarks of recursion: programs agree with CPython, gradients with differences; Numba runs the same source."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hloc

pytest.importorskip("numba")

from tools.benchmarks import recursion
from tools.benchmarks import recursive_programs as programs
from tools.benchmarks.recursive_cases import Recursive, grown, in_numba, level_by_level, recursions

SMALL = list(recursions(0.02))


@pytest.mark.parametrize("case", SMALL, ids=lambda case: case.function.__name__)
def test_programs_agree(case: Recursive) -> None:
    found, wanted = (recursion.outcome(f, case) for f in (hloc.compile(case.function), case.function))
    for mine, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-9)


def test_numba_compiles_what_a_function_calls() -> None:
    np.testing.assert_allclose(in_numba(programs.area)(0.0, 1.0, 1e-6), programs.area(0.0, 1.0, 1e-6), rtol=1e-9)


def test_calls_are_counted() -> None:
    counts = {case.function.__name__: case.calls() for case in recursions(0.2)}
    assert counts["fib"] == 15  # fib(5)
    assert counts["hanoi_count"] == 2**5 - 1  # four discs


@pytest.mark.parametrize("tree", [level_by_level, grown])
def test_trees_reach_all_their_nodes(tree: Any) -> None:
    left, right, _ = tree(100)
    children = np.concatenate((left, right))
    assert sorted(children[children >= 0]) == list(range(1, 100))


@pytest.mark.parametrize("case", recursion.differentiated(0.02), ids=lambda case: case.name)
def test_gradients(case: recursion.Differentiated) -> None:
    recursion.check(case, hloc.value_and_grad(case.function, argnums=case.wrt))


def test_room_is_what_is_asked_for() -> None:
    made = recursion.with_room(SMALL[0].function, 64, (10,))
    assert made(10) == 55
