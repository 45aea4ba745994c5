"""The benchmarks of batching: a program by `hloc.vmap`, by jax and by Numba is the program of one lane for each lane."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")
pytest.importorskip("numba")

import hloc  # noqa: E402
from tools.benchmarks.batching import arrays, sampling, solver, suite, uniform  # noqa: E402
from tools.benchmarks.batching.case import Case, measure, numba_of, used  # noqa: E402
from tools.benchmarks.results import assert_same  # noqa: E402

LOOPS = list(uniform.cases(0.02))
CASES = [*arrays.cases(0.02), *(loop.case for loop in LOOPS if loop.case.lanes == 8), *suite.divergent_cases(0.02)]


def each_lane(case: Case) -> Any:
    """The results of CPython, stacked."""
    found = [case.function(*case.lane(k)) for k in range(case.lanes)]
    return jax.tree_util.tree_map(lambda *xs: np.stack(xs), *found)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_forms_agree(case: Case) -> None:
    wanted = each_lane(case)
    assert_same(hloc.vmap(case.function, in_axes=case.in_axes)(*case.arguments), wanted, "hloc")
    if case.in_jax is not None and case.made is None:
        assert_same(jax.jit(case.in_jax, static_argnums=case.static)(*case.arguments), wanted, "jax")
    if case.in_numba is not None:
        assert_same(numba_of(case.in_numba)(*case.arguments), wanted, "Numba")


@pytest.mark.parametrize("case", [case for case in CASES if case.made is not None], ids=lambda case: case.name)
def test_gradients_agree(case: Case) -> None:
    assert case.in_jax is not None
    assert_same(case.ours()(*case.arguments), jax.jit(case.in_jax)(*case.arguments), case.name)


@pytest.mark.parametrize("loop", LOOPS[:4], ids=lambda loop: loop.case.name)
def test_loops_by_hand_agree(loop: uniform.Uniform) -> None:
    assert_same(loop.by_hand(*loop.case.arguments), each_lane(loop.case), loop.case.name)


def test_utilisation_is_that_of_lanes_in_step() -> None:
    case = next(solver.cases(0.02))
    case = Case("", 2, case.function, (), (), trips=lambda result: np.array([[4, 1], [2, 5]]))
    assert used(case, None) == 12 / (2 * 9)


def test_a_chain_leaves_its_start() -> None:
    case = next(sampling.cases(0.05))
    ends, gradients = each_lane(case)
    assert not np.any(ends == case.arguments[0])
    assert np.all(gradients >= 1)


def test_tables_have_a_cell_for_each_column() -> None:
    array_case = next(arrays.cases(0.02))
    loop, case, chains = LOOPS[0], next(suite.divergent_cases(0.02)), next(sampling.cases(0.02))
    whole = [measure(array_case, 1)]
    loops, parting = [suite.same_trips(loop, 1)], [measure(case, 1), measure(chains, 1)]
    for table in (
        suite.array_table(whole),
        suite.loop_table(loops),
        suite.divergent_table(parting),
        suite.gradients_table(parting[1:]),
        suite.bars(whole, loops, parting),
    ):
        assert {len(row) for row in table.rows} == {len(table.head)}
