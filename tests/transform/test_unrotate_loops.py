"""Conditions that can be recomputed are no carries."""

from __future__ import annotations

import pytest

from hloc.transform.unrotate_loops import unrotate_loops
from tests.transform.equivalence import check_golden, check_random


def test_a_condition_computed_at_the_end_of_the_trip() -> None:
    check_golden(
        unrotate_loops,
        """
        func @main(%n: i64, %x: f64) -> (f64, b1) {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %first: b1 = compare %0, %n {direction = "LT"}
          %trips: i64, %i: i64, %s: f64, %go: b1 = while %0, %x, %first cond(%i: i64, %s: f64, %go: b1) {
            yield %go
          } body(%k: i64, %i: i64, %s: f64, %go: b1) {
            %i1: i64 = add %i, %1
            %s1: f64 = sine %s
            %next: b1 = compare %i1, %n {direction = "LT"}
            yield %i1, %s1, %next
          }
          return %s, %go
        }
        """,
        """
        func @main(%n: i64, %x: f64) -> (f64, b1) {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %first: b1 = compare %0, %n {direction = "LT"}
          %trips: i64, %i: i64, %s: f64 = while %0, %x cond(%i_1: i64, %s_1: f64) {
            %next: b1 = compare %i_1, %n {direction = "LT"}
            yield %next
          } body(%k: i64, %i_2: i64, %s_2: f64) {
            %next_1: b1 = compare %i_2, %n {direction = "LT"}
            %i1: i64 = add %i_2, %1
            %s1: f64 = sine %s_2
            %next_2: b1 = compare %i1, %n {direction = "LT"}
            yield %i1, %s1
          }
          %next_3: b1 = compare %i, %n {direction = "LT"}
          return %s, %next_3
        }
        """,
    )


def test_another_start_keeps_the_carry() -> None:
    check_golden(
        unrotate_loops,
        """
        func @main(%n: i64, %x: f64, %first: b1) -> f64 {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %trips: i64, %i: i64, %s: f64, %go: b1 = while %0, %x, %first cond(%i: i64, %s: f64, %go: b1) {
            yield %go
          } body(%k: i64, %i: i64, %s: f64, %go: b1) {
            %i1: i64 = add %i, %1
            %s1: f64 = sine %s
            %next: b1 = compare %i1, %n {direction = "LT"}
            yield %i1, %s1, %next
          }
          return %s
        }
        """,
        """
        func @main(%n: i64, %x: f64, %first: b1) -> f64 {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %trips: i64, %i: i64, %s: f64, %go: b1 = while %0, %x, %first cond(%i_1: i64, %s_1: f64, %go_1: b1) {
            yield %go_1
          } body(%k: i64, %i_2: i64, %s_2: f64, %go_2: b1) {
            %i1: i64 = add %i_2, %1
            %s1: f64 = sine %s_2
            %next: b1 = compare %i1, %n {direction = "LT"}
            yield %i1, %s1, %next
          }
          return %s
        }
        """,
    )


def test_two_conditions() -> None:
    check_golden(
        unrotate_loops,
        """
        func @main(%n: i64) -> (i64, b1, b1) {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %p0: b1 = compare %0, %n {direction = "LT"}
          %q0: b1 = not %p0
          %trips: i64, %i: i64, %p: b1, %q: b1 = while %0, %p0, %q0 cond(%i: i64, %p: b1, %q: b1) {
            yield %p
          } body(%k: i64, %i: i64, %p: b1, %q: b1) {
            %i1: i64 = add %i, %1
            %p1: b1 = compare %i1, %n {direction = "LT"}
            %q1: b1 = not %p1
            yield %i1, %p1, %q1
          }
          return %i, %p, %q
        }
        """,
        """
        func @main(%n: i64) -> (i64, b1, b1) {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %p0: b1 = compare %0, %n {direction = "LT"}
          %q0: b1 = not %p0
          %trips: i64, %i: i64 = while %0 cond(%i_1: i64) {
            %p1: b1 = compare %i_1, %n {direction = "LT"}
            %q1: b1 = not %p1
            %p1_1: b1 = compare %i_1, %n {direction = "LT"}
            yield %p1_1
          } body(%k: i64, %i_2: i64) {
            %p1_2: b1 = compare %i_2, %n {direction = "LT"}
            %q1_1: b1 = not %p1_2
            %p1_3: b1 = compare %i_2, %n {direction = "LT"}
            %i1: i64 = add %i_2, %1
            %p1_4: b1 = compare %i1, %n {direction = "LT"}
            %q1_2: b1 = not %p1_4
            yield %i1
          }
          %p1_5: b1 = compare %i, %n {direction = "LT"}
          %q1_3: b1 = not %p1_5
          %p1_6: b1 = compare %i, %n {direction = "LT"}
          return %i, %p1_6, %q1_3
        }
        """,
    )


@pytest.mark.parametrize("seed", range(15))
def test_random_programs_compute_the_same(seed: int) -> None:
    check_random(unrotate_loops, seed)
