"""Lowers recursive programs and compares what they compute: printed as Python, and compiled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hloc.emit import EmitOptions, emit_module
from hloc.ir.core import Module
from hloc.ir.printer import print_module
from hloc.ir.to_python import run_python
from hloc.ir.verifier import verify
from hloc.program import Machine
from hloc.runtime.compile import compile_stablehlo
from hloc.runtime.executable import Executable
from hloc.transform.recursion import Stacks, lower_recursion
from hloc.transform.simplify import simplify


def lowered(module: Module, rows: int = 64, limit: int = 1_000_000) -> list[Machine]:
    """Lower a module in place, as emission does."""
    machines = lower_recursion(module, Stacks(first=rows, limit=limit))
    verify(module)
    return machines


def compiled(module: Module) -> Executable:
    """Compile a lowered module."""
    simplify(module, select=True)
    verify(module)
    emitted = emit_module(module, EmitOptions())
    return compile_stablehlo(emitted.bytecode, emitted.build_options)


def run_printed(module: Module, arguments: Sequence[Any]) -> list[np.ndarray]:
    return run_python(module, [np.copy(a) if np.ndim(a) else a for a in arguments])


def run_compiled(executable: Executable, module: Module, arguments: Sequence[Any]) -> list[np.ndarray]:
    arrays = [np.asarray(a, p.type.dtype) for a, p in zip(arguments, module.entry.params, strict=True)]
    return [np.asarray(r) for r in executable.execute(arrays)]


def assert_same(found: Sequence[np.ndarray], expected: Sequence[Any], what: str, module: Module) -> None:
    """The results, and a token that says that all stacks had room."""
    *results, token = found
    assert token == 0, what
    for result, wanted in zip(results, expected, strict=True):
        np.testing.assert_array_equal(result, wanted, err_msg=f"{what}\n{print_module(module)}")
