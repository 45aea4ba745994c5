"""Random programs: the core tree run by CPython does what the function does, also when dead names are deleted.

What this would miss: names shared with nested functions, and loops over anything but a range (see test_desugar).
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.frontend.core_python import define, run_core

CONDITIONS = ["c({k})", "c({k})", "not c({k})", "c({k}) and (x := {k})", "(y := c({k})) or c(2)", "1 < (x := {k}) < 5"]
SIMPLE = ["{v} = {k}", "{v} += {k}", "log({k}, {v})", "log((x := c({k})) or y)", "pass", "del {v}", "log({v}, {k})"]
EXITS = ["return {v}, {k}", "return", "raise ValueError({k}, {v})", "assert c({k}), {v}"]
LOOP_EXITS = ["break", "continue", "continue", "break", "continue", "continue", *EXITS]
LOOPS = ["for {v} in range(3):", "for {v} in range(3):", "while {c}:", "while True:"]


class Stop(Exception):
    """The end of a program that ran too long."""


def block(random: Random, depth: int, loop: bool, guarded: bool = False) -> list[str]:
    """Lines of one block. `loop`: break and continue are allowed; `guarded`: under a condition; exits are likely."""
    lines: list[str] = []
    for _ in range(random.randint(1, 4)):
        lines += statement(random, depth, loop)
    if random.random() < (0.5 if guarded else 0.1):
        lines.append(fill(random, random.choice(LOOP_EXITS if loop else EXITS)))
    return lines


def fill(random: Random, text: str) -> str:
    condition = random.choice(CONDITIONS).format(k=random.randint(0, 9))
    return text.format(k=random.randint(0, 9), v=random.choice("xy"), c=condition)


def statement(random: Random, depth: int, loop: bool) -> list[str]:
    if depth == 0 or random.random() < 0.3:
        return [fill(random, random.choice(SIMPLE))]
    if random.random() < 0.65:
        return branches(random, depth, loop)
    lines = [fill(random, random.choice(LOOPS)), "    tick()", *indented(block(random, depth - 1, True))]
    return lines + (["else:", *indented(block(random, depth - 1, loop))] if random.random() < 0.4 else [])


def branches(random: Random, depth: int, loop: bool) -> list[str]:
    lines = [fill(random, "if {c}:"), *indented(block(random, depth - 1, loop, True))]
    if random.random() < 0.3:
        lines += [fill(random, "elif {c}:"), *indented(block(random, depth - 1, loop, True))]
    return lines + (["else:", *indented(block(random, depth - 1, loop, True))] if random.random() < 0.5 else [])


def indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


def program(random: Random, depth: int) -> str:
    lines = ["x = 100", "if c(0): y = 200", *block(random, depth, False), "log(x, y)"]
    return "\n".join(["def f(c, log, tick):", *indented(lines)]) + "\n"


def outcome(fn: Any, seed: int) -> list[Any]:
    """What a program does with conditions from `seed`: its log, its result or exception."""
    seen: list[Any] = []
    random = Random(seed)

    def tick() -> None:
        if len(seen) > 60:
            raise Stop

    def c(k: int) -> bool:
        tick()
        seen.append(k)
        return random.random() < 0.4

    def log(*values: Any) -> None:
        seen.append(values)

    try:
        seen.append(fn(c, log, lambda: seen.append("tick") or tick()))
    except (Stop, ValueError, AssertionError) as error:
        seen.append((type(error), error.args))
    except NameError:
        seen.append(NameError)
    return seen


def check(text: str, seeds: int = 8) -> None:
    fn = define(text)
    runs = [run_core(fn), run_core(fn, forget=True)]
    for seed in range(seeds):
        expected = outcome(fn, seed)
        assert [outcome(run, seed) for run in runs] == [expected, expected]


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=True))
def test_random_programs_keep_their_meaning(random: Random) -> None:
    check(program(random, 3))


@pytest.mark.sweep
@settings(max_examples=1000, deadline=None)
@given(st.randoms(use_true_random=True), st.integers(1, 4))
def test_many_random_programs_keep_their_meaning(random: Random, depth: int) -> None:
    check(program(random, depth), seeds=20)
