"""Checks that were made before go; those that may be the first to fail stay, with what they say."""

from __future__ import annotations

import copy
import random

import numpy as np
import pytest

import hloc
from hloc.frontend.context import Options
from hloc.frontend.entry import specialize
from hloc.ir.verifier import verify
from hloc.transform.drop_repeated_checks import drop_repeated_checks
from hloc.transform.fold_constants import fold_constants
from tests.language.agreement import define
from tests.transform.equivalence import check_random
from tests.transform.interpreter import run

A = np.zeros(5)


@pytest.mark.parametrize(
    ("body", "checks"),
    [
        ("t = a[i]; a[i] = t + 1; return a", 1),
        ("t = a[i]; a[i] = a[j]; a[j] = t; return a", 2),
        ("s = a[i]\n    if s > 0:\n        a[i] = 2.0\n    return a[i]", 1),
        ("if a[i] > 0 and a[j] > 0:\n        a[i], a[j] = 1.0, 2.0\n    return a", 2),
        ("if i > 0:\n        s = a[i]\n    else:\n        s = 0.0\n    return s + a[i]", 2),
        ("s = a[i]\n    for k in range(j):\n        s += a[i]\n    return s + a[i]", 1),
    ],
)
def test_one_check_for_an_index(body: str, checks: int) -> None:
    function = define(f"def program(a, i, j):\n    {body}\n")
    assert len(hloc.compile(function).explain(A, 1, 2).checks) == checks


class Programs:
    """Random functions of three arrays and two integers that index with few and often equal expressions."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.variables = ["i", "j"]

    def index(self) -> str:
        return self.random.choice([*self.variables, *(f"{v} + 1" for v in self.variables), "i + j", "i - 2", "3"])

    def element(self) -> str:
        return f"{self.random.choice('abc')}[{self.index()}]"

    def condition(self) -> str:
        simple = [f"{self.element()} > {self.random.randint(-2, 2)}", f"{self.random.choice(self.variables)} < 3"]
        first = self.random.choice(simple)
        return first if self.random.random() < 0.5 else f"{first} {self.random.choice(['and', 'or'])} {simple[0]}"

    def block(self, depth: int, indent: str) -> list[str]:
        lines = []
        for _ in range(self.random.randint(1, 3)):
            lines += self.statement(depth, indent)
        return lines

    def statement(self, depth: int, indent: str) -> list[str]:
        kind = self.random.choice(["read", "write", "move", "step", *(["if", "for", "while"] if depth else [])])
        if kind == "read":
            return [f"{indent}s += {self.element()}"]
        if kind == "write":
            return [f"{indent}{self.element()} = s"]
        if kind == "move":
            return [f"{indent}{self.element()} = {self.element()} + 1"]
        if kind == "step":
            return [f"{indent}{self.random.choice('ij')} += {self.random.choice([-1, 1])}"]
        if kind == "if":
            body, other = self.block(depth - 1, indent + "    "), self.block(depth - 1, indent + "    ")
            return [f"{indent}if {self.condition()}:", *body, f"{indent}else:", *other]
        if kind == "for":
            counter = f"k{depth}"
            self.variables.append(counter)
            body = self.block(depth - 1, indent + "    ")
            self.variables.remove(counter)
            return [f"{indent}for {counter} in range({self.random.choice(['3', 'j', 'n'])}):", *body]
        body = self.block(depth - 1, indent + "    ")
        return [f"{indent}n -= 1", f"{indent}while n > 0 and ({self.condition()}):", *body, f"{indent}    n -= 1"]

    def text(self) -> str:
        body = "\n".join(self.block(2, "    "))
        return f"def program(a, b, c, i, j, n):\n    s = 0.0\n{body}\n    return s\n"


def check_program(seed: int) -> None:
    """A program gives the same results, or the same first error, without the checks that are dropped."""
    function = define(Programs(seed).text())
    draw = np.random.default_rng(seed)
    arrays = [draw.integers(-3, 4, 5).astype(float) for _ in "abc"]
    names = ("a", "b", "c", "i", "j", "n")
    program = specialize(function, dict(zip(names, (*arrays, 1, 2, 3), strict=True)), Options())
    before, after = program.module, copy.deepcopy(program.module)
    drop_repeated_checks(after)
    fold_constants(after)
    drop_repeated_checks(after)
    verify(after)
    start, words = program.error_index, program.error_words
    order = [next(n for n, name in enumerate(names) if str(entry.path) == name) for entry in program.inputs]
    for _ in range(8):
        numbers = [np.int64(x) for x in draw.integers(-6, 7, 2)]
        given = [*(array.copy() for array in arrays), *numbers, np.int64(draw.integers(0, 5))]
        arguments = [np.asarray(given[n]) for n in order]
        wanted, found = run(before, list(arguments)), run(after, list(arguments))
        if words and wanted[start] != 0:
            wanted, found = wanted[start : start + words], found[start : start + words]
        for x, y in zip(wanted, found, strict=True):
            assert np.array_equal(x, y, equal_nan=x.dtype.kind == "f"), Programs(seed).text()


@pytest.mark.parametrize("seed", range(60))
def test_random_indices(seed: int) -> None:
    check_program(seed)


@pytest.mark.parametrize("seed", range(20))
def test_random_programs(seed: int) -> None:
    check_random(drop_repeated_checks, seed)


@pytest.mark.sweep
def test_sweep(request: pytest.FixtureRequest) -> None:
    first, count = request.config.getoption("--first") or 1000, request.config.getoption("--programs") or 500
    for seed in range(first, first + count):
        check_program(seed)
        check_random(drop_repeated_checks, seed)
