"""Checks that cannot fail go; carries, divisions and comparisons get what their ranges say."""

from __future__ import annotations

import pytest

from hloc.ir.parser import parse_module
from hloc.transform.drop_checks import drop_checks
from tests.transform.equivalence import check_golden, check_random


def test_the_check_of_an_index_in_range() -> None:
    check_golden(
        drop_checks,
        """
        func @main(%a: f64[10], %n: i64) -> (f64, i64) {
          %0: i64 = constant {value = i64(0)}
          %9: i64 = constant {value = i64(9)}
          %zero: f64 = constant {value = f64(0.0)}
          %s: f64, %e: i64 = for %9, %zero, %0 {direction = 1} body(%k: i64, %t: f64, %err: i64) {
            %1: i64 = constant {value = i64(1)}
            %10: i64 = constant {value = i64(10)}
            %code: i64 = constant {value = i64(7)}
            %i: i64 = add %k, %1
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
            %t1: f64 = add %t, %v
            yield %t1, %err1
          }
          return %s, %e
        }
        """,
        """
        func @main(%a: f64[10], %n: i64) -> (f64, i64) {
          %err: i64 = constant {value = i64(0)}
          %0: i64 = constant {value = i64(9)}
          %zero: f64 = constant {value = f64(0.0)}
          %s: f64 = for %0, %zero {direction = 1} body(%k: i64, %t: f64) {
            %1: i64 = constant {value = i64(1)}
            %2: i64 = constant {value = i64(10)}
            %code: i64 = constant {value = i64(7)}
            %i: i64 = add %k, %1
            %negative: b1 = constant {value = b1(False)}
            %up: i64 = add %i, %2
            %w: i64 = select %negative, %up, %i
            %low: b1 = constant {value = b1(True)}
            %high: b1 = constant {value = b1(True)}
            %ok: b1 = constant {value = b1(True)}
            %fresh: b1 = constant {value = b1(True)}
            %bad: b1 = constant {value = b1(False)}
            %set: b1 = constant {value = b1(False)}
            %err1: i64 = constant {value = i64(0)}
            %v: f64 = read %a, %w {sizes = (1,), drop = (0,)}
            %t1: f64 = add %t, %v
            yield %t1
          }
          return %s, %err
        }
        """,
    )


def test_divisions_without_signs() -> None:
    check_golden(
        drop_checks,
        """
        func @main(%n: i64, %m: i64) -> (i64, i64, i64) {
          %0: i64 = constant {value = i64(0)}
          %8: i64 = constant {value = i64(8)}
          %a: i64 = maximum %n, %0
          %q: i64 = floor_divide %a, %8
          %r: i64 = floor_mod %a, %8
          %s: i64 = floor_mod %r, %8
          %t: i64 = floor_mod %m, %8
          return %q, %s, %t
        }
        """,
        """
        func @main(%n: i64, %m: i64) -> (i64, i64, i64) {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(8)}
          %a: i64 = maximum %n, %0
          %q: i64 = floor_divide %a, %1 {nonnegative = True}
          %r: i64 = floor_mod %a, %1 {nonnegative = True}
          %t: i64 = floor_mod %m, %1
          return %q, %r, %t
        }
        """,
    )


def test_a_carry_that_steps_once_is_kept() -> None:
    check_golden(
        drop_checks,
        """
        func @main() -> i64 {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %a: i64 = for %1, %0 {direction = 1} body(%k: i64, %s: i64) {
            %t: i64 = add %s, %1
            yield %t
          }
          return %a
        }
        """,
        """
        func @main() -> i64 {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %a: i64 = for %1, %0 {direction = 1} body(%k: i64, %s: i64) {
            %t: i64 = constant {value = i64(1)}
            yield %t
          }
          return %a
        }
        """,
    )


def test_arguments_bound_parameters() -> None:
    check_golden(
        drop_checks,
        """
        func @get(%a: f64[10], %i: i64) -> (f64, b1) {
          %10: i64 = constant {value = i64(10)}
          %ok: b1 = compare %i, %10 {direction = "LT"}
          %v: f64 = read %a, %i {sizes = (1,), drop = (0,)}
          return %v, %ok
        }

        func @main(%a: f64[10], %n: i64) -> (f64, b1) {
          %8: i64 = constant {value = i64(8)}
          %9: i64 = constant {value = i64(9)}
          %i: i64 = minimum %n, %8
          %v: f64, %p: b1 = call @get %a, %i
          %w: f64, %q: b1 = call @get %a, %9
          %u: f64 = add %v, %w
          %r: b1 = and %p, %q
          return %u, %r
        }
        """,
        """
        func @get(%a: f64[10], %i: i64) -> (f64, b1) {
          %0: i64 = constant {value = i64(10)}
          %ok: b1 = constant {value = b1(True)}
          %v: f64 = read %a, %i {sizes = (1,), drop = (0,)}
          return %v, %ok
        }

        func @main(%a: f64[10], %n: i64) -> (f64, b1) {
          %0: i64 = constant {value = i64(8)}
          %1: i64 = constant {value = i64(9)}
          %i: i64 = minimum %n, %0
          %v: f64, %p: b1 = call @get %a, %i
          %w: f64, %q: b1 = call @get %a, %1
          %u: f64 = add %v, %w
          %r: b1 = and %p, %q
          return %u, %r
        }
        """,
    )


def test_an_array_of_one_number_is_replaced_once() -> None:
    module = parse_module(
        """
        func @main(%n: i64) -> i64[100] {
          %0: i64 = constant {value = i64(0)}
          %k: i64 = minimum %0, %0
          %a: i64[100] = broadcast_in_dim %k {shape = (100,), dims = ()}
          return %a
        }
        """
    )
    assert drop_checks(module)
    assert not drop_checks(module)


@pytest.mark.parametrize("seed", range(15))
def test_random_programs_compute_the_same(seed: int) -> None:
    check_random(drop_checks, seed)
