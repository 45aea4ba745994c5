"""What one call of a compiled function costs beside jax.jit: small arrays, so that computing them costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
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


def add_twenty(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t):  # type: ignore[no-untyped-def] # noqa: E741
    return a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p + q + r + s + t


def layers(model, x):  # type: ignore[no-untyped-def]
    hidden = model["first"]["w"] * x + model["first"]["b"]
    return model["second"]["w"] * hidden + model["second"]["b"] * model["scale"]


def update(a, b):  # type: ignore[no-untyped-def]
    a[0] = b[1]


def _cases(size: int) -> Iterator[tuple[str, Callable[..., Any], Any]]:
    """What is called, the function, its arguments as NumPy arrays."""
    random = np.random.default_rng(4).random
    yield "1 {}", double, tuple(random((1, size)))
    yield "3 {}s", multiply_add, tuple(random((3, size)))
    yield "20 {}s", add_twenty, tuple(random((20, size)))
    model = {name: {"w": random(size), "b": random(size)} for name in ("first", "second")}
    yield "a dict of dicts, 6 {}s", layers, ({**model, "scale": random(size)}, random(size))


def _row(name: str, contenders: dict[str, Contender], rounds: int) -> list[str]:
    found = interleaved(contenders, rounds)
    mine, jaxs = found["hloc"], found.get("jax.jit")
    return [
        name,
        seconds(jaxs.median) if jaxs else "–",
        seconds(mine.median),
        ratio(mine.median, jaxs.median) if jaxs else "–",
        ratio(mine.least, jaxs.least) if jaxs else "–",
    ]


def _reading(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *xs: np.asarray(function(*xs))


def _array_rows(rounds: int, size: int) -> Iterator[list[str]]:
    for name, function, host in _cases(size):
        compiled = {"hloc": hloc.compile(function), "jax.jit": jax.jit(function)}
        device = {"hloc": jax.tree.map(array, host), "jax.jit": jax.tree.map(jax.numpy.asarray, host)}
        for kind, arguments in (("device array", device), ("NumPy array", dict.fromkeys(compiled, host))):
            for how, calling in (("", lambda function: function), (", read", _reading)):
                contenders = {
                    who: Contender(calling(call), lambda values=arguments[who]: values)
                    for who, call in compiled.items()
                }
                yield _row(name.format(kind) + how, contenders, rounds)


def tables(rounds: int, size: int = 100) -> list[Table]:
    rows = list(_array_rows(rounds, size))
    numbers = jax.jit(add)
    both = {"hloc": hloc.compile(add), "jax.jit": lambda *xs: float(numbers(*xs))}
    pair = {who: Contender(call, lambda: (1.5, 2.5)) for who, call in both.items()}
    rows.append(_row("2 Python numbers, a number back", pair, rounds))
    arrays = tuple(np.random.default_rng(4).random((2, size)))
    written = {"hloc": Contender(hloc.compile(update), lambda: arrays)}
    rows.append(_row("2 NumPy arrays, one written in place", written, rounds))
    text = (
        f"Arrays of {size} f64. The result is a device array; “read” means that np.asarray makes it a NumPy array. "
        "jax.jit does not wait for its results, but so small a program runs in the calling thread in both."
    )
    return [Table("Dispatch", text, ["call", "jax.jit", "hloc", "ratio of medians", "ratio of minima"], rows)]
