"""Empty arrays leave the loops that would make them anew in each trip."""

from __future__ import annotations

from textwrap import dedent

import numpy as np
import pytest

import hloc.ops  # noqa: F401
from hloc.emit.loops import canonicalize_loops
from hloc.emit.scratch import carry_scratch
from hloc.ir.core import Block, Module, walk
from hloc.ir.parser import parse_module
from tests.emit.building import run

SQUARES = """
    func @main(%n: i64, %limit: i64) -> i64 {
      %0: i64 = constant {value = i64(0)}
      %s: i64 = for %n, %0 {direction = 1} body(%k: i64, %s0: i64) {
        %p: b1 = compare %k, %limit {direction = "LT"}
        OPEN
        %e: i64[300] = empty {shape = (300), dtype = i64}
        %f: i64[300] = for %k, %e {direction = 1} body(%j: i64, %e0: i64[300]) {
          %jj: i64 = multiply %j, %j
          %e1: i64[300] = upd %e0, %jj, %j {drop = (0), mode = "set"}
          yield %e1
        }
        %t: i64 = for %k, %s0 {direction = 1} body(%i: i64, %t0: i64) {
          %x: i64 = read %f, %i {drop = (0), sizes = (1)}
          %t1: i64 = add %t0, %x
          yield %t1
        }
        CLOSE
        yield %r
      }
      return %s
    }
"""
ALWAYS = ("", "%zero: i64 = subtract %k, %k\n%r: i64 = add %t, %zero")
SOMETIMES = ("%r: i64 = if %p then {", "yield %t\n} else {\nyield %s0\n}")


def program(open_: str, close: str) -> Module:
    return parse_module(dedent(SQUARES).replace("OPEN", open_).replace("CLOSE", close))


def empties(block: Block) -> int:
    return sum(op.name == "empty" for op in block.ops)


@pytest.mark.parametrize(
    ("form", "branches", "leaves"), [(ALWAYS, False, 1), (SOMETIMES, True, 1), (SOMETIMES, False, 0)]
)
def test_arrays_leave_loops(form: tuple[str, str], branches: bool, leaves: int) -> None:
    function = program(*form).entry
    canonicalize_loops(function)
    assert empties(function.block) == 0
    carry_scratch(function, through_branches=branches)
    assert empties(function.block) == leaves
    assert sum(op.name == "empty" for op in walk(function.block)) == 1


@pytest.mark.parametrize("form", [ALWAYS, SOMETIMES])
def test_programs_compute_the_same(form: tuple[str, str]) -> None:
    (found,) = run(program(*form), np.int64(40), np.int64(30))
    trips = 40 if form is ALWAYS else 30
    assert found == sum(j * j for k in range(trips) for j in range(k))
