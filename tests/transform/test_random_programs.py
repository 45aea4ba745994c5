"""Large random programs compute the same bits after every pass, and after all of them.

What this would miss: programs whose loops run more than a few times, operations other than those of `programs.py`, and
differences between the interpreter (NumPy) and compiled code; tests/language compiles what users write.
"""

from __future__ import annotations

from functools import partial

import pytest

from hloc.transform.convert_if_to_select import convert_discrete_if, convert_if_to_select
from hloc.transform.drop_checks import drop_checks
from hloc.transform.eliminate_common_subexpressions import eliminate_common_subexpressions
from hloc.transform.eliminate_dead_code import eliminate_dead_code
from hloc.transform.fold_constants import fold_constants
from hloc.transform.hoist_invariants import hoist_invariants
from hloc.transform.inline_calls import inline_calls
from hloc.transform.merge_carries import merge_carries
from hloc.transform.simplify import simplify
from hloc.transform.unrotate_loops import unrotate_loops
from hloc.transform.while_to_for import while_to_for
from tests.transform.equivalence import Pass, check_random

PASSES: dict[str, Pass] = {
    "convert_discrete_if": convert_discrete_if,
    "convert_if_to_select": convert_if_to_select,
    "drop_checks": drop_checks,
    "eliminate_common_subexpressions": eliminate_common_subexpressions,
    "eliminate_dead_code": eliminate_dead_code,
    "fold_constants": fold_constants,
    "hoist_invariants": hoist_invariants,
    "inline_calls": inline_calls,
    "merge_carries": merge_carries,
    "simplify": simplify,
    "simplify with selects": partial(simplify, select=True),
    "unrotate_loops": unrotate_loops,
    "while_to_for": while_to_for,
}


@pytest.mark.parametrize("name", PASSES)
def test_a_large_program(name: str) -> None:
    check_random(PASSES[name], 5044, size=30)  # a carry of a loop that runs once was lost here


@pytest.mark.sweep
@pytest.mark.parametrize("name", PASSES)
def test_many_large_programs(name: str) -> None:
    for seed in range(20_000, 20_400):
        check_random(PASSES[name], seed, size=30)
