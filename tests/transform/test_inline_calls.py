"""Small functions and functions called once are inlined; recursion stays."""

from __future__ import annotations

import pytest

from hloc.transform.inline_calls import inline_calls
from tests.transform.equivalence import check_golden, check_random


def test_small_functions_and_functions_called_once() -> None:
    check_golden(
        inline_calls,
        """
        func @square(%x: f64) -> f64 {
          %y: f64 = multiply %x, %x
          return %y
        }

        func @fourth(%x: f64) -> f64 {
          %y: f64 = call @square %x
          %z: f64 = call @square %y
          return %z
        }

        func @unused(%x: f64) -> f64 {
          return %x
        }

        func @main(%a: f64) -> f64 {
          %b: f64 = call @fourth %a
          return %b
        }
        """,
        """
        func @main(%a: f64) -> f64 {
          %y: f64 = multiply %a, %a
          %y_1: f64 = multiply %y, %y
          return %y_1
        }
        """,
    )


def test_recursion_stays() -> None:
    check_golden(
        inline_calls,
        """
        func @even(%n: i64) -> b1 {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %p: b1 = compare %n, %0 {direction = "EQ"}
          %r: b1 = if %p then {
            yield %p
          } else {
            %m: i64 = subtract %n, %1
            %q: b1 = call @odd %m
            yield %q
          }
          return %r
        }

        func @odd(%n: i64) -> b1 {
          %r: b1 = call @even %n
          %s: b1 = not %r
          return %s
        }

        func @main(%n: i64) -> b1 {
          %r: b1 = call @even %n
          return %r
        }
        """,
        """
        func @even(%n: i64) -> b1 {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %p: b1 = compare %n, %0 {direction = "EQ"}
          %r: b1 = if %p then {
            yield %p
          } else {
            %m: i64 = subtract %n, %1
            %q: b1 = call @odd %m
            yield %q
          }
          return %r
        }

        func @odd(%n: i64) -> b1 {
          %r: b1 = call @even %n
          %s: b1 = not %r
          return %s
        }

        func @main(%n: i64) -> b1 {
          %r: b1 = call @even %n
          return %r
        }
        """,
    )


@pytest.mark.parametrize("seed", range(15))
def test_random_programs_compute_the_same(seed: int) -> None:
    check_random(inline_calls, seed)
