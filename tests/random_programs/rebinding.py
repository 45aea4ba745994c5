"""Random programs about which array a name is: names are rebound, swapped and written, in branches, loops and calls."""

from __future__ import annotations

from random import Random

import numpy as np

from .generator import Program

HELPERS = """
def write(p, k):
    p[k % 3] = 40 + k
    return p

def either(p, q, k):
    for i in range(k): p = p + 1
    if k == 2: p = q
    return p

"""


def generate_rebinding(rng: Random) -> Program:
    """A random program and its arguments."""
    numbers = [(0, 0), (1, 2), (2, 1), (3, 3)]
    arguments = tuple((np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0]), n, m) for n, m in numbers)
    return Program(Rebinding(rng).source(), arguments)


class Rebinding:
    """Writes one program with the parameters a, b (arrays of 3) and n, m (small numbers)."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.names = ["a", "b", "x", "y"]
        self.loops = 0

    def source(self) -> str:
        lines = ["def program(a, b, n, m):", f"    x, y = {self.value(['a', 'b'])}, {self.value(['a', 'b'])}"]
        if self.rng.random() < 0.5:
            lines.append(f"    items = [{self.target()}, {self.target()}]")
            self.names += ["items[0]", "items[1]"]
        for _ in range(self.rng.randint(2, 4)):
            lines += self.statement(1)
        results = ", ".join(f"{name} + 0" for name in self.names)
        return "\n".join([HELPERS, *lines, f"    return {results}\n"])

    def target(self, names: list[str] | None = None) -> str:
        return self.rng.choice(names or self.names)

    def value(self, names: list[str] | None = None) -> str:
        s, t, k = self.target(names), self.target(names), self.rng.randint(1, 5)
        new = [f"{s} + {k}", f"{s} * 2 % 64", f"{s}.copy()", f"{s} + {t}", f"np.full(3, {k}.0)"]
        called = [f"write({s}, n)", f"either({s}, {t}, m)", f"{s} + write({t}, 1)"]
        chosen = [f"({s} if {self.condition(names)} else {t})", f"{s}[::-1]", f"({s}, {t})[{k % 2}]"]
        return self.rng.choice([s, s, s, *new, *called, *chosen])

    def condition(self, names: list[str] | None = None) -> str:
        k = self.rng.randint(0, 3)
        inside = [f"i{self.loops} % 2 == {k % 2}"] if self.loops else []
        return self.rng.choice([f"n > {k}", f"m == {k}", f"{self.target(names)}[{k % 3}] > {5 * k}", *inside])

    def block(self, depth: int) -> list[str]:
        return [line for _ in range(self.rng.randint(1, 2)) for line in self.statement(depth)]

    def statement(self, depth: int) -> list[str]:
        indent, kind = "    " * depth, self.rng.random()
        if kind < 0.3 or depth > 2:
            return [f"{indent}{self.target()} = {self.value()}"]
        if kind < 0.5:
            place = self.rng.choice(["[0]", "[n % 3]", "[1:]", "[:]"])
            return [f"{indent}{self.target()}{place} {self.rng.choice(['=', '+='])} {self.rng.randint(1, 30)}"]
        if kind < 0.55:
            return [f"{indent}{self.target()} += {self.rng.randint(1, 4)}"]
        if kind < 0.63:
            return [f"{indent}{self.target()}, {self.target()} = {self.value()}, {self.value()}"]
        if kind < 0.66 and self.loops:
            return [f"{indent}if {self.condition()}: {self.rng.choice(['break', 'continue'])}"]
        if kind < 0.82:
            other = [f"{indent}else:", *self.block(depth + 1)] if self.rng.random() < 0.6 else []
            return [f"{indent}if {self.condition()}:", *self.block(depth + 1), *other]
        return self.loop(depth)

    def loop(self, depth: int) -> list[str]:
        indent = "    " * depth
        self.loops += 1
        counter, trips = f"i{self.loops}", self.rng.choice(["n", "m", "n + 1"])
        if self.rng.random() < 0.7:
            lines = [f"{indent}for {counter} in range({trips}):"]
        else:
            step = f"{indent}    {counter} += 1"
            lines = [f"{indent}{counter} = 0", f"{indent}while {counter} < {trips}:", step]
        lines += self.block(depth + 1)
        self.loops -= 1
        return lines
