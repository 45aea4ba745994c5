"""Random programs as Python source text: a function `program`, its helpers, and arguments for it.

Every name has one type, numbers stay small (see `quantities`), loops end. A program may read a name that is not bound,
index out of range, divide by zero or raise: CPython says what it then does.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy as np

from .quantities import NUMPY, Kind
from .scope import Scope, Variable, Writer
from .statements import Statements

SHAPES = [(6,), (5,), (3, 4), (4, 3), (1,), (2, 2)]
SCALARS = ["int", "int", "float", "bool"]


@dataclass(frozen=True)
class Program:
    """Source text that defines `program`, and argument lists of the same types."""

    source: str
    arguments: tuple[tuple[Any, ...], ...]


def generate(rng: random.Random, cases: int = 2) -> Program:
    """A random program. `rng` may be Hypothesis's, which then shrinks it."""
    writer = Writer(rng)
    for number in range(rng.randint(0, 2)):
        _helper(writer, f"helper_{number}")
    kinds = [Kind(rng.choice(["f64", "f64", "i64", "f32"]), rng.choice(SHAPES)) for _ in range(rng.randint(1, 3))]
    kinds += [Kind(rng.choice(SCALARS)) for _ in range(rng.randint(1, 4))]
    names = [f"{_letter(kind)}{j}" for j, kind in enumerate(kinds)]
    scope = Scope(writer)
    for name, kind in zip(names, kinds, strict=True):
        scope.declare(Variable.of(name, kind))
    scope.result = [Kind("int"), Kind("float"), *rng.sample([k for k in kinds if k.shape], 1)]
    Statements(scope).function("program", names, size=rng.randint(3, 8))
    arguments = tuple(tuple(_argument(rng, kind) for kind in kinds) for _ in range(cases))
    return Program("\n".join(writer.lines) + "\n", arguments)


def _letter(kind: Kind) -> str:
    if kind.shape is not None:
        return {1: "a", 2: "m"}[len(kind.shape)]
    return {"int": "n", "float": "x", "bool": "p"}[kind.name]


def _helper(writer: Writer, name: str) -> None:
    """A function that the program calls: arrays and numbers in, one or several results out."""
    rng = writer.rng
    kinds = [Kind(rng.choice(["int", "float"])) for _ in range(rng.randint(1, 2))]
    if rng.random() < 0.6:
        kinds.insert(0, Kind(rng.choice(["f64", "i64"]), (rng.choice([3, 4, 5]),)))
    names = [f"{_letter(kind)}{j}" for j, kind in enumerate(kinds)]
    defaults = [rng.random() < 0.4 and kind.shape is None for kind in kinds]
    defaults = [d and all(defaults[j:]) for j, d in enumerate(defaults)]
    scope = Scope(writer)
    for n, kind in zip(names, kinds, strict=True):
        scope.declare(Variable.of(n, kind))
    scope.result = [Kind(rng.choice(["int", "float"])) for _ in range(rng.choice([1, 1, 2]))]
    if kinds[0].shape and rng.random() < 0.4:
        scope.result[-1] = kinds[0]
    texts = [f"{n}={_default(rng, kind)}" if d else n for n, kind, d in zip(names, kinds, defaults, strict=True)]
    Statements(scope, depth=1).function(name, texts, size=rng.randint(1, 4))
    writer.helpers.append((name, names, kinds, defaults, scope.result))


def _default(rng: random.Random, kind: Kind) -> str:
    return str(rng.randint(-3, 5)) if kind.name == "int" else str(rng.randint(-6, 6) / 2)


def _argument(rng: random.Random, kind: Kind) -> Any:
    if kind.shape is not None:
        values = [rng.randint(-8, 12) for _ in range(int(np.prod(kind.shape)))]
        array = np.array(values).reshape(kind.shape)
        return array if kind.name == "i64" else (array / 4).astype(NUMPY[kind.name])
    if kind.name == "bool":
        return rng.random() < 0.5
    return rng.randint(-5, 9) if kind.name == "int" else rng.randint(-12, 12) / 4
