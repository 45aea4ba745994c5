"""Which calls become functions that call themselves, which unfold, and what is refused."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

import hloc
from tests.recursion.agreement import check

TABLE = np.arange(5.0)


def functions(function: Callable[..., Any], *args: Any) -> list[str]:
    """The functions of the program but main, one for each specialisation that calls itself."""
    module = hloc.compile(function).lower(*args).program.module
    return [name for name in module.functions if name != module.main]


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def power(x, n):
    return 1.0 if n == 0 else x * power(x, n - 1)


def countdown(x, depth=0):
    if x < 1 or depth > 5:
        return depth
    return countdown(x / 2, depth + 1)


def moves(n, source, target, spare):
    if n == 0:
        return 0
    other = moves(n - 1, source, spare, target)
    return other * 2 + moves(n - 1, spare, target, source) + (source == "a")


def parity(n, even):
    return even if n == 0 else parity(n - 1, not even)


class TestSpecialisations:
    def test_data_makes_one_function(self) -> None:
        assert functions(fib, 5) == ["fib"]

    def test_known_numbers_unfold(self) -> None:
        assert functions(lambda x: power(x, 5), 2.0) == []

    def test_known_numbers_that_data_ends_become_data(self) -> None:
        assert functions(lambda x: countdown(x), 9.0) == ["countdown"]

    def test_each_known_text_has_a_function(self) -> None:
        assert len(functions(lambda n: moves(n, "a", "b", "c"), 4)) == 6

    def test_flags_stay_known(self) -> None:
        assert len(functions(lambda n: parity(n, True), 4)) == 2

    def test_kinds_of_numbers_are_told_apart(self) -> None:
        def half(x, n):
            return x if n == 0 else half(x / 2, n - 1)

        check(half, [(5, 0), (5, 1), (5, 3)], like=[1.0])
        assert len(functions(half, 5, 1)) == 1  # the one with an int calls the other, and not itself

    def test_two_calls_share(self) -> None:
        assert functions(lambda n: fib(n) * fib(n + 3), 3) == ["fib"]

    def test_closures_of_one_kind_share(self) -> None:
        def total(f, n):
            return 0.0 if n == 0 else f(n) + total(f, n - 1)

        def program(x, y, n):
            return sum(total(lambda k, s=s: s * k, n) for s in (x, y))

        assert functions(program, 1.0, 2.0, 3) == ["total"]
        check(program, [(1.5, 2.5, 4), (0.0, 1.0, 0)])


class State(NamedTuple):
    position: float
    speed: float


@dataclass
class Account:
    total: float
    count: int


def visit(account: Account, n: int) -> None:
    account.total += n
    account.count += 1
    if n > 0:
        visit(account, n - 1)
        visit(account, n - 3)


def swapped(a, b, n):
    if n == 0:
        return a[0] - b[0]
    a[0] += n
    return swapped(b, a, n - 1)


def overlapping(x, y, n):
    if n > 0:
        x[0] += y[0]
        y[1] += x[1]
        overlapping(x, y, n - 1)


def write_global(n):
    if n > 0:
        TABLE[n % 5] += n
        write_global(n - 1)


class TestState:
    """What a function that calls itself reaches besides numbers."""

    def test_objects(self) -> None:
        def program(n):
            first, second = Account(0.0, 0), Account(1.0, 5)
            visit(first, n)
            visit(second, n - 1)
            return first.total + second.total, first.count, second.count

        check(program, [(6,), (1,)])

    def test_named_tuples(self) -> None:
        def step(state, n):
            if n == 0:
                return state
            return step(State(state.position + 0.5 * state.speed, state.speed - 0.5 * state.position), n - 1)

        check(lambda p, v, n: tuple(step(State(p, v), n)), [(1.0, 0.0, 7), (1.0, 2.0, 0)])

    def test_arrays_change_places(self) -> None:
        def program(a, b, n):
            return swapped(a, b, n), a, b

        check(program, [(np.array([1.0, 2.0]), np.array([3.0, 4.0]), n) for n in (0, 1, 4, 5)])

    def test_one_array_under_two_names(self) -> None:
        check(lambda a, n: (swapped(a, a, n), a), [(np.array([1.0, 2.0]), 5)])

    def test_views_that_overlap(self) -> None:
        def program(a, n):
            overlapping(a[0:4], a[1:5], n)
            return a

        check(program, [(np.arange(6.0), 3)])

    def test_views_of_other_places(self) -> None:
        def program(a, n):
            def add(x, n):
                if n > 0:
                    x[0] += n
                    add(x, n - 1)

            add(a[2:5], n)
            add(a[::2], n)
            return a

        check(program, [(np.arange(10.0), 3)])

    def test_a_global_array(self) -> None:
        def program(n):
            write_global(n)
            before = TABLE.sum()
            write_global(2)
            return before + TABLE[1]

        TABLE[:] = range(5)
        expected = program(7), TABLE.copy()
        TABLE[:] = range(5)
        assert hloc.compile(program)(7) == expected[0]
        assert (TABLE == expected[1]).all()

    def test_an_array_that_is_also_global_is_refused(self) -> None:
        def add(x, n):
            return x.sum() + TABLE[0] if n == 0 else add(x, n - 1)

        check(lambda n: add(TABLE, n), [(3,)])
        with pytest.raises(hloc.AliasError, match="add is passed what it also reaches as TABLE"):
            hloc.compile(add)(TABLE, 3)

    def test_variables_of_active_functions(self) -> None:
        def program(n, k):
            def outer(i):
                t = i * k

                def inner(j):
                    nonlocal t
                    t += j
                    if j > 0:
                        inner(j - 1)
                    if i > 0:
                        outer(i - 1)

                if i > 0 and t < 8:
                    inner(1)
                return t

            return outer(n)

        check(program, [(3, 2), (2, 3), (0, 1)])

    def test_a_list_of_numbers(self) -> None:
        def program(n):
            out = [0, 0, 0, 0, 0, 0]

            def fill(k):
                out[k] = k * k
                if k > 0:
                    fill(k - 1)

            fill(n)
            return out

        check(program, [(4,), (0,)])

    def test_dicts(self) -> None:
        def turn(n, d):
            return d["x"] + d["y"] if n == 0 else turn(n - 1, {"x": d["y"], "y": d["x"] + n})

        check(lambda n: turn(n, {"x": 1, "y": 2}), [(5,), (0,)])

    def test_an_argument_that_is_returned_stays_the_callers(self) -> None:
        def program(v, n):
            def fill(v, n):
                if n == 0:
                    return v
                v[n] = n
                return fill(v, n - 1)

            found = fill(v, n)
            found[0] = 99
            return v

        check(program, [(np.zeros(4), 3)])

    def test_functions_that_are_passed_on(self) -> None:
        def repeat(f, x, n):
            return x if n == 0 else repeat(f, f(x), n - 1)

        check(lambda x, n: repeat(functools.partial(np.multiply, 2.0), x, n), [(1.5, 4)])
        check(lambda x, n: repeat(lambda t: t * x, 1.0, n), [(1.5, 4)])


class TestRefused:
    def refused(self, function: Callable[..., Any], *args: Any) -> str:
        with pytest.raises(hloc.CompileError) as caught:
            hloc.compile(function)(*args)
        return str(caught.value)

    def test_without_end(self) -> None:
        def endless(n):
            return endless(n + 1)

        text = self.refused(endless, 1)
        assert "endless never ends: every path through it calls it again" in text
        assert "note: endless calls endless at" in text

    def test_without_end_through_others(self) -> None:
        def ping(n):
            return pong(n + 1) if n > 0 else pong(n - 1)

        def pong(n):
            return ping(n) * 2

        assert "never ends" in self.refused(ping, 1)

    def test_a_path_that_raises_is_an_end(self) -> None:
        def bottom(n):
            if n == 0:
                raise ValueError("bottom", n)
            return bottom(n - 1)

        check(bottom, [(0,), (4,)])

    def test_a_size_that_changes_with_data(self) -> None:
        def grow(x, k):
            return np.zeros(k).sum() + x if x > 100 else grow(x * 2, k + 1)

        text = self.refused(lambda x: grow(x, 1), 3.0)
        assert "a shape must be known at compile time, but k changes with each call of grow" in text

    def test_ever_new_kinds(self) -> None:
        def longer(x, n):
            return x.sum() if n == 0 else longer(np.concatenate([x, x[:1]]), n - 1)

        assert "with arguments of ever new kinds" in self.refused(longer, np.ones(2), 3)

    def test_a_function_that_keeps_the_variables_of_an_activation(self) -> None:
        def adder(k):
            return (lambda x: x + k) if k == 0 else adder(k - 1)

        assert "hands out a function that uses its variables" in self.refused(lambda n: adder(n)(3), 4)

    def test_the_derivative_of_itself(self) -> None:
        def again(x, n):
            return x * x if n <= 0 else hloc.grad(again)(x, n - 1) + x

        assert "again differentiates what calls it again" in self.refused(again, 2.0, 3)
        assert float(hloc.compile(again, static_argnames="n")(2.0, 3)) == 2.0 + 1.0

    def test_none_or_a_number(self) -> None:
        def maybe(k):
            if k > 3:
                return k
            return maybe(k + 1) if k > 0 else None

        assert "may be a number (i64) on one path and None on another" in self.refused(lambda n: maybe(n) + 1, 2)
