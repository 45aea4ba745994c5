"""The printed Python of every program of these tests runs under NumPy and computes what XLA computes."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import hloc
from hloc.emit import EmitOptions, emit_module
from hloc.ir.parser import parse_module
from hloc.ir.printer import print_module
from hloc.ir.to_python import run_python
from hloc.ir.verifier import verify
from hloc.runtime import compile_or_load

from . import test_arrays, test_containers, test_control_flow, test_effects, test_numbers
from .agreement import assert_same_array, in_context

PROGRAMS: dict[str, tuple[Any, dict[str, Any]]] = {
    **{f"numbers: {k}": (v, {}) for k, v in test_numbers.SNIPPETS.items()},
    **{f"control flow: {k}": (v, {}) for k, v in test_control_flow.SNIPPETS.items()},
    **{f"containers: {k}": (v, test_containers.NAMES) for k, v in test_containers.SNIPPETS.items()},
    **{f"arrays: {k}": (v, {}) for k, v in test_arrays.SNIPPETS.items()},
    **{f"index errors: {k}": (v, {}) for k, v in test_arrays.ERRORS.items()},
    **{f"effects: {k}": (v, {"OwnError": test_effects.OwnError}) for k, v in test_effects.SNIPPETS.items()},
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_printed_python(name: str) -> None:
    (parameters, body, cases), names = PROGRAMS[name]
    program, _ = in_context("straight", parameters, body, **names)
    compiled = hloc.compile(program)
    for case in cases:
        lowered = compiled.lower(*copy.deepcopy(case))
        module = lowered.program.module
        verify(module)
        text = print_module(module)
        assert print_module(parse_module(text)) == text
        arguments = compiled._bind(copy.deepcopy(case), {})
        inputs = [np.asarray(entry.path.fetch(arguments), entry.type.dtype) for entry in lowered.program.inputs]
        with np.errstate(all="ignore"):
            found = run_python(module, copy.deepcopy(inputs))
        emitted = emit_module(module, EmitOptions())
        expected = compile_or_load(emitted.bytecode, emitted.build_options).execute(inputs)
        for j, (f, e) in enumerate(zip(found, expected, strict=True)):
            assert_same_array(f, np.asarray(e), f"result {j}")
