"""The recursive programs with their arguments, and with what Numba makes of the same source."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tools.benchmarks import recursive_programs as programs

Arrays = tuple[np.ndarray[Any, Any], ...]


@dataclass(frozen=True)
class Recursive:
    """A program.

    Fields:
        arguments: makes fresh ones.   changes: whether the program changes them.
        count: by what its time is divided; None: by the calls that CPython makes.
        bar: the most ns by this that are wanted;  least: how many times faster than CPython it is to be.
    """

    name: str
    function: Callable[..., Any]
    arguments: Callable[[], tuple[Any, ...]]
    changes: bool = False
    count: int | None = None
    bar: float | None = None
    least: float | None = None

    def calls(self) -> int:
        """How many calls of Python functions one call makes, itself included."""
        count = 0

        def note(frame: types.FrameType, event: str, _: object) -> None:
            nonlocal count
            count += event == "call"

        arguments = self.arguments()
        sys.setprofile(note)
        try:
            self.function(*arguments)
        finally:
            sys.setprofile(None)
        return count


def level_by_level(nodes: int) -> Arrays:
    """A full binary tree, numbered level by level: the children i64[nodes] on both sides, values f64[nodes]."""
    below = 2 * np.arange(nodes)
    left, right = (np.where(below + side < nodes, below + side, -1) for side in (1, 2))
    return left, right, np.random.default_rng(7).normal(size=nodes)


def grown(nodes: int) -> Arrays:
    """A tree that grew by chance, its nodes numbered in the order in which they came."""
    random = np.random.default_rng(8)
    children = np.full((2, nodes), -1)
    for node in range(1, nodes):
        at, side = 0, random.integers(2)
        while children[side, at] >= 0:
            at, side = children[side, at], random.integers(2)
        children[side, at] = node
    return children[0], children[1], random.normal(size=nodes)


def recursions(scale: float = 1.0) -> Iterator[Recursive]:
    """All programs; `scale` makes the long ones shorter."""
    unsorted = np.random.default_rng(9).random(max(3, int(1e5 * scale)))
    discs, nodes, sides = max(2, round(18 * scale)), max(3, int(1e5 * scale)), max(3, int(300 * scale))
    yield Recursive(f"fib({max(2, round(25 * scale))})", programs.fib, lambda: (max(2, round(25 * scale)),), bar=15.0)
    yield Recursive(f"Ackermann(2, {sides})", programs.ackermann, lambda: (2, sides), bar=4.4)
    yield Recursive("tak(18, 12, 6)", programs.tak, lambda: (18, 12, 6), least=8.0)
    yield Recursive(f"hanoi({discs}), counted", programs.hanoi_count, lambda: (discs, 0, 2, 1), least=8.0)
    yield Recursive(
        f"hanoi({discs}), moves in an array",
        programs.hanoi_moves,
        lambda: (discs, 0, 2, 1, np.zeros((2**discs - 1, 2), np.int64), 0),
        changes=True,
        least=8.0,
    )
    full, by_chance = level_by_level(nodes), grown(nodes)
    size = f"{nodes:,} nodes"
    yield Recursive(f"tree sum, {size}, full", programs.tree_sum, lambda: (*full, 0), count=nodes, bar=9.9)
    yield Recursive(f"tree sum, {size}, grown by chance", programs.tree_sum, lambda: (*by_chance, 0), count=nodes)
    yield Recursive(
        f"quicksort, {nodes:,}", programs.quicksort, lambda: (unsorted.copy(), 0, nodes - 1), True, least=8.0
    )
    attacked = tuple(np.zeros(count, np.bool_) for count in (8, 15, 16))
    yield Recursive("8 queens", programs.queens, lambda: (8, 0, *attacked))
    yield Recursive("adaptive Simpson", programs.area, lambda: (0.0, 1.0, 1e-11), least=8.0)
    yield Recursive(f"gcds of pairs up to {sides} (tail)", programs.all_gcds, lambda: (sides,))
    yield Recursive(f"x**n by products, n = {3 * sides} (linear)", programs.power, lambda: (0.9999, 3 * sides))
    start, momentum = np.array([0.3, -0.2]), np.array([1.1, 0.4])
    yield Recursive("NUTS, 20 trees", programs.nuts_trees, lambda: (start, momentum, 0.05, 5, 20))


def in_numba(function: Callable[..., Any]) -> Callable[..., Any]:
    """`numba.njit` of the function and of all that it calls by a global name."""
    import numba

    scope = dict(vars(programs))
    for name, found in vars(programs).items():
        if isinstance(found, types.FunctionType):
            scope[name] = numba.njit(types.FunctionType(found.__code__, scope, name))
    made: Callable[..., Any] = scope[function.__name__]
    return made
