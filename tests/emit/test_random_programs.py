"""Random programs of loops, branches and writes give the same numbers as the interpreter of the IR, tuned and not."""

from __future__ import annotations

import numpy as np
import pytest

from hloc.emit import EmitOptions
from tests.emit.building import run
from tests.emit.random_programs import interpret, random_arguments, random_program


def check(seed: int, options: EmitOptions) -> None:
    module, arguments = random_program(seed), random_arguments(seed)
    expected = interpret(module, arguments)
    for result, value in zip(run(module, *arguments, options=options), expected, strict=True):
        np.testing.assert_array_equal(result, value)


@pytest.mark.parametrize("seed", range(6))
def test_random_program(seed: int) -> None:
    check(seed, EmitOptions())
    check(seed, EmitOptions(tune=False))


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(100, 400))
def test_many_random_programs(seed: int) -> None:
    check(seed, EmitOptions())
    check(seed, EmitOptions(tune=False))
