"""The adjoint of recursive functions agrees with forward mode and with differences, and costs what it should."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import takewhile
from typing import Any

import numpy as np
import pytest

from hloc.ir.core import Module, walk
from hloc.ir.parser import parse_module
from hloc.ir.to_python import to_python
from hloc.transform.differentiate import Sites
from tests.conftest import Golden
from tests.transform.inner_products import assert_near, check_adjoint, derivative, results_of
from tests.transform.interpreter import run
from tests.transform.smooth_random_recursion import random_smooth_arguments, random_smooth_recursion
from tests.transform.smooth_recursion import PROGRAMS, maker, power, tree

SMALL = ["power", "tree", "mutual", "cases"]


def _floats(arguments: tuple[Any, ...]) -> int:
    return len(list(takewhile(lambda a: np.asarray(a).dtype.kind == "f", arguments)))


def _arguments(make: Callable[[], Module], before: str, name: str) -> list[Any]:
    """Arguments of a derivative: those of the program, with random tangents and cotangents behind the floats."""
    given = PROGRAMS[name][1]
    params = derivative(make, before, Sites()).entry.params
    rng, count = np.random.default_rng(5), _floats(given)
    weights = [rng.standard_normal(p.type.shape) for p in params[count : count + len(params) - len(given)]]
    return [*given[:count], *weights, *given[count:]]


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradient_is_the_limit_of_differences(name: str) -> None:
    (function, given), step, rng = PROGRAMS[name], 1e-6, np.random.default_rng(1)
    count = _floats(given)
    found = results_of(maker(name), "v", [*given[:count], 1.0, *given[count:]])
    directions = [rng.standard_normal(np.shape(x)) for x in given[:count]]

    def at(h: float) -> Any:
        return function(*(x + h * t for x, t in zip(given, directions, strict=False)), *given[count:])

    slope = sum(np.sum(g * t) for g, t in zip(found, directions, strict=False))
    assert_near(found[count], at(0.0), 1e-12)
    np.testing.assert_allclose(slope, (at(step) - at(-step)) / (2 * step), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("function", [power, tree])
def test_gradient_agrees_with_a_complex_step(function: Callable[..., Any]) -> None:
    name, step = function.__name__, 1e-30
    first, *others = PROGRAMS[name][1]
    count = _floats(PROGRAMS[name][1])
    found = results_of(maker(name), "v", [first, *others[: count - 1], 1.0, *others[count - 1 :]])
    for index in np.ndindex(np.shape(first)):
        unit = np.zeros(np.shape(first))
        unit[index] = step
        assert_near(np.asarray(found[0])[index], np.imag(function(first + 1j * unit, *others)) / step, 1e-14)


@pytest.mark.parametrize("first", [4096, 2])
@pytest.mark.parametrize("name", PROGRAMS)
def test_reverse_agrees_with_forward(name: str, first: int) -> None:
    """Also where logs begin with two rows, so that most runs find out that they are too small."""
    check_adjoint(maker(name), "", PROGRAMS[name][1], first=first)


@pytest.mark.parametrize("before", ["j", "v"])
@pytest.mark.parametrize("name", [*SMALL, "calls_in_loops", "products", "run_again_inside", "with_rule"])
def test_second_order(name: str, before: str) -> None:
    make = maker(name)
    check_adjoint(make, before, _arguments(make, before, name), first=2)


@pytest.mark.parametrize("before", ["vj", "vv", "jv"])
@pytest.mark.parametrize("name", ["power", "tree"])
def test_third_order(name: str, before: str) -> None:
    make = maker(name)
    check_adjoint(make, before, _arguments(make, before, name), near=1e-8)


@pytest.mark.parametrize("name", ["in_loops", "pendulum", "run_again"])
def test_loops_in_segments_call_recursive_functions(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expand = sys.modules["hloc.transform.differentiate.expand"]
    monkeypatch.setattr(expand, "best_stride", lambda trips, row, carry: 2 if trips > 2 else None)
    check_adjoint(maker(name), "", PROGRAMS[name][1], first=2, budget=0)


def test_too_few_rows_are_counted_and_nothing_is_popped() -> None:
    gradient = derivative(maker("power"), "v", Sites(first=2))
    x_bar, y, needed = run(gradient, [1.3, 1.0, 10])
    assert (int(needed) >> 40, int(needed) % (1 << 40)) == (1, 11)
    assert_near(y, power(1.3, 10), 1e-12)
    assert x_bar == 0


@pytest.mark.parametrize("name", ["tree", "products"])
def test_no_activation_makes_or_adds_an_array(name: str) -> None:
    """Reading or writing an element costs that element: arrays of cotangents go through the calls."""
    module = derivative(maker(name), "v", Sites())
    backward = [f for f in module.functions.values() if f.name.endswith("_bwd")]
    assert backward
    for op in (op for function in backward for op in walk(function.block)):
        assert op.name not in ("broadcast_in_dim", "copy", "empty"), op
        assert op.name != "add" or not op.result.type.rank, op


def test_invariant_arrays_are_passed_along_and_not_saved() -> None:
    module = derivative(maker("tree"), "v", Sites())
    (forward,) = (f for f in module.functions.values() if f.name.endswith("_fwd"))
    logs = sorted(v.name for v in forward.params if v.name.endswith("_log"))
    assert logs == ["a_log", "b_log", "node_log", "tanh_log"]


@pytest.mark.parametrize("seed", range(40))
def test_random_programs(seed: int) -> None:
    check_adjoint(lambda: random_smooth_recursion(seed), "", random_smooth_arguments(seed), near=1e-7, first=2)


@pytest.mark.parametrize("seed", range(40, 60))
def test_random_programs_to_second_order(seed: int) -> None:
    make = lambda: random_smooth_recursion(seed)  # noqa: E731
    x, s, l, n = random_smooth_arguments(seed)
    rng = np.random.default_rng(seed)
    tangents = [rng.standard_normal(np.shape(v)) for v in (x, s, l)]
    check_adjoint(make, "j", [x, s, l, *tangents, n], near=1e-7, first=2)


TREE = """
func @tree(%w: f64[8], %left: i64[8], %right: i64[8], %node: i64) -> f64 {
  %0: i64 = constant {value = i64(0)}
  %leaf: b1 = compare %node, %0 {direction = "LT"}
  %y: f64 = if %leaf then {
    %1: f64 = constant {value = f64(1.0)}
    yield %1
  } else {
    %l: i64 = read %left, %node {sizes = (1,), drop = (0,)}
    %a: f64 = call @tree %w, %left, %right, %l
    %r: i64 = read %right, %node {sizes = (1,), drop = (0,)}
    %b: f64 = call @tree %w, %left, %right, %r
    %x: f64 = read %w, %node {sizes = (1,), drop = (0,)}
    %p: f64 = multiply %a, %x
    %z: f64 = multiply %p, %b
    yield %z
  }
  return %y
}

func @main(%w: f64[8], %left: i64[8], %right: i64[8]) -> f64 {
  %root: i64 = constant {value = i64(0)}
  %y: f64 = call @tree %w, %left, %right, %root
  return %y
}
"""


def test_text(golden: Golden) -> None:
    """The pullback of a recursive function prints as a recursive function."""
    module = derivative(lambda: parse_module(TREE), "v", Sites(first=100))
    golden("transform/reverse_recursion.txt", to_python(module))
