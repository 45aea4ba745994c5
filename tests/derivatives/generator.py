"""Random differentiable programs as Python source text, and arguments for them.

Every float that a statement keeps has gone through a bounded function, loops make a few trips, indices are in range:
values stay small and differences are exact enough. Conditions compare data, so the path varies; that an argument lies
on a kink has probability zero, and nearly so is found by differences of two steps.

    program(x, y, a, b, m, n): floats x, y; arrays a[5], b[4], m[3, 4]; an integer n. It returns a float.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.random_programs.generator import Program

PARAMETERS = {"x": (), "y": (), "a": (5,), "b": (4,), "m": (3, 4)}
Shape = tuple[int, ...]
BOUNDED = ["np.sin({})", "np.tanh({})", "1.5 * np.cos({})", "np.arctan({})", "({0}) / (1.0 + ({0}) * ({0}))"]
SMOOTH = [
    "np.sin({})",
    "np.cos({})",
    "np.tanh({})",
    "np.exp(-({0}) * ({0}))",
    "np.sqrt(1.0 + ({0}) * ({0}))",
    "np.log(2.0 + np.sin({}))",
    "({}) ** 2",
    "abs({})",
    "np.abs({}) ** 1.5",
    "-({})",
    "0.5 * ({})",
]
OF_VECTOR = [
    "np.sum({})",
    "({}).mean()",
    "np.max({})",
    "({}).min()",
    "np.sum({0} * {0})",
    "np.prod({})",
    "np.linalg.norm({} + 2.0)",
    "({})[-1]",
]
OF_SAME = [
    "np.cumsum({})",
    "np.sort({})",
    "({})[::-1]",
    "np.roll({}, 1)",
    "np.flip({})",
    "np.cumprod({})",
    "np.maximum.accumulate({})",
]


def generate(rng: random.Random) -> Program:
    """A random program with its arguments."""
    writer = Writer(rng)
    for k in range(rng.randint(0, 2)):
        writer.helper(f"helper_{k}")
    with writer.block("def program(x, y, a, b, m, n):"):
        for name, shape in PARAMETERS.items():
            writer.names[name] = shape
        writer.integers.append("n")
        writer.statements(rng.randint(3, 6), depth=rng.randint(1, 3))
        writer.line(f"return {writer.summary()}")
    floats = [
        np.array([rng.uniform(-1.2, 1.2) for _ in range(int(np.prod(s)))]).reshape(s) for s in PARAMETERS.values()
    ]
    return Program("\n".join(writer.lines) + "\n", ((*map(_argument, floats), rng.randint(0, 5)),))


def _argument(value: np.ndarray[Any, Any]) -> Any:
    return value if value.shape else float(value)


@dataclass
class Writer:
    """Source lines and what names hold where they are written.

    Fields:
        names: floats and arrays that are bound, with shapes; `views`: those that nothing may be bound to anew.
        home: arrays of the present block: bound anew in another one, a name would stand for one of several arrays.
        integers: names of integers, which are not negative.
        lists: names of lists of floats, with lengths.
        helpers: names of functions (u, v, w[5]) → float.
    """

    rng: random.Random
    lines: list[str] = field(default_factory=list)
    indent: int = 0
    count: int = 0
    names: dict[str, Shape] = field(default_factory=dict)
    views: set[str] = field(default_factory=set)
    home: set[str] = field(default_factory=set)
    integers: list[str] = field(default_factory=list)
    lists: dict[str, int] = field(default_factory=dict)
    functions: list[str] = field(default_factory=list)
    helpers: list[str] = field(default_factory=list)
    in_loop: int = 0
    trips: int = 1

    def line(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    @contextmanager
    def block(self, head: str, trips: int = 1) -> Any:
        """Indented lines; what they bind is forgotten after them."""
        self.line(head)
        kept = dict(self.names), set(self.views), list(self.integers), dict(self.lists), list(self.functions), self.home
        self.home = set()
        self.indent += 1
        self.trips *= trips
        yield
        self.trips //= trips
        self.indent -= 1
        self.names, self.views, self.integers, self.lists, self.functions, self.home = kept

    def fresh(self, letter: str) -> str:
        self.count += 1
        return f"{letter}_{self.count}"

    def choose(self, *options: tuple[int, Callable[[], Any]]) -> Any:
        return self.rng.choices([o for _, o in options], [w for w, _ in options])[0]()

    # --- expressions

    def index(self, n: int) -> str:
        if self.integers and self.rng.random() < 0.7:
            name = self.rng.choice(self.integers)
            return self.rng.choice(
                [f"{name} % {n}", f"({name} + {self.rng.randint(1, 3)}) % {n}", f"-1 - {name} % {n}"]
            )
        return str(self.rng.randint(-n, n - 1))

    def known(self, shape: Shape) -> list[str]:
        return [name for name, s in self.names.items() if s == shape]

    def leaf(self) -> str:
        rng = self.rng
        arrays = [name for name, s in self.names.items() if s]
        return self.choose(
            (6, lambda: rng.choice(self.known(()))),
            (2, lambda: str(rng.choice([0.5, -0.75, 1.25, 0.3]))),
            (4, lambda: self.element(rng.choice(arrays)) if arrays else "0.9"),
            (1, lambda: f"{rng.choice(self.integers)} * 0.1" if self.integers else "0.2"),
            (2, self.of_list),
        )

    def element(self, name: str) -> str:
        indices = [self.index(n) for n in self.names[name]]
        return f"{name}[{', '.join(indices)}]"

    def of_list(self) -> str:
        if not self.lists:
            return "0.4"
        name = self.rng.choice(list(self.lists))
        return self.rng.choice([f"{name}[{self.index(self.lists[name])}]", f"sum({name})", f"max({name})"])

    def number(self, depth: int = 2) -> str:
        rng = self.rng
        if depth <= 0:
            return self.leaf()
        return self.choose(
            (2, self.leaf),
            (6, lambda: f"({self.number(depth - 1)} {rng.choice('+-**')} {self.number(depth - 1)})"),
            (4, lambda: rng.choice(SMOOTH).format(self.number(depth - 1))),
            (1, lambda: f"{self.number(depth - 1)} / (1.5 + np.cos({self.number(depth - 1)}))"),
            (1, lambda: f"{rng.choice(['max', 'min'])}({self.number(depth - 1)}, {self.number(depth - 1)})"),
            (1, lambda: f"({self.number(depth - 1)} if {self.condition()} else {self.number(depth - 1)})"),
            (3, lambda: rng.choice(OF_VECTOR).format(self.vector(rng.choice([3, 4, 5]), depth - 1))),
            (1, lambda: f"({self.vector(4, depth - 1)} @ {self.vector(4, 0)})"),
            (2, lambda: self.call(depth)),
        )

    def call(self, depth: int) -> str:
        helpers = self.helpers if self.trips <= 6 else []
        if not helpers and not self.functions:
            return self.leaf()
        name = self.rng.choice([*helpers, *self.functions])
        if name in self.functions:
            return f"{name}({self.kept(depth - 1)})"
        arrays = self.known((5,))
        array = self.rng.choice(arrays) if arrays and self.rng.random() < 0.7 else self.vector(5, 1)
        return f"{name}({self.kept(depth - 1)}, {self.leaf()}, {array})"

    def vector(self, n: int, depth: int = 1) -> str:
        rng = self.rng
        if depth <= 0 or rng.random() < 0.3:
            return self.plain_vector(n)
        return self.choose(
            (3, lambda: f"({self.vector(n, depth - 1)} {rng.choice('+-*')} {self.vector(n, depth - 1)})"),
            (2, lambda: f"({self.vector(n, depth - 1)} * {self.number(depth - 1)})"),
            (
                3,
                lambda: (
                    rng.choice(SMOOTH)
                    .replace("abs(", "np.abs(")
                    .replace("np.np.", "np.")
                    .format(self.vector(n, depth - 1))
                ),
            ),
            (2, lambda: rng.choice(OF_SAME).format(self.vector(n, depth - 1))),
            (
                1,
                lambda: (
                    f"np.where({self.vector(n, 0)} > {self.leaf()}, {self.vector(n, depth - 1)}, {self.vector(n, 0)})"
                ),
            ),
            (1, lambda: f"np.maximum({self.vector(n, depth - 1)}, {self.leaf()})"),
            (
                1,
                lambda: (
                    f"({rng.choice(self.known((3, 4)))} @ {self.vector(4, 0)})"
                    if n == 3 and self.known((3, 4))
                    else self.plain_vector(n)
                ),
            ),
        )

    def plain_vector(self, n: int) -> str:
        """A name, a part of an array, or new numbers."""
        found = self.known((n,))
        found += [f"{m}[{self.index(3)}]" for m in self.known((3, 4)) if n == 4]
        found += [f"{m}[:, {self.index(4)}]" for m in self.known((3, 4)) if n == 3]
        for name in self.known((5,)):
            found += {
                4: [f"{name}[1:]", f"{name}[:-1]"],
                3: [f"{name}[::2]", f"{name}[1:4]", f"{name}[[4, 0, 4]]"],
            }.get(n, [])
        if not found or self.rng.random() < 0.08:
            return f"np.array([{', '.join(self.number(0) for _ in range(n))}])"
        return self.rng.choice(found)

    def kept(self, depth: int = 2) -> str:
        """A number that is bounded."""
        return self.rng.choice(BOUNDED).format(self.number(depth))

    def kept_vector(self, n: int) -> str:
        return self.rng.choice(BOUNDED).format(self.vector(n))

    def condition(self) -> str:
        rng = self.rng
        simple = f"{self.number(1)} {rng.choice('<>')} {self.leaf()}"
        if not self.integers:
            return f"({simple})"
        n = rng.choice(self.integers)
        return self.choose(
            (4, lambda: f"({simple})"),
            (2, lambda: f"({n} {rng.choice(['<', '>', '==', '<='])} {rng.randint(0, 4)})"),
            (2, lambda: f"({n} % 2 == {rng.randint(0, 1)})"),
            (1, lambda: f"({simple} and {n} < 3)"),
            (1, lambda: f"({n} > 2 or {simple})"),
            (1, lambda: f"(not {simple})"),
        )

    def summary(self) -> str:
        """A number made of all names."""
        terms = [name if not shape else f"np.sum(np.sin({name} * 1.3))" for name, shape in self.names.items()]
        terms += [f"sum({name})" for name in self.lists]
        return " + ".join(f"{1 - 0.1 * k:.1f} * {t}" for k, t in enumerate(terms[:9]))

    # --- statements

    def statements(self, count: int, depth: int) -> None:
        for _ in range(count):
            self.statement(depth)

    def statement(self, depth: int) -> None:
        compound = 1 if depth > 0 else 0
        self.choose(
            (6, self.assign),
            (8, self.write),
            (2, self.view),
            (2, self.lists_of_numbers),
            (5 * compound, lambda: self.branch(depth)),
            (5 * compound, lambda: self.counted(depth)),
            (4 * compound, lambda: self.dynamic(depth)),
            (1 * compound, lambda: self.closure()),
            (1 if self.trips > 1 or depth < 3 else 0, self.leave),
        )

    def assign(self) -> None:
        rng = self.rng
        floats = self.known(())
        name = rng.choice(floats) if floats and rng.random() < 0.7 else self.fresh("z")
        if rng.random() < 0.3:
            self.assign_array()
        elif name in self.names and rng.random() < 0.3:
            self.line(f"{name} {rng.choice(['+=', '-=', '*='])} {self.kept()}")
        elif len(floats) > 1 and rng.random() < 0.15:
            first, second = rng.sample(floats, 2)
            self.line(f"{first}, {second} = {second}, {self.kept()}")
        else:
            self.line(f"{name} = {self.kept()}")
            self.names[name] = ()

    def assign_array(self) -> None:
        arrays = sorted(self.home)
        name = self.rng.choice(arrays) if arrays and self.rng.random() < 0.5 else self.fresh("c")
        n = self.names[name][0] if name in self.names else self.rng.choice([3, 4, 5])
        copied = self.known((n,))
        if copied and name not in self.names and self.rng.random() < 0.3:
            self.line(f"{name} = {self.rng.choice(copied)}.copy()")
        else:
            self.line(f"{name} = {self.kept_vector(n)}")
        self.names[name] = (n,)
        self.home.add(name)

    def write(self) -> None:
        """In place, to a part of an array."""
        rng = self.rng
        arrays = [name for name, shape in self.names.items() if shape]
        if not arrays:
            return self.assign()
        name = rng.choice(arrays)
        how = rng.choice(["=", "=", "+=", "-=", "*="])
        if len(self.names[name]) == 2:
            return self.choose(
                (3, lambda: self.line(f"{self.element(name)} {how} {self.kept()}")),
                (2, lambda: self.line(f"{name}[{self.index(3)}] {how} {self.kept_vector(4)}")),
                (2, lambda: self.line(f"{name}[:, {self.index(4)}] {how} {self.kept_vector(3)}")),
                (1, lambda: self.line(f"{name}[{name} > {self.leaf()}] {rng.choice(['=', '*='])} {self.kept()}")),
                (1, lambda: self.line(f"{name}[1:, ::2] {how} {self.kept()}")),
                (1, lambda: self.line(f"{name}[[2, 0]] = {name}[[0, 2]] * {self.leaf()}")),
            )
        n = self.names[name][0]
        i, j = self.index(n), self.index(n)
        wide = self.fitting(n)
        return self.choose(
            (5, lambda: self.line(f"{self.element(name)} {how} {self.kept()}")),
            (
                2,
                lambda: self.line(
                    f"{name}[{wide[0]}] {how} {self.kept_vector(wide[1]) if wide[1] > 2 else self.kept()}"
                ),
            ),
            (1, lambda: self.line(f"{name}[:] {how} {self.kept_vector(n)}")),
            (1, lambda: self.line(f"{name}[{name} > {self.leaf()}] {rng.choice(['=', '+=', '*='])} {self.kept()}")),
            (2, lambda: self.line(f"{name}[{i}], {name}[{j}] = {name}[{j}], {name}[{i}] * {self.leaf()}")),
            (1, lambda: self.line(f"{name}[[2, 0, 2]] {how} {self.kept_vector(3)}")),
            (
                1,
                lambda: self.line(
                    f"np.{rng.choice(['add', 'subtract', 'multiply'])}.at({name}, [1, 0, 1], {self.kept_vector(3)})"
                ),
            ),
        )

    def fitting(self, n: int) -> tuple[str, int]:
        return self.rng.choice(
            [("1:", n - 1), (":-1", n - 1), ("::-1", n), ("::2", (n + 1) // 2), ("-2:", 2), (":2", 2), ("1::2", n // 2)]
        )

    def view(self) -> None:
        """A name for a part of an array, and a write through it."""
        rng = self.rng
        arrays = [name for name, shape in self.names.items() if shape]
        if not arrays:
            return
        name, v = rng.choice(arrays), self.fresh("v")
        if len(self.names[name]) == 2:
            text, shape = rng.choice(
                [
                    ("[1]", (4,)),
                    ("[:, 1]", (3,)),
                    (f"[{self.index(3)}]", (4,)),
                    (".T[2]", (3,)),
                    (".reshape(-1)[2:7]", (5,)),
                    ("[::-1]", (3, 4)),
                ]
            )
        else:
            part, size = self.fitting(self.names[name][0])
            text, shape = f"[{part}]", (size,)
        self.line(f"{v} = {name}{text}")
        if len(shape) == 1:
            self.line(f"{v}[{self.index(shape[0])}] {rng.choice(['=', '+=', '*='])} {self.kept()}")
        self.names[v] = shape
        self.views.add(v)
        if rng.random() < 0.4:
            self.line(f"{v} *= {self.kept()}")

    def lists_of_numbers(self) -> None:
        rng = self.rng
        if not self.lists or rng.random() < 0.3:
            name, n = self.fresh("l"), rng.choice([2, 3])
            self.line(f"{name} = [{', '.join(self.kept(1) for _ in range(n))}]")
            self.lists[name] = n
            return
        name = rng.choice(list(self.lists))
        self.line(f"{name}[{self.index(self.lists[name])}] = {self.kept()}")

    def branch(self, depth: int) -> None:
        with self.block(f"if {self.condition()}:"):
            self.statements(self.rng.randint(1, 2), depth - 1)
        if self.rng.random() < 0.4:
            with self.block(f"elif {self.condition()}:"):
                self.statements(1, depth - 1)
        if self.rng.random() < 0.6:
            with self.block("else:"):
                self.statements(self.rng.randint(1, 2), depth - 1)

    def counted(self, depth: int) -> None:
        """A for loop over a range or an array."""
        rng, i, x = self.rng, self.fresh("i"), self.fresh("e")
        if self.trips > 12:
            return self.assign()
        bound = rng.choice(self.integers) if self.integers and rng.random() < 0.7 else str(rng.randint(0, 4))
        bound = bound if bound == "n" or bound.isdigit() else f"{bound} % 4"
        ranges = [
            f"range({bound})",
            f"range({bound})",
            f"range({bound}, 0, -1)",
            f"range(1, 6, {rng.randint(2, 3)})",
            f"reversed(range({bound}))",
        ]
        heads = [(f"for {i} in {rng.choice(ranges)}:", i, None)] * 3
        arrays = [name for name, shape in self.names.items() if shape]
        if arrays:
            name = rng.choice(arrays)
            part = self.names[name][1:]
            heads += [
                (f"for {i}, {x} in enumerate({name}.copy()):", i, part),
                (f"for {x} in {name} * 1.0:", None, part),
            ]
        head, integer, shape = rng.choice(heads)
        with self.block(head, trips=4):
            if integer:
                self.integers.append(integer)
            if shape is not None:
                self.names[x] = shape
                self.views.add(x)
            self.body(depth)
        self.otherwise(depth)

    def dynamic(self, depth: int) -> None:
        """A while loop that ends by its data, or after a few trips."""
        if self.trips > 12:
            return self.assign()
        k = self.fresh("k")
        limit = self.rng.choice(["3", "5", "n"])
        stop = self.rng.choice([f"{self.number(1)} < {self.leaf()} and ", f"{self.leaf()} > -0.3 and ", ""])
        self.line(f"{k} = 0")
        with self.block(
            f"while {stop}{k} < {limit}:" if limit != "n" or "n" in self.integers else f"while {stop}{k} < 4:", trips=4
        ):
            self.line(f"{k} += 1")
            self.integers.append(k)
            self.body(depth)
        self.otherwise(depth)

    def body(self, depth: int) -> None:
        self.in_loop += 1
        self.statements(self.rng.randint(1, 3), depth - 1)
        if self.rng.random() < 0.3:
            self.line(f"if {self.condition()}: {self.rng.choice(['break', 'continue'])}")
            self.statements(1, depth - 1)
        self.in_loop -= 1

    def otherwise(self, depth: int) -> None:
        if self.rng.random() < 0.15:
            with self.block("else:"):
                self.statements(1, depth - 1)

    def leave(self) -> None:
        if self.in_loop and self.rng.random() < 0.5:
            self.line(f"if {self.condition()}: {self.rng.choice(['break', 'continue'])}")
        else:
            self.line(f"if {self.condition()}: return {self.kept()}")

    def closure(self) -> None:
        name = self.fresh("f")
        free = self.leaf()
        self.line(f"def {name}(u): return {self.rng.choice(BOUNDED).format(f'u * {free} + {self.leaf()}')}")
        self.functions.append(name)

    def helper(self, name: str) -> None:
        """A function (u, v, w[5]) → float, which may write to w."""
        with self.block(f"def {name}(u, v, w):"):
            self.names = {"u": (), "v": (), "w": (5,)}
            self.statements(self.rng.randint(1, 3), depth=2)
            self.line(f"return {self.kept()}")
        self.helpers.append(name)
