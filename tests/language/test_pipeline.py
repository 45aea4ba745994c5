"""The way of a program: what XLA refuses in tuned form is compiled in plain form; selections come back as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hloc
from hloc import pipeline
from hloc.options import CompileOptions
from hloc.runtime import XlaCompileError

from .agreement import define


def test_a_refused_tuned_program_is_compiled_in_plain_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLOC_CACHE", "off")
    emit, tried = pipeline.emit, []

    def refusing(program: Any, options: CompileOptions, rows: pipeline.Rows) -> Any:
        tried.append(options.tune)
        if options.tune:
            raise XlaCompileError("refused")
        return emit(program, options, rows)

    monkeypatch.setattr(pipeline, "emit", refusing)
    assert hloc.compile(define("def program(x):\n    return x + 1\n"))(2) == 3
    assert tried == [True, False]


def test_a_selection_is_trimmed_to_an_array() -> None:
    found = hloc.compile(define("def program(x):\n    return x[x > 0] * 2\n"))(np.array([1.0, -2.0, 3.0]))
    assert isinstance(found, hloc.Array)
    np.testing.assert_array_equal(found, [2.0, 6.0])


def sum_below(n: int) -> int:
    return n if n < 2 else sum_below(n - 1) + sum_below(n - 2)


def test_the_program_after_a_pass() -> None:
    lowered = hloc.compile(sum_below).lower("i64")
    later = lowered.after("recursion")
    assert "call @sum_below" in lowered.ssa
    assert "call" not in later.ssa
    assert "sum_below(" not in later.python
    with pytest.raises(ValueError, match=r"^'lowering' is none of the passes recursion, batching$"):
        lowered.after("lowering")
