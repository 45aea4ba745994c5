"""Random programs: the core tree run by CPython does what the function does, also when dead names are deleted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.frontend.core_python import define, run_core

NAMES = ("x", "y")


class Stop(Exception):
    """The end of a program that ran too long."""


@st.composite
def blocks(draw: Any, depth: int, loop: bool) -> list[str]:
    """Lines of one block; `loop`: break and continue are allowed."""
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        lines += draw(statements(depth, loop))
    return lines


@st.composite
def statements(draw: Any, depth: int, loop: bool) -> list[str]:
    simple = ["set", "add", "log", "walrus", "return", "raise", "assert", "bare"] + ["break", "continue"] * (2 * loop)
    kinds = simple + ["if", "if", "elif", "for", "for", "while", "forever"] * (depth > 0)
    kind = draw(st.sampled_from(kinds))
    name, other = draw(st.sampled_from(NAMES)), draw(st.sampled_from(NAMES))
    k = draw(st.integers(0, 9))
    nested = [kind == other_kind for other_kind in ("for", "while", "forever")]

    def inner(inside_loop: bool) -> list[str]:
        return ["    " + line for line in draw(blocks(depth - 1, inside_loop))]

    def other_branch(inside_loop: bool) -> list[str]:
        return ["else:", *inner(inside_loop)] if draw(st.booleans()) else []

    if kind == "if":
        return [f"if c({k}):", *inner(loop), *other_branch(loop)]
    if kind == "elif":
        return [f"if c({k}):", *inner(loop), f"elif c({k + 1}):", *inner(loop), *other_branch(loop)]
    if any(nested):
        head = {"for": f"for {name} in range(3):", "while": f"while c({k}):", "forever": "while True:"}[kind]
        return [head, "    c(-1)", *inner(True), *other_branch(loop)]
    one_line = {
        "set": f"{name} = {k}",
        "add": f"{name} += {k}",
        "log": f"log({k}, {name})",
        "walrus": f"log(({name} := c({k})) or {other})",
        "return": f"return {name}, {k}",
        "raise": f"raise ValueError({k}, {name})",
        "assert": f"assert c({k}), {name}",
        "bare": "return",
    }
    return [one_line.get(kind, kind)]


def outcome(fn: Any, bits: list[bool]) -> list[Any]:
    """What a program does with conditions that come from `bits`: its log, its result or exception."""
    seen: list[Any] = []
    left = list(bits)

    def c(k: int) -> bool:
        seen.append(k)
        if len(seen) > 60:
            raise Stop
        return left.pop(0) if left and k >= 0 else False

    try:
        seen.append(fn(c, lambda *values: seen.append(values)))
    except (Stop, ValueError, AssertionError) as error:
        seen.append((type(error), error.args))
    except NameError:
        seen.append(NameError)
    return seen


def same(text: str, bits: list[bool]) -> None:
    fn = define(text)
    expected = outcome(fn, bits)
    for forget in (False, True):
        assert outcome(run_core(fn, forget), bits) == expected


def program(lines: list[str]) -> str:
    return "\n".join(["def f(c, log):", "    x = 100", *("    " + line for line in lines)]) + "\n"


BITS = st.lists(st.booleans(), max_size=24)
QUIET = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example, HealthCheck.filter_too_much)


@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(blocks(3, False), BITS)
def test_random_programs_keep_their_meaning(lines: list[str], bits: list[bool]) -> None:
    same(program(lines), bits)


@pytest.mark.sweep
@settings(max_examples=5000, deadline=None, suppress_health_check=QUIET)
@given(blocks(4, False), BITS)
def test_many_random_programs_keep_their_meaning(lines: list[str], bits: list[bool]) -> None:
    same(program(lines), bits)
