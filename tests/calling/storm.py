"""A program for the tests of signals: `python storm.py` calls functions that write, and signals come at all times.

Each handler raises. After each interrupt all arguments are as before the call, or as after it.
"""

from __future__ import annotations

import gc
import random
import signal
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import hloc
from hloc.runtime import interruption


class Stop(BaseException):
    """What the handler raises."""


class State:
    """An instance with attributes that are written."""

    def __init__(self) -> None:
        self.a = self.b = 0


def bounded(u, x, d, state, items):  # type: ignore[no-untyped-def] # programs as users write them
    u += 1.0
    x += 1.0
    d["first"] += 1
    d["second"] = d.pop("second") + 1
    state.a += 1
    state.b += 1
    items.append(items.pop() + 1)


def unbounded(u, x, d, state, items):  # type: ignore[no-untyped-def]
    k = 0
    while k < 3 + 0 * d["first"]:
        k += 1
    u += k / 3
    x += 1.0
    d["first"] += 1
    d["second"] = d.pop("second") + 1
    state.a += 1
    state.b += 1
    items.append(items.pop() + 1)


def only_an_array(u, x, d, state, items):  # type: ignore[no-untyped-def]
    u += 1.0


def counts(u: Any, x: Any, d: dict[str, int], state: State, items: list[int]) -> list[float]:
    """How many calls each argument has seen."""
    (last,) = items
    assert list(d) == ["first", "second"]
    return [*np.asarray(u), *x, *d.values(), state.a, state.b, last]


def storm(compiled: Callable[..., Any], calls: int, longest: float, changed: slice) -> tuple[int, int]:
    """How many calls were interrupted, and how many of these were done all the same.

    longest: seconds from the start of a call to the signal.   changed: which counts the function changes.
    """
    values = [hloc.array(np.zeros(3)), np.zeros(3), {"first": 0, "second": 0}, State(), [0]]
    compiled(*values)
    expected, interrupted, done = 1, 0, 0
    for _ in range(calls):
        try:
            signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, longest))
            compiled(*values)
            signal.setitimer(signal.ITIMER_REAL, 0)
            expected += 1
        except Stop:
            interrupted += 1
            found = set(counts(*values)[changed])  # type: ignore[arg-type]
            assert found in ({expected}, {expected + 1}), (expected, counts(*values))  # type: ignore[arg-type]
            done += found == {expected + 1}
            expected = int(found.pop())
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    return interrupted, done


def main() -> None:
    def handler(*_: object) -> None:
        raise Stop

    random.seed(int(sys.argv[1]))
    everything, array = slice(None), slice(0, 3)
    cases = [(bounded, 150e-6, everything), (unbounded, 400e-6, everything), (only_an_array, 120e-6, array)]
    signal.signal(signal.SIGALRM, handler)
    gc.disable()  # what a handler raises in a __del__ is only printed
    for function, longest, changed in cases:
        interrupted, done = storm(hloc.compile(function), 1500, longest, changed)
        print(f"{function.__name__}: {interrupted} interrupted, {done} of these done", flush=True)
        assert 0 < done < interrupted
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    assert interruption.busy() == 0
    assert len(interruption._threads) <= 8
    print("sound")


if __name__ == "__main__":
    main()
