"""Cheap branches become selects and predicated stores; others stay branches."""

from __future__ import annotations

import pytest

from hloc.transform.convert_if_to_select import convert_if_to_select
from tests.transform.equivalence import check_golden, check_random


def test_scalars() -> None:
    check_golden(
        convert_if_to_select,
        """
        func @main(%p: b1, %x: f64, %y: f64) -> (f64, f64) {
          %a: f64, %b: f64 = if %p then {
            %u: f64 = multiply %x, %x
            yield %u, %y
          } else {
            %v: f64 = add %x, %y
            yield %v, %y
          }
          return %a, %b
        }
        """,
        """
        func @main(%p: b1, %x: f64, %y: f64) -> (f64, f64) {
          %u: f64 = multiply %x, %x
          %v: f64 = add %x, %y
          %a: f64 = select %p, %u, %v
          return %a, %y
        }
        """,
    )


def test_a_store_in_one_branch() -> None:
    check_golden(
        convert_if_to_select,
        """
        func @main(%a: f64[100], %p: b1, %i: i64, %x: f64) -> f64[100] {
          %b: f64[100] = if %p then {
            %u: f64 = multiply %x, %x
            %c: f64[100] = upd %a, %u, %i {drop = (0,), mode = "set"}
            yield %c
          } else {
            yield %a
          }
          return %b
        }
        """,
        """
        func @main(%a: f64[100], %p: b1, %i: i64, %x: f64) -> f64[100] {
          %u: f64 = multiply %x, %x
          %0: f64 = read %a, %i {sizes = (1,), drop = (0,)}
          %1: f64 = select %p, %u, %0
          %b: f64[100] = upd %a, %1, %i {drop = (0,), mode = "set"}
          return %b
        }
        """,
    )


def test_stores_in_both_branches() -> None:
    check_golden(
        convert_if_to_select,
        """
        func @main(%a: f64[100], %p: b1, %i: i64, %j: i64, %x: f64) -> f64[100] {
          %b: f64[100] = if %p then {
            %c: f64[100] = upd %a, %x, %i {drop = (0,), mode = "add"}
            yield %c
          } else {
            %y: f64 = negate %x
            %d: f64[100] = upd %a, %y, %j {drop = (0,), mode = "add"}
            yield %d
          }
          return %b
        }
        """,
        """
        func @main(%a: f64[100], %p: b1, %i: i64, %j: i64, %x: f64) -> f64[100] {
          %y: f64 = negate %x
          %0: f64 = select %p, %x, %y
          %1: i64 = select %p, %i, %j
          %b: f64[100] = upd %a, %0, %1 {drop = (0,), mode = "add"}
          return %b
        }
        """,
    )


def test_expensive_branches_stay() -> None:
    check_golden(
        convert_if_to_select,
        """
        func @main(%p: b1, %n: i64, %x: f64, %a: f64[100], %b: f64[100]) -> (f64, f64, f64[100]) {
          %y: f64 = if %p then {
            %u: f64 = sine %x
            yield %u
          } else {
            yield %x
          }
          %z: f64 = if %p then {
            %u: f64 = for %n, %x {direction = 1} body(%k: i64, %s: f64) {
              %t: f64 = negate %s
              yield %t
            }
            yield %u
          } else {
            yield %x
          }
          %c: f64[100] = if %p then {
            yield %a
          } else {
            yield %b
          }
          return %y, %z, %c
        }
        """,
        """
        func @main(%p: b1, %n: i64, %x: f64, %a: f64[100], %b: f64[100]) -> (f64, f64, f64[100]) {
          %y: f64 = if %p then {
            %u: f64 = sine %x
            yield %u
          } else {
            yield %x
          }
          %z: f64 = if %p then {
            %u_1: f64 = for %n, %x {direction = 1} body(%k: i64, %s: f64) {
              %t: f64 = negate %s
              yield %t
            }
            yield %u_1
          } else {
            yield %x
          }
          %c: f64[100] = if %p then {
            yield %a
          } else {
            yield %b
          }
          return %y, %z, %c
        }
        """,
    )


def test_a_branch_without_results_is_not_doubled() -> None:
    """What it computes moves out once; it is dead."""
    check_golden(
        convert_if_to_select,
        """
        func @main(%p: b1, %x: f64) -> f64 {
          if %p then {
            %u: f64 = negate %x
            yield
          } else {
            yield
          }
          return %x
        }
        """,
        """
        func @main(%p: b1, %x: f64) -> f64 {
          %u: f64 = negate %x
          return %x
        }
        """,
    )


@pytest.mark.parametrize("seed", range(15))
def test_random_programs_compute_the_same(seed: int) -> None:
    check_random(convert_if_to_select, seed)
