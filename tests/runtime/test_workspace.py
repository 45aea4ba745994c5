"""Memory that programs are lent: used again, one for each run under way, bounded, not trusted after failures."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hloc.runtime import ExecutionError, compile_stablehlo, workspace
from hloc.runtime.workspace import Lender, lending
from tests.runtime.programs import double

ROWS = 1000


@pytest.fixture(autouse=True)
def no_other_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "_lenders", type(workspace._lenders)())


def program(rows: int = ROWS) -> Lender:
    """(x, memory) → (x + x, memory with x in place 3)."""
    log = f"tensor<{rows}xf64>"
    text = f"""
    module @write {{ func.func public @main(%x: tensor<1xf64>, %m: {log} {{tf.aliasing_output = 1 : i32}})
        -> (tensor<1xf64>, {log}) {{
      %i = stablehlo.constant dense<3> : tensor<i64>
      %y = stablehlo.add %x, %x : tensor<1xf64>
      %w = stablehlo.dynamic_update_slice %m, %x, %i : ({log}, tensor<1xf64>, tensor<i64>) -> {log}
      return %y, %w : tensor<1xf64>, {log} }} }}
    """
    found = lending(compile_stablehlo(text), 1)
    assert isinstance(found, Lender)
    return found


def twice(lender: Lender, x: float) -> float:
    (y,) = lender.execute([np.array([x], np.float64)])
    return float(np.asarray(y)[0])


def test_results_found_after_an_interrupt_are_those_without_the_memory() -> None:
    lender, found = program(), []
    results = lender.execute([np.ones(1)], found=found)
    assert len(found[0]) == 2
    assert lender.own(found[0]) == results


def address(lender: Lender) -> int:
    ((raw,),) = lender.idle
    return int(np.asarray(memoryview(raw)).__array_interface__["data"][0])


def test_a_program_without_such_memory_is_left_alone() -> None:
    executable = compile_stablehlo(double("4xf64"))
    assert lending(executable, 1) is executable


def test_every_run_uses_the_same_memory() -> None:
    lender = program()
    assert twice(lender, 1.5) == 3.0
    before = address(lender)
    for x in range(5):
        assert twice(lender, x) == 2 * x
        assert address(lender) == before
        assert np.asarray(memoryview(lender.idle[0][0]))[3] == x


def test_runs_at_the_same_time_have_memory_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    lender = program()
    inside = threading.Barrier(3)
    lent: list[int] = []
    run = lender.run

    def wait_and_run(raws: list[Any]) -> Any:
        lent.append(int(np.asarray(memoryview(raws[-1])).__array_interface__["data"][0]))
        inside.wait(20)
        return run(raws)

    monkeypatch.setattr(lender, "run", wait_and_run)
    found: dict[int, float] = {}
    threads = [threading.Thread(target=lambda x=x: found.update({x: twice(lender, x)})) for x in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {0: 0.0, 1: 2.0, 2: 4.0}
    assert len(set(lent)) == 3
    assert len(lender.idle) == lender.allowed == 3


def fail(run: Callable[..., Any], error: type[Exception]) -> Callable[..., Any]:
    def failing(raws: list[Any]) -> Any:
        run(raws)
        raise error("out of memory")

    return failing


def test_a_run_that_fails_loses_the_memory_only() -> None:
    lender = program()
    assert twice(lender, 1.0) == 2.0
    run = lender.run
    lender.run = fail(run, lender.error)
    with pytest.raises(ExecutionError, match="out of memory"):
        twice(lender, 2.0)
    assert not lender.idle
    lender.run = run
    assert twice(lender, 3.0) == 6.0
    assert len(lender.idle) == lender.allowed == 1


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "BUDGET", 20 * ROWS)  # enough for two of the programs
    lenders = [program() for _ in range(3)]
    for x, lender in enumerate(lenders):
        assert twice(lender, x) == 2 * x
    assert [len(lender.idle) for lender in lenders] == [0, 0, 1]
    for x, lender in enumerate(lenders):
        assert twice(lender, x) == 2 * x
        assert sum(other.nbytes * len(other.idle) for other in lenders) <= workspace.BUDGET
    large = program(3 * ROWS)
    assert twice(large, 1.0) == 2.0
    assert not large.idle


def test_the_memory_goes_with_the_program() -> None:
    lender = program()
    twice(lender, 1.0)
    del lender
    gc.collect()
    assert len(workspace._lenders) == 0


def test_reports_count_it_as_temporary() -> None:
    lender = program()
    found, size = lender.memory(), 8 * ROWS
    assert (found.arguments, found.alias) == (8, 0)
    assert found.outputs < size <= found.temporaries < 2 * size
    assert found.peak >= size
