"""Many lanes in step, block by block: each program against the same loop, one lane after another; and what is chosen."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hloc
from hloc.ir.core import walk
from tests.transform.lanes.agreement import check, expanded

HALVED = """
func @main(%xs: f64[{size}], %o0: f64[{size}], %c: f64) -> (f64[{size}], f64, f64) {{
  %size: i64 = constant {{value = i64({size})}}
  %one: f64 = constant {{value = f64(1.0)}}
  %half: f64 = constant {{value = f64(0.5)}}
  %end: f64[{size}], %total: f64, %last: f64 = for %size, %o0, %c, %c {{direction = {direction}, lanes = "lockstep"}} body(%k: i64, %o: f64[{size}], %t: f64, %l: f64) {{
    %x: f64 = read %xs, %k {{sizes = (1,), drop = (0,)}}
    %trips: i64, %small: f64 = while %x cond(%v: f64) {{
      %on: b1 = compare %v, %one {{direction = "GT"}}
      yield %on
    }} body(%n: i64, %v: f64) {{
      %w: f64 = multiply %v, %half
      yield %w
    }}
    %old: f64 = read %o, %k {{sizes = (1,), drop = (0,)}}
    %new: f64 = add %old, %small
    %o1: f64[{size}] = upd %o, %new, %k {{drop = (0,), mode = "set"}}
    %t1: f64 = add %t, {added}
    yield %o1, {summed}, %small
  }}
  return %end, %total, %last
}}
"""
"""Rows that are read before they are written, a sum if that is wished, and what the last lane leaves."""


def halved(size: int, direction: int, sums: bool) -> str:
    return HALVED.format(
        size=size, direction=direction, added="%small" if sums else "%half", summed="%t1" if sums else "%t"
    )


def widths(text: str) -> list[int]:
    """The numbers of lanes that go through the loop in step."""
    module, _ = expanded(text)
    return [op.operands[0].type.size for op in walk(module.entry.block) if op.name == "while"]


@pytest.mark.parametrize("sums", [False, True])
@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("size", [128, 150])
def test_blocks_are_the_lanes_one_after_another(size: int, direction: int, sums: bool) -> None:
    xs = 10.0 ** np.random.default_rng(1).uniform(-1.0, 3.0, size)
    check(halved(size, direction, sums), (xs, np.arange(float(size)), 0.25))


@pytest.mark.parametrize(
    ("size", "sums", "width"),
    [(127, False, 127), (128, False, 64), (10_000, False, 80), (1009, False, 64), (1009, True, 1009), (150, True, 75)],
)
def test_the_width_of_blocks(size: int, sums: bool, width: int) -> None:
    assert widths(halved(size, 1, sums)) == [width]


def test_lanes_that_stay_together_need_no_blocks() -> None:
    lowered = hloc.vmap(lambda x: np.sin(x) + 1.0, strategy="lockstep").lower(np.ones(1000)).after("batching")
    assert " for " not in lowered.ssa


def writes(row: np.ndarray, n: int, w: float) -> float:
    k = 0
    while k < n:
        row[k % 5] += w * k
        k += 1
    return row.sum()


def test_rows_that_lanes_write_in_place() -> None:
    counts = np.arange(131) % 17
    rows = np.random.default_rng(2).random((131, 5))
    expected = rows.copy()
    wanted = [writes(row, n, 0.5) for row, n in zip(expected, counts, strict=True)]
    found = hloc.vmap(writes, in_axes=(0, 0, None), strategy="lockstep")(rows, counts, 0.5)
    np.testing.assert_allclose(found, wanted)
    np.testing.assert_allclose(rows, expected)


def test_gradients_by_what_lanes_share_are_sums_over_blocks() -> None:
    counts, rows = np.arange(160) % 17, np.random.default_rng(3).random((160, 5))

    def total(w: float, strategy: str) -> float:
        return np.sum(hloc.vmap(writes, in_axes=(0, 0, None), strategy=strategy)(rows, counts, w))

    in_step, in_turn = (hloc.grad(total)(0.5, strategy) for strategy in ("lockstep", "serial"))
    np.testing.assert_allclose(in_step, in_turn)


def test_the_first_failing_lane_of_all_blocks() -> None:
    def root(x: float) -> float:
        while x > 1.0:
            x /= 2.0
        if x < 0.0:
            raise ValueError(f"negative: {x}")
        return math.sqrt(x)

    x = np.arange(200.0)
    x[[77, 130]] = -1.0, -2.0
    with pytest.raises(ValueError, match=r"negative: -1.0 \(lane 77\)"):
        hloc.vmap(root, strategy="lockstep")(x)


# ---- what is chosen


def newton(a: float) -> float:
    x = change = 1.0
    while abs(change) > 1e-12:
        change = (x * x * x + x - a) / (3.0 * x * x + 1.0)
        x -= change
    return x


def collatz(n: int) -> int:
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def waves(x: float) -> float:
    while x > 0.1:
        x = x - 0.1 * np.sin(x)
    return x


def counted(x: float, n: int) -> float:
    for _ in range(n):
        x = math.sqrt(x) + 1.0
    return x


@pytest.mark.parametrize(
    ("function", "arguments", "chosen"),
    [
        (newton, (np.ones(1000),), "lockstep"),
        (counted, (np.ones(1000), np.arange(1000)), "lockstep"),
        (newton, (np.ones(20),), "serial"),
        (collatz, (np.arange(1, 1001),), "serial"),
        (waves, (np.ones(1000),), "serial"),
        (hloc.grad(waves), (np.ones(1000),), "serial"),
    ],
)
def test_lanes_go_in_step_where_a_step_is_much_cheaper(
    function: Callable[..., Any], arguments: tuple[Any, ...], chosen: str
) -> None:
    (batch,) = hloc.vmap(function).explain(*arguments).batches
    assert batch.chosen == chosen, batch.reason
