"""The benchmarks of derivatives: the forms of each program agree."""

from __future__ import annotations

import numpy as np
import pytest

import hloc

jax = pytest.importorskip("jax")
pytest.importorskip("numba")

from tools.benchmarks.derivatives import grids, measure, suite  # noqa: E402
from tools.benchmarks.derivatives.case import Case  # noqa: E402

SMALL = list(suite.all_cases(0.05))


@pytest.mark.parametrize("case", SMALL, ids=lambda case: case.name)
def test_forms_agree(case: Case) -> None:
    wanted = case.function(*case.arguments)
    np.testing.assert_allclose(np.asarray(hloc.compile(case.function)(*case.arguments)), wanted, rtol=1e-9)
    for form in (case.in_jax, *(form for _, form in case.beside)):
        np.testing.assert_allclose(measure.theirs(case, form).function(*case.arguments), wanted, rtol=1e-9)


@pytest.mark.parametrize("case", [case for case in SMALL if case.beside], ids=lambda case: case.name)
def test_other_forms_have_the_gradient(case: Case) -> None:
    wanted = measure.theirs(case).gradient(*case.arguments)
    for name, form in case.beside:
        measure.assert_same(measure.theirs(case, form).gradient(*case.arguments), wanted, name)


@pytest.mark.parametrize(
    "case", [case for case in SMALL if case.function in grids.hand_written], ids=lambda case: case.name
)
def test_adjoints_by_hand(case: Case) -> None:
    wanted = measure.theirs(case).gradient(*case.arguments)
    value, gradient = grids.hand_written[case.function](*case.arguments)
    measure.assert_same((value, (gradient,)), wanted, case.name)


@pytest.mark.sweep
@pytest.mark.parametrize("case", SMALL, ids=lambda case: case.name)
def test_gradients_agree(case: Case) -> None:
    wanted = measure.theirs(case).gradient(*case.arguments)
    measure.assert_same(measure.ours(case).gradient(*case.arguments), wanted, case.name)
