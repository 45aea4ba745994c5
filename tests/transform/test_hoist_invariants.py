"""Invariant work leaves loops, but not at the price of costly work in loops that never run."""

from __future__ import annotations

import pytest

from hloc.transform.hoist_invariants import hoist_invariants
from tests.transform.equivalence import check_golden, check_random


def test_out_of_a_whole_nest() -> None:
    check_golden(
        hoist_invariants,
        """
        func @main(%n: i64, %x: f64[8], %y: f64) -> f64 {
          %s: f64 = for %n, %y {direction = 1} body(%i: i64, %s: f64) {
            %t: f64 = for %n, %s {direction = 1} body(%j: i64, %t: f64) {
              %0: i64 = constant {value = i64(0)}
              %a: f64 = read %x, %0 {sizes = (1,), drop = (0,)}
              %b: f64 = sine %a
              %c: f64 = read %x, %i {sizes = (1,), drop = (0,)}
              %d: f64 = multiply %b, %c
              %e: f64 = add %t, %d
              yield %e
            }
            yield %t
          }
          return %s
        }
        """,
        """
        func @main(%n: i64, %x: f64[8], %y: f64) -> f64 {
          %0: i64 = constant {value = i64(0)}
          %a: f64 = read %x, %0 {sizes = (1,), drop = (0,)}
          %b: f64 = sine %a
          %s: f64 = for %n, %y {direction = 1} body(%i: i64, %s_1: f64) {
            %1: i64 = constant {value = i64(0)}
            %c: f64 = read %x, %i {sizes = (1,), drop = (0,)}
            %d: f64 = multiply %b, %c
            %t: f64 = for %n, %s_1 {direction = 1} body(%j: i64, %t_1: f64) {
              %2: i64 = constant {value = i64(0)}
              %e: f64 = add %t_1, %d
              yield %e
            }
            yield %t
          }
          return %s
        }
        """,
    )


def test_costly_work_only_where_the_loop_surely_runs() -> None:
    check_golden(
        hoist_invariants,
        """
        func @main(%n: i64, %a: f64[9999], %x: f64[9999]) -> (f64[9999], f64[9999]) {
          %8: i64 = constant {value = i64(8)}
          %s: f64[9999] = for %n, %x {direction = 1} body(%k: i64, %v: f64[9999]) {
            %c: f64[9999] = sort %a {dim = 0, num_keys = 1, stable = True}
            %d: f64[9999] = add %v, %c
            yield %d
          }
          %t: f64[9999] = for %8, %x {direction = 1} body(%j: i64, %u: f64[9999]) {
            %c: f64[9999] = sort %a {dim = 0, num_keys = 1, stable = True}
            %d: f64[9999] = add %u, %c
            yield %d
          }
          return %s, %t
        }
        """,
        """
        func @main(%n: i64, %a: f64[9999], %x: f64[9999]) -> (f64[9999], f64[9999]) {
          %0: i64 = constant {value = i64(8)}
          %s: f64[9999] = for %n, %x {direction = 1} body(%k: i64, %v: f64[9999]) {
            %c: f64[9999] = sort %a {dim = 0, num_keys = 1, stable = True}
            %d: f64[9999] = add %v, %c
            yield %d
          }
          %c_1: f64[9999] = sort %a {dim = 0, num_keys = 1, stable = True}
          %t: f64[9999] = for %0, %x {direction = 1} body(%j: i64, %u: f64[9999]) {
            %d_1: f64[9999] = add %u, %c_1
            yield %d_1
          }
          return %s, %t
        }
        """,
    )


def test_conditions_and_whole_loops() -> None:
    check_golden(
        hoist_invariants,
        """
        func @main(%n: i64, %a: f64[4]) -> (f64, i64) {
          %zero: f64 = constant {value = f64(0.0)}
          %0: i64 = constant {value = i64(0)}
          %trips: i64, %i: i64 = while %0 cond(%i: i64) {
            %1: i64 = constant {value = i64(1)}
            %m: i64 = subtract %n, %1
            %c: b1 = compare %i, %m {direction = "LT"}
            yield %c
          } body(%k: i64, %i: i64) {
            %1: i64 = constant {value = i64(1)}
            %i1: i64 = add %i, %1
            yield %i1
          }
          %4: i64 = constant {value = i64(4)}
          %s: f64 = for %4, %zero {direction = 1} body(%k: i64, %s: f64) {
            %m: i64 = constant {value = i64(4)}
            %t: f64 = for %m, %zero {direction = 1} body(%j: i64, %t: f64) {
              %v: f64 = read %a, %j {sizes = (1,), drop = (0,)}
              %t1: f64 = add %t, %v
              yield %t1
            }
            %s1: f64 = add %s, %t
            yield %s1
          }
          return %s, %i
        }
        """,
        """
        func @main(%n: i64, %a: f64[4]) -> (f64, i64) {
          %zero: f64 = constant {value = f64(0.0)}
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %m: i64 = subtract %n, %1
          %trips: i64, %i: i64 = while %0 cond(%i_1: i64) {
            %2: i64 = constant {value = i64(1)}
            %c: b1 = compare %i_1, %m {direction = "LT"}
            yield %c
          } body(%k: i64, %i_2: i64) {
            %3: i64 = constant {value = i64(1)}
            %i1: i64 = add %i_2, %3
            yield %i1
          }
          %4: i64 = constant {value = i64(4)}
          %m_1: i64 = constant {value = i64(4)}
          %t: f64 = for %m_1, %zero {direction = 1} body(%j: i64, %t_1: f64) {
            %v: f64 = read %a, %j {sizes = (1,), drop = (0,)}
            %t1: f64 = add %t_1, %v
            yield %t1
          }
          %s: f64 = for %4, %zero {direction = 1} body(%k_1: i64, %s_1: f64) {
            %m_2: i64 = constant {value = i64(4)}
            %s1: f64 = add %s_1, %t
            yield %s1
          }
          return %s, %i
        }
        """,
    )


@pytest.mark.parametrize("seed", range(15))
def test_random_programs_compute_the_same(seed: int) -> None:
    check_random(hoist_invariants, seed)
