"""Random programs with arguments for several lanes, judged against the loop over lanes."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable

import numpy as np

import hloc
from tests.language.agreement import define
from tests.random_programs.check import Verdict, unfit
from tests.random_programs.generator import Program
from tests.recursion.agreement import deep_recursion

from .batches import stack_lanes
from .oracle import RaggedError, compare, lanes, outcome


def compare_lanes(program: Program, rng: random.Random, strategies: Iterable[str | None]) -> Verdict:
    """What the loop over lanes and the batched program do: the argument lists are lanes, some arguments are shared."""
    try:
        function = define(program.source)
    except (SyntaxError, LookupError) as error:
        return Verdict("discarded", "no program", str(error))
    count = len(program.arguments[0])
    mapped = [j for j in range(count) if rng.random() < 0.75] or [0]
    in_axes = tuple(0 if j in mapped else None for j in range(count))
    shared = program.arguments[0]
    rows = [tuple(x if j in mapped else shared[j] for j, x in enumerate(case)) for case in program.arguments]
    arguments = stack_lanes(rows, mapped)
    each: list[tuple[object, ...]] = []
    lanes(lambda *lane: each.append(lane), arguments, in_axes)
    with deep_recursion(3000):
        if (reason := next(filter(None, (unfit(function, lane) for lane in each)), None)) is not None:
            return Verdict("discarded", reason)
        try:
            expected = outcome(lambda *a: lanes(function, a, in_axes), arguments)
        except RaggedError as error:
            return Verdict("discarded", str(error))
    for strategy in strategies:
        try:
            found = outcome(hloc.vmap(function, in_axes, strategy=strategy), arguments)
        except hloc.CompileError as error:
            headline = re.sub(r"\d+", "#", str(error).splitlines()[0])
            return Verdict("refused", f"{type(error).__name__}: {headline}", str(error))
        try:
            compare(found, expected, f"strategy {strategy}")
        except AssertionError as error:
            return Verdict("different", f"{strategy}, axes {in_axes}", f"{error}\n{arguments}")
    return Verdict("same")


def several_lanes(program: Program, rng: random.Random, count: int) -> Program:
    """The program with so many argument lists: its own, and mixtures of them with other values."""
    lists = list(program.arguments)
    while len(lists) < count:
        first, second = rng.choice(program.arguments), rng.choice(program.arguments)
        lists.append(tuple(other(rng, rng.choice(pair)) for pair in zip(first, second, strict=True)))
    return Program(program.source, tuple(lists))


def other(rng: random.Random, x: object) -> object:
    if isinstance(x, np.ndarray):
        return np.array(rng.sample(list(x.ravel()), x.size), x.dtype).reshape(x.shape)
    if isinstance(x, bool):
        return rng.random() < 0.5
    if isinstance(x, int):
        return rng.choice([0, 1, x, rng.randint(-5, 9)])
    return rng.randint(-12, 12) / 4 if isinstance(x, float) and x * 4 == round(x * 4) else x
