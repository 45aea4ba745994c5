"""Emitted loops, branches and writes compute what Python computes, and never copy a whole array in a loop."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from hloc.emit import EmitOptions
from hloc.emit.lint import find_copies
from hloc.runtime.executable import Executable
from tests.emit.building import compiled
from tests.emit.programs import PROGRAMS

MODES = {
    "tuned": EmitOptions(),
    "plain": EmitOptions(tune=False),
    "strict": EmitOptions(strict=True),
}


@cache
def executable(name: str, n: int, mode: str) -> Executable:
    return compiled(PROGRAMS[name].module(n), MODES[mode])


def as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_program_agrees_with_python(name: str, mode: str) -> None:
    program = PROGRAMS[name]
    arguments = program.arguments(40)
    expected = as_tuple(program.python(*arguments))
    results = executable(name, 40, mode).execute(arguments)
    assert len(results) == len(expected)
    for result, value in zip(results, expected, strict=True):
        np.testing.assert_allclose(np.asarray(result), value, rtol=1e-12)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_loops_copy_no_array(name: str, mode: str) -> None:
    assert find_copies(executable(name, 40, mode).optimized_hlo(), min_bytes=40) == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_strict_program_agrees_with_python_exactly(name: str) -> None:
    program = PROGRAMS[name]
    arguments = program.arguments(40)
    expected = as_tuple(program.python(*arguments))
    for result, value in zip(executable(name, 40, "strict").execute(arguments), expected, strict=True):
        np.testing.assert_array_equal(np.asarray(result), value)


@pytest.mark.parametrize("name", ["recurrence", "mandelbrot", "fibonacci", "rotate", "early_exit", "drain"])
def test_tuned_loops_copy_no_scalar(name: str) -> None:
    """XLA's copies of carried scalars are what tuning removes; without it there are some."""
    assert find_copies(executable(name, 40, "tuned").optimized_hlo(), min_bytes=1) == []
    assert find_copies(executable(name, 40, "plain").optimized_hlo(), min_bytes=1) != []
