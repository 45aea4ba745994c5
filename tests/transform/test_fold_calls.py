"""What calls hand on unchanged is found through recursion; what changes on the way is not taken for unchanged."""

from __future__ import annotations

import pytest

from hloc.transform.eliminate_dead_code import eliminate_dead_code
from hloc.transform.fold_calls import fold_calls
from tests.transform.equivalence import after, check_golden, check_random

UNCHANGED = """
    func @f(%n: i64, %a: f64[3], %e: i64) -> (i64, f64[3], i64) {
      %0: i64 = constant {value = i64(0)}
      %1: i64 = constant {value = i64(1)}
      %p: b1 = compare %n, %0 {direction = "EQ"}
      %y: i64, %b: f64[3], %d: i64 = if %p then {
        yield %n, %a, %e
      } else {
        %m: i64 = subtract %n, %1
        %t: i64, %c: i64, %b1: f64[3] = for %m, %n, %e, %a {direction = 1} body(%k: i64, %t0: i64, %c1: i64, %b2: f64[3]) {
          %r: i64, %b3: f64[3], %c2: i64 = call @g %k, %b2, %c1
          %t1: i64 = add %r, %t0
          yield %t1, %c2, %b3
        }
        %s: i64 = add %m, %t
        yield %s, %b1, %c
      }
      return %y, %b, %d
    }

    func @g(%n: i64, %a: f64[3], %e: i64) -> (i64, f64[3], i64) {
      %y: i64, %b: f64[3], %d: i64 = call @f %n, %a, %e
      %z: i64 = add %y, %n
      return %z, %b, %d
    }

    func @main(%n: i64, %v: f64[3]) -> (i64, f64[3], i64) {
      %0: i64 = constant {value = i64(0)}
      %y: i64, %b: f64[3], %d: i64 = call @f %n, %v, %0
      return %y, %b, %d
    }
"""


def test_a_constant_and_an_array_that_a_cycle_of_functions_hands_on() -> None:
    check_golden(
        lambda module: (fold_calls(module), eliminate_dead_code(module)),
        UNCHANGED,
        """
        func @f(%n: i64) -> i64 {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %p: b1 = compare %n, %0 {direction = "EQ"}
          %y: i64 = if %p then {
            yield %n
          } else {
            %m: i64 = subtract %n, %1
            %t: i64 = for %m, %n {direction = 1} body(%k: i64, %t0: i64) {
              %r: i64 = call @g %k
              %t1: i64 = add %r, %t0
              yield %t1
            }
            %s: i64 = add %m, %t
            yield %s
          }
          return %y
        }

        func @g(%n: i64) -> i64 {
          %y: i64 = call @f %n
          %z: i64 = add %y, %n
          return %z
        }

        func @main(%n: i64, %v: f64[3]) -> (i64, f64[3], i64) {
          %0: i64 = constant {value = i64(0)}
          %y: i64 = call @f %n
          return %y, %v, %0
        }
        """,
    )


@pytest.mark.parametrize(
    "text",
    [
        """
        func @swaps(%n: i64, %a: f64, %b: f64) -> (f64, f64) {
          %0: i64 = constant {value = i64(0)}
          %1: i64 = constant {value = i64(1)}
          %p: b1 = compare %n, %0 {direction = "EQ"}
          %y: f64, %z: f64 = if %p then {
            yield %a, %b
          } else {
            %m: i64 = subtract %n, %1
            %c: f64, %d: f64 = call @swaps %m, %b, %a
            yield %c, %d
          }
          return %y, %z
        }

        func @main(%n: i64, %a: f64, %b: f64) -> (f64, f64) {
          %y: f64, %z: f64 = call @swaps %n, %a, %b
          return %y, %z
        }
        """,
        """
        func @two(%n: i64, %a: f64) -> f64 {
          %0: i64 = constant {value = i64(0)}
          %p: b1 = compare %n, %0 {direction = "EQ"}
          %y: f64 = if %p then {
            yield %a
          } else {
            %d: f64 = constant {value = f64(2.0)}
            %c: f64 = call @two %0, %d
            yield %c
          }
          return %y
        }

        func @main(%n: i64) -> f64 {
          %a: f64 = constant {value = f64(1.0)}
          %y: f64 = call @two %n, %a
          return %y
        }
        """,
        """
        func @endless(%n: i64) -> i64 {
          %y: i64 = call @endless %n
          return %y
        }

        func @main(%n: i64) -> i64 {
          %y: i64 = call @endless %n
          return %y
        }
        """,
        """
        func @rule(%x: f64) -> f64 {
          return %x
        }

        func @rule_jvp(%x: f64, %t: f64) -> (f64, f64) {
          %u: f64 = add %t, %t
          return %x, %u
        }

        func @main(%x: f64) -> f64 {
          %y: f64 = call @rule %x {arguments = 1, jvp = "rule_jvp"}
          return %y
        }
        """,
    ],
    ids=["exchanged", "several constants", "without end", "derivative given"],
)
def test_what_stays(text: str) -> None:
    assert after(fold_calls, text) == after(lambda module: None, text)


@pytest.mark.parametrize("seed", range(15))
def test_random_programs_compute_the_same(seed: int) -> None:
    check_random(fold_calls, seed)
