"""Ranges hold for every value that a program computes, and are as narrow as the plain loops of users need."""

from __future__ import annotations

import numpy as np
import pytest

from hloc.ir.core import Value
from hloc.transform.analyze_ranges import analyze_ranges
from tests.transform.interpreter import run
from tests.transform.programs import random_arguments, random_module


def check_ranges_hold(seed: int) -> None:
    module = random_module(seed)
    found = {name: analyze_ranges(function) for name, function in module.functions.items()}

    def observe(value: Value, array: np.ndarray) -> None:
        for ranges in found.values():
            interval = ranges.interval.get(value)
            if interval is not None and array.size:
                assert array.min() >= interval.lo, f"seed {seed}: {value} is {array}, thought to be in {interval}"
                assert array.max() <= interval.hi, f"seed {seed}: {value} is {array}, thought to be in {interval}"

    for number in range(4):
        run(module, random_arguments(seed * 100 + number), observe)


@pytest.mark.parametrize("seed", range(40))
def test_ranges_hold_on_random_programs(seed: int) -> None:
    check_ranges_hold(seed)
