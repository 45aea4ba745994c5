"""Random lanes give the same one after another and at once."""

from __future__ import annotations

import pytest

from hloc.ir.core import Function, Module, clone_block
from hloc.ir.verifier import verify
from hloc.transform.lanes import expand_lanes
from hloc.transform.simplify import simplify
from tests.transform.interpreter import run
from tests.transform.lanes.agreement import compare, executable_of, run_compiled, run_printed
from tests.transform.lanes.random_lanes import random_lane_arguments, random_lanes


def check_random(seed: int, *, compile_: bool) -> None:
    """Sums are taken in another order, so numbers agree to rounding."""
    lanes = (2, 3, 7, 1, 5)[seed % 5]
    plain, what = random_lanes(seed, lanes, "lockstep"), f"seed {seed}"
    if seed % 3 == 0:
        simplify(plain)
    module = Module(main=plain.main)
    for function in plain.functions.values():
        module.add(Function(function.name, clone_block(function.block, {})))
    expand_lanes(module, "cpu")
    verify(module)
    runs = [random_lane_arguments(seed * 10 + number, lanes) for number in range(3)]
    expected = [run(plain, arguments) for arguments in runs]
    compare(what, [run(module, arguments) for arguments in runs], expected, "")
    if compile_:
        compare(f"{what}, printed", [run_printed(module, arguments) for arguments in runs], expected, "")
        executable = executable_of(module)
        compare(f"{what}, compiled", [run_compiled(executable, module, a) for a in runs], expected, "")


@pytest.mark.parametrize("seed", range(80))
def test_random_lanes(seed: int) -> None:
    check_random(seed, compile_=seed % 16 == 0)


@pytest.mark.sweep
def test_many_random_lanes(pytestconfig: pytest.Config) -> None:
    first = pytestconfig.getoption("--first")
    for seed in range(first, first + (pytestconfig.getoption("--programs") or 400)):
        check_random(seed, compile_=seed % 4 == 0)
