"""The benchmarks run: their programs agree with CPython, and a suite gives its table. What they measure is not tested."""

from __future__ import annotations

import numpy as np
import pytest

import hloc
from tools.benchmarks import warm_programs
from tools.benchmarks.loop_cases import Loop, loops
from tools.benchmarks.report import Table, page
from tools.benchmarks.timing import Contender, interleaved


@pytest.mark.parametrize("loop", list(loops(scale=0.01)), ids=lambda loop: loop.function.__name__)
def test_loops_agree_with_cpython(loop: Loop) -> None:
    ours = hloc.compile(loop.function)(*loop.arguments())
    np.testing.assert_allclose(np.asarray(ours), loop.function(*loop.arguments()), rtol=1e-12)


def test_programs_of_warm_starts_agree_with_numpy() -> None:
    assert hloc.compile(warm_programs.collatz)(*warm_programs.collatz_arguments()) == 524
    loss, arguments = warm_programs.mlp_loss, warm_programs.mlp_arguments()
    np.testing.assert_allclose(hloc.compile(loss)(*arguments), loss(*arguments), rtol=1e-5)
    assert len(warm_programs.leaves(warm_programs.transformer_arguments())) == 3 + 12 * 8 + 2


def test_contenders_take_turns() -> None:
    turns: list[str] = []
    both = {name: Contender(lambda x, name=name: turns.append(name), lambda: (1,)) for name in "ab"}
    found = interleaved(both, rounds=3)
    assert list(found) == ["a", "b"]
    assert "".join(turns).rstrip("b").count("ab") >= 3
    assert found["a"].least <= found["a"].median


def test_a_suite_gives_its_table() -> None:
    pytest.importorskip("jax")
    from tools.benchmarks import dispatch

    (table,) = dispatch.tables(rounds=1, size=4)
    assert [len(row) for row in table.rows] == [len(table.head)] * 18


def test_a_page_holds_its_tables() -> None:
    text = page([Table("Loops", "Some.", ["program", "ratio"], [["sum", "1.00"]], "All.")])
    assert text.endswith("## Loops\n\nSome.\n\n| program | ratio |\n| :-- | --: |\n| sum | 1.00 |\n\nAll.\n")
