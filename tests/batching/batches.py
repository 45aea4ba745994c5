"""Batches for programs that list arguments of single calls: lanes with these arguments, and with others made from them.

    batches(fib, [(3,), (10,)])  →  Batch(arguments=([3, 10, 0, 1, 4, 2, 7],), in_axes=(0,))

Numbers, arrays and containers of them are mapped, anything else is shared. Lanes are the listed arguments of the same
shapes and types as the first, then changed ones: loop bounds of 0, 1 and more, other values and orders in arrays.
A lane stays if CPython soon runs it to its end. Lanes that fail make a batch of their own, after some that do not.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tests.recursion.agreement import deep_recursion

from .oracle import Outcome, axes_of, changed_pairs, children, leaf_pairs, outcome, with_children

LANES = 7
LINES = 100_000
"""What a lane may run in CPython."""

DEPTH = 1200
"""How deep a lane with changed arguments may recurse."""

UNFIT = (TypeError, OverflowError, RecursionError, MemoryError, NameError, AttributeError)
"""Errors that say that a changed argument is none for this program, or that it wants Python's own numbers."""


class NoBatchError(Exception):
    """A program that cannot be mapped; the reason."""


@dataclass(frozen=True)
class Batch:
    """Arguments of a batched call: stacked where `in_axes` is 0, shared where it is None."""

    arguments: tuple[Any, ...]
    in_axes: tuple[int | None, ...]
    fails: bool

    def of_size(self, size: int) -> Batch:
        """The same lanes again and again, so many in all."""
        keep = np.arange(size) % len(next(iter(lane_axes(self.arguments, self.in_axes))))
        again = changed_pairs(
            self.arguments, axes_of(self.arguments, self.in_axes), lambda x, axis: x if axis is None else x[keep]
        )
        return replace(self, arguments=again)


def lane_axes(arguments: tuple[Any, ...], in_axes: tuple[int | None, ...]) -> Iterator[Any]:
    """The arrays that have lanes."""
    return (x for x, axis in leaf_pairs(arguments, axes_of(arguments, in_axes)) if axis is not None)


def batches(
    function: Callable[..., Any], cases: Sequence[tuple[Any, ...]], shared: frozenset[int] = frozenset()
) -> list[Batch]:
    """A batch of lanes that end, and one in which a lane fails if there is such a lane.

    shared: places of arguments that are not mapped, whatever they are.
    Raises: NoBatchError.
    """
    mapped = [j for j, x in enumerate(cases[0]) if j not in shared and is_mappable(x)]
    if not mapped:
        raise NoBatchError("no argument can be mapped")
    in_axes = tuple(0 if j in mapped else None for j in range(len(cases[0])))
    good, bad, seen = [], [], set()
    for listed, candidate in candidates(cases, mapped):
        numbers = as_numpy(candidate, mapped)
        key = repr([candidate[j] for j in mapped])
        if key in seen or (found := run_briefly(function, numbers, listed)) is None:
            continue
        seen.add(key)
        if found.error is None:
            good.append(numbers)
        elif isinstance(found.error, UNFIT):
            reason = repr(found.error)
            if candidate is cases[0]:
                raise NoBatchError(f"not with NumPy's numbers: {reason}")
        else:
            bad.append(numbers)
        if len(good) >= LANES and len(seen) >= 2 * LANES:
            break
    result = [Batch(stack_lanes(good[:LANES], mapped), in_axes, False)] if len(good) > 1 else []
    if bad:
        rows = [*good[:2], *bad[:1], *good[2:4], *bad[1:3]]
        result.append(Batch(stack_lanes(rows, mapped), in_axes, True))
    if not result:
        raise NoBatchError("fewer than two lanes")
    return result


def is_mappable(x: Any) -> bool:
    """Numbers, arrays of numbers, and containers of these."""
    parts = children(x)
    if parts is not None:
        return bool(parts) and all(map(is_mappable, parts))
    return isinstance(x, bool | int | float | complex | np.ndarray | np.generic) and np.asarray(x).dtype.kind in "biufc"


def candidates(cases: Sequence[tuple[Any, ...]], mapped: Sequence[int]) -> Iterator[tuple[bool, tuple[Any, ...]]]:
    """The cases like the first one, then changed ones: one argument at a time, then all. And whether they are listed."""
    first = cases[0]
    like = [case for case in cases if len(case) == len(first) and alike(case, first, mapped)]
    yield from ((True, case) for case in like)
    for change in range(6):
        base = like[change % len(like)]
        for j in [*mapped, None]:
            yield False, tuple(changed(x, change) if i in mapped and j in (i, None) else x for i, x in enumerate(base))


def alike(case: tuple[Any, ...], first: tuple[Any, ...], mapped: Sequence[int]) -> bool:
    """Of the same shapes and types where arguments are mapped, else the same."""
    return all(
        kind(x) == kind(y) if j in mapped else kind(x) == kind(y) and repr(x) == repr(y)
        for j, (x, y) in enumerate(zip(case, first, strict=True))
    )


def kind(x: Any) -> Any:
    parts = children(x)
    if parts is not None:
        return type(x), *map(kind, parts)
    return type(x), np.shape(x), getattr(x, "dtype", None)


def changed(x: Any, change: int) -> Any:
    """Another value of the same kind: the `change`-th."""
    parts = children(x)
    if parts is not None:
        return with_children(x, [changed(p, change) for p in parts])
    if isinstance(x, bool | np.bool_):
        return type(x)(change % 2 == 0)
    if isinstance(x, np.ndarray) and x.ndim:
        if x.dtype.kind in "fc" and change % 2 == 0:
            return (x * (0.75, -0.5, 0.25)[change // 2]).astype(x.dtype)
        return (np.flip(x), np.roll(x, 1), np.roll(x, 2))[change // 2].copy()
    if isinstance(x, int | np.integer) or np.asarray(x).dtype.kind in "iu":
        value = (0, 1, int(x) + 1, int(x) - 1, 2 * int(x) + 3, -1)[change]
        return np.asarray(value).astype(x.dtype)[()] if isinstance(x, np.ndarray | np.generic) else value
    value = (x * 0.75, x + 0.5, -x, x * 1.5, x * 0.0, x - 1.0)[change]
    return np.asarray(value).astype(x.dtype)[()] if isinstance(x, np.ndarray | np.generic) else value


def as_numpy(case: tuple[Any, ...], mapped: Sequence[int]) -> tuple[Any, ...]:
    """The arguments as a lane gets them: numbers are NumPy's where they are mapped."""

    def number(x: Any) -> Any:
        parts = children(x)
        return np.asarray(x)[()] if parts is None else with_children(x, list(map(number, parts)))

    return tuple(number(x) if j in mapped else x for j, x in enumerate(case))


def stack_lanes(rows: Sequence[tuple[Any, ...]], mapped: Sequence[int]) -> tuple[Any, ...]:
    """The arguments of all lanes, stacked in front."""

    def stack(parts: Sequence[Any]) -> Any:
        if children(parts[0]) is None:
            return np.stack([np.asarray(p) for p in parts])
        columns = zip(*(children(p) or [] for p in parts), strict=True)
        return with_children(parts[0], list(map(stack, columns)))

    return tuple(
        stack(column) if j in mapped else copy.deepcopy(column[0]) for j, column in enumerate(zip(*rows, strict=True))
    )


class TooLongError(BaseException):
    """A lane does not end soon."""


def run_briefly(function: Callable[..., Any], arguments: tuple[Any, ...], listed: bool) -> Outcome | None:
    """What CPython does, unless that takes long. Changed arguments may make a recursion endless."""
    try:
        with line_limit(LINES), nullcontext() if listed else deep_recursion(DEPTH):
            return outcome(function, arguments)
    except TooLongError:
        return None


@contextmanager
def line_limit(lines: int) -> Iterator[None]:
    """So many lines of Python are run, the same on every machine, before TooLongError."""
    left = lines

    def trace(frame: Any, event: str, _: Any) -> Any:
        nonlocal left
        left -= event == "line"
        if left < 0 and frame.f_globals.get("__name__") != "weakref":  # what a callback raises there is lost
            raise TooLongError
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)
