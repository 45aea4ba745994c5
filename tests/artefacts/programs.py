"""Functions for the tests of artefacts: a module of its own, because files name classes by the module they are in."""

from __future__ import annotations

import enum
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import hloc

SCALE = 2.5
TABLE = np.arange(4.0)
LEVELS = [float(j) for j in range(40)]
NAMES = {"first": 1.0, "second": [2.0, 3.0]}

Pair = namedtuple("Pair", "left right")


class Named(NamedTuple):
    total: Any
    count: int


class TooMany(Exception):
    pass


class Mode(enum.Enum):
    FAST = 1
    EXACT = 2


@dataclass
class Body:
    mass: float
    position: Any

    def momentum(self, speed: float) -> float:
        return self.mass * speed


def plain(x: Any, n: int = 3) -> Any:
    """Sine and table."""
    return np.sin(x) * SCALE + TABLE, n


def branching(x: float, n: int) -> float:
    if n > 3:
        return x * n
    return -x


def failing(x: Any, n: int) -> Any:
    if n > 3:
        raise TooMany("n is", n, f"{n:>4}")
    return x[n]


def printing(x: Any, n: int) -> float:
    for j in range(n):
        print("row", j, x, sep=" | ", end=".\n")
    return float(x.sum())


def writing(x: Any, seen: list[float], info: dict[str, Any], body: Body) -> int:
    x[0] = x[1] + 1.0
    seen.append(float(x[0]))
    info["sum"] = float(x.sum())
    body.mass = body.mass + 1.0
    return len(seen)


def structures(pair: Pair, body: Body, extra: dict[str, Any]) -> Any:
    return {
        "pair": Pair(pair.right, body.momentum(pair.left)),
        "named": Named(extra["x"].sum(), 3),
        "list": [1, "a", None, body.position * 2],
        "body": Body(1.0, extra["x"]),
        "same": body,
    }


def static(x: Any, axis: int, mode: Mode, names: tuple[str, ...]) -> Any:
    y = x.sum(axis=axis)
    return y * 2 if mode is Mode.FAST and "a" in names else y


def masked(x: Any) -> Any:
    return x[x > 0.5], range(len(x)), (1.5, -0.0, 2j, None, "text", np.float32(1.5))


def captured(x: float) -> Any:
    return x * LEVELS[-1] + NAMES["first"] + NAMES["second"][1], NAMES, LEVELS


def depth(n: int) -> int:
    return 0 if n == 0 else 1 + depth(n - 1) // 1


def fibonacci(n: int) -> int:
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def collatz_length(n: int) -> int:
    count = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        count += 1
    return count


def newton(x: float, tol: float) -> float:
    y = x
    while abs(y * y - x) > tol:
        y = 0.5 * (y + x / y)
    return y


def everything(x: Any) -> Any:
    a = np.linalg.cholesky(np.eye(4) * 3 + 0.1 * np.outer(x, x))
    return np.linalg.solve(a, x), np.sort(-x), np.arccosh(x + 2), np.cumsum(x), np.argmax(x), np.histogram(x, bins=2)[0]


def loss(w: dict[str, Any], x: Any) -> float:
    return float(((np.tanh(x @ w["a"]) @ w["b"]) ** 2).mean())


def squares(x: float) -> float:
    return newton(x, 1e-9)


def scattered(x: Any, i: Any, v: Any) -> Any:
    y = np.zeros_like(x)
    y[i] = v
    np.add.at(y, i, v)
    return y


def variadic(x: Any, *others: Any, weight: float = 2.0, **named: Any) -> Any:
    total = x * weight
    for other in others:
        total = total + other
    return total + named["last"]


def closing(factor: float, table: Any) -> Callable[[float], Any]:
    def closed(x: float) -> Any:
        return x * factor + table

    return closed


def arrays() -> tuple[Any, ...]:
    return (np.linspace(0.1, 0.9, 4),)


def weights() -> tuple[Any, ...]:
    return {"a": np.linspace(-1, 1, 12).reshape(3, 4), "b": np.linspace(0, 1, 4)}, np.ones((5, 3))


Call = tuple[Any, Callable[[], tuple[Any, ...]]]

CALLS: dict[str, Call] = {
    "plain": (plain, arrays),
    "branching": (branching, lambda: (1.5, 4)),
    "failing": (failing, lambda: (np.arange(5.0), 2)),
    "failing with an error": (failing, lambda: (np.arange(5.0), 7)),
    "failing at an index": (failing, lambda: (np.arange(5.0), -9)),
    "printing": (printing, lambda: (np.arange(2), 3)),
    "writing": (writing, lambda: (np.arange(3.0), [1.0], {"sum": 0.0}, Body(2.0, np.ones(2)))),
    "structures": (
        structures,
        lambda: (Pair(1.5, np.float32(2)), Body(2.0, np.zeros(3)), {"x": np.arange(3), "y": 2}),
    ),
    "static": (static, lambda: (np.ones((2, 3)), 1, Mode.FAST, ("a", "b"))),
    "masked": (masked, lambda: (np.linspace(0, 1, 7),)),
    "captured": (captured, lambda: (2.0,)),
    "depth": (depth, lambda: (40,)),
    "fibonacci": (fibonacci, lambda: (9,)),
    "collatz": (collatz_length, lambda: (27,)),
    "newton": (newton, lambda: (2.0, 1e-12)),
    "everything": (everything, arrays),
    "scattered": (scattered, lambda: (np.zeros(5), np.array([1, 3, 1]), np.array([1.0, 2.0, 3.0]))),
    "variadic": (variadic, lambda: (np.ones(2), 1.0, np.arange(2.0))),
    "closing": (closing(3.0, np.arange(3)), lambda: (2.0,)),
}
TRANSFORMED: dict[str, Call] = {
    "grad": (hloc.grad(loss), weights),
    "value_and_grad": (hloc.value_and_grad(loss, argnums=(0, 1)), weights),
    "grad of a loop": (hloc.grad(squares), lambda: (2.0,)),
    "vmap": (hloc.vmap(newton, in_axes=(0, None)), lambda: (np.linspace(1, 9, 5), 1e-9)),
    "vmap of grad": (hloc.vmap(hloc.grad(newton), in_axes=(0, None)), lambda: (np.linspace(1, 9, 5), 1e-9)),
    "hessian": (hloc.hessian(lambda x: (x**3).sum()), arrays),
}
