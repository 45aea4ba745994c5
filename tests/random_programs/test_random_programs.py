"""Random programs mean what CPython means: run by XLA, and as printed Python under NumPy.

The fast test runs a fixed few; the sweep (`tools/test --sweep`) runs thousands:

    pytest -m sweep tests/random_programs --programs 2000 --first 0
"""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .check import Verdict, compare
from .generator import Program, generate
from .reduce import reduce

QUICK = settings(
    max_examples=20,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # a failing program is made smaller by `reduce`, statement by statement
    suppress_health_check=[HealthCheck.too_slow],
)
SEEDS = st.integers(0, 2**32)
REFUSED = ("AliasError",)
"""Refusals that random programs may meet: writes to one of several arrays, by data."""


def accept(seed: int, verdict: Verdict, program: Program) -> None:
    """Fail with the program where CPython and hloc differ, or where hloc refuses what it should not."""
    allowed = verdict.kind in ("same", "discarded") or (verdict.kind == "refused" and verdict.sort.startswith(REFUSED))
    found = f"{verdict.kind}: {verdict.sort}\n{verdict.detail}\n{program.source}\n{program.arguments}"
    assert allowed, f"{found}\nto make it smaller: python -m tests.random_programs.reduce {seed}"


@QUICK
@given(seed=SEEDS)
def test_random_programs(seed: int) -> None:
    program = generate(random.Random(seed))
    accept(seed, compare(program), program)


@QUICK
@given(seed=SEEDS)
def test_random_programs_as_printed_python(seed: int) -> None:
    program = generate(random.Random(seed))
    accept(seed, compare(program, printed=True), program)


@pytest.mark.sweep
def test_sweep(request: pytest.FixtureRequest) -> None:
    first, count = request.config.getoption("first"), request.config.getoption("programs") or 2000
    verdicts: Counter[str] = Counter()
    for seed in range(first, first + count):
        program = generate(random.Random(seed))
        verdict = compare(program)
        verdicts[verdict.kind] += 1
        accept(seed, verdict, program)
    print(dict(verdicts))
    assert verdicts["discarded"] + verdicts["refused"] <= count * 0.05


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
