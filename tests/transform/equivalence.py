"""Compares a program before and after a pass: by its text (golden) and by what it computes (random programs)."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent
from typing import Any

import numpy as np

import hloc.ops  # noqa: F401
from hloc.ir.core import Module
from hloc.ir.parser import parse_module
from hloc.ir.printer import print_module
from hloc.ir.verifier import verify
from tests.transform.interpreter import run
from tests.transform.programs import random_arguments, random_module

Pass = Callable[[Module], Any]


def after(pass_: Pass, text: str) -> str:
    """The text of a program after a pass; both programs are verified."""
    module = parse_module(dedent(text))
    verify(module)
    pass_(module)
    verify(module)
    return print_module(module).strip()


def check_golden(pass_: Pass, before: str, expected: str) -> None:
    """The pass turns the program `before` into `expected`, to the letter."""
    found = after(pass_, before)
    assert found == dedent(expected).strip(), "\n" + found


def check_random(pass_: Pass, seed: int, runs: int = 3, size: int = 8) -> None:
    """A random program computes the same bits after the pass, and the pass gives valid IR."""
    module, changed = random_module(seed, size), random_module(seed, size)
    verify(module)
    pass_(changed)
    verify(changed)
    for number in range(runs):
        arguments = random_arguments(seed * 100 + number)
        before, found = run(module, arguments), run(changed, arguments)
        for position, (x, y) in enumerate(zip(before, found, strict=True)):
            assert same_bits(x, y), f"seed {seed}, run {number}, result {position}: {x} became {y}"


def same_bits(x: np.ndarray, y: np.ndarray) -> bool:
    """Equal to the sign of zeros; all NaNs count as equal."""
    if x.dtype.kind != "f":
        return np.array_equal(x, y)
    return np.array_equal(x, y, equal_nan=True) and np.array_equal(np.signbit(x)[x == x], np.signbit(y)[y == y])
