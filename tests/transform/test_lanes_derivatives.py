"""Derivatives of loops over lanes: right, the same without the attribute, and loops over lanes again."""

from __future__ import annotations

import sys
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

from hloc.ir.core import Module, walk
from hloc.ir.parser import parse_module
from hloc.ir.verifier import verify
from hloc.transform.differentiate import Sites
from hloc.transform.lanes import expand_lanes
from tests.transform.inner_products import assert_near, check_adjoint, derivative, results_of
from tests.transform.interpreter import run

COUNTED = """
func @main(%xs: f64[5], %w: f64[3]) -> (f64, f64[5]) {
  %B: i64 = constant {value = i64(5)}
  %n: i64 = constant {value = i64(3)}
  %z: f64 = constant {value = f64(0.0)}
  %o: f64[5] = empty {shape = (5,), dtype = f64}
  %ys: f64[5], %s: f64 = for %B, %o, %z {direction = 1, lanes = "lockstep"} body(%k: i64, %o0: f64[5], %s0: f64) {
    %x: f64 = read %xs, %k {sizes = (1,), drop = (0,)}
    %y: f64 = for %n, %x {direction = 1} body(%i: i64, %y0: f64) {
      %y1: f64 = for %n, %y0 {direction = -1} body(%j: i64, %t0: f64) {
        %v: f64 = read %w, %j {sizes = (1,), drop = (0,)}
        %a: f64 = multiply %v, %t0
        %b: f64 = sine %a
        %t1: f64 = add %b, %x
        yield %t1
      }
      yield %y1
    }
    %o1: f64[5] = upd %o0, %y, %k {drop = (0,), mode = "set"}
    %q: f64 = multiply %y, %y
    %s1: f64 = add %s0, %q
    yield %o1, %s1
  }
  return %s, %ys
}
"""
"""All trips known: logs [5, 9] for the inner loops."""

DYNAMIC = """
func @main(%xs: f64[5], %w: f64[3]) -> f64[5] {
  %B: i64 = constant {value = i64(5)}
  %m: i64 = constant {value = i64(2)}
  %i0: i64 = constant {value = i64(0)}
  %n: i64, %ys: f64[5], %c: i64 = while %xs, %i0 cond(%a: f64[5], %i: i64) {
    %go: b1 = compare %i, %m {direction = "LT"}
    yield %go
  } body(%t: i64, %a: f64[5], %i: i64) {
    %o: f64[5] = empty {shape = (5,), dtype = f64}
    %r: f64[5] = for %B, %o {direction = 1, lanes = "lockstep"} body(%k: i64, %o0: f64[5]) {
      %one: i64 = constant {value = i64(1)}
      %x: f64 = read %a, %k {sizes = (1,), drop = (0,)}
      %v: f64 = read %w, %one {sizes = (1,), drop = (0,)}
      %p: i64, %y: f64, %u: f64 = while %x, %v cond(%y0: f64, %u0: f64) {
        %four: f64 = constant {value = f64(4.0)}
        %size: f64 = abs %y0
        %less: b1 = compare %size, %four {direction = "LT"}
        yield %less
      } body(%j: i64, %y0: f64, %u0: f64) {
        %grow: f64 = constant {value = f64(1.5)}
        %s: f64 = sine %u0
        %y1: f64 = multiply %y0, %grow
        %y2: f64 = add %y1, %s
        %two: f64 = constant {value = f64(2.0)}
        %big: b1 = compare %y2, %two {direction = "GT"}
        %u1: f64 = if %big then {
          %e: f64 = multiply %u0, %s
          yield %e
        } else {
          yield %u0
        }
        yield %y2, %u1
      }
      %h: f64 = tanh %y
      %f: f64 = multiply %h, %u
      %o1: f64[5] = upd %o0, %f, %k {drop = (0,), mode = "set"}
      yield %o1
    }
    %step: i64 = constant {value = i64(1)}
    %i1: i64 = add %i, %step
    %d: f64[5] = add %r, %a
    yield %d, %i1
  }
  return %ys
}
"""
"""A loop over lanes in a while, and a while in it: logs [rows, 5, rows], with numbers of rows that are found out."""

STATE = """
func @main(%xs: f64[4,3], %w: f64[3]) -> (f64, f64[4]) {
  %B: i64 = constant {value = i64(4)}
  %z: f64 = constant {value = f64(0.0)}
  %o: f64[4] = empty {shape = (4,), dtype = f64}
  %s: f64, %ys: f64[4] = for %B, %z, %o {direction = 1, lanes = "lockstep"} body(%k: i64, %s0: f64, %o0: f64[4]) {
    %n: i64 = constant {value = i64(2)}
    %zero: i64 = constant {value = i64(0)}
    %x: f64[3] = read %xs, %k, %zero {sizes = (1, 3), drop = (0,)}
    %a: f64[3] = for %n, %x {direction = 1} body(%i: i64, %a0: f64[3]) {
      %one: i64 = constant {value = i64(1)}
      %next: i64 = add %i, %one
      %p: f64 = read %a0, %i {sizes = (1,), drop = (0,)}
      %v: f64 = read %w, %i {sizes = (1,), drop = (0,)}
      %q: f64 = multiply %p, %v
      %r: f64 = sine %q
      %a1: f64[3] = upd %a0, %r, %next {drop = (0,), mode = "add"}
      yield %a1
    }
    %t: f64 = dot_general %a, %a {lhs_batch = (), rhs_batch = (), lhs_contract = (0,), rhs_contract = (0,)}
    %u: f64 = dot_general %a, %w {lhs_batch = (), rhs_batch = (), lhs_contract = (0,), rhs_contract = (0,)}
    %s1: f64 = add %s0, %u
    %o1: f64[4] = upd %o0, %t, %k {drop = (0,), mode = "set"}
    yield %s1, %o1
  }
  return %s, %ys
}
"""
"""Each lane writes to an array of its own; what all lanes share has its cotangent accumulated."""

TEXTS = {"counted": COUNTED, "dynamic": DYNAMIC, "state": STATE}
XS = np.array([0.3, -0.7, 1.2, 2.4, -1.9])
W = np.array([0.8, -0.6, 0.5])
ARGUMENTS: dict[str, list[Any]] = {
    "counted": [XS, W],
    "dynamic": [XS, W],
    "state": [np.random.default_rng(0).standard_normal((4, 3)), W],
}


def make(name: str, *, lanes: bool = True) -> Module:
    text = dedent(TEXTS[name])
    return parse_module(text if lanes else text.replace(', lanes = "lockstep"', ""))


@pytest.mark.parametrize("first", [1, 64])
@pytest.mark.parametrize("name", TEXTS)
def test_reverse_and_forward_mode_agree(name: str, first: int) -> None:
    check_adjoint(lambda: make(name), "", ARGUMENTS[name], first=first)


@pytest.mark.parametrize("before", ["v", "j"])
@pytest.mark.parametrize("name", TEXTS)
def test_second_order(name: str, before: str) -> None:
    rng = np.random.default_rng(2)
    function = derivative(lambda: make(name), before, Sites())
    inputs = ARGUMENTS[name] + [rng.standard_normal(v.type.shape) for v in function.entry.params[2:]]
    check_adjoint(lambda: make(name), before, inputs, near=1e-8, first=2)


@pytest.mark.parametrize("kinds", ["v", "j", "vv", "jv"])
@pytest.mark.parametrize("name", TEXTS)
def test_derivatives_are_loops_over_lanes(name: str, kinds: str) -> None:
    """Every trip is independent of the others, all at once they give the same, and so do plain loops."""
    capacities = {site: 64 for site in range(1, 40)}
    module = derivative(lambda: make(name), kinds, Sites(capacities=capacities))
    rng = np.random.default_rng(3)
    inputs = ARGUMENTS[name] + [rng.standard_normal(v.type.shape) for v in module.entry.params[2:]]
    expected = run(derivative(lambda: make(name, lanes=False), kinds, Sites(capacities=capacities)), inputs)
    for x, y in zip(run(module, inputs), expected, strict=True):
        assert_near(x, y, 1e-10)
    batches = expand_lanes(module, "cpu")
    verify(module)
    assert [batch.reason for batch in batches if batch.chosen == "serial"] == []
    assert len(batches) >= 1 + (kinds[0] == "v")
    assert not any("lanes" in op.attrs for op in walk(module.entry.block))
    for x, y in zip(run(module, inputs), expected, strict=True):
        assert_near(x, y, 1e-10)


@pytest.mark.parametrize("name", TEXTS)
def test_too_few_rows_are_asked_for(name: str) -> None:
    """Only where trips are counted; the greatest number that a lane makes is enough for all."""
    rng = np.random.default_rng(3)
    module = derivative(lambda: make(name), "v", Sites(first=1))
    inputs = ARGUMENTS[name] + [rng.standard_normal(v.type.shape) for v in module.entry.params[2:]]
    needed = int(run(module, inputs)[-1])
    assert (needed > 0) == (name == "dynamic")
    found = results_of(lambda: make(name), "v", inputs, first=1)
    assert found[-1] == 0


@pytest.mark.parametrize("name", TEXTS)
def test_loops_in_lanes_run_in_segments(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of two trips, whether or not they save memory; lanes are told apart then, too."""
    expand = sys.modules["hloc.transform.differentiate.expand"]
    monkeypatch.setattr(expand, "best_stride", lambda trips, row, carry: 2 if trips > 2 else None)
    check_adjoint(lambda: make(name), "", ARGUMENTS[name], first=16, budget=0)


LONG = """
func @main(%xs: f64[5], %w: f64[3]) -> f64[5] {
  %B: i64 = constant {value = i64(5)}
  %n: i64 = constant {value = i64(300)}
  %o: f64[5] = empty {shape = (5,), dtype = f64}
  %ys: f64[5] = for %B, %o {direction = 1, lanes = "simd"} body(%k: i64, %o0: f64[5]) {
    %x: f64 = read %xs, %k {sizes = (1,), drop = (0,)}
    %one: i64 = constant {value = i64(1)}
    %v: f64 = read %w, %one {sizes = (1,), drop = (0,)}
    %y: f64 = for %n, %x {direction = 1} body(%i: i64, %y0: f64) {
      %a: f64 = multiply %v, %y0
      %b: f64 = sine %a
      yield %b
    }
    %o1: f64[5] = upd %o0, %y, %k {drop = (0,), mode = "set"}
    yield %o1
  }
  return %ys
}
"""


def test_segments_of_lanes_take_the_same_way() -> None:
    """What runs again in the backward sweep has the same trips in all lanes, and these still have parts of their own."""
    sites = Sites(budget=5000)
    module = derivative(lambda: parse_module(dedent(LONG)), "v", sites)
    assert max(saved.rows for saved in sites.saved) < 5 * 100
    expected = run(module, [XS, W, np.ones(5)])
    batches = expand_lanes(module, "cpu")
    assert [batch.chosen for batch in batches] == ["simd", "simd"]
    for x, y in zip(run(module, [XS, W, np.ones(5)]), expected, strict=True):
        assert_near(x, y, 1e-12)
