"""Random differentiable recursive programs: those of tests.derivatives, with functions that call themselves.

def walk_0(fuel, u, v, w):                 w: an array of 5, which the calls share, write and pass on
    if fuel <= 0: return np.sin(u)
    …
    z_3 = walk_1(fuel - 1, np.tanh(z_1), v, w)
    return np.tanh(z_3 + walk_0(fuel // 2, u, 0.5, w) * w[fuel % 5])
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from tests.derivatives.generator import PARAMETERS, Writer
from tests.random_programs.generator import Program


def generate(rng: random.Random) -> Program:
    """A random program with its arguments."""
    writer = RecursiveWriter(rng)
    writer.group = {f"walk_{k}": rng.choice([1, 1, 2]) for k in range(rng.choice([1, 1, 2]))}
    for name in writer.group:
        writer.recursive(name)
    with writer.block("def program(x, y, a, b, m, n):"):
        writer.names.update(PARAMETERS)
        writer.integers.append("n")
        writer.fuel = [f"n % {3 if writer.in_loops else 5}", f"n % {2 if writer.in_loops else 4} + 1", "2"]
        writer.sites = 3
        writer.recurse()
        writer.statements(rng.randint(2, 4), depth=rng.randint(1, 2))
        writer.line(f"return {writer.summary()}")
    floats = [np.array([rng.uniform(-1.2, 1.2) for _ in range(int(np.prod(s)))]) for s in PARAMETERS.values()]
    arguments: list[Any] = [
        x.reshape(s) if s else float(x[0]) for x, s in zip(floats, PARAMETERS.values(), strict=True)
    ]
    return Program("\n".join(writer.lines) + "\n", ((*arguments, rng.randint(0, 9)),))


class RecursiveWriter(Writer):
    """Fields: group: functions and how many floats each returns; function: the one that is written; fuel: what calls are given; sites: calls that may yet
    be written here; in_loops: whether a call stands in a loop of a recursive function."""

    group: dict[str, int]
    function: str = ""
    fuel: list[str]
    sites: int = 0
    in_loops: bool = False

    def recursive(self, name: str) -> None:
        rng = self.rng
        self.function = name
        outer = self.names, self.integers
        with self.block(f"def {name}(fuel, u, v, w):"):
            self.names, self.integers = {"u": (), "v": (), "w": (5,)}, ["fuel"]
            if rng.random() < 0.2:
                self.write()
            self.line(f"if {rng.choice(['fuel <= 0', 'fuel < 1', f'fuel <= 0 or {self.number(1)} > 1.5'])}:")
            self.line(f"    return {self.results()}")
            self.fuel, self.sites = ["fuel - 1", "fuel - 1", "fuel - 2", "fuel // 2"], 2
            self.statements(rng.randint(0, 2), depth=1)
            self.recurse()
            self.statements(rng.randint(1, 3), depth=2)
            self.line(f"return {self.results(1)}")
        self.names, self.integers, self.function = *outer, ""

    def results(self, sites: int = 0) -> str:
        """What a function returns; so many calls may stand in it."""
        sites, self.sites = self.sites, sites
        text = ", ".join(self.kept() for _ in range(self.group[self.function] if self.function else 1))
        self.sites = sites
        return text

    def statement(self, depth: int) -> None:
        if self.rng.random() < 0.2:
            self.recurse()
        else:
            super().statement(depth)

    def leave(self) -> None:
        last = self.rng.choice(["break", "continue"] if self.in_loop else [f"return {self.results()}"])
        self.line(f"if {self.condition()}: {last}")

    def recurse(self) -> None:
        """A call as a statement, or another statement where no call may stand."""
        name = self.rng.choice(list(self.group))
        text = self.recursive_call(name)
        if text is None:
            self.assign()
        elif self.rng.random() < 0.1:
            self.line(text)
        else:
            bound = [self.fresh("z") for _ in range(self.group[name])]
            self.line(f"{', '.join(bound)} = {text}")
            self.names.update(dict.fromkeys(bound, ()))

    def call(self, depth: int) -> str:
        single = [name for name, results in self.group.items() if results == 1]
        text = self.recursive_call(self.rng.choice(single)) if single and self.rng.random() < 0.7 else None
        return text or super().call(depth)

    def recursive_call(self, name: str) -> str | None:
        if self.sites <= 0 or self.trips > 4:
            return None
        self.sites -= 2 if self.trips > 1 else 1
        self.in_loops |= self.trips > 1
        arrays = self.known((5,))
        array = self.rng.choice(arrays) if arrays and self.rng.random() < 0.85 else self.vector(5, 1)
        return f"{name}({self.rng.choice(self.fuel)}, {self.kept(1)}, {self.leaf()}, {array})"
