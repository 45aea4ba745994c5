"""Counting loops become `for` loops where neither the counter nor the count wraps."""

from __future__ import annotations

import pytest

from hloc.transform.while_to_for import while_to_for
from tests.transform.equivalence import check_golden, check_random


def test_a_counter_up_to_a_limit() -> None:
    check_golden(
        while_to_for,
        """
        func @main(%n: i64, %x: f64) -> (i64, f64, i64) {
          %0: i64 = constant {value = i64(0)}
          %trips: i64, %i: i64, %a: f64 = while %0, %x cond(%i: i64, %s: f64) {
            %c: b1 = compare %i, %n {direction = "LT"}
            yield %c
          } body(%k: i64, %i: i64, %s: f64) {
            %1: i64 = constant {value = i64(1)}
            %f: f64 = convert %i {dtype = f64}
            %t: f64 = multiply %s, %f
            %i1: i64 = add %i, %1
            yield %i1, %t
          }
          return %i, %a, %trips
        }
        """,
        """
        func @main(%n: i64, %x: f64) -> (i64, f64, i64) {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = subtract %n, %0
          %2: i64 = constant {value = i64(0)}
          %trips: i64 = maximum %1, %2
          %a: f64 = for %1, %x {direction = 1} body(%k: i64, %s: f64) {
            %3: i64 = constant {value = i64(1)}
            %4: i64 = multiply %k, %3
            %i: i64 = add %0, %4
            %5: i64 = constant {value = i64(1)}
            %f: f64 = convert %i {dtype = f64}
            %t: f64 = multiply %s, %f
            %i1: i64 = add %i, %5
            yield %t
          }
          %6: i64 = constant {value = i64(1)}
          %7: i64 = multiply %trips, %6
          %i_1: i64 = add %0, %7
          return %i_1, %a, %trips
        }
        """,
    )


def test_a_counter_down_by_two() -> None:
    check_golden(
        while_to_for,
        """
        func @main(%x: f64) -> f64 {
          %9: i64 = constant {value = i64(9)}
          %trips: i64, %i: i64, %a: f64 = while %9, %x cond(%i: i64, %s: f64) {
            %0: i64 = constant {value = i64(0)}
            %c: b1 = compare %0, %i {direction = "LE"}
            yield %c
          } body(%k: i64, %i: i64, %s: f64) {
            %2: i64 = constant {value = i64(2)}
            %t: f64 = sine %s
            %i1: i64 = subtract %i, %2
            yield %i1, %t
          }
          return %a
        }
        """,
        """
        func @main(%x: f64) -> f64 {
          %0: i64 = constant {value = i64(9)}
          %1: i64 = constant {value = i64(0)}
          %2: i64 = subtract %0, %1
          %3: i64 = constant {value = i64(2)}
          %4: i64 = add %2, %3
          %5: i64 = constant {value = i64(2)}
          %6: i64 = floor_divide %4, %5
          %7: i64 = constant {value = i64(0)}
          %trips: i64 = maximum %6, %7
          %a: f64 = for %6, %x {direction = 1} body(%k: i64, %s: f64) {
            %8: i64 = constant {value = i64(-2)}
            %9: i64 = multiply %k, %8
            %i: i64 = add %0, %9
            %10: i64 = constant {value = i64(2)}
            %t: f64 = sine %s
            %i1: i64 = subtract %i, %10
            yield %t
          }
          %11: i64 = constant {value = i64(-2)}
          %12: i64 = multiply %trips, %11
          %i_1: i64 = add %0, %12
          return %a
        }
        """,
    )


def test_not_where_the_counter_may_wrap() -> None:
    check_golden(
        while_to_for,
        """
        func @main(%n: i64, %x: f64) -> f64 {
          %0: i64 = constant {value = i64(0)}
          %trips: i64, %i: i64, %a: f64 = while %0, %x cond(%i: i64, %s: f64) {
            %c: b1 = compare %i, %n {direction = "LT"}
            yield %c
          } body(%k: i64, %i: i64, %s: f64) {
            %2: i64 = constant {value = i64(2)}
            %t: f64 = sine %s
            %i1: i64 = add %i, %2
            yield %i1, %t
          }
          return %a
        }
        """,
        """
        func @main(%n: i64, %x: f64) -> f64 {
          %0: i64 = constant {value = i64(0)}
          %trips: i64, %i: i64, %a: f64 = while %0, %x cond(%i_1: i64, %s: f64) {
            %c: b1 = compare %i_1, %n {direction = "LT"}
            yield %c
          } body(%k: i64, %i_2: i64, %s_1: f64) {
            %1: i64 = constant {value = i64(2)}
            %t: f64 = sine %s_1
            %i1: i64 = add %i_2, %1
            yield %i1, %t
          }
          return %a
        }
        """,
    )


def test_the_distance_is_guarded_where_it_may_wrap() -> None:
    check_golden(
        while_to_for,
        """
        func @main(%m: i64, %n: i64) -> i64 {
          %trips: i64, %i: i64 = while %m cond(%i: i64) {
            %c: b1 = compare %i, %n {direction = "LT"}
            yield %c
          } body(%k: i64, %i: i64) {
            %1: i64 = constant {value = i64(1)}
            %i1: i64 = add %i, %1
            yield %i1
          }
          return %trips
        }
        """,
        """
        func @main(%m: i64, %n: i64) -> i64 {
          %0: i64 = subtract %n, %m
          %1: b1 = compare %m, %n {direction = "LT"}
          %2: i64 = constant {value = i64(-1)}
          %3: i64 = select %1, %0, %2
          %4: i64 = constant {value = i64(0)}
          %trips: i64 = maximum %3, %4
          for %3 {direction = 1} body(%k: i64) {
            %5: i64 = constant {value = i64(1)}
            %6: i64 = multiply %k, %5
            %i: i64 = add %m, %6
            %7: i64 = constant {value = i64(1)}
            %i1: i64 = add %i, %7
            yield
          }
          %8: i64 = constant {value = i64(1)}
          %9: i64 = multiply %trips, %8
          %i_1: i64 = add %m, %9
          return %trips
        }
        """,
    )


@pytest.mark.parametrize("seed", range(15))
def test_random_programs_compute_the_same(seed: int) -> None:
    check_random(while_to_for, seed)
