"""Equal operations are merged within their scope only."""

from __future__ import annotations

import pytest

from hloc.transform.eliminate_common_subexpressions import eliminate_common_subexpressions
from tests.transform.equivalence import check_golden, check_random


def test_equal_operations_are_computed_once() -> None:
    check_golden(
        eliminate_common_subexpressions,
        """
        func @main(%x: f64, %y: f64) -> (f64, b1, b1) {
          %a: f64 = add %x, %y
          %b: f64 = add %y, %x
          %c: f64 = multiply %a, %b
          %d: f64 = subtract %x, %y
          %e: f64 = subtract %y, %x
          %f: f64 = multiply %d, %e
          %g: f64 = add %c, %f
          %h: b1 = compare %x, %y {direction = "LT"}
          %i: b1 = compare %y, %x {direction = "GT"}
          return %g, %h, %i
        }
        """,
        """
        func @main(%x: f64, %y: f64) -> (f64, b1, b1) {
          %a: f64 = add %x, %y
          %c: f64 = multiply %a, %a
          %d: f64 = subtract %x, %y
          %e: f64 = subtract %y, %x
          %f: f64 = multiply %d, %e
          %g: f64 = add %c, %f
          %h: b1 = compare %x, %y {direction = "LT"}
          return %g, %h, %h
        }
        """,
    )


def test_regions_see_what_is_around_them_only() -> None:
    check_golden(
        eliminate_common_subexpressions,
        """
        func @main(%x: f64, %p: b1) -> (f64, f64) {
          %a: f64 = sine %x
          %b: f64 = if %p then {
            %c: f64 = sine %x
            %d: f64 = cosine %x
            %e: f64 = add %c, %d
            yield %e
          } else {
            %d: f64 = cosine %x
            yield %d
          }
          %f: f64 = cosine %x
          return %b, %f
        }
        """,
        """
        func @main(%x: f64, %p: b1) -> (f64, f64) {
          %a: f64 = sine %x
          %b: f64 = if %p then {
            %d: f64 = cosine %x
            %e: f64 = add %a, %d
            yield %e
          } else {
            %d_1: f64 = cosine %x
            yield %d_1
          }
          %f: f64 = cosine %x
          return %b, %f
        }
        """,
    )


def test_constants_stay_in_their_block_and_copies_apart() -> None:
    check_golden(
        eliminate_common_subexpressions,
        """
        func @main(%x: f64[4], %n: i64) -> (f64[4], f64[4], f64[4]) {
          %2: f64 = constant {value = f64(2.0)}
          %two: f64[4] = broadcast_in_dim %2 {shape = (4,), dims = ()}
          %a: f64[4] = multiply %x, %two
          %b: f64[4] = for %n, %a {direction = 1} body(%k: i64, %s: f64[4]) {
            %3: f64 = constant {value = f64(2.0)}
            %4: f64[4] = broadcast_in_dim %3 {shape = (4,), dims = ()}
            %5: f64[4] = multiply %s, %4
            yield %5
          }
          %c: f64[4] = copy %b
          %d: f64[4] = copy %b
          return %b, %c, %d
        }
        """,
        """
        func @main(%x: f64[4], %n: i64) -> (f64[4], f64[4], f64[4]) {
          %0: f64 = constant {value = f64(2.0)}
          %two: f64[4] = broadcast_in_dim %0 {shape = (4,), dims = ()}
          %a: f64[4] = multiply %x, %two
          %b: f64[4] = for %n, %a {direction = 1} body(%k: i64, %s: f64[4]) {
            %1: f64 = constant {value = f64(2.0)}
            %2: f64[4] = broadcast_in_dim %1 {shape = (4,), dims = ()}
            %3: f64[4] = multiply %s, %2
            yield %3
          }
          %c: f64[4] = copy %b
          %d: f64[4] = copy %b
          return %b, %c, %d
        }
        """,
    )


@pytest.mark.parametrize("seed", range(15))
def test_random_programs_compute_the_same(seed: int) -> None:
    check_random(eliminate_common_subexpressions, seed)


def test_empty_arrays_stay_two() -> None:
    check_golden(
        eliminate_common_subexpressions,
        text := """
        func @main(%x: f64, %y: f64) -> (f64[3], f64[3]) {
          %i: i64 = constant {value = i64(0)}
          %a: f64[3] = empty {dtype = f64, shape = (3,)}
          %b: f64[3] = empty {dtype = f64, shape = (3,)}
          %c: f64[3] = upd %a, %x, %i {drop = (0,), mode = "set"}
          %d: f64[3] = upd %b, %y, %i {drop = (0,), mode = "set"}
          return %c, %d
        }
        """,
        text,
    )
