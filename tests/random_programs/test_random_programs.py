"""Random programs mean what CPython means: run by XLA, and as printed Python under NumPy.

The fast test runs a fixed few; the sweep (`tools/test --sweep`) runs thousands:

    pytest -m sweep tests/random_programs --programs 2000 --first 0
"""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .check import compare
from .generator import Program, generate
from .reduce import reduce
from .trial import accept, quick, sweep

QUICK = quick(20)
SEEDS = st.integers(0, 2**32)
REDUCER = "tests.random_programs.reduce"


@QUICK
@given(seed=SEEDS)
def test_random_programs(seed: int) -> None:
    program = generate(random.Random(seed))
    accept(seed, compare(program), program, REDUCER)


@QUICK
@given(seed=SEEDS)
def test_random_programs_as_printed_python(seed: int) -> None:
    program = generate(random.Random(seed))
    accept(seed, compare(program, printed=True), program, REDUCER)


@pytest.mark.sweep
def test_sweep(request: pytest.FixtureRequest) -> None:
    sweep(request, generate, lambda _, program: compare(program), programs=2000, unused=0.05, reducer=REDUCER)


def test_programs_vary_and_are_the_same_for_a_seed() -> None:
    """Most programs end normally, some raise, and every construct occurs."""
    texts = [generate(random.Random(seed)).source for seed in range(60)]
    assert texts == [generate(random.Random(seed)).source for seed in range(60)]
    everything = "\n".join(texts)
    for part in (
        "while ",
        "for ",
        "else:",
        "break",
        "continue",
        "lambda",
        "nonlocal",
        ":=",
        ".T",
        "reshape",
        "helper_0(",
        "print(",
        "raise ",
        "assert ",
        "+= ",
        "::-1]",
        "zip(",
        "enumerate(",
        ".append(",
        "float32",
    ):
        assert part in everything, part


def test_reduce_finds_the_line_that_matters() -> None:
    """A program is reduced to the statement that makes the fault."""
    source = "def program(n):\n    s = 0\n    for i in range(n):\n        if i > 2:\n            s += i * 2\n        s = s // 3\n    return s\n"
    found = reduce(Program(source, ((4,),)), lambda p: "// 3" in p.source and _compiles(p.source))
    assert found.source == "def program(n):\n    return s // 3\n" or len(found.source) <= 32, found.source


def _compiles(source: str) -> bool:
    try:
        compile(source, "<reduced>", "exec")
    except SyntaxError:
        return False
    return True
