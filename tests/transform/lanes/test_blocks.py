"""Lanes whose loops work on more than the cache holds go in blocks; they compute the same."""

from __future__ import annotations

import numpy as np
import pytest

import hloc.transform.lanes.blocks as blocks
from hloc.emit.lint import find_copies
from hloc.ir.core import walk
from hloc.ir.verifier import verify
from hloc.transform.lanes import expand_lanes
from tests.transform.interpreter import run
from tests.transform.lanes.agreement import check, compare, executable_of, expanded
from tests.transform.lanes.random_lanes import random_lane_arguments, random_lanes

RUNNING = """
func @main(%xs: f64[LANES,50]) -> (f64[LANES,50], f64) {
  %size: i64 = constant {value = i64(LANES)}
  %o: f64[LANES,50] = empty {shape = (LANES, 50), dtype = f64}
  %0: i64 = constant {value = i64(0)}
  %zero: f64 = constant {value = f64(0.0)}
  %count: i64 = constant {value = i64(50)}
  %ys: f64[LANES,50], %total: f64 = for %size, %o, %zero {direction = 1, lanes = "auto"} body(%k: i64, %o0: f64[LANES,50], %t: f64) {
    %e: f64[50] = empty {shape = (50,), dtype = f64}
    %row: f64[50], %last: f64 = for %count, %e, %zero {direction = 1} body(%i: i64, %a: f64[50], %s: f64) {
      %x: f64 = read %xs, %k, %i {sizes = (1, 1), drop = (0, 1)}
      %s1: f64 = add %s, %x
      %a1: f64[50] = upd %a, %s1, %i {drop = (0,), mode = "set"}
      yield %a1, %s1
    }
    %o1: f64[LANES,50] = upd %o0, %row, %k, %0 {drop = (0,), mode = "set"}
    %t1: f64 = add %t, %last
    yield %o1, %t1
  }
  return %ys, %total
}
"""


@pytest.mark.parametrize(("lanes", "width"), [(100, 100), (1280, 320), (2000, 400), (1009, 1009)])
def test_as_many_lanes_as_the_cache_holds(lanes: int, width: int) -> None:
    """Each works on 800 bytes. Sums need blocks that do not overlap: 1009 is a prime number."""
    text = RUNNING.replace("LANES", str(lanes))
    module, (batch,) = expanded(text)
    assert batch.chosen == "simd"
    loops = [op for op in walk(module.entry.block) if op.name == "for"]
    inner = loops[-1]
    assert inner.results[0].type.shape == (width, 50), inner
    assert len(loops) == (1 if width == lanes else 2)
    check(text, (np.random.default_rng(0).normal(size=(lanes, 50)),), compile_=lanes == 1280)


def test_no_trip_copies_an_array() -> None:
    module, _ = expanded(RUNNING.replace("LANES", "1280"))
    assert find_copies(executable_of(module).optimized_hlo(), min_bytes=1024) == []


@pytest.mark.parametrize("seed", range(16))
def test_random_lanes_in_blocks(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "WIDTH", 2)
    monkeypatch.setattr(blocks, "VECTOR", 1 + seed % 2)
    monkeypatch.setattr(blocks, "CACHE", 16)
    lanes = 4 + seed % 5
    plain, module = (random_lanes(seed, lanes, "lockstep") for _ in range(2))
    expand_lanes(module, "cpu")
    verify(module)
    runs = [random_lane_arguments(seed + number, lanes) for number in range(3)]
    expected = [run(plain, arguments) for arguments in runs]
    compare(f"seed {seed}", [run(module, arguments) for arguments in runs], expected, "")
