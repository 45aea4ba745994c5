"""Names: what they hold, where they may be used; and the lines written so far."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from .quantities import Kind, Quantity

T = TypeVar("T")
LIMITS = {
    "int": (-5000, 5000, 0),
    "i64": (-5000, 5000, 0),
    "float": (-128, 128, 4),
    "f64": (-128, 128, 4),
    "f32": (-32, 32, 3),
}
SUMS = {
    "int": (-(2**40), 2**40, 0),
    "i64": (-(2**40), 2**40, 0),
    "float": (-(2**36), 2**36, 4),
    "f64": (-(2**36), 2**36, 4),
}


@dataclass(frozen=True)
class Variable:
    """A name. `limits`: interval and bits of its numbers. `bound`: surely; `writable`: assigned by generated statements;
    `total`: only added to."""

    name: str
    kind: Kind
    limits: tuple[float, float, int] = (0, 0, 0)
    bound: bool = True
    writable: bool = True
    total: bool = False

    @staticmethod
    def of(name: str, kind: Kind, total: bool = False) -> Variable:
        sums = total or (kind.shape is not None and kind.name in SUMS)
        limits = (0, 1, 0) if kind.name == "bool" else SUMS[kind.name] if sums else LIMITS[kind.name]
        return Variable(name, kind, limits, total=total)

    @property
    def read(self) -> Quantity:
        return Quantity(self.name, self.kind, *self.limits)


@dataclass
class Writer:
    """Source lines, a supply of names, random choices; `helpers`: (name, parameters, kinds, defaults, results)."""

    rng: random.Random
    lines: list[str] = field(default_factory=list)
    indent: int = 0
    count: int = 0
    helpers: list[tuple[str, list[str], list[Kind], list[bool], list[Kind]]] = field(default_factory=list)

    def line(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    @contextmanager
    def block(self, head: str) -> Any:
        self.line(head)
        self.indent += 1
        at = len(self.lines)
        yield
        if len(self.lines) == at:
            self.line("pass")
        self.indent -= 1

    def fresh(self, letter: str) -> str:
        self.count += 1
        return f"{letter}_{self.count}"

    def choose(self, *options: tuple[int, Callable[[], T]]) -> T:
        """The outcome of one thunk, by weight."""
        at = self.rng.randint(0, sum(w for w, _ in options) - 1)
        for weight, thunk in options:
            if at < weight:
                return thunk()
            at -= weight
        raise AssertionError("unreachable")


@dataclass
class Scope:
    """The names of one function, and where in it the writer stands."""

    writer: Writer
    variables: dict[str, Variable] = field(default_factory=dict)
    functions: list[tuple[str, list[Kind], Kind]] = field(default_factory=list)
    result: list[Kind] = field(default_factory=list)
    lists: dict[str, int] = field(default_factory=dict)
    loops: int = 0
    trips: int = 1

    def declare(self, variable: Variable) -> Variable:
        self.variables[variable.name] = variable
        return variable

    def find(self, test: Callable[[Variable], bool]) -> list[Variable]:
        return [v for v in self.variables.values() if test(v)]

    @contextmanager
    def branch(self) -> Any:
        """Names bound inside may be unbound afterwards; names bound before stay bound."""
        before, functions, lists = dict(self.variables), list(self.functions), dict(self.lists)
        yield
        self.functions, self.lists = functions, lists
        for name, variable in self.variables.items():
            if name not in before or not before[name].bound:
                before[name] = replace(variable, bound=False)
        self.variables = before

    @contextmanager
    def loop(self, trips: int) -> Any:
        outer = self.loops, self.trips
        self.loops, self.trips = self.loops + 1, self.trips * trips
        with self.branch():
            yield
        self.loops, self.trips = outer
