"""XLA's code generators for GPUs and TPUs take every program of the corpus. No device is needed, but their plugins are."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import hloc
from tests.targets.corpus import programs

PROGRAMS = programs()
EVERY = 100
"""One in so many is compiled by the quick tests; the sweep has the others."""
SAMPLE = [n if j % EVERY == 0 else pytest.param(n, marks=pytest.mark.sweep) for j, n in enumerate(PROGRAMS)]


@pytest.mark.parametrize("target", ["cuda:h200", "tpu:v5e"])
@pytest.mark.parametrize("name", SAMPLE)
def test_program(name: str, target: str, needs: Callable[[str], None]) -> None:
    needs(target)
    function, arguments = PROGRAMS[name]()
    try:
        lowered = function.lower(*arguments)
    except hloc.StaticValueError:
        pytest.skip("lanes cannot have this argument: it has to be known at compile time")
    compiled = lowered.compile(target=target)
    assert compiled.optimized_hlo
    assert compiled.memory.peak >= 0
    assert all(value >= 0 for value in compiled.cost.values())
