"""Scalars outside of loops cost no code of their own: trip counts and error words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hloc
from hloc.calling import host_words
from hloc.emit.host_status import move_status
from tests.emit.building import Code, compiled, define, program

INT64 = np.iinfo(np.int64)


def test_trip_counts_are_computed_in_conditions() -> None:
    """A count that is 0 unless it fits, of a loop that runs backwards."""

    def build(c: Code, x: Any, n: Any) -> Any:
        count = c.select(c.cmp(n, "LE", 10), n, 0)
        return c.loop(count, [x], lambda c, k, s: c.add(c.mul(s, 2.0), c.to(k, np.float64)), direction=-1)

    executable = compiled(program(["f64", "i64"], build))
    for n in (-3, 0, 1, 4, 10, 11):
        expected = 3.0
        for k in reversed(range(n if n <= 10 else 0)):
            expected = 2.0 * expected + k
        assert float(np.asarray(executable.execute([3.0, n])[0])) == expected
    entry = executable.optimized_hlo().partition("\nENTRY")[2]
    assert " fusion(" not in entry


def until_small(x: float, limit: float) -> float:
    while x * x > limit:
        x = x - 0.1 * np.sin(x)
    return x


def test_the_gradient_of_a_dynamic_loop_adds_no_scalar_code() -> None:
    gradient = hloc.value_and_grad(until_small)
    assert gradient(1.0, 1e-4)[1] > 0
    entry = gradient.lower(1.0, 1e-4).compile().optimized_hlo.partition("\nENTRY")[2]
    assert not [line for line in entry.splitlines() if re.search(r"= [a-z0-9]+\[\] fusion\(", line)]


def sqrt_of(x: float, n: int) -> float:
    if x < 0.0:
        raise ValueError(f"negative: {x}")
    if n > 3:
        raise IndexError(n)
    return x**0.5


@pytest.mark.parametrize("arguments", [(4.0, 1), (-2.5, 1), (-2.5, 7), (4.0, 7), (float("nan"), 7), (-0.0, 3)])
def test_errors_made_on_the_host(arguments: tuple[float, int]) -> None:
    lowered = hloc.compile(sqrt_of).lower(*arguments)
    assert lowered._emitted.status is not None
    assert _outcome(hloc.compile(sqrt_of), arguments) == _outcome(sqrt_of, arguments)


def _outcome(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        return float(function(*arguments))
    except (ValueError, IndexError) as error:
        return type(error), error.args


BINARY: dict[str, Callable[[Code, Any, Any], Any]] = {
    "add": Code.add,
    "subtract": Code.sub,
    "maximum": Code.maximum,
    "minimum": Code.minimum,
    **{d: lambda c, x, y, d=d: c.to(c.cmp(x, d, y), np.int64) for d in ("EQ", "NE", "LT", "LE", "GT", "GE")},
    "choice": lambda c, x, y: c.select(c.both(c.cmp(x, "LT", y), c.cmp(y, "GT", 0)), x, y),
}


@pytest.mark.parametrize("name", BINARY)
def test_the_host_computes_what_xla_computes(name: str) -> None:
    numbers = [INT64.min, -7, -1, 0, 1, 5, 2**40, INT64.max]
    build = lambda c, x, y: [BINARY[name](c, x, y)]  # noqa: E731
    executable = compiled(program(["i64", "i64"], build))
    block = define("main", ["i64", "i64"], build).block
    status = move_status(block, 0, 1)
    assert status is not None
    assert block.results == block.args
    code, words = host_words(status.code), host_words(status.all)
    for x in numbers:
        for y in numbers:
            assert code(x, y) == words(x, y) == [int(np.asarray(executable.execute([x, y])[0]))]


def test_words_that_need_arithmetic_stay() -> None:
    block = define("main", ["i64", "i64"], lambda c, x, y: [c.mul(x, y), c.mul(y, y)]).block
    before = list(block.results)
    assert move_status(block, 0, 2) is None
    assert block.results == before
