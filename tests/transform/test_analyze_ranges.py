"""Ranges hold for every value that a program computes, and are as narrow as the plain loops of users need."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hloc.ir.core import Value
from hloc.ir.parser import parse_module
from hloc.ir.verifier import verify
from hloc.transform.analyze_module import analyze_module
from hloc.transform.analyze_ranges import analyze_ranges
from hloc.transform.intervals import BOTH, TRUE, Interval
from hloc.transform.ranges import Ranges
from tests.transform.interpreter import run
from tests.transform.programs import random_arguments, random_module
from tests.transform.recursive_programs import PROGRAMS


def holding(found: dict[str, Ranges], what: str) -> Callable[[Value, np.ndarray], None]:
    """An observer of runs that checks that values are in their intervals."""

    def observe(value: Value, array: np.ndarray) -> None:
        for ranges in found.values():
            interval = ranges.interval.get(value)
            if interval is not None and array.size:
                assert array.min() >= interval.lo, f"{what}: {value} is {array}, thought to be in {interval}"
                assert array.max() <= interval.hi, f"{what}: {value} is {array}, thought to be in {interval}"

    return observe


def check_ranges_hold(seed: int) -> None:
    module = random_module(seed)
    found = analyze_module(module)
    for number in range(4):
        run(module, random_arguments(seed * 100 + number), holding(found, f"seed {seed}"))


@pytest.mark.parametrize("seed", range(40))
def test_ranges_hold_on_random_programs(seed: int) -> None:
    check_ranges_hold(seed)


def number(value: int) -> str:
    return f"constant {{value = i64({value})}}"


def interval(text: str, name: str = "found") -> Interval:
    """The interval of the value called `name` in a main function whose lines are `text`; n is an unknown parameter."""
    constants = "\n".join(f"%c{value}: i64 = {number(value)}" for value in (0, 1, 2, 3, 9, 10))
    module = parse_module(f"func @main(%n: i64, %m: i64, %p: b1) -> () {{\n{constants}\n{text}\nreturn\n}}")
    verify(module)
    ranges = analyze_ranges(module.entry)
    (value,) = [v for v in ranges.interval if v.name == name]
    return ranges.interval[value]


def loop(count: str, body: str, k: str = "k") -> str:
    return f"for %{count} {{direction = 1}} body(%{k}: i64) {{\n{body}\nyield\n}}"


LESS_THAN_10 = '%found: b1 = compare %i, %c10 {direction = "LT"}'


def test_a_neighbour_inside_the_array() -> None:
    body = "%i: i64 = add %k, %c1\n" + LESS_THAN_10
    assert interval("%count: i64 = subtract %c10, %c1\n" + loop("count", body)) == TRUE
    assert interval(loop("c10", body)) == BOTH


def test_a_triangle_above_the_diagonal() -> None:
    inner = "%k1: i64 = add %k, %c1\n%i: i64 = add %k1, %j\n" + LESS_THAN_10
    count = "%next: i64 = add %k, %c1\n%count: i64 = subtract %c10, %next\n%most: i64 = maximum %count, %c0\n"
    assert interval(loop("c10", count + loop("most", inner, "j"))) == TRUE
    assert interval(loop("c10", count + loop("most", inner, "j")), "i") == Interval(1, 9)


def test_a_triangle_below_the_diagonal() -> None:
    inner = '%found: b1 = compare %j, %k {direction = "LT"}'
    assert interval(loop("n", loop("k", inner, "j"))) == TRUE


def test_steps_of_three() -> None:
    count = "%span: i64 = subtract %c10, %c1\n%up: i64 = add %span, %c2\n%count: i64 = floor_divide %up, %c3\n"
    body = "%far: i64 = multiply %k, %c3\n%i: i64 = add %c1, %far\n" + LESS_THAN_10
    assert interval(count + loop("count", body)) == TRUE


def test_rows_and_columns_of_a_flat_array() -> None:
    inner = "%row: i64 = multiply %k, %c3\n%i: i64 = add %row, %j"
    assert interval(loop("c3", loop("c3", inner, "j")), "i") == Interval(0, 8)


def test_a_remainder_is_less_than_the_divisor() -> None:
    assert interval("%i: i64 = floor_mod %n, %c10", "i") == Interval(0, 9)
    text = '%d: i64 = maximum %m, %c1\n%i: i64 = floor_mod %n, %d\n%found: b1 = compare %i, %d {direction = "LT"}'
    assert interval(text) == TRUE


def test_sums_that_may_wrap_are_anything() -> None:
    text = '%i: i64 = add %n, %c1\n%found: b1 = compare %i, %n {direction = "GT"}'
    assert interval(text) == BOTH
    assert interval(text, "i") == Interval(-(2**63), 2**63 - 1)


def test_branches_know_their_predicate() -> None:
    pred = '%low: b1 = compare %n, %c0 {direction = "GE"}\n%high: b1 = compare %n, %c10 {direction = "LT"}\n'
    branch = "%in: b1 = and %low, %high\nif %in then {\n%i: i64 = add %n, %c1\nyield\n} else {\nyield\n}"
    assert interval(pred + branch, "i") == Interval(1, 10)
    assert interval((pred + branch).replace("and", "or"), "i") == Interval(-(2**63), 2**63 - 1)


def test_negative_indices_wrap_around() -> None:
    text = (
        "%i: i64 = subtract %k, %c3\n"
        '%negative: b1 = compare %i, %c0 {direction = "LT"}\n'
        "%up: i64 = add %i, %c10\n"
        "%found: i64 = select %negative, %up, %i"
    )
    assert interval(loop("c10", text)) == Interval(0, 9)


def test_bisection_stays_inside() -> None:
    text = """
    %t: i64, %l: i64, %h: i64 = while %c0, %c10 cond(%lo: i64, %hi: i64) {
      %c: b1 = compare %lo, %hi {direction = "LT"}
      yield %c
    } body(%k: i64, %low: i64, %high: i64) {
      %sum: i64 = add %low, %high
      %found: i64 = floor_divide %sum, %c2
      %up: i64 = add %found, %c1
      %newlow: i64 = select %p, %up, %low
      %newhigh: i64 = select %p, %high, %found
      yield %newlow, %newhigh
    }"""
    assert interval(text) == Interval(0, 9)
    assert interval(text, "l") == Interval(0, 10)


def test_a_limit_that_is_not_known() -> None:
    text = """
    %t: i64, %r: i64 = while %c0 cond(%i: i64) {
      %c: b1 = compare %i, %n {direction = "LT"}
      yield %c
    } body(%k: i64, %j: i64) {
      %found: b1 = compare %j, %n {direction = "LT"}
      %j1: i64 = add %j, %c1
      yield %j1
    }"""
    assert interval(text) == TRUE
    assert interval(text, "j1") == Interval(1, 2**63 - 1)


def test_a_counter_beside_the_loop_variable() -> None:
    text = """
    %r: i64 = for %c10, %c1 {direction = -1} body(%k: i64, %found: i64) {
      %i: i64 = add %found, %c2
      %two: i64 = constant {value = i64(2)}
      %next: i64 = add %found, %two
      yield %next
    }"""
    assert interval(text) == Interval(1, 19)
    assert interval(text, "r") == Interval(21, 21)


def counting(trips: str, start: str, direction: int = 1) -> str:
    """A loop whose counter steps by one in some trips, and by three in others."""
    return f"""
      %e: i64 = for %{trips}, %{start} {{direction = {direction}}} body(%k: i64, %i: i64) {{
        %on: b1 = compare %k, %n {{direction = "LT"}}
        %i3: i64 = if %on then {{
          %q: b1 = compare %k, %m {{direction = "LT"}}
          %far: i64 = add %c3, %i
          %next: i64 = subtract %far, %c2
          %i2: i64 = select %q, %far, %next
          yield %i2
        }} else {{
          yield %i
        }}
        {LESS_THAN_10}
        yield %i3
      }}
    """


@pytest.mark.parametrize("direction", [1, -1])
def test_a_counter_of_some_trips(direction: int) -> None:
    text = counting("c3", "c2", direction)
    assert interval(text, "i") == Interval(2, 8)
    assert interval(text, "e") == Interval(2, 11)
    assert interval(text) == TRUE
    assert interval(counting("c10", "c2", direction)) == BOTH


def test_a_counter_of_some_trips_is_bounded_by_what_the_trips_are() -> None:
    trips = "%some: i64 = minimum %n, %c3\n%none: i64 = maximum %some, %c0\n%start: i64 = subtract %c10, %none\n"
    step = """
      %on: b1 = compare %k, %m {direction = "LT"}
      %i1: i64 = add %i, %c1
      %i2: i64 = select %on, %i1, %i
      yield %i2
    """
    text = f"{trips}%e: i64 = for %none, %start {{direction = 1}} body(%k: i64, %i: i64) {{\n{LESS_THAN_10}{step}}}\n"
    assert interval(text) == TRUE
    assert interval(text, "e") == Interval(7, 10)


def test_a_counter_of_some_trips_that_may_wrap_is_anything() -> None:
    assert interval(counting("n", "m"), "i") == Interval(-(2**63), 2**63 - 1)


def test_an_error_code_that_is_never_set() -> None:
    text = """
    %r: i64 = for %c10, %c0 {direction = 1} body(%k: i64, %err: i64) {
      %ok: b1 = compare %k, %c10 {direction = "LT"}
      %failed: b1 = not %ok
      %fresh: b1 = compare %err, %c0 {direction = "EQ"}
      %set: b1 = and %fresh, %failed
      %found: i64 = select %set, %c9, %err
      yield %found
    }"""
    assert interval(text) == Interval(0, 0)


def test_arrays_of_indices() -> None:
    text = """
    %i: i64[9] = iota {shape = (9,), dtype = i64, dim = 0}
    %ones: i64[9] = broadcast_in_dim %c1 {shape = (9,), dims = ()}
    %next: i64[9] = add %i, %ones
    %tens: i64[9] = broadcast_in_dim %c10 {shape = (9,), dims = ()}
    %in: b1[9] = compare %next, %tens {direction = "LT"}
    %found: b1 = reduce_and %in {axes = (0,)}"""
    assert interval(text) == TRUE


def test_steps_of_a_width_that_is_not_known() -> None:
    inner = "%far: i64 = multiply %k, %step\n%i: i64 = add %from, %far\n" + LESS_THAN_10
    text = f"""
    %small: i64 = minimum %n, %c9
    %step: i64 = maximum %small, %c1
    %low: i64 = minimum %m, %c9
    %from: i64 = maximum %low, %c0
    %span: i64 = subtract %c10, %from
    %wide: i64 = add %span, %step
    %up: i64 = subtract %wide, %c1
    %count: i64 = floor_divide %up, %step
    {loop("count", inner)}"""
    assert interval(text) == TRUE


def test_branches_that_only_one_way_leads_through() -> None:
    text = """
    %low: b1 = compare %n, %c0 {direction = "GE"}
    %in: b1 = if %low then {
      %high: b1 = compare %n, %c10 {direction = "LT"}
      yield %high
    } else {
      %no: b1 = constant {value = b1(False)}
      yield %no
    }
    if %in then {
      %found: i64 = add %n, %c1
      yield
    } else {
      yield
    }"""
    assert interval(text) == Interval(1, 10)


@pytest.mark.parametrize("name", PROGRAMS)
def test_ranges_hold_in_recursive_programs(name: str) -> None:
    program = PROGRAMS[name]
    module = program.module()
    found = analyze_module(module)
    for arguments in program.arguments:
        run(module, list(arguments), holding(found, str(arguments)))


CYCLE = """
    func @down(%n: i64, %depth: i64, %error: i64) -> i64 {
      %0: i64 = constant {value = i64(0)}
      %1: i64 = constant {value = i64(1)}
      %7: i64 = constant {value = i64(7)}
      %more: b1 = compare %n, %0 {direction = "GT"}
      %e: i64 = if %more then {
        %odd: b1 = compare %depth, %7 {direction = "EQ"}
        %e1: i64 = select %odd, %1, %error
        %fine: b1 = compare %e1, %0 {direction = "EQ"}
        %e3: i64 = if %fine then {
          %m: i64 = subtract %n, %1
          %d: i64 = add %depth, %1
          %e2: i64 = call @on %m, %d, %e1
          yield %e2
        } else {
          yield %e1
        }
        yield %e3
      } else {
        yield %error
      }
      return %e
    }

    func @on(%n: i64, %depth: i64, %error: i64) -> i64 {
      %e: i64 = call @down %n, %depth, %error
      return %e
    }

    func @main(%x: i64) -> i64 {
      %0: i64 = constant {value = i64(0)}
      %9: i64 = constant {value = i64(9)}
      %n: i64 = minimum %x, %9
      %e: i64 = call @down %n, %0, %0
      return %e
    }
"""


def test_parameters_of_functions_that_call_each_other() -> None:
    module = parse_module(CYCLE)
    found = analyze_module(module)
    low, high = -(2**63), 2**63 - 1
    known = {name: [found[name].interval[v] for v in f.params] for name, f in module.functions.items()}
    assert known["down"] == [Interval(low, 9), Interval(low, high), Interval(0, 0)]
    assert known["on"] == [Interval(0, 8), Interval(low, high), Interval(0, 0)]
    assert known["main"] == [Interval(low, high)]
