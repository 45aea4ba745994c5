"""Random recursive programs: functions that call themselves and each other with less and less fuel.

    def walk_0(fuel, a1, n2, budget):
        s, t = 0, 0.0
        if fuel <= 0 or budget[0] <= 0: return n2, 0.5
        budget[0] -= 1
        …                                   statements of `tests.random_programs`, and among them
        n, x = walk_0(fuel - 1, a1, n2 * 3, budget)
        for i in range(2): a1[i] += walk_1(fuel // 2, budget, n=i)
        return s, t

Functions stand in the module or inside of `program`, whose names they then read and set. Without a budget, calls stand
outside of loops, two a function at most. Floats are exact, as in all random programs.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tests.random_programs.expressions import FLOAT, INT
from tests.random_programs.generator import Program
from tests.random_programs.quantities import NUMPY, Kind, Quantity
from tests.random_programs.scope import LIMITS, Scope, Variable, Writer
from tests.random_programs.statements import Statements

SHAPES = [(6,), (5,), (3,), (3, 4), (2, 2)]
CALLS_WITH_BUDGET = 30


@dataclass(frozen=True)
class Function:
    """A recursive function: its parameters after the fuel, and its results. Its last parameter may be the budget."""

    name: str
    names: list[str]
    kinds: list[Kind]
    results: list[Kind]
    budget: bool
    nested: bool


class RecursiveStatements(Statements):
    """A body that calls the functions of a group. `fuel`: texts of what a call gets."""

    def __init__(self, scope: Scope, depth: int, group: list[Function], fuel: list[str], sites: int) -> None:
        super().__init__(scope, depth)
        self.group = group
        self.fuel = fuel
        self.sites = sites

    def statement(self, depth: int) -> None:
        if self.may_call() and self.rng.random() < 0.2:
            self.recurse()
        else:
            super().statement(depth)

    def may_call(self) -> bool:
        budget = self.group[0].budget
        return self.sites > 0 and (self.scope.trips < 20 if budget else self.scope.loops == 0)

    def recurse(self) -> None:
        """A call as a statement: results bound, or not used."""
        function = self.rng.choice(self.group)
        text = self.call_text(function)
        if text is None:
            return
        names = [self.writer.fresh("b") if kind.shape else self.target(kind) for kind in function.results]
        if not names or len(set(names)) < len(names) or self.rng.random() < 0.1:
            self.writer.line(text)
            return
        form = f"{names[0]} = ({text})[0]" if self.rng.random() < 0.1 and len(names) > 1 else None
        self.writer.line(form or f"{', '.join(names)} = {text}")
        for name, kind in zip(names[:1] if form else names, function.results, strict=False):
            self.bind(name, kind)

    def call(self, kind: Kind, depth: int) -> Quantity:
        """A call inside of an expression."""
        found = [f for f in self.group if f.results == [kind] and f.budget]
        if found and self.may_call() and self.rng.random() < 0.8:
            text = self.call_text(self.rng.choice(found))
            if text is not None:
                return Quantity(text, kind, *LIMITS[kind.name])
        return super().call(kind, depth)

    def call_text(self, function: Function) -> str | None:
        parts, keywords, arrays = [self.rng.choice(self.fuel)], False, set[str]()
        for name, kind in zip(function.names, function.kinds, strict=True):
            own = self.scope.variables.get(name)
            if own is not None and own.kind == kind and own.bound and self.rng.random() < 0.5:
                value: str | None = name
            else:
                value = self.place(kind) if kind.shape else self.small(kind).text
            base = (value or "").partition("[")[0].partition(".")[0]
            if value is None or (kind.shape and base in arrays and self.rng.random() < 0.95):
                return None
            arrays.add(base)
            keywords = keywords or self.rng.random() < 0.1
            parts.append(f"{name}={value}" if keywords else value)
        if function.budget and not function.nested:
            parts.append("budget=budget" if keywords else "budget")
        self.sites -= 1
        return f"{function.name}({', '.join(parts)})"

    def place(self, kind: Kind) -> str | None:
        """An array by its name; sometimes a view."""
        names = [v.name for v in self.scope.find(lambda v: v.kind == kind and v.bound)]
        return self.rng.choice(names) if names and self.rng.random() < 0.7 else self.array_place(kind, fresh=False)

    def body(self, size: int, calls: int) -> None:
        """So many statements, and at least so many calls among them."""
        for step in range(size):
            self.statement(self.depth)
            if step % 2 == 1 and calls > 0:
                calls -= 1
                self.recurse()


def generate(rng: random.Random, cases: int = 2) -> Program:
    """A random recursive program."""
    writer = Writer(rng)
    nested, budget = rng.random() < 0.3, rng.random() < 0.7
    group = [_function(rng, f"walk_{j}", budget, nested) for j in range(rng.choice([1, 1, 2, 2, 3]))]
    if not nested:
        for function in group:
            _define(writer, function, group, {})
    kinds = [kind for function in group for kind in function.kinds if kind.shape][:2]
    kinds += [Kind(rng.choice(["f64", "i64"]), rng.choice(SHAPES))] if not kinds else []
    kinds += [INT, *(Kind(rng.choice(["int", "float", "bool"])) for _ in range(rng.randint(0, 2)))]
    names = [f"{_letter(kind)}{j}" for j, kind in enumerate(kinds)]
    scope = Scope(writer)
    for name, kind in zip(names, kinds, strict=True):
        scope.declare(Variable.of(name, kind))
    scope.result = [INT, FLOAT, *(kind for kind in kinds[:1] if rng.random() < 0.5)]
    fuel_name = names[len([k for k in kinds if k.shape])]
    scope.variables[fuel_name] = replace(scope.variables[fuel_name], writable=False)
    most = 7 if budget else 5
    program = RecursiveStatements(scope, 1, group, [f"{fuel_name} % {most}", f"abs({fuel_name}) % {most}", "3"], 4)
    with writer.block(f"def program({', '.join(names)}):"):
        writer.line("s, t = 0, 0.0")
        program.totals = [scope.declare(Variable.of(t, k, total=True)) for t, k in (("s", INT), ("t", FLOAT))]
        if budget:
            writer.line(f"budget = np.array([{CALLS_WITH_BUDGET}])")
        if nested:
            for function in group:
                _define(writer, function, group, scope.variables)
        program.recurse()
        program.body(rng.randint(2, 5), 2)
        writer.line(program.return_text())
    arguments = tuple(tuple(_argument(rng, kind) for kind in kinds) for _ in range(cases))
    return Program("\n".join(writer.lines) + "\n", arguments)


def _function(rng: random.Random, name: str, budget: bool, nested: bool) -> Function:
    kinds = [Kind(rng.choice(["f64", "f64", "i64"]), rng.choice(SHAPES)) for _ in range(rng.choice([0, 1, 1, 2]))]
    kinds += [Kind(rng.choice(["int", "int", "float", "bool"])) for _ in range(rng.randint(0, 2))]
    names = [f"{_letter(kind)}{j}" for j, kind in enumerate(kinds)]
    results = [rng.choice([INT, FLOAT]) for _ in range(rng.choice([0, 1, 1, 1, 2, 3]))]
    if results and kinds and kinds[0].shape and rng.random() < 0.2:
        results[-1] = kinds[0]
    return Function(name, names, kinds, results, budget, nested)


def _define(writer: Writer, function: Function, group: list[Function], around: dict[str, Variable]) -> None:
    """The text of a function; `around`: names of the function that it stands in."""
    rng = writer.rng
    scope = Scope(writer, result=function.results)
    for v in around.values():
        scope.declare(replace(v, writable=False))
    for name, kind in zip(function.names, function.kinds, strict=True):
        scope.declare(Variable.of(name, kind))
    scope.declare(Variable("fuel", INT, (0, 12, 0), writable=False))
    fuel = ["fuel - 1", "fuel - 1", "fuel - 2", "fuel // 2", f"fuel - 1 - {rng.randint(0, 9)} % (fuel + 1)"]
    body = RecursiveStatements(scope, 2, group, fuel, 0)
    parameters = ["fuel", *function.names, *(["budget"] if function.budget and not function.nested else [])]
    with writer.block(f"def {function.name}({', '.join(parameters)}):"):
        with _names_around(writer, scope, function, around):
            writer.line("s, t = 0, 0.0")
            body.totals = [scope.declare(Variable.of(t, k, total=True)) for t, k in (("s", INT), ("t", FLOAT))]
            if rng.random() < 0.2:
                body.store()
            with writer.block("if fuel <= 0 or budget[0] <= 0:" if function.budget else "if fuel <= 0:"):
                writer.line(body.return_text())
            if function.budget:
                writer.line("budget[0] -= 1")
            body.sites = 4 if function.budget else 2
            body.body(rng.randint(2, 6), 1 if rng.random() < 0.5 else 2)
            writer.line(body.return_text())
    writer.line("")


@contextmanager
def _names_around(writer: Writer, scope: Scope, function: Function, around: dict[str, Variable]) -> Iterator[None]:
    """Names of the function around: arrays and some numbers are declared `nonlocal`, so that they may be set."""
    visible = [v for v in around.values() if v.name not in function.names]
    shared = [v for v in visible if v.kind.shape or (v.writable and not v.total and writer.rng.random() < 0.5)]
    if shared:
        writer.line(f"nonlocal {', '.join(v.name for v in shared)}")
    for v in shared:
        scope.declare(v)
    yield


def _letter(kind: Kind) -> str:
    if kind.shape is not None:
        return {1: "a", 2: "m"}[len(kind.shape)]
    return {"int": "n", "float": "x", "bool": "p"}[kind.name]


def _argument(rng: random.Random, kind: Kind) -> Any:
    if kind.shape is not None:
        values = np.array([rng.randint(-8, 12) for _ in range(int(np.prod(kind.shape)))]).reshape(kind.shape)
        return values if kind.name == "i64" else (values / 4).astype(NUMPY[kind.name])
    if kind.name == "bool":
        return rng.random() < 0.5
    return rng.randint(0, 30) if kind.name == "int" else rng.randint(-12, 12) / 4
