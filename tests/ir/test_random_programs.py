"""Random IR programs: the text reads back, the verifier holds, the printed Python computes what the references say."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hloc.ir.core import Module
from hloc.ir.parser import parse_module
from hloc.ir.printer import print_module
from hloc.ir.to_python import run_python, to_python
from hloc.ir.verifier import verify
from tests.ir.interpreter import run
from tests.ir.programs import arguments, modules

# Programs are found failing quickly but shrink slowly, so a failure is shown as it was drawn.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
QUICK = settings(max_examples=40, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))


@QUICK
@given(modules())
def test_print_parse_print_is_stable(module: Module) -> None:
    verify(module)
    text = print_module(module, spans=True)
    again = parse_module(text)
    verify(again)
    assert print_module(again, spans=True) == text


@QUICK
@given(modules(), st.integers(0, 2**32))
def test_printed_python_computes_the_same(module: Module, seed: int) -> None:
    """Bit for bit, as both call the same NumPy functions in the same order."""
    args = arguments(module, seed)
    kept = [a.copy() for a in args]
    found = run_python(module, args)
    for result, expected in zip(found, run(module, kept), strict=True):
        np.testing.assert_array_equal(result, expected, err_msg=to_python(module))
        assert result.dtype == expected.dtype
    for a, before in zip(args, kept, strict=True):
        np.testing.assert_array_equal(a, before, err_msg="an argument was changed")


@QUICK
@given(modules())
def test_printing_as_python_leaves_the_module_alone(module: Module) -> None:
    text = print_module(module)
    first = to_python(module)
    assert print_module(module) == text
    assert to_python(module) == first
