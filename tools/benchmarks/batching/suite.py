"""The tables of batching, and whether what is wanted of it holds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import hloc
from hloc.runtime.array import array
from tools.benchmarks.batching import arrays, divergent, sampling, solver, uniform
from tools.benchmarks.batching.case import HLOC, JAX, NUMBA, ONE, Case, Measured, measure, on_device
from tools.benchmarks.report import Table, seconds
from tools.benchmarks.results import assert_same, wait
from tools.benchmarks.timing import Contender, interleaved

BY_HAND = "by hand"
SAME_LOOP = 1.1
"""What a loop with the same trips in all lanes may take, in times of the loop over arrays that one writes by hand."""


def divergent_cases(scale: float = 1.0) -> Iterator[Case]:
    for family in (divergent, solver, sampling):
        yield from family.cases(scale)


def tables(rounds: int, scale: float = 1.0) -> list[Table]:
    whole = [measure(case, rounds) for case in arrays.cases(scale)]
    loops = [same_trips(found, rounds) for found in uniform.cases(scale)]
    parting = [measure(case, rounds) for case in divergent_cases(scale)]
    return [
        array_table(whole),
        loop_table(loops),
        divergent_table(parting),
        gradients_table([m for m in parting if m.case.function is sampling.chain]),
        bars(whole, loops, parting),
    ]


# --- arrays


def array_table(found: list[Measured]) -> Table:
    rows = [
        [m.case.name, f"{m.case.lanes:,}", *(seconds(m.times[name].median) for name in (HLOC, JAX)), *_ratios(m, JAX)]
        for m in found
    ]
    return Table(
        "Batching",
        "`hloc.vmap` beside `jax.jit(jax.vmap(…))`, f64, programs over arrays in each lane.",
        ["program", "lanes", "hloc", "jax.vmap", "hloc / jax", "minima: hloc / jax"],
        rows,
    )


def _ratios(m: Measured, peer: str) -> list[str]:
    if peer not in m.times:
        return ["–", "–"]
    return [f"{m.ratio(peer):.2f}", f"{m.of_minima(peer):.2f}"]


# --- the same trips in all lanes


def same_trips(loop: uniform.Uniform, rounds: int) -> tuple[uniform.Uniform, Measured]:
    """Times, with those of the loop that is written by hand over the arrays of all lanes."""
    case, hand = loop.case, hloc.compile(loop.by_hand)
    assert_same(hand(*case.arguments), case.ours()(*case.arguments), case.name)
    placed = on_device(array, case.arguments)
    ours = case.ours()
    contenders = {
        HLOC: Contender(lambda *xs: wait(ours(*xs)), lambda: placed),
        BY_HAND: Contender(lambda *xs: wait(hand(*xs)), lambda: placed),
    }
    measured = measure(case, rounds)
    beside = interleaved(contenders, rounds)
    return loop, Measured(case, {**measured.times, **beside})


def loop_table(found: list[tuple[uniform.Uniform, Measured]]) -> Table:
    rows = []
    for loop, m in found:
        names = (HLOC, BY_HAND, "simd", "serial", JAX, ONE)
        rows.append(
            [
                *(m.case.name, f"{m.case.lanes:,}"),
                *(seconds(m.times[name].median) for name in names),
                f"{m.times[HLOC].median / loop.trips / m.case.lanes * 1e9:.3g}",
                *(f"{found:.2f}" for found in (m.ratio(BY_HAND), m.of_minima(BY_HAND), m.ratio(ONE))),
            ]
        )
    head = ["body", "lanes", "hloc", "by hand", "simd", "serial", "jax.vmap", "one lane", "ns by lane and trip"]
    return Table(
        "Batching: loops with the same trips in all lanes",
        "A `for` of 1,000 trips. By hand: the loop over arrays with a row for each lane, compiled by hloc. One lane: "
        "the function by itself.",
        [*head, "hloc / by hand", "minima: hloc / by hand", "hloc / (lanes × one lane)"],
        rows,
    )


# --- lanes that part


def divergent_table(found: list[Measured]) -> Table:
    rows = []
    for m in found:
        others = "; ".join(f"{name} {seconds(m.times[name].median)}" for name in m.case.strategies)
        rows.append(
            [
                *(m.case.name, f"{m.case.lanes:,}", seconds(m.times[HLOC].median), others),
                *(seconds(m.times[name].median) if name in m.times else "–" for name in (NUMBA, JAX, ONE)),
                *(f"{m.ratio(name):.2g}" if name in m.times else "–" for name in (NUMBA, JAX, ONE)),
                f"{m.utilisation:.0%}" if m.utilisation is not None else "–",
            ]
        )
    head = ["program", "lanes", "hloc", "by strategy", "Numba", "jax.vmap", "one lane", "hloc / Numba", "hloc / jax"]
    return Table(
        "Batching: loops that end when the data say so",
        "Numba: a loop over lanes. One lane: the mean over lanes that run by themselves, one call each. Utilisation: "
        "the share of lanes that are active, on average over the trips of a loop that runs for all lanes at once.",
        [*head, "hloc / (lanes × one lane)", "utilisation"],
        rows,
        "jax has no reverse mode for `while_loop`: its gradient is that of a scan of checkpointed pieces, as long as "
        "the longest lane needs. It has no recursion either.",
    )


def gradients_table(found: list[Measured]) -> Table:
    """Effective gradients by second: those that a chain asks for, not those that are computed for waiting lanes."""
    rows = []
    for m in found:
        placed = on_device(array, m.case.arguments)
        count = int(np.asarray(m.case.ours()(*placed)[1]).sum())
        alone = m.times[ONE].median * m.case.lanes
        rows.append(
            [
                *(m.case.name, f"{count:,}"),
                *(f"{count / m.times[name].median:,.0f}" for name in (HLOC, *m.case.strategies)),
                f"{count / alone:,.0f}",
                f"{m.utilisation:.0%}",
            ]
        )
    strategies = found[0].case.strategies
    return Table(
        "Batching: gradients of the No-U-Turn sampler by second",
        "`build_tree` calls itself; the gradients that the chains ask for, by second of processor time.",
        ["chains", "gradients", "hloc", *strategies, "one chain after another", "utilisation"],
        rows,
    )


# --- what is wanted


def bars(whole: list[Measured], loops: list[tuple[uniform.Uniform, Measured]], parting: list[Measured]) -> Table:
    rows = []
    for m in whole:
        rows += [_bar(f"{m.case.name}: hloc / {peer}", m.of_minima(peer), most) for peer, most in m.case.bars.items()]
    for lanes in uniform.LANES:
        worst = max((m.of_minima(BY_HAND) for _, m in loops if m.case.lanes == lanes), default=0.0)
        rows.append(_bar(f"loops with the same trips, {lanes:,} lanes: hloc / by hand, worst", worst, SAME_LOOP))
    for m in parting:
        for peer, most in m.case.bars.items():
            of = f"lanes × {peer}" if peer == ONE else peer
            rows.append(_bar(f"{m.case.name}: hloc / {of}", m.ratio(peer), most))
    text = "Ratios near 1 are those of minima, the others of medians."
    below = (
        "jax's form of a scalar `while` is a vectorised kernel in which all lanes wait for the longest: three times as "
        "fast as that is out of reach where most lanes are active. hloc goes in step too where that pays."
    )
    return Table("Batching: what is wanted of it", text, ["", "found", "at most", ""], rows, below)


def _bar(what: str, found: float, most: float) -> list[str]:
    return [what, f"{found:.3g}", f"{most:.3g}", "met" if found <= most else "missed"]
