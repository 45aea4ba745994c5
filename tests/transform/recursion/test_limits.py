"""Stacks that are too small, and recursion without end: the token says so, and nothing runs on for long."""

from __future__ import annotations

from textwrap import dedent

import numpy as np
import pytest

import hloc.ops  # noqa: F401
from hloc.ir.core import Module
from hloc.ir.parser import parse_module
from hloc.transform.recursion import Stacks, lower_recursion
from tests.transform.recursion.agreement import compiled, lowered, run_compiled, run_printed
from tests.transform.recursive_programs import PROGRAMS

ENDLESS = {
    "tail": "%r: i64 = call @f %m\n return %r",
    "linear": "%s: i64 = call @f %m\n %r: i64 = add %s, %n\n return %r",
    "twice": "%s: i64 = call @f %m\n %t: i64 = call @f %s\n %r: i64 = add %s, %t\n return %r",
    "last": "%s: i64 = call @f %m\n %r: i64 = call @f %s\n return %r",
    "within": """%p: b1 = compare %n, %1 {direction = "LT"}
        %s: i64 = if %p then { yield %n } else { %t: i64 = call @f %1
        %u: i64 = add %t, %n
        yield %u }
        %r: i64 = call @f %s
        return %r""",
}


def endless(name: str) -> Module:
    return parse_module(
        f"""func @f(%n: i64) -> i64 {{
        %1: i64 = constant {{value = i64(1)}}
        %m: i64 = add %n, %1
        {ENDLESS[name]}
        }}
        func @main(%n: i64) -> i64 {{
        %r: i64 = call @f %n
        return %r
        }}"""
    )


@pytest.mark.parametrize("name", ENDLESS)
def test_recursion_without_end_reaches_the_limit(name: str) -> None:
    module = endless(name)
    lowered(module, rows=1000, limit=1000)
    wanted = (1 << 40) + 1001
    assert run_printed(module, [np.int64(3)])[-1] == wanted
    assert run_compiled(compiled(module), module, [np.int64(3)])[-1] == wanted


@pytest.mark.parametrize(("name", "arguments", "depth"), [("fib", [9], 8), ("power", [2.0, 5], 3)])
def test_just_enough_room(name: str, arguments: list[float], depth: int) -> None:
    """The stack holds the calls that wait: with one row less the token says how many it would have wanted."""
    for rows in (depth, depth - 1):
        module = PROGRAMS[name].module()
        lowered(module, rows=rows)
        expected = 0 if rows == depth else (1 << 40) + depth
        assert run_printed(module, arguments)[-1] == expected
        assert run_compiled(compiled(module), module, arguments)[-1] == expected


TWO = """
    func @deep(%n: i64) -> i64 {
      %0: i64 = constant {value = i64(0)}
      %1: i64 = constant {value = i64(1)}
      %p: b1 = compare %n, %0 {direction = "LE"}
      %r: i64 = if %p then {
        yield %0
      } else {
        %m: i64 = subtract %n, %1
        %s: i64 = call @deep %m
        %t: i64 = add %s, %1
        yield %t
      }
      return %r
    }

    func @twice(%n: i64) -> i64 {
      %a: i64 = call @deep %n
      %b: i64 = call @deep %n
      %r: i64 = add %a, %b
      return %r
    }

    func @main(%n: i64, %ends: i64) -> (i64, i64) {
      %0: i64 = constant {value = i64(0)}
      %1: i64 = constant {value = i64(1)}
      %trips: i64, %i: i64, %s: i64 = while %0, %0 cond(%i: i64, %s: i64) {
        %d: i64 = call @deep %i
        %go: b1 = compare %d, %ends {direction = "LT"}
        yield %go
      } body(%k: i64, %i: i64, %s: i64) {
        %t: i64 = call @twice %n
        %u: i64 = add %s, %t
        %j: i64 = add %i, %1
        yield %j, %u
      }
      return %trips, %s
    }
"""


def test_loops_stop_when_a_stack_was_full() -> None:
    """Even one whose condition calls, and would hold for ever."""
    module = parse_module(dedent(TWO))
    lowered(module, rows=20)
    executable = compiled(module)
    for arguments, expected in [
        ([5, 4], [4, 40, 0]),
        ([30, 4], [1, None, (1 << 40) + 21]),
        ([5, 10**9], [21, None, (1 << 40) + 21]),
    ]:
        for found in (run_printed(module, arguments), run_compiled(executable, module, arguments)):
            assert [int(f) for f, e in zip(found, expected, strict=True) if e is not None] == [
                e for e in expected if e is not None
            ]


WAITING = """
    func @f(%a: f64[100000], %n: i64) -> f64 {
      %0: i64 = constant {value = i64(0)}
      %1: i64 = constant {value = i64(1)}
      %p: b1 = compare %n, %0 {direction = "LE"}
      %r: f64 = if %p then {
        %x: f64 = read %a, %0 {drop = (0), sizes = (1)}
        yield %x
      } else {
        %b: f64[100000] = add %a, %a
        %m: i64 = subtract %n, %1
        %s: f64 = call @f %b, %m
        %y: f64 = read %b, %n {drop = (0), sizes = (1)}
        %t: f64 = add %s, %y
        yield %t
      }
      return %r
    }

    func @main(%a: f64[100000], %n: i64) -> f64 {
      %r: f64 = call @f %a, %n
      return %r
    }
"""


def test_first_stack_of_large_arrays_has_few_rows() -> None:
    """Arrays that wait for a call are part of the rows: the first guess keeps to a budget of memory."""
    module = parse_module(dedent(WAITING))
    (machine,) = lowered(module, rows=1024)
    assert 16 <= machine.rows < 100
    found = run_compiled(compiled(module), module, [np.ones(100000), 10])
    assert [float(x) for x in found] == [2.0**10 + sum(2.0**k for k in range(1, 11)), 0]
    assert lower_recursion(parse_module(dedent(WAITING)), Stacks({"f": 200}))[0].rows == 200
