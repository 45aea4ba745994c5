"""Compile time by stage: against the length of the source and against trip counts."""

from __future__ import annotations

import itertools
import linecache
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from hloc.frontend.context import Options
from hloc.frontend.entry import specialize
from hloc.options import CompileOptions
from hloc.pipeline import emit
from hloc.runtime import compile_stablehlo
from hloc.transform.eliminate_dead_code import eliminate_dead_code
from hloc.transform.simplify import simplify
from tools.benchmarks.report import Table, seconds

STAGES = ["specialise", "simplify", "emit", "XLA"]


def straight_line(statements: int) -> str:
    """Scalar statements, each of which uses earlier ones."""
    kinds = ["x{0} = x{1} * 0.5 + x{2}", "x{0} = x{1} - x{2} * y", "x{0} = abs(x{1}) + x{2}", "x{0} = x{1} + 1.5"]
    body = [kinds[j % 4].format(j, j - 1, j - 2) for j in range(2, statements + 2)]
    return _function("x0, y", ["x1 = y + x0", *body, f"return x{statements + 1}"])


def array_lines(statements: int) -> str:
    """Statements on one array, with element updates and slices between."""
    kinds = ["a = a * 0.5 + b", "a[{1}] = b[{2}] + a[{2}]", "b = np.sqrt(a * a + 1.0)", "b[1:] += a[:-1]"]
    body = [kinds[j % 4].format(j, j % 50, j % 49) for j in range(statements)]
    return _function("a, b", ["a = a.copy()", "b = b.copy()", *body, "return a + b"])


def branches_and_loops(statements: int) -> str:
    """Short loops with a branch, one after the other; four statements each."""
    block = ["for i in range(n):", "    if x > {0}.5:", "        x = x * 0.5", "    s = s + x * i"]
    body = [line.format(j) for j in range(statements // 4) for line in block]
    return _function("x, n", ["s = 0.0", *body, "return s + x"])


def counted(trips: int) -> str:
    return _function("x", [f"for i in range({trips}):", "    x = x * 0.999 + i", "return x"])


def _function(parameters: str, body: list[str]) -> str:
    return "\n".join(["import numpy as np", f"def f({parameters}):", *(f"    {line}" for line in body)]) + "\n"


def function_of(source: str) -> Any:
    """The function `f` of a source text, which inspect can find again."""
    name = f"<benchmark {hash(source)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    scope: dict[str, Any] = {}
    exec(compile(source, name, "exec"), scope)
    return scope["f"]


def stage_times(function: Any, arguments: dict[str, Any], to_xla: bool = True) -> list[float]:
    """CPU seconds of each stage, caches aside."""
    marks = [time.process_time()]
    program = specialize(function, arguments, Options(), ())
    marks.append(time.process_time())
    eliminate_dead_code(program.module)
    simplify(program.module)
    marks.append(time.process_time())
    emitted = emit(program, CompileOptions())
    module = emitted.bytecode
    marks.append(time.process_time())
    if to_xla:
        compile_stablehlo(module, emitted.build_options)
    marks.append(time.process_time())
    return [after - before for before, after in itertools.pairwise(marks)]


KINDS: list[tuple[str, Callable[[int], str], dict[str, Any]]] = [
    ("scalar statements", straight_line, {"x0": 1.0, "y": 2.0}),
    ("array statements", array_lines, {"a": np.ones(100), "b": np.ones(100)}),
    ("loops with branches", branches_and_loops, {"x": 3.0, "n": 10}),
]


def tables(rounds: int, lengths: tuple[int, ...] = (100, 300, 1000, 3000)) -> list[Table]:
    stage_times(function_of(counted(3)), {"x": 1.0})
    rows = []
    for name, source, arguments in KINDS:
        before: tuple[int, float] | None = None
        for length in lengths:
            times = stage_times(function_of(source(length)), arguments)
            rows.append([f"{name}, {length:,}", *map(seconds, times), _growth(before, (length, sum(times)))])
            before = length, sum(times)
    by_length = Table(
        "Compile time and source length",
        "CPU time of each stage, nothing cached. Growth: log(time ratio) / log(length ratio) of the whole against "
        "the row above, so 1.0 is linear.",
        ["program", *STAGES, "growth"],
        rows,
        "XLA makes a kernel, with an LLVM module of its own, of every loop and of every update of an array, 5 to 50 ms "
        "each; hloc's own stages are linear.",
    )
    flat = []
    for trips in (10, 1000, 100_000, 10_000_000):
        found = [stage_times(function_of(counted(trips)), {"x": 1.0}) for _ in range(min(rounds, 5))]
        flat.append([f"{trips:,}", *(seconds(sorted(column)[len(found) // 2]) for column in zip(*found, strict=True))])
    return [by_length, Table("Compile time and trip count", "One loop.", ["trips", *STAGES], flat)]


def _growth(before: tuple[int, float] | None, now: tuple[int, float]) -> str:
    return f"{math.log(now[1] / before[1]) / math.log(now[0] / before[0]):.2f}" if before else ""
