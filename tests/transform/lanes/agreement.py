"""Runs a program with loops over lanes as plain loops, and written for all lanes at once, printed and compiled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import hloc.ops  # noqa: F401
from hloc.emit import EmitOptions, emit_module
from hloc.ir.core import Module, walk
from hloc.ir.parser import parse_module
from hloc.ir.printer import print_module
from hloc.ir.to_python import run_python
from hloc.ir.verifier import verify
from hloc.program import Batch
from hloc.runtime.compile import compile_stablehlo
from hloc.runtime.executable import Executable
from hloc.transform.lanes import expand_lanes
from hloc.transform.simplify import simplify
from tests.transform.interpreter import run


def expanded(text: str, platform: str = "cpu") -> tuple[Module, list[Batch]]:
    """A program after the pass, and what was decided."""
    module = parse_module(text)
    verify(module)
    batches = expand_lanes(module, platform)
    verify(module)
    assert not any("lanes" in op.attrs for f in module.functions.values() for op in walk(f.block))
    return module, batches


def executable_of(module: Module) -> Executable:
    """A module as emission compiles it."""
    simplify(module, select=True)
    verify(module)
    emitted = emit_module(module, EmitOptions())
    return compile_stablehlo(emitted.bytecode, emitted.build_options)


def check(text: str, *runs: Sequence[Any], chosen: str | None = None, compile_: bool = True) -> Module:
    """The program gives the same one lane after another and at once; gives the module for all lanes."""
    plain = parse_module(text)
    module, batches = expanded(text)
    if chosen is not None:
        assert [batch.chosen for batch in batches] == [chosen], batches
    before = print_module(module)
    expected = [run(plain, arguments) for arguments in runs]
    compare("interpreted", [run(module, arguments) for arguments in runs], expected, before)
    compare("printed", [run_printed(module, arguments) for arguments in runs], expected, before)
    if compile_:
        executable = executable_of(module)
        compare("simplified", [run_printed(module, arguments) for arguments in runs], expected, print_module(module))
        found = [run_compiled(executable, module, arguments) for arguments in runs]
        compare("compiled", found, expected, print_module(module))
    return module


def run_printed(module: Module, arguments: Sequence[Any]) -> list[np.ndarray]:
    return run_python(module, [np.copy(a) if np.ndim(a) else a for a in arguments])


def run_compiled(executable: Executable, module: Module, arguments: Sequence[Any]) -> list[np.ndarray]:
    arrays = [np.asarray(a, p.type.dtype) for a, p in zip(arguments, module.entry.params, strict=True)]
    return [np.asarray(r) for r in executable.execute(arrays)]


def compare(what: str, found: Sequence[Any], expected: Sequence[Any], text: str) -> None:
    for results, wanted in zip(found, expected, strict=True):
        for position, (x, y) in enumerate(zip(results, wanted, strict=True)):
            message = f"{what}, result {position}\n{text}"
            np.testing.assert_allclose(x, y, rtol=1e-10, atol=1e-12, err_msg=message)
