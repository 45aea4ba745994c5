"""Scalar constants stand in the block that uses them."""

from __future__ import annotations

import pytest

from hloc.transform.sink_constants import sink_constants
from tests.transform.equivalence import check_golden, check_random


def test_each_block_has_its_own() -> None:
    check_golden(
        sink_constants,
        """
        func @main(%n: i64, %x: f64) -> f64 {
          %c: f64 = constant {value = f64(2.0)}
          %y: f64 = multiply %x, %c
          %s: f64 = for %n, %y {direction = 1} body(%k: i64, %s: f64) {
            %t: f64 = multiply %s, %c
            %u: f64 = add %t, %c
            yield %u
          }
          return %s
        }
        """,
        """
        func @main(%n: i64, %x: f64) -> f64 {
          %c: f64 = constant {value = f64(2.0)}
          %y: f64 = multiply %x, %c
          %s: f64 = for %n, %y {direction = 1} body(%k: i64, %s_1: f64) {
            %c_1: f64 = constant {value = f64(2.0)}
            %t: f64 = multiply %s_1, %c_1
            %u: f64 = add %t, %c_1
            yield %u
          }
          return %s
        }
        """,
    )


@pytest.mark.parametrize("seed", range(15))
def test_random_programs_compute_the_same(seed: int) -> None:
    check_random(sink_constants, seed)
