"""The passes together take plain loops to their bare work, and keep the checks that may fail."""

from __future__ import annotations

import pytest

from hloc.transform.simplify import simplify
from tests.transform.equivalence import check_golden, check_random


def test_a_while_loop_with_checks() -> None:
    check_golden(
        simplify,
        """
        func @main(%a: f64[10]) -> (f64, i64) {
          %0: i64 = constant {value = i64(0)}
          %zero: f64 = constant {value = f64(0.0)}
          %trips: i64, %i: i64, %s: f64, %e: i64 = while %0, %zero, %0 cond(%i: i64, %s: f64, %err: i64) {
            %10: i64 = constant {value = i64(10)}
            %more: b1 = compare %i, %10 {direction = "LT"}
            %fine: b1 = compare %err, %0 {direction = "EQ"}
            %go: b1 = and %more, %fine
            yield %go
          } body(%k: i64, %i: i64, %s: f64, %err: i64) {
            %1: i64 = constant {value = i64(1)}
            %10: i64 = constant {value = i64(10)}
            %code: i64 = constant {value = i64(7)}
            %negative: b1 = compare %i, %0 {direction = "LT"}
            %up: i64 = add %i, %10
            %w: i64 = select %negative, %up, %i
            %low: b1 = compare %w, %0 {direction = "GE"}
            %high: b1 = compare %w, %10 {direction = "LT"}
            %ok: b1 = and %low, %high
            %fresh: b1 = compare %err, %0 {direction = "EQ"}
            %bad: b1 = not %ok
            %set: b1 = and %fresh, %bad
            %err1: i64 = select %set, %code, %err
            %v: f64 = read %a, %w {sizes = (1,), drop = (0,)}
            %s1: f64 = add %s, %v
            %i1: i64 = add %i, %1
            yield %i1, %s1, %err1
          }
          return %s, %e
        }
        """,
        """
        func @main(%a: f64[10]) -> (f64, i64) {
          %err: i64 = constant {value = i64(0)}
          %zero: f64 = constant {value = f64(0.0)}
          %trips: i64 = constant {value = i64(10)}
          %s: f64 = for %trips, %zero {direction = 1} body(%k: i64, %s_1: f64) {
            %v: f64 = read %a, %k {sizes = (1,), drop = (0,)}
            %s1: f64 = add %s_1, %v
            yield %s1
          }
          return %s, %err
        }
        """,
    )


def test_what_may_fail_is_still_checked() -> None:
    check_golden(
        simplify,
        """
        func @main(%a: f64[10], %n: i64) -> (f64, i64) {
          %0: i64 = constant {value = i64(0)}
          %zero: f64 = constant {value = f64(0.0)}
          %s: f64, %e: i64 = for %n, %zero, %0 {direction = 1} body(%k: i64, %t: f64, %err: i64) {
            %10: i64 = constant {value = i64(10)}
            %code: i64 = constant {value = i64(7)}
            %negative: b1 = compare %k, %0 {direction = "LT"}
            %up: i64 = add %k, %10
            %w: i64 = select %negative, %up, %k
            %low: b1 = compare %w, %0 {direction = "GE"}
            %high: b1 = compare %w, %10 {direction = "LT"}
            %ok: b1 = and %low, %high
            %fresh: b1 = compare %err, %0 {direction = "EQ"}
            %bad: b1 = not %ok
            %set: b1 = and %fresh, %bad
            %err1: i64 = select %set, %code, %err
            %v: f64 = read %a, %w {sizes = (1,), drop = (0,)}
            %t1: f64 = add %t, %v
            yield %t1, %err1
          }
          return %s, %e
        }
        """,
        """
        func @main(%a: f64[10], %n: i64) -> (f64, i64) {
          %0: i64 = constant {value = i64(0)}
          %zero: f64 = constant {value = f64(0.0)}
          %s: f64, %e: i64 = for %n, %zero, %0 {direction = 1} body(%k: i64, %t: f64, %err: i64) {
            %1: i64 = constant {value = i64(10)}
            %code: i64 = constant {value = i64(7)}
            %fresh: b1 = compare %err, %0 {direction = "EQ"}
            %bad: b1 = compare %k, %1 {direction = "GE"}
            %set: b1 = and %fresh, %bad
            %err1: i64 = select %set, %code, %err
            %v: f64 = read %a, %k {sizes = (1,), drop = (0,)}
            %t1: f64 = add %t, %v
            yield %t1, %err1
          }
          return %s, %e
        }
        """,
    )


@pytest.mark.parametrize("seed", range(15))
def test_random_programs_compute_the_same(seed: int) -> None:
    check_random(simplify, seed)
