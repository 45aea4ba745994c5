"""The tables of derivatives, and whether what is wanted of them holds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tools.benchmarks.derivatives import grids, measure, networks, scalars, series
from tools.benchmarks.derivatives.case import ANY, IN_PLACE, SCALAR_LOOP, Case
from tools.benchmarks.report import Table, ratio, seconds
from tools.benchmarks.timing import Contender, Timed, interleaved


@dataclass(frozen=True)
class Measured:
    """What was found out about one case."""

    case: Case
    times: dict[str, Timed]
    ours: measure.Compiling
    theirs: measure.Compiling

    def cost(self, peer: str) -> float:
        """Value and gradient in times of the function."""
        return self.times[f"{peer} gradient"].median / self.times[peer].median

    @property
    def beside_jax(self) -> float:
        return self.times["hloc gradient"].median / self.times["jax gradient"].median


def all_cases(scale: float = 1.0) -> Iterator[Case]:
    for family in (scalars, networks, series, grids):
        yield from family.cases(scale)


def tables(rounds: int, scale: float = 1.0, wanted: Callable[[Case], bool] = lambda _: True) -> list[Table]:
    """All tables, over the cases that are wanted."""
    found = []
    for case in filter(wanted, all_cases(scale)):
        times = measure.times(case, rounds)
        compiled = [measure.compiling(case, peer) for peer in (measure.ours, measure.theirs)]
        found.append(Measured(case, times, *compiled))
    by_size = in_place(rounds, scale)
    return [time_table(found), by_size.table, compile_table(found), bars(found, by_size)]


def time_table(found: list[Measured]) -> Table:
    rows = []
    for m in found:
        columns = [m.times[name].median for name in ("hloc", "hloc gradient", "jax", "jax gradient")]
        others = "; ".join(f"{name} {seconds(m.times[name].median)}" for name, _ in m.case.beside)
        rows.append(
            [
                m.case.name,
                *map(seconds, columns[:2]),
                f"{m.cost('hloc'):.2f}",
                f"{m.case.bar:g}",
                *map(seconds, columns[2:]),
                f"{m.cost('jax'):.2f}",
                f"{m.beside_jax:.2f}",
                others or "–",
            ]
        )
    head = ["program", "hloc f", "f and gradient", "ratio", "bar", "jax f", "f and gradient", "ratio", "hloc / jax"]
    return Table(
        "Derivatives",
        "`hloc.value_and_grad` beside `jax.jit(jax.value_and_grad(…))`, f64. Ratio: f and gradient in times of f.",
        [*head, "jax otherwise"],
        rows,
        "jax has no reverse mode for loops of unknown length: its form of the dynamic loops runs a fixed number of "
        "steps, the next power of two, those after the end without effect.",
    )


@dataclass(frozen=True)
class BySize:
    """Loops that write in place, at several sizes. steep: how much more than the size the gradient's time grows."""

    table: Table
    worst: float
    steep: float


def in_place(rounds: int, scale: float) -> BySize:
    random = np.random.default_rng(5)
    rows, worst, lengths = [], 0.0, []
    for n, sweeps in ((100, 15), (200, 20), (400, 40)):
        size = max(4, int(n * scale))
        grid = random.random((size, size))
        case = Case(f"Gauss-Seidel, {n}×{n}, {sweeps} sweeps", grids.seidel, grids.seidel_jax, (grid, sweeps))
        times = _beside_hand_written(case, rounds, jax_runs=n == 100)
        worst = max(worst, times["hloc gradient"].median / times["hloc"].median)
        rows.append(_by_size(case, times))
    for n in (1000, 4000, 16_000):
        size = max(4, int(n * scale))
        case = Case(f"a[i+1] = sin(a[i])/2 + 1, n = {n}", grids.recurrence, grids.recurrence_jax, (0.3, size))
        times = _beside_hand_written(case, rounds, jax_runs=True)
        lengths.append((size, times["hloc gradient"].median))
        rows.append(_by_size(case, times))
    (short, before), (long, after) = lengths[0], lengths[-1]
    table = Table(
        "Derivatives of loops that write in place",
        "Against adjoints written by hand for `numba.njit` (value and gradient), and jax's loops with `.at[].set`.",
        ["program", "hloc f", "f and gradient", "ratio", "by hand", "hloc / by hand", "jax", "hloc / jax"],
        rows,
    )
    return BySize(table, worst, after / before / (long / short))


def _beside_hand_written(case: Case, rounds: int, jax_runs: bool) -> dict[str, Timed]:
    mine, hand = measure.ours(case), grids.hand_written[case.function]
    measure.assert_same(mine.gradient(*case.arguments), hand(*case.arguments), case.name)
    placed = mine.on_device(case.arguments)
    contenders = {
        "hloc": Contender(lambda *xs: measure.wait(mine.function(*xs)), lambda: placed),
        "hloc gradient": Contender(lambda *xs: measure.wait(mine.gradient(*xs)), lambda: placed),
        "by hand": Contender(hand, lambda: case.arguments),
    }
    if jax_runs:
        jaxs = measure.theirs(case)
        there = jaxs.on_device(case.arguments)
        contenders["jax"] = Contender(lambda *xs: measure.wait(jaxs.gradient(*xs)), lambda: there)
    return interleaved(contenders, rounds)


def _by_size(case: Case, times: dict[str, Timed]) -> list[str]:
    function, gradient, hand = (times[name].median for name in ("hloc", "hloc gradient", "by hand"))
    jaxs = times.get("jax")
    return [
        *(case.name, seconds(function), seconds(gradient), ratio(gradient, function)),
        *(seconds(hand), ratio(gradient, hand)),
        *((seconds(jaxs.median), ratio(gradient, jaxs.median)) if jaxs else ("not run", "–")),
    ]


def compile_table(found: list[Measured]) -> Table:
    rows = []
    for m in found:
        mine, other = m.ours, m.theirs
        rows.append(
            [
                *(m.case.name, seconds(mine.function), seconds(mine.gradient), ratio(mine.gradient, mine.function)),
                ratio(mine.longer, mine.gradient) if mine.longer else "–",
                *(seconds(other.function), seconds(other.gradient), ratio(mine.gradient, other.gradient)),
                *(_kilobytes(mine.memory), _kilobytes(other.memory)),
            ]
        )
    head = ["program", "hloc f", "f and gradient", "ratio", "10× the trips", "jax f", "f and gradient", "hloc / jax"]
    return Table(
        "Derivatives: compile time and memory",
        "CPU time from source to a compiled program, nothing cached; the gradient for ten times the trips in times of "
        "the gradient; temporaries of value and gradient.",
        [*head, "memory, hloc", "memory, jax"],
        rows,
    )


def _kilobytes(size: int) -> str:
    return f"{size / 1024:,.0f} kB"


def bars(found: list[Measured], by_size: BySize) -> Table:
    """What is wanted, what was found, and whether that is enough."""
    costs = [m.cost("hloc") for m in found]
    scalar = max(m.cost("hloc") for m in found if m.case.bar == SCALAR_LOOP)
    long = max(m.cost("hloc") for m in found if m.case.function is series.relaxation)
    needed = [m for m in found if m.case.not_slower]
    slowest = max(needed, key=lambda m: m.beside_jax)
    fattest = max(needed, key=lambda m: m.ours.memory / max(m.theirs.memory, 1))
    compiled = max(found, key=lambda m: m.ours.gradient / m.ours.function)
    steep = max(m.ours.longer / m.ours.gradient for m in found if m.ours.longer)
    rows = [
        _bar("gradient / function, median", statistics.median(costs), 3.0),
        _bar("gradient / function, worst", max(costs), ANY),
        _bar("gradient / function, scalar loops", scalar, SCALAR_LOOP),
        _bar("gradient / function, Gauss-Seidel", by_size.worst, IN_PLACE),
        _bar("gradient / function, dynamic while", long, IN_PLACE),
        _bar("a[i+1] = sin(a[i])/2 + 1: time over length, n = 16,000 against 1,000", by_size.steep, 1.2),
        _bar(f"gradient, hloc / jax: {slowest.case.name}", slowest.beside_jax, 1.05),
        _bar(f"memory, hloc / jax: {fattest.case.name}", fattest.ours.memory / max(fattest.theirs.memory, 1), 1.01),
        _bar(f"compile time, {compiled.case.name}", compiled.ours.gradient / compiled.ours.function, 3.0),
        _bar("compile time at ten times the trips", steep, 1.3),
    ]
    return Table("Derivatives: what is wanted of them", "", ["", "found", "at most", ""], rows)


def _bar(what: str, found: float, most: float) -> list[str]:
    return [what, f"{found:.2f}", f"{most:g}", "met" if found <= most else "missed"]
