"""Runs a random program by CPython and by hloc, and says how they compare."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import hloc
from hloc.calling import BoundProgram
from hloc.ir.to_python import run_python
from hloc.runtime import Executable, ExecutionError, backend
from hloc.runtime.buffers import buffers
from tests.language.agreement import agree, define, outcome

from .generator import Program

LARGEST = 2**62


@dataclass(frozen=True)
class Verdict:
    """`kind`: same, discarded, refused, different or crashed; `sort` names the sort of fault, `detail` tells all."""

    kind: str
    sort: str = ""
    detail: str = ""


class PrintedPython(Executable):
    """An executable that runs a program as printed Python."""

    direct = False

    def __init__(self, program: Any) -> None:
        self.program = program
        self.backend = backend()
        self._buffers = buffers(self.backend)
        self.avals = tuple(self._buffers.aval(entry.type.shape, entry.type.dtype) for entry in program.inputs)
        self.handlers, self.run, self.error = [], None, ExecutionError

    def execute(self, inputs: Sequence[Any], *, found: list[list[Any]] | None = None, **how: Any) -> list[Any]:
        arguments = [np.array(x, entry.type.dtype) for x, entry in zip(inputs, self.program.inputs, strict=True)]
        results = [self._buffers.put(np.array(r)) for r in run_python(self.program.module, arguments)]
        if found is not None:
            found.append(results)
        return results


def compare(program: Program, printed: bool = False) -> Verdict:
    """What CPython and hloc (or the printed Python of its program) do with each list of arguments."""
    try:
        function = define(program.source)
    except (SyntaxError, LookupError) as error:
        return Verdict("discarded", "no program", str(error))
    compiled: Any = through_python(function) if printed else hloc.compile(function)
    for arguments in program.arguments:
        if (reason := unfit(function, arguments)) is not None:
            return Verdict("discarded", reason)
        verdict = compare_call(function, compiled, arguments)
        if verdict.kind != "same":
            return verdict
    return Verdict("same")


def compare_call(function: Callable[..., Any], compiled: Any, arguments: tuple[Any, ...]) -> Verdict:
    try:
        agree(function, *arguments, compiled=compiled)
    except hloc.CompileError as error:
        headline = re.sub(r"\d+", "#", str(error).splitlines()[0])
        return Verdict("refused", f"{type(error).__name__}: {headline}", str(error))
    except AssertionError as error:
        expected, found = outcome(function, arguments), outcome(compiled, arguments)
        if found.error is not None and not getattr(found.error, "__notes__", None):
            place = traceback.extract_tb(found.error.__traceback__)[-1]
            return Verdict(
                "crashed",
                f"{type(found.error).__name__} at {place.filename}, {place.name}",
                f"{found.error!r} line {place.lineno}",
            )
        return Verdict(
            "different",
            f"{type(expected.error).__name__}, {type(found.error).__name__}",
            f"expected {expected}\nfound {found}\n{error}",
        )
    return Verdict("same")


def through_python(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function by way of the printed Python of its simplified program."""

    def run(*arguments: Any) -> Any:
        compiled = hloc.compile(function)
        program = compiled.lower(*arguments).program
        bound = BoundProgram(program, PrintedPython(program))
        return bound.run(compiled._bind(arguments, {}))

    return run


def unfit(function: Callable[..., Any], arguments: tuple[Any, ...]) -> str | None:
    """Why CPython's run says nothing of hloc's: integers beyond 64 bits, floats not finite, types mixed up."""
    found = outcome(function, arguments)
    if isinstance(found.error, TypeError | OverflowError | NameError) and not isinstance(
        found.error, UnboundLocalError
    ):
        return repr(found.error)
    return None if all(_is_small(x) for x in (found.result, *found.arguments)) else "large"


def _is_small(x: Any) -> bool:
    if isinstance(x, tuple | list):
        return all(map(_is_small, x))
    if not isinstance(x, int | float | np.ndarray | np.generic):
        return x is None
    return bool(np.all(np.abs(np.asarray(x, float)) < LARGEST))
