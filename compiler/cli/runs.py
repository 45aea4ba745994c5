"""Runs a function for `hloc run`: result, changed arguments, times, and whether CPython gives the same."""

from __future__ import annotations

import copy
import inspect
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from hloc.program import attributes_of

if TYPE_CHECKING:
    from hloc.api import CompiledFunction
    from hloc.cli.arguments import Arguments

ROUNDING = 1000  # times the element type's epsilon: the relative difference that counts as equal


def print_run(function: CompiledFunction, arguments: Arguments, repeat: int, compare: bool) -> None:
    """Run a function on fresh copies of the arguments, print the result, the arguments it changed, and times."""
    first = _timed(function, arguments)
    click.echo(_shown(first.result))
    for place, value in first.changed(arguments):
        click.echo(f"{place} is now {_shown(value)}")
    click.echo(f"first call  {_duration(first.seconds)} (compilation included)")
    if repeat:
        times = [_timed(function, arguments).seconds for _ in range(repeat)]
        click.echo(f"next calls  {_duration(median(times))} (median of {repeat})")
    if compare:
        plain = _timed(inspect.unwrap(function), arguments)
        click.echo(f"CPython     {_duration(plain.seconds)}")
        click.echo(
            "equal to CPython: "
            + ("yes" if same((first.result, first.arguments), (plain.result, plain.arguments)) else "NO")
        )


@dataclass(frozen=True)
class _Call:
    """One call: its result, its arguments after it, how long it took."""

    result: Any
    arguments: Arguments
    seconds: float

    def changed(self, before: Arguments) -> Iterator[tuple[str, Any]]:
        """Arguments that the function wrote to, with their place."""
        for i, (old, new) in enumerate(zip(before.positional, self.arguments.positional, strict=True)):
            if not same(old, new, rounding=0):
                yield f"argument {i}", new
        for name, old in before.keywords.items():
            if not same(old, self.arguments.keywords[name], rounding=0):
                yield f"argument {name}", self.arguments.keywords[name]


def _timed(function: Callable[..., Any], arguments: Arguments) -> _Call:
    fresh = copy.deepcopy(arguments)
    start = time.perf_counter()
    result = function(*fresh.positional, **fresh.keywords)
    block(result)
    return _Call(result, fresh, time.perf_counter() - start)


def block(value: Any) -> None:
    """Wait until the arrays in a result are computed."""
    if isinstance(value, tuple | list):
        for part in value:
            block(part)
    elif isinstance(value, dict):
        block(list(value.values()))
    elif hasattr(value, "__array__"):
        np.asarray(value)


def same(a: Any, b: Any, rounding: float = ROUNDING) -> bool:
    """Equal, floats to `rounding` epsilons, of the same shape and element type; containers and objects part by part."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key], rounding) for key in a)
    if isinstance(a, tuple | list) and isinstance(b, tuple | list):
        return type(a) is type(b) and len(a) == len(b) and all(same(x, y, rounding) for x, y in zip(a, b, strict=True))
    if _numeric(a) and _numeric(b):
        return _same_array(np.asarray(a), np.asarray(b), rounding)
    if type(a) is not type(b):
        return False
    attributes = attributes_of(a)
    return bool(a == b) if attributes is None else same(attributes, attributes_of(b), rounding)


def _numeric(value: Any) -> bool:
    return isinstance(value, bool | int | float | complex) or hasattr(value, "__array__")


def _same_array(x: np.ndarray, y: np.ndarray, rounding: float) -> bool:
    if x.shape != y.shape or x.dtype != y.dtype:
        return False
    if x.dtype.kind not in "fc":
        return bool(np.array_equal(x, y))
    limits = np.finfo(x.dtype)
    return bool(np.allclose(x, y, rtol=rounding * limits.eps, atol=rounding * limits.tiny, equal_nan=True))


def _shown(value: Any) -> str:
    return str(np.asarray(value)) if hasattr(value, "__array__") else repr(value)


def _duration(seconds: float) -> str:
    """A time in the unit that fits."""
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * scale >= 1 or unit == "µs":
            return f"{seconds * scale:8.3g} {unit}"
    raise AssertionError("µs is the last unit")
