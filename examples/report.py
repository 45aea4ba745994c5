"""Runs a compiled function and the plain one on the same arguments, compares, times, and prints what was found."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import json
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape

import hloc

REPEATS = 5
ROOT = Path(__file__).parents[1]
console = Console(highlight=False, soft_wrap=True)


@dataclasses.dataclass(frozen=True)
class Call:
    """One call: its result, the arguments after it, how long it took."""

    result: Any
    arguments: tuple[Any, ...]
    seconds: float


class Differs(Exception):
    """A compiled function gave something else than CPython."""


def title(text: str) -> None:
    """The line above an example."""
    console.print(f"\n[bold]{text}[/bold]")


def compare(
    function: Callable[..., Any],
    *arguments: Any,
    rounding: float = 1e-12,
    inspected: str = "",
    derivatives: bool = False,
) -> Any:
    """Call a function as hloc compiles it and as CPython runs it; print whether they agree, times, and a command.

    Results and arguments must be of the same types and shapes; integers equal, floats equal or, relative to the largest
    magnitude in their array, within `rounding`. `inspected` is the command line that shows the stages, where it cannot
    be told from the arguments. `derivatives`: the function asks hloc for some, which are compiled in the plain program
    too, by a first call that is not timed. Gives back what the compiled function gave.
    Raises: Differs.
    """
    function = hloc.compile(function)
    if derivatives:
        timed(inspect.unwrap(function), arguments)
    plain = timed(inspect.unwrap(function), arguments)
    first = timed(function, arguments)
    later = median(timed(function, arguments).seconds for _ in range(REPEATS))
    verdict = agreement((first.result, first.arguments), (plain.result, plain.arguments), rounding)
    line(function.__name__, f"gives {described(plain.result)}")
    line("equal to CPython", verdict)
    line("CPython/NumPy", duration(plain.seconds) + (", its derivatives compiled" if derivatives else ""))
    line("hloc, first call", f"{duration(first.seconds)}, compiles or loads what an earlier run compiled")
    line("hloc, next calls", f"{duration(later)}, {speed(plain.seconds / later)} (median of {REPEATS})")
    line("its stages", inspected or inspect_command(function, arguments))
    if verdict.startswith("NO"):
        raise Differs(f"{function.__name__}: {verdict}")
    return first.result


def line(label: str, text: str) -> None:
    """One line of a report."""
    console.print(f"  [cyan]{label:<18}[/cyan]{escape(text)}")


def history(label: str, what: str, values: Any, rows: int = 8) -> None:
    """A few lines of what was recorded during a training, from the first value to the last."""
    values = np.asarray(values)
    for k in np.unique(np.linspace(0, len(values) - 1, rows).round().astype(int)):
        line(f"{label} {k + 1}", f"{what} {values[k]:.6g}")


def timed(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Call:
    """Call a function on copies of the arguments; the time includes waiting for its result."""
    fresh = copy.deepcopy(arguments)
    start = time.perf_counter()
    result = function(*fresh)
    for _ in leaves(result):
        pass
    return Call(result, fresh, time.perf_counter() - start)


def leaves(value: Any) -> Iterator[Any]:
    """The numbers, arrays and constants in containers and dataclasses, each container's kind and length before them."""
    if isinstance(value, dict):
        value = list(value.values())
    elif dataclasses.is_dataclass(value):
        value = list(vars(value).values())
    if isinstance(value, tuple | list):
        yield f"a {type(value).__name__} of {len(value)}"
        for part in value:
            yield from leaves(part)
    else:
        yield np.asarray(value) if hasattr(value, "__array__") else value


def agreement(found: Any, expected: Any, rounding: float) -> str:
    """How two values agree: "yes, …" with the measure, or "NO, …" with the reason."""
    error = 0.0
    for x, y in zip(leaves(found), leaves(expected), strict=True):
        if isinstance(x, np.ndarray) != isinstance(y, np.ndarray) or type(x) is not type(y):
            return f"NO, {type(x).__name__} instead of {type(y).__name__}"
        if isinstance(y, np.ndarray) and (x.dtype, x.shape) != (y.dtype, y.shape):
            return f"NO, {x.dtype}{list(x.shape)} instead of {y.dtype}{list(y.shape)}"
        if isinstance(y, str) or np.asarray(y).dtype.kind not in "fc":
            if not np.array_equal(x, y):
                return f"NO, {described(x)} instead of {described(y)}"
        elif not np.array_equal(x, y, equal_nan=True):
            error = max(error, relative_error(np.asarray(x), np.asarray(y)))
    if error == 0.0:
        return "yes, bit for bit"
    if error <= rounding:
        return f"yes, floats within {error:.1g} of the largest of their array ({rounding:g} allowed), all else exactly"
    return f"NO, floats differ by {error:.1g} of the largest of their array, {rounding:g} is allowed"


def relative_error(x: np.ndarray, y: np.ndarray) -> float:
    """The largest difference over the largest magnitude; infinite where NaN or infinities differ."""
    finite = np.isfinite(y)
    if not np.array_equal(finite, np.isfinite(x)) or not np.array_equal(x[~finite], y[~finite], equal_nan=True):
        return np.inf
    return float(np.max(np.abs(x[finite] - y[finite]), initial=0.0) / np.max(np.abs(y[finite]), initial=1e-300))


def inspect_command(function: hloc.CompiledFunction, arguments: tuple[Any, ...]) -> str:
    """The command that shows the stages of a function for arguments like these, from the root of the checkout."""
    file = Path(inspect.getfile(inspect.unwrap(function))).relative_to(ROOT)
    static = {use.what for use in function.explain(*arguments).static}
    names = inspect.signature(function).parameters
    types = ", ".join(
        json.dumps(value) if name in static or isinstance(value, str) else type_text(value)
        for name, value in zip(names, arguments, strict=False)
    )
    hloc = Path(sys.executable).with_name("hloc")
    command = hloc.relative_to(ROOT) if hloc.is_relative_to(ROOT) else hloc.name
    return f"{command} inspect {file}:{function.__name__} --args {shlex.quote(types)}"


def type_text(value: Any) -> str:
    """The type of a value as the command line takes it."""
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(type_text, value))}]"
    if isinstance(value, np.ndarray | np.generic):
        kind = "b1" if value.dtype.kind == "b" else f"{value.dtype.kind}{8 * value.dtype.itemsize}"
        return f"{kind}[{','.join(map(str, value.shape))}]"
    return {bool: "b1", int: "i64", float: "f64", complex: "c128"}[type(value)]


def described(value: Any) -> str:
    """A result in a few words: numbers as they are, arrays by type and shape."""
    if isinstance(value, tuple | list) and not hasattr(value, "__array__"):
        return ", ".join(map(described, value))
    if hasattr(value, "__array__") and np.ndim(value):
        return type_text(np.asarray(value))
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def duration(seconds: float) -> str:
    """A time in the unit that fits."""
    for unit, scale in (("s", 1.0), ("ms", 1e3)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def speed(ratio: float) -> str:
    """How many times as fast."""
    return f"{ratio:.3g} times as fast" if ratio >= 1 else f"{1 / ratio:.3g} times as slow"
