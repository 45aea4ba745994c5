"""Carries that are always alike are carried once."""

from __future__ import annotations

import pytest

from hloc.transform.merge_carries import merge_carries
from tests.transform.equivalence import check_golden, check_random


def test_flags_that_are_set_together() -> None:
    check_golden(
        merge_carries,
        """
        func @main(%n: i64, %a: b1[9]) -> (b1, b1, i64) {
          %0: i64 = constant {value = i64(0)}
          %no: b1 = constant {value = b1(False)}
          %never: b1 = constant {value = b1(False)}
          %x: b1, %y: b1, %z: i64 = for %n, %no, %never, %0 {direction = 1} body(%k: i64, %s: b1, %t: b1, %u: i64) {
            %p: b1 = read %a, %k {sizes = (1,), drop = (0,)}
            %s1: b1 = or %p, %s
            %t1: b1 = or %p, %t
            %u1: i64 = add %u, %k
            yield %s1, %t1, %u1
          }
          return %x, %y, %z
        }
        """,
        """
        func @main(%n: i64, %a: b1[9]) -> (b1, b1, i64) {
          %0: i64 = constant {value = i64(0)}
          %no: b1 = constant {value = b1(False)}
          %never: b1 = constant {value = b1(False)}
          %x: b1, %z: i64 = for %n, %no, %0 {direction = 1} body(%k: i64, %s: b1, %u: i64) {
            %p: b1 = read %a, %k {sizes = (1,), drop = (0,)}
            %s1: b1 = or %p, %s
            %t1: b1 = or %p, %s
            %u1: i64 = add %u, %k
            yield %s1, %u1
          }
          return %x, %x, %z
        }
        """,
    )


@pytest.mark.parametrize("seed", range(15))
def test_random_programs_compute_the_same(seed: int) -> None:
    check_random(merge_carries, seed)
