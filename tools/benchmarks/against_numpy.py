"""Comparing array programs with NumPy and jax.jit: shared by the suites `operations`, `triangular` and `programs`."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import hloc
from hloc.runtime.array import array
from tools.benchmarks.report import ratio, seconds
from tools.benchmarks.timing import Contender, Timed, interleaved

jax.config.update("jax_enable_x64", True)

HEAD = ["program", "NumPy", "jax.jit", "hloc", "hloc / NumPy", "hloc / jax", "minima: hloc / NumPy", "hloc / jax"]


@dataclass(frozen=True)
class Program:
    """A program over arrays. in_jax: its form for jax, the same function if None; jax_runs: whether it has one."""

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    in_jax: Callable[..., Any] | None = None
    jax_runs: bool = True


def over_jax(function: Callable[..., Any]) -> Any:
    """The function with jax.numpy for NumPy."""
    assert isinstance(function, types.FunctionType)
    return types.FunctionType(function.__code__, function.__globals__ | {"np": jnp}, function.__name__)


def _host(x: Any) -> np.ndarray[Any, Any]:
    return np.asarray(x)


def contenders(program: Program) -> dict[str, Contender]:
    """NumPy, hloc and jax; the two compiled ones on device arrays, results waited for, after a check that all agree."""
    compiled = hloc.compile(program.function)
    wanted = program.function(*program.arguments)
    np.testing.assert_allclose(_host(compiled(*program.arguments)), wanted, rtol=1e-7, atol=1e-9)
    ours = _on_device(array, program.arguments)
    found = {
        "NumPy": Contender(program.function, lambda: program.arguments),
        "hloc": Contender(lambda *xs: _wait(compiled(*xs)), lambda: ours),
    }
    if program.jax_runs:
        theirs = jax.jit(program.in_jax or over_jax(program.function))
        np.testing.assert_allclose(_host(theirs(*program.arguments)), wanted, rtol=1e-7, atol=1e-9)
        on_device = _on_device(jnp.asarray, program.arguments)
        found["jax.jit"] = Contender(lambda *xs: theirs(*xs).block_until_ready(), lambda: on_device)
    return found


def _on_device(put: Callable[..., Any], arguments: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(put(x) if isinstance(x, np.ndarray) else x for x in arguments)


def _wait(result: Any) -> Any:
    return result.block_until_ready() if isinstance(result, hloc.Array) else result


def rows(programs: Sequence[Program], rounds: int) -> list[list[str]]:
    return [_row(program, interleaved(contenders(program), rounds)) for program in programs]


def _row(program: Program, found: dict[str, Timed]) -> list[str]:
    ours, theirs, jaxs = found["hloc"], found["NumPy"], found.get("jax.jit")
    return [
        program.name,
        seconds(theirs.median),
        seconds(jaxs.median) if jaxs else "–",
        seconds(ours.median),
        ratio(ours.median, theirs.median),
        ratio(ours.median, jaxs.median) if jaxs else "–",
        ratio(ours.least, theirs.least),
        ratio(ours.least, jaxs.least) if jaxs else "–",
    ]
