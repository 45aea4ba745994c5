"""Recursive functions come through every pass: what they compute is what Python functions compute, however printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hloc.ir.core import Module
from hloc.ir.parser import parse_module
from hloc.ir.printer import print_module
from hloc.ir.to_python import run_python
from hloc.ir.verifier import verify
from hloc.transform.convert_if_to_select import convert_discrete_if, convert_if_to_select
from hloc.transform.drop_checks import drop_checks
from hloc.transform.drop_repeated_checks import drop_repeated_checks
from hloc.transform.eliminate_common_subexpressions import eliminate_common_subexpressions
from hloc.transform.eliminate_dead_code import eliminate_dead_code
from hloc.transform.fold_calls import fold_calls
from hloc.transform.fold_constants import fold_constants
from hloc.transform.hoist_invariants import hoist_invariants
from hloc.transform.inline_calls import inline_calls
from hloc.transform.merge_carries import merge_carries
from hloc.transform.relax_mul0 import relax_mul0
from hloc.transform.simplify import simplify
from hloc.transform.unrotate_loops import unrotate_loops
from hloc.transform.while_to_for import while_to_for
from tests.transform.equivalence import same_bits
from tests.transform.interpreter import run
from tests.transform.programs import random_arguments, random_module
from tests.transform.recursive_programs import PROGRAMS, Recursive

PASSES: list[Callable[[Module], Any]] = [
    convert_discrete_if,
    convert_if_to_select,
    drop_checks,
    drop_repeated_checks,
    eliminate_common_subexpressions,
    eliminate_dead_code,
    fold_calls,
    fold_constants,
    hoist_invariants,
    inline_calls,
    merge_carries,
    relax_mul0,
    simplify,
    unrotate_loops,
    while_to_for,
]


def check(program: Recursive, module: Module) -> None:
    """The module computes what the program does, and so does the Python that it is printed as."""
    verify(module)
    for arguments in program.arguments:
        expected = program.expected(arguments)
        for how in (run, run_python):
            before = [np.copy(a) for a in arguments]
            found = how(module, before)
            for result, wanted in zip(found, expected, strict=True):
                np.testing.assert_array_equal(result, wanted, err_msg=f"{how} {arguments}\n{print_module(module)}")
            for argument, kept in zip(before, arguments, strict=True):
                np.testing.assert_array_equal(argument, kept, err_msg="an argument was changed")


@pytest.mark.parametrize("name", PROGRAMS)
def test_text_is_read_back(name: str) -> None:
    program = PROGRAMS[name]
    text = print_module(program.module())
    module = parse_module(text)
    assert print_module(module) == text
    check(program, module)


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("pass_", PASSES, ids=lambda pass_: pass_.__name__)
def test_passes_keep_what_is_computed(name: str, pass_: Callable[[Module], Any]) -> None:
    module = PROGRAMS[name].module()
    pass_(module)
    check(PROGRAMS[name], module)


@pytest.mark.parametrize("name", PROGRAMS)
def test_simplified_twice_and_with_selects(name: str) -> None:
    module = PROGRAMS[name].module()
    simplify(module)
    text = print_module(module)
    simplify(module)
    assert print_module(module) == text
    simplify(module, select=True)
    check(PROGRAMS[name], module)


@pytest.mark.parametrize("seed", range(30))
def test_random_recursive_programs(seed: int) -> None:
    module, simplified, selected = (random_module(seed, recursive=True) for _ in range(3))
    simplify(simplified)
    simplify(selected, select=True)
    for changed in (module, simplified, selected):
        verify(changed)
    for number in range(3):
        arguments = random_arguments(seed * 100 + number)
        expected = run(module, arguments)
        found = (run(simplified, arguments), run_python(module, arguments), run_python(simplified, arguments))
        for results in (*found, run(selected, arguments)):
            for position, (x, y) in enumerate(zip(expected, results, strict=True)):
                assert same_bits(x, y), f"seed {seed}, run {number}, result {position}: {x} became {y}"
