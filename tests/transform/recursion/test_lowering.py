"""Recursive functions that became loops compute the same, and copy no array in each trip."""

from __future__ import annotations

import pytest

import hloc.transform.recursion.analysis as analysis
from hloc.emit.lint import find_copies
from hloc.transform.simplify import simplify
from tests.transform.interpreter import run
from tests.transform.recursion.agreement import assert_same, compiled, lowered, run_compiled, run_printed
from tests.transform.recursion.random_recursion import random_recursion, random_recursion_arguments
from tests.transform.recursive_programs import PROGRAMS

KINDS = {
    "fib": ["machine"],
    "even_odd": ["tail", "tail"],
    "power": ["linear"],
    "hanoi": ["machine"],
    "ackermann": ["machine"],
    "tree": ["machine"],
    "quicksort": ["machine"],
    "status": ["linear"],
    "ways": ["machine"],
    "ping_pong": ["linear", "linear"],
    "invariants": ["machine"],
}


@pytest.mark.parametrize("name", KINDS)
def test_each_gets_its_form(name: str) -> None:
    assert [machine.kind for machine in lowered(PROGRAMS[name].module())] == KINDS[name]


def check_program(name: str) -> None:
    program = PROGRAMS[name]
    module = program.module()
    lowered(module)
    for arguments in program.arguments:
        assert_same(run_printed(module, arguments), program.expected(arguments), "printed", module)
    executable = compiled(module)
    for arguments in program.arguments:
        assert_same(run_compiled(executable, module, arguments), program.expected(arguments), "compiled", module)


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_compute_what_python_does(name: str) -> None:
    check_program(name)


@pytest.mark.parametrize("name", [name for name, program in PROGRAMS.items() if "[" in program.text])
def test_large_arrays_stay_where_they_are(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The small arrays of these programs are kept as large ones are."""
    monkeypatch.setattr(analysis, "SMALL", 1)
    check_program(name)


def check_random(seed: int, monkeypatch: pytest.MonkeyPatch, *, compile_: bool) -> None:
    monkeypatch.setattr(analysis, "SMALL", 16 if seed % 2 else 2)
    module, arguments = random_recursion(seed), random_recursion_arguments(seed)
    if seed % 3:
        simplify(module)
    expected = run(module, arguments)
    if not lowered(module):
        return
    assert_same(run_printed(module, arguments), expected, f"seed {seed}, printed", module)
    if compile_:
        executable = compiled(module)
        assert_same(run_printed(module, arguments), expected, f"seed {seed}, simplified", module)
        assert_same(run_compiled(executable, module, arguments), expected, f"seed {seed}, compiled", module)


@pytest.mark.parametrize("seed", range(40))
def test_random_recursion(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    check_random(seed, monkeypatch, compile_=seed % 4 == 0)


@pytest.mark.sweep
def test_much_random_recursion(pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> None:
    first = pytestconfig.getoption("--first")
    for seed in range(first, first + (pytestconfig.getoption("--programs") or 400)):
        check_random(seed, monkeypatch, compile_=True)


@pytest.mark.parametrize("name", ["hanoi", "quicksort", "tree"])
def test_no_trip_copies_a_stack(name: str) -> None:
    module = PROGRAMS[name].module()
    lowered(module, rows=4096)
    assert find_copies(compiled(module).optimized_hlo(), min_bytes=1024) == []


@pytest.mark.parametrize("name", ["fib", "ackermann", "hanoi"])
def test_no_trip_copies_a_scalar(name: str) -> None:
    """Else XLA keeps the registers of the machine in memory, and a trip takes twice as long."""
    module = PROGRAMS[name].module()
    lowered(module)
    assert find_copies(compiled(module).optimized_hlo(), min_bytes=1) == []
