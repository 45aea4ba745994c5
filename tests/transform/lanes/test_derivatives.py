"""Derivatives of what runs in lanes: gradients of what lanes share are sums over lanes."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from hloc.ir.core import Function, Module, clone_block
from hloc.ir.verifier import verify
from hloc.transform.differentiate import Sites
from hloc.transform.lanes import expand_lanes
from tests.transform.inner_products import derivative
from tests.transform.interpreter import run
from tests.transform.lanes.agreement import executable_of, run_compiled
from tests.transform.lanes.over_lanes import over_lanes, stacked
from tests.transform.smooth_programs import smooth_arguments, smooth_module

FLOATS = 4
"""How many arguments of such a program come first and are floats."""


def check_derivative(seed: int, kinds: str, *, compile_: bool = False) -> None:
    """The derivative gives the same in lockstep as one lane after another."""
    rng = Random(seed)
    lanes, shared = rng.choice((2, 3, 5)), {number for number in range(7) if rng.random() < 0.4}

    def make() -> Module:
        module = smooth_module(seed, 6)
        over_lanes(module, lanes, "lockstep", shared)
        return module

    plain = derivative(make, kinds, Sites(first=64))
    module = Module(main=plain.main)
    for function in plain.functions.values():
        module.add(Function(function.name, clone_block(function.block, {})))
    arguments = stacked([smooth_arguments(seed + 100 * lane) for lane in range(lanes)], shared)
    count = len(plain.entry.params) - len(arguments)
    types = [p.type for p in plain.entry.params[FLOATS : FLOATS + count]]
    weights = [np.random.default_rng(seed).standard_normal(t.shape) for t in types]
    arguments = [*arguments[:FLOATS], *weights, *arguments[FLOATS:]]
    expected = run(plain, arguments)
    batches = expand_lanes(module, "cpu")
    verify(module)
    assert {batch.chosen for batch in batches} == {"lockstep"}, batches
    found = [run(module, arguments)]
    if compile_:
        found.append(run_compiled(executable_of(module), module, arguments))
    for results in found:
        for number, (x, y) in enumerate(zip(results, expected, strict=True)):
            np.testing.assert_allclose(x, y, rtol=1e-7, atol=1e-9, err_msg=f"seed {seed}, {kinds}, result {number}")


@pytest.mark.parametrize("kinds", ["v", "j", "vj"])
@pytest.mark.parametrize("seed", range(8))
def test_derivatives_of_random_programs(seed: int, kinds: str) -> None:
    check_derivative(seed, kinds, compile_=seed == 3 and kinds == "v")


@pytest.mark.sweep
def test_many_derivatives(pytestconfig: pytest.Config) -> None:
    first = pytestconfig.getoption("--first")
    for seed in range(first, first + (pytestconfig.getoption("--programs") or 200)):
        check_derivative(seed, ("v", "j", "vj", "vv")[seed % 4], compile_=seed % 5 == 0)
