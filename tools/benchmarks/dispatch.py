"""What one call of a compiled function costs beside jax.jit: small arrays, so that computing them costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import hloc
from hloc.runtime.array import array
from tools.benchmarks.report import Table, ratio, seconds
from tools.benchmarks.timing import Contender, interleaved

jax.config.update("jax_enable_x64", True)


def double(a):  # type: ignore[no-untyped-def] # programs as users write them
    return a + a


def add(a, b):  # type: ignore[no-untyped-def]
    return a + b


def multiply_add(a, b, c):  # type: ignore[no-untyped-def]
    return a * b + c


def update(a, b):  # type: ignore[no-untyped-def]
    a[0] = b[1]


CASES: list[tuple[Callable[..., Any], int]] = [(double, 1), (add, 2), (multiply_add, 3)]


def _row(name: str, ours: Contender, theirs: Contender | None, rounds: int) -> list[str]:
    both = {"hloc": ours} if theirs is None else {"hloc": ours, "jax.jit": theirs}
    found = interleaved(both, rounds)
    mine, jaxs = found["hloc"], found.get("jax.jit")
    return [
        name,
        seconds(jaxs.median) if jaxs else "–",
        seconds(mine.median),
        ratio(mine.median, jaxs.median) if jaxs else "–",
        ratio(mine.least, jaxs.least) if jaxs else "–",
    ]


def tables(rounds: int, size: int = 100) -> list[Table]:
    rows = []
    for function, count in CASES:
        ours, theirs = hloc.compile(function), jax.jit(function)
        host = tuple(np.random.default_rng(4).random((count, size)))
        device, jax_device = tuple(map(array, host)), tuple(map(jnp.asarray, host))

        def wait(*xs: Any, call: Any = ours) -> Any:
            return call(*xs).block_until_ready()

        def jax_wait(*xs: Any, call: Any = theirs) -> Any:
            return call(*xs).block_until_ready()

        for kind, mine, jaxs in (("device arrays", device, jax_device), ("NumPy arrays", host, host)):
            name = f"{count} {kind}" if count > 1 else f"1 {kind[:-1]}"
            rows.append(_row(name, Contender(wait, lambda m=mine: m), Contender(jax_wait, lambda j=jaxs: j), rounds))
    numbers = hloc.compile(add)
    their_numbers = jax.jit(add)
    rows.append(
        _row(
            "2 Python numbers, a number back",
            Contender(numbers, lambda: (1.5, 2.5)),
            Contender(lambda *xs: float(their_numbers(*xs)), lambda: (1.5, 2.5)),
            rounds,
        )
    )
    written = hloc.compile(update)
    pair = tuple(np.random.default_rng(4).random((2, size)))
    rows.append(_row("2 NumPy arrays, one written in place", Contender(written, lambda: pair), None, rounds))
    text = f"Arrays of {size} f64; the result is waited for."
    below = (
        "Of hloc's time for device arrays about 4 µs are jaxlib's `execute_sharded` and 1.5 µs its making of the "
        "result array, both called from Python; jax.jit does all in one C++ function. The guards take less than 1 µs."
    )
    return [Table("Dispatch", text, ["call", "jax.jit", "hloc", "ratio of medians", "ratio of minima"], rows, below)]
