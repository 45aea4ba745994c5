"""Folding keeps every bit: golden programs, and random ones against their interpretation."""

from __future__ import annotations

import pytest

from hloc.transform.fold_constants import fold_constants
from tests.transform.equivalence import check_golden, check_random


def test_arithmetic_on_constants_is_computed() -> None:
    check_golden(
        fold_constants,
        """
        func @main(%x: i64) -> i64 {
          %2: i64 = constant {value = i64(2)}
          %3: i64 = constant {value = i64(3)}
          %c: i64 = add %2, %3
          %y: i64 = multiply %x, %c
          return %y
        }
        """,
        """
        func @main(%x: i64) -> i64 {
          %0: i64 = constant {value = i64(2)}
          %1: i64 = constant {value = i64(3)}
          %c: i64 = constant {value = i64(5)}
          %y: i64 = multiply %x, %c
          return %y
        }
        """,
    )


def test_integer_identities() -> None:
    check_golden(
        fold_constants,
        """
        func @main(%x: i64, %y: i64) -> (i64, i64, i64, i64, i64) {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %3: i64 = constant {value = i64(3)}
          %a: i64 = add %x, %0
          %b: i64 = multiply %1, %a
          %c: i64 = add %b, %3
          %d: i64 = subtract %c, %1
          %e: i64 = subtract %d, %x
          %f: i64 = multiply %y, %0
          %s: i64 = subtract %x, %y
          %g: i64 = add %y, %s
          return %b, %d, %e, %f, %g
        }
        """,
        """
        func @main(%x: i64, %y: i64) -> (i64, i64, i64, i64, i64) {
          %f: i64 = constant {value = i64(0)}
          %0: i64 = constant {value = i64(1)}
          %1: i64 = constant {value = i64(3)}
          %c: i64 = add %x, %1
          %2: i64 = constant {value = i64(2)}
          %d: i64 = add %x, %2
          %3: i64 = constant {value = i64(0)}
          %4: i64 = constant {value = i64(2)}
          %e: i64 = constant {value = i64(2)}
          %s: i64 = subtract %x, %y
          return %x, %d, %e, %f, %x
        }
        """,
    )


def test_float_identities_are_exact() -> None:
    check_golden(
        fold_constants,
        """
        func @main(%x: f64) -> (f64, f64, f64, f64) {
          %zero: f64 = constant {value = f64(0.0)}
          %minus: f64 = constant {value = f64(-0.0)}
          %one: f64 = constant {value = f64(1.0)}
          %a: f64 = multiply %x, %one
          %b: f64 = add %a, %minus
          %c: f64 = subtract %b, %zero
          %d: f64 = add %x, %zero
          %e: f64 = multiply %x, %zero
          %f: f64 = subtract %x, %minus
          return %c, %d, %e, %f
        }
        """,
        """
        func @main(%x: f64) -> (f64, f64, f64, f64) {
          %zero: f64 = constant {value = f64(0.0)}
          %minus: f64 = constant {value = f64(-0.0)}
          %one: f64 = constant {value = f64(1.0)}
          %d: f64 = add %x, %zero
          %e: f64 = multiply %x, %zero
          %f: f64 = subtract %x, %minus
          return %x, %d, %e, %f
        }
        """,
    )


def test_what_compiled_code_computes_otherwise_is_left() -> None:
    check_golden(
        fold_constants,
        """
        func @main() -> (i64, i64, f64, f64) {
          %0: i64 = constant {value = i64(0)}
          %7: i64 = constant {value = i64(7)}
          %large: f64 = constant {value = f64(1e+30)}
          %tiny: f64 = constant {value = f64(1e-310)}
          %a: i64 = divide %7, %0
          %b: i64 = convert %large {dtype = i64}
          %c: f64 = add %tiny, %tiny
          %d: f64 = sine %large
          return %a, %b, %c, %d
        }
        """,
        """
        func @main() -> (i64, i64, f64, f64) {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(7)}
          %large: f64 = constant {value = f64(1e+30)}
          %tiny: f64 = constant {value = f64(1e-310)}
          %a: i64 = divide %1, %0
          %b: i64 = convert %large {dtype = i64}
          %c: f64 = add %tiny, %tiny
          %d: f64 = sine %large
          return %a, %b, %c, %d
        }
        """,
    )


def test_booleans() -> None:
    check_golden(
        fold_constants,
        """
        func @main(%p: b1, %q: b1, %i: i64, %x: f64) -> (b1, b1, b1, b1, b1, b1) {
          %yes: b1 = constant {value = b1(True)}
          %no: b1 = constant {value = b1(False)}
          %a: b1 = and %p, %yes
          %n: b1 = not %a
          %b: b1 = not %n
          %c: b1 = or %b, %n
          %d: b1 = select %p, %q, %no
          %lt: b1 = compare %i, %i {direction = "LT"}
          %less: b1 = compare %x, %x {direction = "LT"}
          %e: b1 = not %less
          %f: b1 = compare %p, %no {direction = "EQ"}
          return %b, %c, %d, %lt, %e, %f
        }
        """,
        """
        func @main(%p: b1, %q: b1, %i: i64, %x: f64) -> (b1, b1, b1, b1, b1, b1) {
          %yes: b1 = constant {value = b1(True)}
          %no: b1 = constant {value = b1(False)}
          %n: b1 = not %p
          %c: b1 = constant {value = b1(True)}
          %d: b1 = and %p, %q
          %lt: b1 = constant {value = b1(False)}
          %less: b1 = compare %x, %x {direction = "LT"}
          %e: b1 = not %less
          %f: b1 = not %p
          return %p, %c, %d, %lt, %e, %f
        }
        """,
    )


def test_a_known_predicate_selects_its_branch() -> None:
    check_golden(
        fold_constants,
        """
        func @main(%p: b1, %x: f64) -> (f64, b1) {
          %yes: b1 = constant {value = b1(True)}
          %y: f64, %t: b1 = if %yes then {
            %u: f64 = multiply %x, %x
            yield %u, %p
          } else {
            yield %x, %yes
          }
          %z: f64, %s: b1 = if %p then {
            %w: f64 = if %p then {
              %v: f64 = sine %y
              yield %v
            } else {
              yield %y
            }
            yield %w, %yes
          } else {
            %no: b1 = constant {value = b1(False)}
            yield %y, %no
          }
          return %z, %s
        }
        """,
        """
        func @main(%p: b1, %x: f64) -> (f64, b1) {
          %yes: b1 = constant {value = b1(True)}
          %u: f64 = multiply %x, %x
          %z: f64 = if %p then {
            %0: b1 = constant {value = b1(True)}
            %v: f64 = sine %u
            yield %v
          } else {
            %no: b1 = constant {value = b1(False)}
            yield %u
          }
          return %z, %p
        }
        """,
    )


def test_loops_that_run_never_or_once() -> None:
    check_golden(
        fold_constants,
        """
        func @main(%x: f64) -> (f64, f64, f64) {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %no: b1 = constant {value = b1(False)}
          %a: f64 = for %0, %x {direction = 1} body(%k: i64, %s: f64) {
            %t: f64 = sine %s
            yield %t
          }
          %b: f64 = for %1, %a {direction = 1} body(%k: i64, %s: f64) {
            %kf: f64 = convert %k {dtype = f64}
            %t: f64 = atan2 %s, %kf
            yield %t
          }
          %n: i64, %c: f64 = while %b cond(%s: f64) {
            yield %no
          } body(%k: i64, %s: f64) {
            yield %s
          }
          return %a, %b, %c
        }
        """,
        """
        func @main(%x: f64) -> (f64, f64, f64) {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %no: b1 = constant {value = b1(False)}
          %k: i64 = constant {value = i64(0)}
          %kf: f64 = constant {value = f64(0.0)}
          %t: f64 = atan2 %x, %kf
          %n: i64 = constant {value = i64(0)}
          return %x, %t, %t
        }
        """,
    )


def test_carries_that_never_change() -> None:
    check_golden(
        fold_constants,
        """
        func @main(%n: i64, %x: f64, %y: f64) -> (f64, f64, i64) {
          %0: i64 = constant {value = i64(0)}
          %s: f64, %u: f64, %e: i64 = for %n, %x, %y, %0 {direction = 1} body(%k: i64, %a: f64, %b: f64, %c: i64) {
            %zero: i64 = constant {value = i64(0)}
            %t: f64 = multiply %a, %b
            yield %t, %b, %zero
          }
          return %s, %u, %e
        }
        """,
        """
        func @main(%n: i64, %x: f64, %y: f64) -> (f64, f64, i64) {
          %c: i64 = constant {value = i64(0)}
          %s: f64 = for %n, %x {direction = 1} body(%k: i64, %a: f64) {
            %zero: i64 = constant {value = i64(0)}
            %t: f64 = multiply %a, %y
            yield %t
          }
          return %s, %y, %c
        }
        """,
    )


def test_moved_elements() -> None:
    check_golden(
        fold_constants,
        """
        func @main(%a: f64[2,3], %i: i64, %j: i64, %v: f64) -> (f64[3,2], f64[2,3], f64, f64[2,3], f64[2,3]) {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %b: f64[6] = reshape %a {shape = (6,)}
          %c: f64[3,2] = reshape %b {shape = (3, 2)}
          %d: f64[3,2] = transpose %a {permutation = (1, 0)}
          %e: f64[2,3] = transpose %d {permutation = (1, 0)}
          %f: f64[2,3] = upd %a, %v, %i, %j {drop = (0, 1), mode = "set"}
          %g: f64 = read %f, %i, %j {sizes = (1, 1), drop = (0, 1)}
          %h: f64 = read %a, %i, %j {sizes = (1, 1), drop = (0, 1)}
          %k: f64[2,3] = upd %a, %h, %i, %j {drop = (0, 1), mode = "set"}
          %l: f64[2,3] = upd %f, %h, %i, %j {drop = (0, 1), mode = "set"}
          return %c, %e, %g, %k, %l
        }
        """,
        """
        func @main(%a: f64[2,3], %i: i64, %j: i64, %v: f64) -> (f64[3,2], f64[2,3], f64, f64[2,3], f64[2,3]) {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %b: f64[6] = reshape %a {shape = (6,)}
          %c: f64[3,2] = reshape %a {shape = (3, 2)}
          %d: f64[3,2] = transpose %a {permutation = (1, 0)}
          %f: f64[2,3] = upd %a, %v, %i, %j {drop = (0, 1), mode = "set"}
          %h: f64 = read %a, %i, %j {sizes = (1, 1), drop = (0, 1)}
          return %c, %a, %v, %a, %a
        }
        """,
    )


def test_a_matrix_times_a_vector_is_not_transposed() -> None:
    check_golden(
        fold_constants,
        """
        func @main(%a: f64[2,3], %u: f64[2], %v: f64[3]) -> (f64[3], f64[2]) {
          %t: f64[3,2] = transpose %a {permutation = (1, 0)}
          %x: f64[3] = dot_general %t, %u {lhs_batch = (), rhs_batch = (), lhs_contract = (1,), rhs_contract = (0,)}
          %y: f64[2] = dot_general %v, %t {lhs_batch = (), rhs_batch = (), lhs_contract = (0,), rhs_contract = (0,)}
          return %x, %y
        }
        """,
        """
        func @main(%a: f64[2,3], %u: f64[2], %v: f64[3]) -> (f64[3], f64[2]) {
          %t: f64[3,2] = transpose %a {permutation = (1, 0)}
          %x: f64[3] = dot_general %u, %a {lhs_batch = (), rhs_batch = (), lhs_contract = (0,), rhs_contract = (0,)}
          %y: f64[2] = dot_general %a, %v {lhs_batch = (), rhs_batch = (), lhs_contract = (1,), rhs_contract = (0,)}
          return %x, %y
        }
        """,
    )


@pytest.mark.parametrize("seed", range(15))
def test_random_programs_compute_the_same(seed: int) -> None:
    check_random(fold_constants, seed)
