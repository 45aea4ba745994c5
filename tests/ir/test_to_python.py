"""Programs printed as Python: golden texts, and what they compute."""

from __future__ import annotations

import numpy as np
import pytest

import hloc.ops  # noqa: F401  (fills the registry)
from hloc.diagnostics.span import Span
from hloc.ir.core import Module, walk
from hloc.ir.parser import parse_module
from hloc.ir.printer import print_module
from hloc.ir.to_python import run_python, to_python
from hloc.ir.verifier import verify
from tests.conftest import Golden
from tests.ir.examples import EXAMPLES, NEWTON, PREFIX_SUM, RECURSION
from tests.ir.interpreter import run


def load(text: str) -> Module:
    module = parse_module(text)
    verify(module)
    return module


@pytest.mark.parametrize("name", EXAMPLES)
def test_text_of_python(name: str, golden: Golden) -> None:
    golden(f"to_python/{name}.txt", to_python(load(EXAMPLES[name][0])))


@pytest.mark.parametrize("name", EXAMPLES)
def test_python_computes_what_the_references_say(name: str) -> None:
    text, args = EXAMPLES[name]
    module = load(text)
    for found, expected in zip(run_python(module, args), run(module, args), strict=True):
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype


@pytest.mark.parametrize("name", EXAMPLES)
def test_text_of_ir_is_what_was_read(name: str) -> None:
    assert print_module(load(EXAMPLES[name][0])).strip() == EXAMPLES[name][0].strip()


def test_arguments_are_not_written() -> None:
    x = np.ones(10)
    (y,) = run_python(load(PREFIX_SUM), [x])
    np.testing.assert_array_equal(x, np.ones(10))
    np.testing.assert_array_equal(y, np.arange(1.0, 11.0))


def test_comments_name_the_source_line() -> None:
    module = load(RECURSION)
    for line, op in enumerate(walk(module.functions["fib"].block), start=10):
        op.span = Span("/home/user/fib.py", line, 0, line, 5)
    text = to_python(module, comments=True)
    assert "if n < 2:  # fib.py:13" in text.replace("/home/user/", "")


def test_without_clamps_indices_are_plain() -> None:
    text = PREFIX_SUM.replace("%nine: i64 = constant {value = i64(9)}", "%nine: i64 = constant {value = i64(11)}")
    assert "y[min(k, 9)]" in to_python(load(text))
    assert "y[k]" in to_python(load(text), clamp=False)


def test_names_avoid_functions_builtins_and_keywords() -> None:
    text = NEWTON.replace("%y", "%range").replace("%x", "%main").replace("%n", "%np")
    source = to_python(load(text))
    assert "def main(main_1):" in source
    assert "range_1 = 0.5 * (range_1 + main_1 / range_1)" in source.replace(
        "np.divide(main_1, range_1)", "main_1 / range_1"
    )


FILLING = """
func @fill(%a: f64[4], %b: f64[4], %n: i64) -> (f64[4], f64) {
  %0: i64 = constant {value = i64(0)}
  %1: i64 = constant {value = i64(1)}
  %more: b1 = compare %n, %0 {direction = "GT"}
  %r: f64[4], %s: f64 = if %more then {
    %m: i64 = subtract %n, %1
    %x: f64 = read %b, %m {drop = (0), sizes = (1)}
    %a1: f64[4] = upd %a, %x, %m {drop = (0), mode = "set"}
    %a2: f64[4], %t: f64 = call @fill %a1, %b, %m
    yield %a2, %t
  } else {
    %u: f64 = reduce_sum %b {axes = (0)}
    yield %a, %u
  }
  return %r, %s
}

func @main(%b: f64[4]) -> (f64[4], f64[4], f64) {
  %4: i64 = constant {value = i64(4)}
  %zero: f64 = constant {value = f64(0.0)}
  %a: f64[4] = broadcast_in_dim %zero {dims = (), shape = (4)}
  %c: f64[4], %s: f64 = call @fill %a, %b, %4
  %d: f64[4], %t: f64 = call @fill %c, %c, %4
  return %c, %d, %t
}
"""


def test_a_function_writes_the_array_that_it_is_given_and_its_caller_copies_what_is_needed_again() -> None:
    module = load(FILLING)
    text = to_python(module)
    fill, main = text.split("def main")
    assert "copy" not in fill
    assert main.count("np.copy") == 1
    b = np.arange(4.0)
    c, d, t = run_python(module, [b])
    assert c.tolist() == d.tolist() == b.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert t == 6.0


def test_a_number_that_was_chosen_is_no_array_that_others_could_change() -> None:
    module = load(
        """
        func @down(%j: i64) -> (i64, i64) {
          %two: i64 = constant {value = i64(2)}
          %last: i64 = for %two, %j {direction = 1} body(%k: i64, %i: i64) {
            %one: i64 = constant {value = i64(1)}
            %next: i64 = subtract %i, %one
            yield %next
          }
          return %j, %last
        }

        func @main(%c: b1, %x: i64) -> (i64, i64) {
          %five: i64 = constant {value = i64(5)}
          %j: i64 = select %c, %x, %five
          %a: i64, %b: i64 = call @down %j
          return %a, %b
        }
        """
    )
    assert [int(x) for x in run_python(module, [np.bool_(True), 7])] == [7, 5]
