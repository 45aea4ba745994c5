"""Which values take part in a derivative."""

from __future__ import annotations

from textwrap import dedent

import hloc.ops  # noqa: F401
from hloc.ir.core import Value, walk
from hloc.ir.parser import parse_module
from hloc.ir.verifier import verify
from hloc.transform.differentiate.activity import useful, varied


def _names(text: str, sources: str, targets: str) -> tuple[str, str]:
    """The names of varied and of useful values of the main function, in order of definition."""
    module = parse_module(dedent(text))
    verify(module)
    block = module.entry.block
    values: list[Value] = [*block.args]
    for op in walk(block):
        values += [*op.results, *(arg for region in op.regions for arg in region.args)]
    forwards = varied(block, {v for v in values if v.name in sources.split()}, module)
    backwards = useful(block, {v for v in values if v.name in targets.split()}, module)
    return " ".join(v.name for v in values if v in forwards), " ".join(v.name for v in values if v in backwards)


def test_integers_and_stopped_values_are_constants() -> None:
    found = _names(
        """
        func @main(%x: f64, %n: i64) -> f64 {
          %i: f64 = convert %n {dtype = f64}
          %c: f64 = stop_gradient %x
          %s: f64 = sine %x
          %t: f64 = multiply %s, %c
          %m: i64 = convert %t {dtype = i64}
          %y: f64 = multiply %t, %i
          %z: f64 = cosine %c
          return %y
        }
        """,
        "x n",
        "y",
    )
    assert found == ("x s t y", "x i c s t y")


def test_carries_of_loops_only_where_derivatives_flow() -> None:
    """Each carry comes from the one after it, so that activity needs as many rounds as there are carries."""
    found = _names(
        """
        func @main(%x: f64, %n: i64) -> f64 {
          %a0: f64 = constant {value = f64(1.0)}
          %a: f64, %b: f64, %c: f64, %d: f64 = for %n, %a0, %a0, %x, %a0 {direction = 1}
              body(%k: i64, %p: f64, %q: f64, %r: f64, %s: f64) {
            %t: f64 = sine %q
            %u: f64 = add %s, %s
            yield %t, %r, %r, %u
          }
          return %a
        }
        """,
        "x",
        "b",
    )
    assert found == ("x a b c p q r t", "x a0 b q r")


def test_while_gives_no_derivative_to_its_count_and_condition() -> None:
    found = _names(
        """
        func @main(%x: f64, %e: f64) -> (f64, f64) {
          %n: i64, %y: f64, %w: f64 = while %x, %e cond(%u: f64, %v: f64) {
            %go: b1 = compare %u, %e {direction = "LT"}
            yield %go
          } body(%k: i64, %a: f64, %b: f64) {
            %f: f64 = convert %k {dtype = f64}
            %g: f64 = add %a, %f
            yield %g, %b
          }
          %m: f64 = convert %n {dtype = f64}
          return %y, %m
        }
        """,
        "x",
        "y",
    )
    assert found == ("x y a g", "x y a f g")


def test_values_from_outside_a_region_and_branches() -> None:
    found = _names(
        """
        func @main(%p: b1, %x: f64, %z: f64) -> (f64, f64) {
          %s: f64 = sine %x
          %y: f64, %w: f64 = if %p then {
            %t: f64 = multiply %s, %z
            yield %t, %z
          } else {
            yield %z, %z
          }
          return %y, %w
        }
        """,
        "x",
        "w",
    )
    assert found == ("x s y t", "z w")


_CALLS = """
func @even(%n: i64, %a: f64, %b: f64) -> (f64, f64) {
  %zero: i64 = constant {value = i64(0)}
  %one: i64 = constant {value = i64(1)}
  %stop: b1 = compare %n, %zero {direction = "EQ"}
  %p: f64, %q: f64 = if %stop then {
    yield %a, %b
  } else {
    %m: i64 = subtract %n, %one
    %c: f64, %d: f64 = call @odd %m, %b, %a
    %e: f64 = stop_gradient %d
    yield %c, %e
  }
  return %p, %q
}

func @odd(%n: i64, %a: f64, %b: f64) -> (f64, f64) {
  %c: f64, %d: f64 = call @even %n, %a, %a
  return %c, %b
}

func @main(%n: i64, %x: f64, %z: f64) -> (f64, f64) {
  %u: f64, %v: f64 = call @even %n, %x, %z
  %s: f64, %t: f64 = call @odd %n, %x, %z RULE
  return %u, %s
}
"""


def test_functions_that_call_each_other() -> None:
    """even: p from a and b, q from b only; odd: c from a, d from b."""
    assert _names(_CALLS.replace("RULE", ""), "x", "v") == ("x u s", "z v")


def test_rules_of_the_user_make_all_results_depend_on_all_operands() -> None:
    assert _names(_CALLS.replace("RULE", '{jvp = "odd"}'), "x", "t") == ("x u s t", "x z t")
    assert _names(_CALLS.replace("RULE", '{forward = "odd", backward = "odd"}'), "z", "t")[0] == "z u v s t"
