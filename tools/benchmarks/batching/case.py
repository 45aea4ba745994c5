"""A program of one lane with the arguments of all lanes, and measuring it beside its peers."""

from __future__ import annotations

import time
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import hloc
from hloc.runtime.array import array
from tools.benchmarks.results import assert_same, wait
from tools.benchmarks.timing import Contender, Timed, interleaved

jax.config.update("jax_enable_x64", True)

HLOC, JAX, NUMBA, ONE = "hloc", "jax.vmap", "Numba", "one lane"
SAMPLED = 64
"""As many lanes are run by themselves for the time of one."""


@dataclass(frozen=True)
class Case:
    """One program.

    Fields:
        function: one lane in plain Python.
        arguments: those of all lanes, `lanes` rows where `in_axes` has 0, and shared where it has None.
        in_jax: all lanes, for jax.jit.   in_numba: a loop over lanes for Numba, which calls plain functions.
        made: what hloc is to run, by strategy; None: `hloc.vmap` of the function.
        strategies: those that are measured beside the choice of the compiler.
        bars: the most that hloc may take, in times of a peer; of ONE by lane.
        trips: i64[lanes, …] from arguments and result: how often the innermost loop of each lane runs, for each trip of
        the loops around it.
        alone: whether the time of one lane is of interest.   seldom: jax's form is called once, as it takes so long.
    """

    name: str
    lanes: int
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    in_axes: tuple[int | None, ...]
    in_jax: Callable[..., Any] | None = None
    in_numba: Callable[..., Any] | None = None
    made: Callable[[str | None], Callable[..., Any]] | None = None
    strategies: tuple[str, ...] = ()
    bars: Mapping[str, float] = field(default_factory=dict)
    trips: Callable[..., np.ndarray[Any, Any]] | None = None
    alone: bool = False
    seldom: bool = False

    def ours(self, strategy: str | None = None) -> Callable[..., Any]:
        if self.made is not None:
            return self.made(strategy)
        mapped: Callable[..., Any] = hloc.vmap(self.function, in_axes=self.in_axes, strategy=strategy)
        return mapped

    @property
    def static(self) -> tuple[int, ...]:
        """Numbers of the arguments that jax must know when it compiles."""
        return tuple(n for n, x in enumerate(self.arguments) if isinstance(x, int))

    def lane(self, k: int) -> tuple[Any, ...]:
        """The arguments of one lane."""
        pairs = zip(self.arguments, self.in_axes, strict=True)
        return tuple(x if axis is None else jax.tree_util.tree_map(lambda leaf: leaf[k], x) for x, axis in pairs)


@dataclass(frozen=True)
class Measured:
    """CPU seconds by contender: HLOC, its strategies by their names, JAX, NUMBA, ONE (a call for each sampled lane)."""

    case: Case
    times: Mapping[str, Timed]
    utilisation: float | None = None

    def ratio(self, peer: str) -> float:
        """hloc's time in times of the peer's; beside one lane: of as many runs of it."""
        return self.times[HLOC].median / (self.times[peer].median * (self.case.lanes if peer == ONE else 1))

    def of_minima(self, peer: str) -> float:
        """The same of the least times, which other work on the machine disturbs less."""
        return self.times[HLOC].least / self.times[peer].least


def measure(case: Case, rounds: int) -> Measured:
    """Times, after a check that all contenders agree."""
    ours = {HLOC: case.ours(), **{strategy: case.ours(strategy) for strategy in case.strategies}}
    calls, peers = {name: _contender(call, array, case.arguments) for name, call in ours.items()}, {}
    if case.in_jax is not None:
        peers[JAX] = _contender(jax.jit(case.in_jax, static_argnums=case.static), jnp.asarray, case.arguments)
    if case.in_numba is not None:
        peers[NUMBA] = _contender(numba_of(case.in_numba), np.asarray, case.arguments)
    wanted = calls[HLOC].call(*calls[HLOC].arguments())
    for name, contender in {**calls, **peers}.items():
        if name != HLOC:
            assert_same(contender.call(*contender.arguments()), wanted, f"{case.name}: {name}")
    if case.seldom:
        once = interleaved_once(peers.pop(JAX))
    times = interleaved({**calls, **peers}, rounds)
    if case.seldom:
        times[JAX] = once
    if case.alone:
        times[ONE] = one_lane(case, rounds)
    return Measured(case, times, used(case, wanted))


def _contender(call: Callable[..., Any], put: Callable[..., Any], arguments: tuple[Any, ...]) -> Contender:
    placed = on_device(put, arguments)
    return Contender(lambda *xs: wait(call(*xs)), lambda: placed)


def interleaved_once(contender: Contender) -> Timed:
    """A single call; it was compiled and run before."""
    start = time.process_time()
    contender.call(*contender.arguments())
    spent = time.process_time() - start
    return Timed(spent, spent)


def one_lane(case: Case, rounds: int) -> Timed:
    """The time of one lane as a program by itself: the mean over lanes."""
    alone = hloc.compile(case.function)
    chosen = np.unique(np.linspace(0, case.lanes - 1, SAMPLED).astype(int))
    lanes = [on_device(array, case.lane(k)) for k in chosen]

    def each() -> Any:
        return wait([alone(*arguments) for arguments in lanes])

    found = interleaved({ONE: Contender(each, lambda: ())}, rounds)[ONE]
    return Timed(found.median / len(lanes), found.least / len(lanes))


def used(case: Case, result: Any) -> float | None:
    """The share of lanes that are active, on average over the trips of loops that run for all lanes at once."""
    if case.trips is None:
        return None
    trips = case.trips(*case.arguments, result)
    return float(trips.sum() / (len(trips) * trips.max(axis=0).sum()))


def on_device(put: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same arguments with their arrays, also in containers, where a contender has them."""
    return jax.tree_util.tree_map(lambda x: put(x) if isinstance(x, np.ndarray) else x, arguments)  # type: ignore[no-any-return]


def numba_of(lanes: Callable[..., Any]) -> Callable[..., Any]:
    """`numba.njit` of a loop over lanes and of the functions of its module that it calls."""
    import numba

    assert isinstance(lanes, types.FunctionType)
    scope = dict(lanes.__globals__)
    for name, found in lanes.__globals__.items():
        if isinstance(found, types.FunctionType) and found.__module__ == lanes.__module__:
            scope[name] = numba.njit(types.FunctionType(found.__code__, scope, name))
    made: Callable[..., Any] = scope[lanes.__name__]
    return made
