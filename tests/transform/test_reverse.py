"""Reverse mode agrees with forward mode, on random structured programs and on rules of users."""

from __future__ import annotations

import sys
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

from hloc.ir.parser import parse_module
from tests.transform.inner_products import assert_near, check_adjoint, results_of
from tests.transform.smooth_programs import smooth_arguments, smooth_module


@pytest.mark.parametrize("seed", range(12))
def test_random_programs(seed: int) -> None:
    check_adjoint(lambda: smooth_module(seed), "", smooth_arguments(seed))


@pytest.mark.parametrize("seed", range(20, 28))
def test_logs_that_begin_too_small(seed: int) -> None:
    check_adjoint(lambda: smooth_module(seed, 6), "", smooth_arguments(seed), first=1)


@pytest.mark.parametrize("before", ["v", "j"])
@pytest.mark.parametrize("seed", range(40, 44))
def test_second_order(seed: int, before: str) -> None:
    make = lambda: smooth_module(seed, 5)  # noqa: E731
    count = 6 if before == "v" else 8
    rng = np.random.default_rng(seed)
    x, row, y, z, *others = smooth_arguments(seed)
    weights = [rng.standard_normal(np.shape(v)) for v in (x, row, y, z)[: count - 4]]
    check_adjoint(make, before, [x, row, y, z, *weights, *others], first=2)


@pytest.mark.parametrize("seed", range(60, 68))
def test_loops_in_segments(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of two trips, whether or not they save memory."""
    expand = sys.modules["hloc.transform.differentiate.expand"]
    monkeypatch.setattr(expand, "best_stride", lambda trips, row, carry: 2 if trips > 2 else None)
    check_adjoint(lambda: smooth_module(seed, 6), "", smooth_arguments(seed), first=16, budget=0)


def test_pushforward_of_a_straight_line_computes_its_slopes() -> None:
    text = """
    func @main(%x: f64) -> f64 {
      %c: f64 = logistic %x
      %y: f64 = multiply %c, %x
      %z: f64 = sine %y
      return %z
    }
    """
    check_adjoint(lambda: parse_module(dedent(text)), "", [0.7])


RULES = """
func @f(%x: f64, %n: i64) -> f64 {
  %y: f64 = for %n, %x {direction = 1} body(%k: i64, %s: f64) {
    %t: f64 = sine %s
    yield %t
  }
  return %y
}

func @forward(%x: f64, %n: i64) -> (f64, f64, i64) {
  %y: f64 = call @f %x, %n
  %m: f64 = negate %x
  return %y, %m, %n
}

func @backward(%m: f64, %n: i64, %y_bar: f64) -> f64 {
  %x: f64 = negate %m
  %y: f64, %tape: i64, %a: i64 = linearize @f %x, %n {wrt = 1, outputs = 1}
  %x_bar: f64, %b: i64 = pullback %tape, %y_bar {function = "f", wrt = 1, outputs = 1}
  return %x_bar
}

func @rule(%x: f64, %n: i64, %x_dot: f64) -> (f64, f64) {
  %y: f64, %y_dot: f64 = jvp @f %x, %n, %x_dot {wrt = 1, outputs = 1}
  return %y, %y_dot
}

func @main(%x: f64, %n: i64) -> f64 {
  %y: f64 = for %n, %x {direction = 1} body(%k: i64, %s: f64) {
    %t: f64 = call @f %s, %k HOW
    %u: f64 = multiply %t, %s
    yield %u
  }
  return %y
}
"""


@pytest.mark.parametrize("how", ['{forward = "forward", backward = "backward"}', '{jvp = "rule"}'])
@pytest.mark.parametrize("kinds", ["v", "p", "vv", "vj", "vp"])
def test_rules_of_users(how: str, kinds: str) -> None:
    """Rules that give the true derivative change no result, to second order."""

    def found(how: str) -> list[Any]:
        arguments = [1.3, *(0.3, 0.4, 0.5)[: 2 ** len(kinds) - 1], 3]
        return results_of(lambda: parse_module(dedent(RULES.replace("HOW", how))), kinds, arguments)

    for x, y in zip(found(how), found(""), strict=True):
        assert_near(x, y, 1e-12)
