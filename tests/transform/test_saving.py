"""What the adjoint of a loop saves, how much room it asks for, and loops that run in segments to save less."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hloc.frontend.context import Options
from hloc.frontend.entry import specialize
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module
from hloc.ir.to_python import run_python
from hloc.ir.types import F64
from hloc.ir.verifier import verify
from hloc.ops.control import Linearize, Pullback
from hloc.ops.helpers import constant
from hloc.transform.differentiate import Sites, differentiate
from hloc.transform.differentiate.mincut import minimum_vertex_cut
from hloc.transform.differentiate.tiling import best_stride
from hloc.transform.simplify import simplify


def gradient(function: Callable[..., Any], args: tuple[Any, ...], sites: Sites) -> Module:
    """A module that gives the value, its gradient by the first argument, and `needed` of both sweeps."""
    program = specialize(function, dict(zip(function.__code__.co_varnames, args, strict=False)), Options())
    module = program.module
    simplify(module)
    main = module.functions.pop("main")
    main.name = function.__name__
    module.add(main)
    block = Block()
    b = Builder(block)
    inputs = [block.add_arg(v.type, v.name) for v in main.params]
    types = [v.type for v in main.results]
    attrs = {"function": main.name, "wrt": 1, "outputs": 1}
    *values, tape, needed = b.emit_op(Linearize, inputs, [*types, constant(b, 0).type, constant(b, 0).type], attrs)
    bar, more = b.emit_op(Pullback, [tape, constant(b, 1.0)], [inputs[0].type, needed.type])
    block.results = [values[0], bar, needed, more]
    module.add(Function("main", block))
    differentiate(module, sites)
    verify(module)
    simplify(module)
    verify(module)
    return module


def check(function: Callable[..., Any], *args: Any, **choices: Any) -> Sites:
    """Compare the gradient by the first argument with differences; what was saved."""
    sites = Sites(**choices)
    module = gradient(function, args, sites)
    value, bar, needed, more = run_python(module, args)
    assert (needed, more) == (0, 0)
    assert value == pytest.approx(function(*args), rel=1e-12)
    x, step = np.asarray(args[0]), 1e-6
    for place in np.ndindex(x.shape):
        moved = np.zeros_like(x)
        moved[place] = step
        slope = (function(x + moved, *args[1:]) - function(x - moved, *args[1:])) / (2 * step)
        assert bar[place] == pytest.approx(slope, rel=1e-6, abs=1e-7)
    return sites


def names(sites: Sites) -> list[tuple[str, int]]:
    return [(saved.name, saved.rows) for saved in sites.saved]


X = np.linspace(0.4, 1.3, 5)


def chain(a):
    a = a.copy()
    for i in range(4):
        a[i + 1] = np.sin(a[i]) / 2 + 1
    return a[4] + a[2]


def stencil(a):
    a = a.copy()
    for _ in range(3):
        for i in range(1, 4):
            a[i] = (a[i - 1] + a[i] + a[i + 1]) / 3
    return np.sum(a * a)


def settling(x, limit):
    count = 0
    while x < limit:
        x = x * 1.3 + 0.01 * np.sin(x)
        count += 2
    return x * count


def nested(x, limit):
    total = 0.0
    for i in range(5):
        y = x + i
        while y < limit:
            y = y * 1.2 + 0.1 * np.sin(y)
        total += y * y
    return total


def test_array_written_in_place_saves_elements() -> None:
    (saved,) = check(chain, X).saved
    assert saved.type == F64
    assert saved.rows == 4
    assert not saved.learned


def test_linear_loop_saves_nothing() -> None:
    assert check(stencil, X).saved == []


def test_counters_are_computed_again() -> None:
    assert names(check(settling, 0.5, 6.0)) == [("x", 4096)]


def test_cheap_values_are_computed_again() -> None:
    def polynomial(x):
        for _ in range(4):
            x = 3.6 * x * (1.0 - x) + (x + 1.0) * (x - 2.0)
        return x

    assert names(check(polynomial, 0.3)) == [("x", 4)]


def test_branches_hand_out_what_is_read_of_them() -> None:
    def bend(x):
        for _ in range(6):
            x = x + 0.3 * np.sin(x) if x < 1.5 else x * np.cos(0.2 * x)
        return x

    assert {rows for _, rows in names(check(bend, 0.7))} == {6}


def test_rows_are_counted_beyond_the_room_and_nothing_runs_backwards() -> None:
    module = gradient(settling, (0.5, 6.0), Sites(first=2))
    trips = 10
    value, bar, needed, _ = run_python(module, [np.float64(0.5), np.float64(6.0)])
    assert value == pytest.approx(settling(0.5, 6.0))
    assert divmod(int(needed), 1 << 40) == (1, trips)
    assert bar == 2 * trips


def test_room_that_was_learned_is_used() -> None:
    assert names(check(settling, 0.5, 6.0, first=2, capacities={1: 16})) == [("x", 16)]


def test_inner_loops_share_rows_one_after_another() -> None:
    sites = check(nested, 0.8, 20.0)
    assert {saved.rows for saved in sites.saved} == {4096, 5}
    assert sites.count == 1


@pytest.mark.parametrize("function", [chain, stencil])
@pytest.mark.parametrize("budget", [1, 40])
def test_segments_of_counted_loops(function: Callable[..., Any], budget: int) -> None:
    check(function, X, budget=budget)


def test_segments_save_less() -> None:
    def long(x):
        for _ in range(100):
            x = x + 0.01 * np.sin(x) * np.cos(x)
        return x

    plain, in_segments = check(long, 0.5), check(long, 0.5, budget=1000)
    total = [sum(saved.nbytes for saved in sites.saved) for sites in (plain, in_segments)]
    assert total[1] <= 1000 < total[0]


def test_segments_of_a_loop_that_counts_down() -> None:
    def down(x):
        for i in range(59, -1, -1):
            x = x + 0.01 * np.sin(x * i)
        return x

    check(down, 0.5, budget=300)


def test_segments_of_a_dynamic_loop() -> None:
    sites = check(nested, 0.8, 20.0, budget=100, first=64)
    assert any(saved.reason.startswith("a part that is run again") for saved in sites.saved)
    check(settling, 0.5, 300.0, budget=100, first=64)


def test_best_stride_needs_the_least_memory() -> None:
    for trips, row, carry in itertools.product((10, 100, 12345), (8, 800), (8, 80)):
        stride = best_stride(trips, row, carry)
        costs = {s: -(-trips // s) * carry + s * row for s in range(1, trips + 1)}
        if stride is not None:
            assert costs[stride] <= 1.2 * min(costs.values())
            assert 2 * costs[stride] <= trips * row


def test_minimum_vertex_cut_is_minimal() -> None:
    rng = np.random.default_rng(3)
    for _ in range(60):
        n = 8
        edges = [(i, j) for i in range(n) for j in range(i + 1, n) if rng.random() < 0.35]
        cost = {v: int(rng.integers(1, 9)) for v in range(n)}
        sources, sinks = [0, 1], [6, 7]

        def separated(removed: set[int], edges: Any = edges, sources: Any = sources, sinks: Any = sinks) -> bool:
            reached = set(sources) - removed
            for i, j in sorted(edges):
                if i in reached and j not in removed:
                    reached.add(j)
            return not reached & set(sinks)

        found = minimum_vertex_cut(cost, edges, sources, sinks)
        assert separated(found)
        subsets = (set(c) for r in range(n + 1) for c in itertools.combinations(range(n), r))
        assert sum(cost[v] for v in found) == min(sum(cost[v] for v in s) for s in subsets if separated(s))
