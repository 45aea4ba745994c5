"""Recursion on data against CPython and Numba, the cost of room for it, and its derivatives."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import hloc
from hloc.program import StackOverflow
from hloc.runtime.array import array
from tools.benchmarks import recursive_programs as programs
from tools.benchmarks.recursive_cases import Recursive, grown, in_numba, level_by_level, recursions
from tools.benchmarks.report import Table, ratio, seconds
from tools.benchmarks.timing import Arguments, Contender, Timed, interleaved

ROOM = (64, 1024, 16_384, 262_144)
"""Rows of a stack."""
GRADIENT = 4.0
"""The most that value and gradient may cost, in times of the function."""
DEEPEST = 100_000
"""What CPython may reach while it is measured."""


@dataclass(frozen=True)
class Measured:
    case: Recursive
    form: str
    count: int
    times: dict[str, Timed]

    def each(self, name: str) -> float:
        """ns by call, or by what the case counts."""
        return self.times[name].median / self.count * 1e9


def tables(rounds: int, scale: float = 1.0) -> list[Table]:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(DEEPEST)
    try:
        found = [_measure(case, rounds) for case in recursions(scale)]
    finally:
        sys.setrecursionlimit(limit)
    gradients, worst = _gradients(rounds, scale)
    room, steepest = _room(rounds, scale)
    return [_times(found), room, gradients, _bars(found, steepest, worst)]


# --- beside CPython and Numba


def _measure(case: Recursive, rounds: int) -> Measured:
    ours, theirs = hloc.compile(case.function), in_numba(case.function)
    wanted = outcome(case.function, case)
    for contender in (ours, theirs):
        for mine, other in zip(outcome(contender, case), wanted, strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-9, err_msg=case.name)
    contenders = {
        "CPython": Contender(case.function, case.arguments, case.changes),
        "Numba": Contender(theirs, case.arguments, case.changes),
        "hloc": Contender(lambda *xs: _wait(ours(*xs)), _device(case.arguments, case.changes), case.changes),
    }
    times = interleaved(contenders, rounds)
    return Measured(case, _form(ours), case.count or case.calls(), times)


def outcome(function: Callable[..., Any], case: Recursive) -> list[Any]:
    """The result, and the arrays that were passed, afterwards."""
    arguments = case.arguments()
    result = function(*arguments)
    arrays = [x for x in arguments if isinstance(x, np.ndarray)]
    return [*(() if result is None else (np.asarray(result),)), *arrays]


def _device(arguments: Arguments, changes: bool) -> Arguments:
    """The same arguments; arrays that stay as they are are on the device already."""
    if changes:
        return arguments
    placed = tuple(array(x) if isinstance(x, np.ndarray) else x for x in arguments())
    return lambda: placed


def _wait(result: Any) -> Any:
    return result.block_until_ready() if isinstance(result, hloc.Array) else result


def _form(ours: Any) -> str:
    """What the recursion has become."""
    return ", ".join(dict.fromkeys(machine.kind for bound in ours._programs for machine in bound.machines))


def _times(found: list[Measured]) -> Table:
    rows = [
        [
            *(m.case.name, m.form, f"{m.count:,}", seconds(m.times["hloc"].median)),
            *(f"{m.each(name):.3g}" for name in ("CPython", "Numba", "hloc")),
            f"{m.times['CPython'].median / m.times['hloc'].median:.1f}",
            ratio(m.times["hloc"].median, m.times["Numba"].median),
            ratio(m.times["hloc"].least, m.times["Numba"].least),
        ]
        for m in found
    ]
    head = ["program", "becomes", "calls", "hloc", "ns a call: CPython", "Numba", "hloc", "times as fast as CPython"]
    return Table(
        "Recursion",
        "Functions that call themselves with data, against CPython and `numba.njit` of the same source. Of the tree "
        "sums the nodes are counted instead of the calls. *Becomes*: one loop (tail), a loop down and a loop up "
        "(linear), or a machine with a stack.",
        [*head, "hloc / Numba", "minima: hloc / Numba"],
        rows,
        "A call and a return are a trip of the machine's loop, in which all places where a function may go on are "
        "computed and one is chosen; Numba's are jumps of the processor, a few ns each, and it inlines some of them.",
    )


# --- room


def _room(rounds: int, scale: float) -> tuple[Table, float]:
    """ns a call against rows of the stack, and the largest ratio to the first row of the table."""
    columns, steepest = [], 0.0
    for case in recursions(scale):
        if case.function not in (programs.fib, programs.tree_sum, programs.area):
            continue
        given = _device(case.arguments, case.changes)
        contenders = {str(n): Contender(with_room(case.function, n, given()), given) for n in ROOM}
        found = interleaved(contenders, rounds)
        count = case.count or case.calls()
        times = [found[str(n)].median for n in ROOM]
        columns.append([case.name, f"{count:,}", *(f"{time / count * 1e9:.3g}" for time in times)])
        steepest = max(steepest, *(found[str(n)].least / found[str(ROOM[0])].least for n in ROOM))
    head = ["rows of the stack", "calls", *(f"{rows:,}" for rows in ROOM)]
    text = "ns a call, or a node, when the stack has room for more calls than are ever active at once."
    return Table("Recursion and room", text, head, columns), steepest


def with_room(function: Callable[..., Any], rows: int, arguments: tuple[Any, ...]) -> Callable[..., Any]:
    """The compiled function with so many rows for each of its machines."""
    known: Any = hloc.compile(function)
    known(*arguments)
    made: Any = hloc.compile(function)
    for name in {machine.function for bound in known._programs for machine in bound.machines}:
        made.deepen(StackOverflow(name, rows))
    made(*arguments)
    assert {machine.rows for bound in made._programs for machine in bound.machines} == {rows}
    return made  # type: ignore[no-any-return]


# --- derivatives


@dataclass(frozen=True)
class Differentiated:
    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    wrt: tuple[int, ...]


def differentiated(scale: float) -> list[Differentiated]:
    random = np.random.default_rng(10)
    wave = (0.1, 3.0, 20.0, 0.05, 1e-10)
    nodes, leaves, features = max(3, int(1e4 * scale)), max(2, int(500 * scale)), 16
    weights = np.array([0.5, 0.9, -0.7, 0.1])
    by_chance = grown(nodes)
    left, right, _ = level_by_level(2 * leaves - 1)
    mix = random.normal(size=(features, 2 * features)) / np.sqrt(2 * features)
    bias, given = random.normal(size=features), random.normal(size=(2 * leaves - 1, features))
    steps = max(3, int(900 * scale))
    return [
        Differentiated("adaptive Simpson, by its bounds", programs.area_under_a_wave, wave, (0, 1)),
        Differentiated("adaptive Simpson, by parameters of the function", programs.area_under_a_wave, wave, (2, 3)),
        Differentiated(f"x**n by products, n = {steps}", programs.power, (0.9999, steps), (0,)),
        Differentiated(f"network on a tree, {nodes:,} nodes", programs.network, (weights, *by_chance, 0), (0,)),
        Differentiated(
            f"network on a tree, {leaves:,} leaves of {features} features",
            programs.vector_network_loss,
            (mix, bias, given, left, right),
            (0, 1),
        ),
    ]


def _gradients(rounds: int, scale: float) -> tuple[Table, float]:
    """The table, and the largest ratio of value and gradient to the function."""
    rows, worst = [], 0.0
    for case in differentiated(scale):
        function, gradient = hloc.compile(case.function), hloc.value_and_grad(case.function, argnums=case.wrt)
        check(case, gradient)
        placed = tuple(array(x) if isinstance(x, np.ndarray) else x for x in case.arguments)
        contenders = {
            "f": Contender(lambda *xs, call=function: _wait(call(*xs)), lambda given=placed: given),  # type: ignore[misc]
            "both": Contender(lambda *xs, call=gradient: _wait_all(call(*xs)), lambda given=placed: given),  # type: ignore[misc]
        }
        found = interleaved(contenders, rounds)
        f, both = found["f"].median, found["both"].median
        worst = max(worst, both / f)
        rows.append([case.name, seconds(f), seconds(both), ratio(both, f), f"{GRADIENT:g}"])
    head = ["program", "hloc f", "f and gradient", "ratio", "bar"]
    text = "`hloc.value_and_grad` of recursive functions. Ratio: f and gradient in times of f."
    return Table("Derivatives of recursion", text, head, rows), worst


def _wait_all(result: Any) -> Any:
    value, slopes = result
    return value, [_wait(slope) for slope in slopes]


def check(case: Differentiated, gradient: Callable[..., Any]) -> None:
    """The gradient along one direction against differences of the plain function."""
    _, slopes = gradient(*case.arguments)
    random = np.random.default_rng(11)
    way = {j: random.normal(size=np.shape(case.arguments[j])) for j in case.wrt}
    along = sum(float(np.sum(np.asarray(s) * way[j])) for j, s in zip(case.wrt, slopes, strict=True))

    def at(step: float) -> float:
        moved = [x + step * way[j] if j in way else x for j, x in enumerate(case.arguments)]
        return float(case.function(*moved))

    h = 1e-6
    np.testing.assert_allclose(along, (at(h) - at(-h)) / (2 * h), rtol=1e-4, atol=1e-6, err_msg=case.name)


# --- what is wanted


def _bars(found: list[Measured], steepest: float, worst: float) -> Table:
    rows = []
    for m in found:
        if m.case.bar is not None:
            rows.append(_bar(f"{m.case.name}: ns, at most 1.3 × {m.case.bar:g}", m.each("hloc"), most=1.3 * m.case.bar))
        if m.case.least is not None:
            times = m.times["CPython"].median / m.times["hloc"].median
            rows.append(_bar(f"{m.case.name}: times as fast as CPython", times, least=m.case.least))
    rows.append(_bar("a call with other room, in times of 64 rows", steepest, most=1.2))
    rows.append(_bar("gradient / function, worst", worst, most=GRADIENT))
    return Table("Recursion: what is wanted of it", "", ["", "found", "wanted", ""], rows)


def _bar(what: str, value: float, most: float = np.inf, least: float = 0.0) -> list[str]:
    wanted = f"≤ {most:.3g}" if np.isfinite(most) else f"≥ {least:g}"
    return [what, f"{value:.2f}", wanted, "met" if least <= value <= most else "missed"]
