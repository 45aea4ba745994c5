"""Statements: bindings, writes, loops, branches, exits, calls."""

from __future__ import annotations

from dataclasses import replace

from .expressions import BOOL, FLOAT, INT, Expressions
from .quantities import Kind, wrapped
from .scope import LIMITS, Scope, Variable

ADDED = {"int": (-1000, 1000, 0), "i64": (-1000, 1000, 0), "float": (-512, 512, 4), "f64": (-512, 512, 4)}
NUMBERS = [INT, INT, FLOAT]


class Statements(Expressions):
    """Writes the body of a function; `depth` is how far blocks may nest."""

    def __init__(self, scope: Scope, depth: int = 3) -> None:
        super().__init__(scope)
        self.depth = depth

    def function(self, name: str, parameters: list[str], size: int) -> None:
        with self.writer.block(f"def {name}({', '.join(parameters)}):"):
            self.totals = [self.scope.declare(Variable.of(t, k, total=True)) for t, k in (("s", INT), ("t", FLOAT))]
            self.writer.line("s, t = 0, 0.0")
            for _ in range(size):
                self.statement(self.depth)
            self.writer.line(self.return_text())
        self.writer.line("")

    def block(self, depth: int) -> None:
        for _ in range(self.rng.choice([1, 1, 2, 2, 3])):
            self.statement(depth)

    def statement(self, depth: int) -> None:
        deep = depth > 0
        self.choose(
            (6, self.assign_scalar),
            (5, self.add_total),
            (8, self.store),
            (3, self.store_slice),
            (3, self.make_view),
            (2, self.update_array),
            (2, self.swap),
            (2, self.unpack),
            (2, self.call_helper),
            (1, self.list_or_tuple),
            (2, self.write_list),
            (2, self.masked),
            (2, self.move_parts),
            (1, self.local_function),
            (1, self.effect),
            (2, self.rebind),
            (7 if deep else 0, lambda: self.if_statement(depth - 1)),
            (7 if deep and self.scope.trips < 60 else 0, lambda: self.for_statement(depth - 1)),
            (3 if deep and self.scope.trips < 60 else 0, lambda: self.while_statement(depth - 1)),
            (3 if self.scope.loops else 0, self.leave_loop),
            (1, self.early_return),
        )

    # --- bindings

    def target(self, kind: Kind) -> str:
        """A name to bind: an old one of this kind, or a new one."""
        old = self.scope.find(lambda v: v.kind == kind and v.writable and not v.total)
        return self.rng.choice(old).name if old and self.rng.random() < 0.65 else self.writer.fresh(kind.name[0])

    def bind(self, name: str, kind: Kind) -> None:
        self.scope.declare(Variable.of(name, kind))

    def assign_scalar(self) -> None:
        kind = self.rng.choice([INT, INT, FLOAT, FLOAT, BOOL, Kind("i64"), Kind("f64")])
        value, name = self.fitted(kind, 3), self.target(kind)
        self.writer.line(f"{name} = {value.text}")
        self.bind(name, kind)

    def add_total(self) -> None:
        total = self.rng.choice(self.totals)
        value = self.fitted(total.kind, 2, ADDED[total.kind.name])
        self.writer.line(f"{total.name} {self.rng.choice(['+=', '+=', '-='])} {value.text}")

    def swap(self) -> None:
        element = self.element(Kind(self.rng.choice(["f64", "i64", "f32"])))
        if element is not None and self.rng.random() < 0.7:
            name = element.text.split("[")[0]
            shape = self.scope.variables[name].kind.shape or ()
            p, q = (f"{name}[{', '.join(self.index(n) for n in shape)}]" for _ in range(2))
            self.writer.line(f"{p}, {q} = {q}, {p}")
            return
        kind = self.rng.choice(NUMBERS)
        names = [v.name for v in self.scope.find(lambda v: v.kind == kind and v.bound and v.writable and not v.total)]
        if len(names) > 1:
            p, q = self.rng.sample(names, 2)
            self.writer.line(f"{p}, {q} = {q}, {p}")

    def unpack(self) -> None:
        kinds = [self.rng.choice(NUMBERS) for _ in range(2)]
        values = [self.fitted(kind, 1).text for kind in kinds]
        if self.rng.random() < 0.3:
            kinds, values = [INT, INT], [f"*divmod({self.fitted(INT).text}, {self.rng.choice([-7, -2, 3, 5])})"]
        names = [self.target(kind) for kind in kinds]
        if names[0] != names[1]:
            self.writer.line(f"{', '.join(names)} = {', '.join(values)}".replace("= *", "= "))
            for name, kind in zip(names, kinds, strict=True):
                self.bind(name, kind)

    def rebind(self) -> None:
        """An array name or a choice of arrays for a fresh name; two arrays swapped."""
        arrays = self.scope.find(lambda v: v.kind.shape is not None and v.bound)
        if not arrays:
            return
        v = self.rng.choice(arrays)
        alike = [w for w in arrays if w.kind == v.kind]
        other = self.rng.choice(alike)
        if self.rng.random() < 0.5:
            name = self.writer.fresh("c")
            self.writer.line(f"{name} = {v.name} if {self.condition(1)} else {other.name}")
            self.bind(name, v.kind)
        elif other is not v and v.writable and other.writable:
            self.writer.line(f"{v.name}, {other.name} = {other.name}, {v.name}")

    def list_or_tuple(self) -> None:
        """A list of ints written and read by data; a tuple taken apart."""
        values = [self.fitted(INT, 1).text for _ in range(self.rng.randint(2, 4))]
        name, n = self.writer.fresh("l"), len(values)
        if self.rng.random() < 0.4:
            self.writer.line(f"{name} = ({self.fitted(INT, 1).text}, {self.fitted(FLOAT, 1).text})")
            self.writer.line(f"s += {name}[0]")
            self.writer.line(f"t -= {name}[1]")
            return
        self.writer.line(
            f"{name} = [{', '.join(values)}]" if self.rng.random() < 0.7 else f"{name} = [{values[0]}] * {n}"
        )
        if self.rng.random() < 0.4:
            self.writer.line(f"{name}.append({self.fitted(INT, 1).text})")
            n += 1
        self.scope.lists[name] = n
        self.writer.line(f"{name}[{self.index(n)}] {self.rng.choice(['=', '-='])} {self.small(INT).text}")
        self.writer.line(f"s += {name}[{self.index(n)}] * {self.rng.choice([f'len({name})', '3', f'{name}[-1] % 5'])}")
        if self.rng.random() < 0.3:
            self.writer.line(f"s -= {self.rng.choice(['sum', 'max', 'min'])}({name})")

    def write_list(self) -> None:
        """An element of a list set, two swapped, or the items walked over."""
        if not self.scope.lists:
            self.list_or_tuple()
            return
        name, n = self.rng.choice(list(self.scope.lists.items()))
        p, q = (f"{name}[{self.index(n)}]" for _ in range(2))
        form = self.rng.choice(["set", "swap", "walk", "alias"])
        if form == "set":
            self.writer.line(f"{p} = {self.fitted(INT).text}")
        elif form == "swap":
            self.writer.line(f"{p}, {q} = {q}, {p}")
        elif form == "alias":
            other = self.writer.fresh("l")
            self.writer.line(f"{other} = {self.rng.choice([name, f'{name}[:]', f'{name}[::-1]', f'{name}.copy()'])}")
            self.scope.lists[other] = n
        else:
            v = self.writer.fresh("v")
            with self.writer.block(f"for {v} in {name}:"):
                self.writer.line(f"s += {v} % {self.rng.randint(2, 9)}")

    def masked(self) -> None:
        """Elements chosen by a condition set or changed."""
        arrays = self.scope.find(lambda v: v.kind.shape is not None and v.bound)
        if not arrays:
            return
        v = self.rng.choice(arrays)
        number = INT if v.kind.integer else FLOAT
        op = self.rng.choice(["=", "+=", "-="]) if v.kind.name in ADDED else "="
        test = f"{v.name} {self.rng.choice(['<', '>', '=='])} {self.small(number, 0).text}"
        self.writer.line(f"{v.name}[{test}] {op} {self.small(number).text}")

    def move_parts(self) -> None:
        """Parts of an array moved within it, overlapping; two parts swapped through views; a name of a loop set again."""
        arrays = self.scope.find(lambda v: v.kind.shape is not None and v.bound and v.kind.shape[0] > 2)
        loops = self.scope.find(lambda v: v.name.startswith("i_") and v.kind == INT and v.bound and not v.writable)
        if loops and self.rng.random() < 0.15:
            name = self.rng.choice(loops).name
            self.writer.line(f"{name} = {self.fitted(INT).text}")
            self.scope.declare(replace(Variable.of(name, INT), writable=False))
        elif arrays:
            a = self.rng.choice(arrays).name
            forms = [
                "{0}[1:] = {0}[:-1]",
                "{0}[:-1] = {0}[1:]",
                "{0}[0], {0}[1] = {0}[1], {0}[0]",
                "{0}[:] = {0}[::-1]",
                "{0}[:2], {0}[1:3] = {0}[1:3], {0}[:2]",
                "{0}[1:] -= {0}[:-1] % 8",
                "{0}[::2] = {0}[::-2]",
            ]
            self.writer.line(self.rng.choice(forms).format(a))

    def local_function(self) -> None:
        """A lambda, or a nested function that reads, and perhaps sets, names of this one."""
        kinds = [self.rng.choice(NUMBERS) for _ in range(self.rng.randint(1, 2))]
        names = [self.writer.fresh("v") for _ in kinds]
        result, name = self.rng.choice([INT, FLOAT]), self.writer.fresh("f")
        inner = Statements(replace(self.scope, variables=dict(self.scope.variables), functions=[], loops=0), 0)
        for parameter, kind in zip(names, kinds, strict=True):
            inner.scope.declare(Variable(parameter, kind, LIMITS[kind.name]))
        if self.rng.random() < 0.5:
            last = f"={self.leaf(kinds[-1]).text}" if self.rng.random() < 0.3 else ""
            self.writer.line(f"{name} = lambda {', '.join(names)}{last}: {inner.fitted(result, 2).text}")
        else:
            with self.writer.block(f"def {name}({', '.join(names)}):"):
                outer = [
                    v.name for v in self.scope.find(lambda v: v.kind == INT and v.bound and v.writable and not v.total)
                ]
                changed = self.rng.choice(outer) if outer and self.rng.random() < 0.4 else None
                if changed:
                    self.writer.line(f"nonlocal {changed}")
                    self.writer.line(f"{changed} = {inner.fitted(INT).text}")
                if self.rng.random() < 0.4 and (element := inner.element(Kind("f64"))) is not None:
                    self.writer.line(f"{element.text} = {inner.fitted(FLOAT, 1).text}")
                self.writer.line(f"return {inner.fitted(result, 2).text}")
        self.scope.functions.append((name, kinds, result))

    def call_helper(self) -> None:
        """A helper called for its results."""
        if not self.writer.helpers or self.scope.trips > 40:
            return
        helper = self.rng.choice(self.writer.helpers)
        text, results = self.helper_call(helper), helper[4]
        names = [self.target(kind) for kind in results]
        if text is None or len(set(names)) != len(names):
            return
        self.writer.line(f"{', '.join(names)} = {text}")
        for name, kind in zip(names, results, strict=True):
            self.bind(name, kind)

    # --- arrays

    def store(self) -> None:
        """One element set or changed."""
        kind = Kind(self.rng.choice(["f64", "f64", "i64", "f32"]))
        element = self.element(kind)
        if element is None:
            return self.add_total()
        scalar = self.rng.choice([kind, kind, INT if kind.integer else FLOAT])
        op = self.rng.choice(["=", "=", "+=", "-="]) if kind.name in ADDED else "="
        value = self.fitted(scalar, 2, None if op == "=" else ADDED[kind.name]) if op != "=" else self.fitted(scalar, 2)
        if kind.name == "f32":
            value = wrapped(value, -32, 32, 3)
        self.writer.line(f"{element.text} {op} {value.text}")
        return None

    def store_slice(self) -> None:
        """A slice set to a number or an array."""
        arrays = self.scope.find(lambda v: v.kind.shape is not None and v.bound)
        if not arrays:
            return
        v = self.rng.choice(arrays)
        shape = v.kind.shape or ()
        length = self.rng.randint(1, shape[-1])
        part = self.slice_text(shape[-1], length) or ":"
        length = len(range(shape[-1])[eval(f"slice({','.join(p or 'None' for p in part.split(':'))})")])
        lead = f"{self.index(shape[0])}, " if len(shape) == 2 else ""
        kind = Kind(v.kind.name, (length,))
        value = (
            self.small(INT if kind.integer else FLOAT)
            if self.rng.random() < 0.5
            else wrapped(self.array(kind), *LIMITS[kind.name])
        )
        op = self.rng.choice(["=", "=", "+=", "-="]) if v.kind.name != "f32" else "="
        self.writer.line(f"{v.name}[{lead}{part}] {op} {value.text}")

    def update_array(self) -> None:
        """A whole array changed in place."""
        arrays = self.scope.find(lambda v: v.kind.shape is not None and v.bound)
        if not arrays:
            return
        v = self.rng.choice(arrays)
        if self.rng.random() < 0.5 and v.kind.name != "f32":
            value = wrapped(self.array(v.kind), *ADDED[v.kind.name])
            self.writer.line(f"{v.name} {self.rng.choice(['+=', '-='])} {value.text}")
        else:
            self.writer.line(f"{v.name}[:] = {wrapped(self.array(v.kind, 2), *LIMITS[v.kind.name]).text}")

    def make_view(self) -> None:
        """A fresh name for a view, an alias, a copy or a new array."""
        kind = Kind(
            self.rng.choice(["f64", "f64", "i64", "f32"]),
            self.rng.choice([(6,), (5,), (4,), (3,), (2,), (3, 4), (4, 3), (2, 2)]),
        )
        place = self.array_place(kind)
        copied = self.rng.random() < 0.25
        name = self.writer.fresh("b")
        if place is None or copied:
            place = f"{self.array_in(kind).text}.copy()"
        self.writer.line(f"{name} = {place}")
        self.bind(name, kind)

    # --- control

    def if_statement(self, depth: int) -> None:
        heads = ["if", *(["elif"] if self.rng.random() < 0.3 else []), *(["else"] if self.rng.random() < 0.6 else [])]
        for head in heads:
            text = "else:" if head == "else" else f"{head} {self.condition()}:"
            with self.writer.block(text), self.scope.branch():
                self.block(depth)

    def for_statement(self, depth: int) -> None:
        name = self.writer.fresh("i")
        arrays = self.scope.find(lambda v: v.kind.shape is not None and len(v.kind.shape) == 1 and v.bound)
        a = self.rng.choice(arrays) if arrays else None
        if a is None or self.rng.random() < 0.7:
            text, low, high = self.range_text(a)
            variables = [Variable(name, INT, (low, high, 0), writable=False)]
            target, trips = name, max(int(high - low) + 1, 1)
        else:
            target, text, variables, trips = self.over_array(a, name)
        kept = self.scope.trips
        with self.writer.block(f"for {target} in {text}:"), self.scope.loop(trips):
            for v in variables:
                self.scope.declare(v)
            self.block(depth)
        assert self.scope.trips == kept
        if text.startswith("range(") and text[6:-1].isdigit():
            self.scope.declare(variables[0])
        self.loop_else(depth)

    def range_text(self, a: Variable | None) -> tuple[str, int, int]:
        n = self.rng.randint(1, 6)
        data = self.fitted(INT, 1).text
        length = a.kind.shape[0] if a is not None and a.kind.shape else 3
        size = f"len({a.name})" if a is not None else "3"
        inner = [
            v.name
            for v in self.scope.find(
                lambda v: not v.writable and v.kind == INT and v.bound and v.limits[0] >= 0 and v.limits[1] < 8
            )
        ]
        options = [
            (3, (f"range({n})", 0, n - 1)),
            (3, (f"range({size})", 0, length - 1)),
            (2, (f"range(1, {size})", 1, max(length - 1, 1))),
            (2, (f"range({size} - 1, -1, -1)", 0, length - 1)),
            (3, (f"range({data} % {n + 1})", 0, max(n - 1, 0))),
            (1, (f"range({data} % 4, {n + 2})", 0, n + 1)),
            (1, (f"range(0, {n + 3}, {self.rng.randint(1, 3)})", 0, n + 2)),
            (1, (f"range({n}, {self.small(INT).text} % 5 - 3, -{self.rng.randint(1, 3)})", -2, n)),
        ]
        if inner:
            outer = self.rng.choice(inner)
            options += [(3, (f"range({outer})", 0, 7)), (2, (f"range({outer}, {size})", 0, max(length - 1, 0)))]
        return self.choose(*((w, lambda o=o: o) for w, o in options))

    def over_array(self, a: Variable, name: str) -> tuple[str, str, list[Variable], int]:
        """for v in a, enumerate, zip, reversed, rows of a matrix, a tuple of numbers."""
        length = a.kind.shape[0] if a.kind.shape else 1
        item = Variable(f"{name}v", a.kind.element, a.limits, writable=False)
        index = Variable(name, INT, (0, length - 1, 0), writable=False)
        if self.rng.random() < 0.2:
            values = ", ".join(self.fitted(INT, 1).text for _ in range(3))
            return item.name, f"({values})", [Variable(item.name, INT, LIMITS["int"], writable=False)], 3
        matrices = self.scope.find(lambda v: v.kind.shape is not None and len(v.kind.shape) == 2 and v.bound)
        if matrices and self.rng.random() < 0.3:
            m = self.rng.choice(matrices)
            row = Variable(f"{name}r", Kind(m.kind.name, m.kind.shape[1:]), m.limits, writable=False)
            return row.name, m.name, [row], m.kind.shape[0]
        return self.choose(
            (3, lambda: (item.name, a.name, [item], length)),
            (2, lambda: (f"{name}, {item.name}", f"enumerate({a.name})", [index, item], length)),
            (1, lambda: (item.name, f"reversed({a.name})", [item], length)),
            (1, lambda: (f"{name}, {item.name}", f"zip(range(9), {a.name})", [index, item], length)),
            (1, lambda: (item.name, f"{a.name}[{self.slice_text(length, max(length - 1, 1))}]", [item], length)),
        )

    def while_statement(self, depth: int) -> None:
        """Loops with a counter that nothing else sets, so that they end."""
        name, n = self.writer.fresh("k"), self.rng.randint(1, 7)
        counter = Variable(name, INT, (0, n, 0), writable=False)
        form = self.rng.choice(["up", "up", "down", "halving", "true", "walrus"])
        start = {
            "up": "0",
            "true": "0",
            "down": str(n),
            "walrus": str(n),
            "halving": f"abs({self.fitted(INT, 1).text}) % {2**n}",
        }[form]
        if form == "halving":
            counter = replace(counter, limits=(0, 2**n, 0))
        self.writer.line(f"{name} = {start}")
        self.scope.declare(counter)
        test = self.condition(1)
        head = {
            "up": f"while {name} < {n} and ({test}):",
            "down": f"while {name} > 0:",
            "halving": f"while {name} > 0:",
            "true": "while True:",
            "walrus": f"while ({name} := {name} - 1) > 0:",
        }[form]
        step = {
            "up": f"{name} += 1",
            "true": f"{name} += 1",
            "down": f"{name} -= 1",
            "halving": f"{name} //= 2",
            "walrus": "pass",
        }[form]
        with self.writer.block(head), self.scope.loop(n):
            self.writer.line(step)
            if form == "true":
                with self.writer.block(f"if {name} >= {n}:"):
                    self.writer.line("break")
            self.block(depth)
        if form != "true":
            self.loop_else(depth)

    def loop_else(self, depth: int) -> None:
        if self.rng.random() < 0.2:
            with self.writer.block("else:"), self.scope.branch():
                self.block(min(depth, 1))

    def leave_loop(self) -> None:
        with self.writer.block(f"if {self.condition(1)}:"):
            if self.rng.random() < 0.3:
                self.store()
            self.writer.line(self.rng.choice(["break", "continue"]))

    def early_return(self) -> None:
        with self.writer.block(f"if {self.condition(1)}:"):
            self.writer.line(self.return_text())

    def return_text(self) -> str:
        parts = []
        for kind in self.scope.result:
            if kind.shape is not None:
                parts.append(self.array_place(kind) or self.array(kind).text)
            else:
                total = [v for v in self.totals if v.kind == kind and len(self.scope.result) > 2]
                parts.append(total[0].name if total and self.rng.random() < 0.6 else self.fitted(kind, 1).text)
        return f"return {', '.join(parts)}"

    def effect(self) -> None:
        """raise or assert on data with a message; print."""
        value = self.fitted(self.rng.choice([INT, FLOAT]), 1).text
        message = f'f"found {{{value}}} and {{{self.leaf(INT).text}:>5}}"'
        kind = self.rng.choice(["raise", "assert", "print", "print", "print"])
        if kind == "print":
            self.writer.line(f'print("at", {value}, {self.leaf(INT).text}, sep="{self.rng.choice([" ", ":"])}")')
        elif kind == "assert":
            self.writer.line(f"assert {self.condition(1)} or {self.truth(0)}, {message}")
        else:
            with self.writer.block(f"if {self.condition(1)} and {self.truth(1)}:"):
                self.writer.line(f"raise {self.rng.choice(['ValueError', 'RuntimeError'])}({message})")
