"""Calls of compiled functions: a program is used again where it holds, and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import hloc
from hloc.ir.types import TensorType
from hloc.matching import Accessors
from hloc.program import Guard, Path
from hloc.runtime.array import array

SCALE = 2.0


def programs(compiled: Any) -> int:
    return len(compiled._programs)


def scaled(a):
    return a * SCALE


def test_arrays_of_one_type_share_a_program() -> None:
    compiled = hloc.compile(scaled)
    rows = np.arange(6.0).reshape(2, 3)
    for a in (rows, array(rows), rows.T.reshape(2, 3), rows.astype(">f8"), np.asfortranarray(rows)):
        np.testing.assert_array_equal(np.asarray(compiled(a)), np.asarray(a) * 2.0)
    assert programs(compiled) == 1


@pytest.mark.parametrize("other", [np.ones(3), np.ones((3, 2)), np.ones((2, 3), np.float32), 1.5, np.float64(1.5)])
def test_other_types_get_a_program_of_their_own(other: Any) -> None:
    compiled = hloc.compile(scaled)
    compiled(np.ones((2, 3)))
    compiled(other)
    assert programs(compiled) == 2


def test_changed_data_in_a_global_needs_no_new_program(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = hloc.compile(scaled)
    assert compiled(1.0) == 2.0
    monkeypatch.setitem(globals(), "SCALE", 3.0)
    assert compiled(1.0) == 3.0
    assert programs(compiled) == 1


def test_a_global_of_another_type_needs_one(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = hloc.compile(scaled)
    compiled(1.0)
    monkeypatch.setitem(globals(), "SCALE", 1j)
    assert compiled(2.0) == 2j
    monkeypatch.delitem(globals(), "SCALE")
    with pytest.raises(hloc.UndefinedNameError):
        compiled(1.0)


def counter() -> tuple[Callable[..., Any], Callable[[Any], None]]:
    step: Any = 1

    def read(x):
        return x + step

    def change(value: Any) -> None:
        nonlocal step
        step = value

    return read, change


def test_a_variable_of_an_outer_function_is_read_at_each_call() -> None:
    read, change = counter()
    compiled = hloc.compile(read)
    assert compiled(1) == 2
    change(10)
    assert compiled(1) == 11
    change(0.5)
    assert compiled(1) == 1.5
    assert programs(compiled) == 2


def test_new_code_of_a_function_is_seen() -> None:
    def f(x):
        return x + 1

    def g(x):
        return x + 2

    compiled = hloc.compile(f)
    assert compiled(1) == 2
    f.__code__ = g.__code__
    assert compiled(1) == 3


def test_a_static_zero_has_its_sign() -> None:
    @hloc.compile(static_argnames="s")
    def sign(x, s):
        return math.copysign(x, s)

    assert [sign(1.0, 0.0), sign(1.0, -0.0), sign(1.0, math.nan), sign(1.0, math.nan)] == [1.0, -1.0, 1.0, 1.0]
    assert programs(sign) == 3


def test_keywords_defaults_and_positions_are_one_call() -> None:
    @hloc.compile
    def f(a, b=2.0, *rest, c=1.0):
        return a * b + c + len(rest)

    assert f(3.0) == f(a=3.0) == f(3.0, 2.0, c=1.0) == 7.0
    assert f(3.0, 2.0, 1) == 8.0
    assert programs(f) == 2


@dataclass
class Particle:
    position: float
    velocity: np.ndarray[Any, Any]


def test_attributes_are_written_back() -> None:
    @hloc.compile
    def move(p, t):
        p.position += t
        p.velocity[0] *= 2.0

    p = Particle(1.0, np.ones(2))
    velocity = p.velocity
    move(p, 0.5)
    assert p.position == 1.5
    assert p.velocity is velocity
    assert list(velocity) == [2.0, 1.0]


def test_an_object_taken_out_of_a_list_is_itself() -> None:
    @hloc.compile
    def take(rows):
        row = rows.pop(0)
        row[0] = 7.0
        return row

    first, second = np.zeros(2), np.zeros(2)
    rows = [first, second]
    assert take(rows) is first
    assert first[0] == 7.0
    assert len(rows) == 1
    assert rows[0] is second


def test_guards_in_which_something_is_missing_do_not_hold() -> None:
    place = Path(None, (("item", "a"), ("item", 3), ("attr", "x")))
    matches = Accessors(["a", "b"]).matches([Guard(place, "array", TensorType((2,), np.dtype(np.float64)))])
    assert not matches([], 0)
    assert not matches(None, 0)
    assert not matches([0, 1, 2, 3], 0)
