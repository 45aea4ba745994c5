"""What no result needs goes, carries and parameters included; the rest computes the same."""

from __future__ import annotations

import pytest

from hloc.transform.eliminate_dead_code import eliminate_dead_code
from tests.transform.equivalence import check_golden, check_random


def test_carries_that_reach_no_result() -> None:
    check_golden(
        eliminate_dead_code,
        """
        func @main(%n: i64, %x: f64, %y: f64) -> f64 {
          %a: f64, %b: f64, %c: f64 = for %n, %x, %y, %y {direction = 1} body(%k: i64, %s: f64, %t: f64, %u: f64) {
            %s1: f64 = sine %s
            %t1: f64 = multiply %t, %u
            %u1: f64 = multiply %u, %s1
            yield %s1, %t1, %u1
          }
          %d: f64 = add %b, %c
          return %a
        }
        """,
        """
        func @main(%n: i64, %x: f64, %y: f64) -> f64 {
          %a: f64 = for %n, %x {direction = 1} body(%k: i64, %s: f64) {
            %s1: f64 = sine %s
            yield %s1
          }
          return %a
        }
        """,
    )


def test_the_condition_keeps_a_carry() -> None:
    check_golden(
        eliminate_dead_code,
        """
        func @main(%n: i64, %x: f64) -> f64 {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %trips: i64, %i: i64, %j: i64, %a: f64 = while %0, %0, %x cond(%i: i64, %j: i64, %s: f64) {
            %c: b1 = compare %i, %n {direction = "LT"}
            yield %c
          } body(%k: i64, %i: i64, %j: i64, %s: f64) {
            %i1: i64 = add %i, %1
            %j1: i64 = add %j, %i
            %s1: f64 = sine %s
            yield %i1, %j1, %s1
          }
          return %a
        }
        """,
        """
        func @main(%n: i64, %x: f64) -> f64 {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %trips: i64, %i: i64, %a: f64 = while %0, %x cond(%i_1: i64, %s: f64) {
            %c: b1 = compare %i_1, %n {direction = "LT"}
            yield %c
          } body(%k: i64, %i_2: i64, %s_1: f64) {
            %i1: i64 = add %i_2, %1
            %s1: f64 = sine %s_1
            yield %i1, %s1
          }
          return %a
        }
        """,
    )


def test_results_of_branches_and_what_is_passed_to_functions() -> None:
    check_golden(
        eliminate_dead_code,
        """
        func @helper(%n: i64, %x: f64, %unused: f64) -> (f64, f64) {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %p: b1 = compare %n, %0 {direction = "LE"}
          %r: f64, %q: f64 = if %p then {
            %s: f64 = cosine %x
            yield %x, %s
          } else {
            %m: i64 = subtract %n, %1
            %u: f64 = sine %unused
            %t: f64, %v: f64 = call @helper %m, %x, %u
            yield %t, %v
          }
          return %r, %q
        }

        func @main(%n: i64, %x: f64) -> f64 {
          %y: f64 = exponential %x
          %a: f64, %b: f64 = call @helper %n, %x, %y
          return %a
        }
        """,
        """
        func @helper(%n: i64, %x: f64) -> f64 {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %p: b1 = compare %n, %0 {direction = "LE"}
          %r: f64 = if %p then {
            yield %x
          } else {
            %m: i64 = subtract %n, %1
            %t: f64 = call @helper %m, %x
            yield %t
          }
          return %r
        }

        func @main(%n: i64, %x: f64) -> f64 {
          %a: f64 = call @helper %n, %x
          return %a
        }
        """,
    )


def test_arguments_of_functions_whose_signature_stays() -> None:
    """A checkpoint names the function, so that a plain call keeps the argument that the function does not use."""
    text = """
    func @helper(%x: f64, %y: f64) -> f64 {
      %r: f64 = sine %x
      return %r
    }

    func @main(%x: f64) -> f64 {
      %y: f64 = cosine %x
      %a: f64 = call @helper %x, %y
      %b: f64 = call @helper %a, %x {checkpoint = True}
      return %b
    }
    """
    check_golden(eliminate_dead_code, text, text)


@pytest.mark.parametrize("seed", range(15))
def test_random_programs_compute_the_same(seed: int) -> None:
    check_random(eliminate_dead_code, seed)
