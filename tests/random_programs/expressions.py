"""Expressions: numbers, conditions, elements, slices and arrays as text with bounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .quantities import FLOATS, INTEGERS, NUMPY, Kind, Quantity, corners, result_name, wrapped
from .scope import LIMITS, Scope, Variable

INT, FLOAT, BOOL = Kind("int"), Kind("float"), Kind("bool")


@dataclass
class Expressions:
    """Writes expressions over the names of a scope."""

    scope: Scope

    def __post_init__(self) -> None:
        self.writer = self.scope.writer
        self.rng = self.writer.rng
        self.choose = self.writer.choose

    # --- numbers

    def number(self, kind: Kind, depth: int = 2) -> Quantity:
        """A scalar of this kind, exact."""
        if kind.name == "bool":
            return Quantity(self.truth(depth), BOOL, 0, 1)
        if kind.name in NUMPY:
            return self.numpy_scalar(kind, depth)
        if depth <= 0 or self.rng.random() < 0.25:
            return self.leaf(kind)
        return self.choose(
            (8, lambda: self.arithmetic(kind, depth)),
            (3, lambda: self.division(kind, depth)),
            (2, lambda: self.bits(depth) if kind.integer else self.arithmetic(kind, depth)),
            (3, lambda: self.unary(kind, depth)),
            (2, lambda: self.extreme(kind, depth)),
            (2, lambda: self.conditional(kind, depth)),
            (3, lambda: self.converted(kind, depth)),
            (1, lambda: self.walrus(kind, depth)),
            (2, lambda: self.call(kind, depth)),
            (1, lambda: self.logical(kind, depth)),
            (1, lambda: self.reduction(kind)),
        )

    def fitted(self, kind: Kind, depth: int = 2, limits: tuple[float, float, int] | None = None) -> Quantity:
        """A scalar within the limits of variables of its kind."""
        return wrapped(self.number(kind, depth), *(limits or LIMITS.get(kind.name, (0, 1, 0))))

    def small(self, kind: Kind, depth: int = 1) -> Quantity:
        return self.fitted(kind, depth, (-16, 16, 2) if kind.name in FLOATS else (-40, 40, 0))

    def leaf(self, kind: Kind) -> Quantity:
        found = self.scope.find(lambda v: v.kind == kind and (v.bound or self.rng.random() < 0.005))
        if found and self.rng.random() < 0.8:
            return self.rng.choice(found).read
        return self.literal(kind)

    def literal(self, kind: Kind) -> Quantity:
        if kind.name == "int":
            n = self.rng.randint(-9, 12)
            return Quantity(str(n) if n >= 0 else f"({n})", INT, n, n)
        quarter = self.rng.randint(-12, 16) / 4
        return Quantity(str(quarter) if quarter >= 0 else f"({quarter})", FLOAT, quarter, quarter, 2)

    def arithmetic(self, kind: Kind, depth: int) -> Quantity:
        other = INT if kind == FLOAT and self.rng.random() < 0.3 else kind
        a, b = self.number(kind, depth - 1), self.number(other, depth - 1)
        if self.rng.random() < 0.5:
            a, b = b, a
        return self.binary(self.rng.choice("+-*"), a, b)

    def binary(self, op: str, a: Quantity, b: Quantity) -> Quantity:
        """a op b of scalars or arrays, wrapped first where the result would be too large."""
        shape = a.kind.shape if a.kind.shape is not None else b.kind.shape
        kind = Kind(result_name(a.kind.name, b.kind.name), shape)

        def result(a: Quantity, b: Quantity) -> Quantity:
            bits = a.bits + b.bits if op == "*" else max(a.bits, b.bits)
            return Quantity(f"({a.text} {op} {b.text})", kind, *corners(op, a, b), bits)

        found = result(a, b)
        if found.exact():
            return found
        a, b = (wrapped(q, *((-16, 16, 2) if not q.kind.integer else (-40, 40, 0))) for q in (a, b))
        return result(a, b)

    def division(self, kind: Kind, depth: int) -> Quantity:
        """// and % with a divisor that is a constant, kept from zero, or anything."""
        a = wrapped(self.number(kind, depth - 1), *((-4096, 4096, 4) if kind.name in FLOATS else (-(2**40), 2**40, 0)))
        divisor = self.divisor(kind, depth)
        if self.rng.random() < 0.5:
            return Quantity(
                f"({a.text} % {divisor.text})", kind, -divisor.size, divisor.size, max(a.bits, divisor.bits)
            )
        least = 1 if kind.integer else 2.0**-divisor.bits
        reach = a.size / least + 1
        return Quantity(f"({a.text} // {divisor.text})", kind, -reach, reach)

    def divisor(self, kind: Kind, depth: int) -> Quantity:
        n = self.rng.choice([-7, -3, -2, -1, 1, 2, 3, 5, 8])
        if kind.name in FLOATS:
            n /= self.rng.choice([1, 2, 4])
        small, bits = self.small(kind, depth - 1), 0 if kind.integer else 2
        return self.choose(
            (6, lambda: Quantity(f"({n})" if n < 0 else str(n), kind, n, n, bits)),
            (3, lambda: Quantity(f"(abs({small.text}) + 1)", kind, 1, small.size + 1, small.bits)),
            (1, lambda: small if kind.name in ("int", "float") else Quantity(str(abs(n)), kind, n, n, bits)),
        )

    def bits(self, depth: int) -> Quantity:
        a, b = self.fitted(INT, depth - 1), self.fitted(INT, depth - 1)
        if self.rng.random() < 0.5:
            reach = 2 ** (int(max(a.size, b.size)) + 1).bit_length()
            return Quantity(f"({a.text} {self.rng.choice('&|^')} {b.text})", INT, -reach, reach)
        count = self.rng.choice([str(self.rng.randint(0, 5)), f"({b.text} & 3)", f"({b.text} % 4)"])
        if self.rng.random() < 0.5:
            return Quantity(f"({a.text} << {count})", INT, -a.size * 32, a.size * 32)
        return Quantity(f"({a.text} >> {count})", INT, -a.size, a.size)

    def unary(self, kind: Kind, depth: int) -> Quantity:
        a = self.number(kind, depth - 1)
        power = self.rng.choice([2, 2, 3])
        low = wrapped(a, *((-16, 16, 2) if kind.name in FLOATS else (-200, 200, 0)))
        return self.choose(
            (3, lambda: Quantity(f"(-{a.text})", kind, -a.high, -a.low, a.bits)),
            (3, lambda: Quantity(f"abs({a.text})", kind, 0, a.size, a.bits)),
            (1, lambda: Quantity(f"(~{a.text})", kind, -a.high - 1, -a.low - 1) if kind.integer else a),
            (
                2,
                lambda: Quantity(
                    f"({low.text} ** {power})", kind, -(low.size**power), low.size**power, low.bits * power
                ),
            ),
        )

    def extreme(self, kind: Kind, depth: int) -> Quantity:
        parts = [self.number(kind, depth - 1) for _ in range(self.rng.choice([2, 2, 3]))]
        low, high = min(q.low for q in parts), max(q.high for q in parts)
        text = f"{self.rng.choice(['min', 'max'])}({', '.join(q.text for q in parts)})"
        return Quantity(text, kind, low, high, max(q.bits for q in parts))

    def conditional(self, kind: Kind, depth: int) -> Quantity:
        a, b = self.number(kind, depth - 1), self.number(kind, depth - 1)
        text = f"({a.text} if {self.condition(depth - 1)} else {b.text})"
        return Quantity(text, kind, min(a.low, b.low), max(a.high, b.high), max(a.bits, b.bits))

    def converted(self, kind: Kind, depth: int) -> Quantity:
        """A number of another kind, converted."""
        if kind.name == "int":
            source = self.number(Kind(self.rng.choice(["float", "i64", "f64", "bool"])), depth - 1)
            how = self.rng.choice(["int", "round", "math.floor"]) if source.kind == FLOAT else "int"
            return Quantity(f"{how}({source.text})", INT, source.low - 1, source.high + 1)
        source = self.number(Kind(self.rng.choice(["int", "f64", "f32"])), depth - 1)
        text = f"({source.text} / 2)" if source.kind == INT and self.rng.random() < 0.5 else f"float({source.text})"
        return Quantity(
            text, FLOAT, min(source.low, source.low / 2), max(source.high, source.high / 2), source.bits + 1
        )

    def walrus(self, kind: Kind, depth: int) -> Quantity:
        value = self.fitted(kind, depth - 1)
        found = self.scope.find(lambda v: v.kind == kind and v.bound and v.writable and not v.total)
        return replace(value, text=f"({self.rng.choice(found).name} := {value.text})") if found else value

    def logical(self, kind: Kind, depth: int) -> Quantity:
        a, b = self.number(kind, depth - 1), self.number(kind, depth - 1)
        text = f"({a.text} {self.rng.choice(['and', 'or'])} {b.text})"
        return Quantity(text, kind, min(a.low, b.low), max(a.high, b.high), max(a.bits, b.bits))

    def call(self, kind: Kind, depth: int) -> Quantity:
        """A local function, or a helper with one result."""
        local = [f for f in self.scope.functions if f[2] == kind]
        if local:
            name, kinds, _ = self.rng.choice(local)
            return Quantity(f"{name}({', '.join(self.small(k).text for k in kinds)})", kind, *LIMITS[kind.name])
        helpers = [h for h in self.writer.helpers if h[4] == [kind]]
        text = self.helper_call(self.rng.choice(helpers)) if helpers and self.scope.trips < 40 else None
        return Quantity(text, kind, *LIMITS[kind.name]) if text else self.leaf(kind)

    def helper_call(self, helper: tuple[Any, ...]) -> str | None:
        """A call by position, keyword and default; None where no array fits."""
        name, names, kinds, defaults, _ = helper
        parts, keywords = [], False
        for parameter, kind, default in zip(names, kinds, defaults, strict=True):
            if default and self.rng.random() < 0.5:
                keywords = True
                continue
            value = self.array_place(kind, fresh=False) if kind.shape else self.small(kind).text
            if value is None:
                return None
            keywords = keywords or (kind.shape is None and self.rng.random() < 0.2)
            parts.append(f"{parameter}={value}" if keywords else value)
        return f"{name}({', '.join(parts)})"

    def reduction(self, kind: Kind) -> Quantity:
        """len, sum, min, max of arrays and lists."""
        arrays = self.scope.find(lambda v: v.kind.shape is not None and v.bound)
        if not arrays:
            return self.leaf(kind)
        v = self.rng.choice(arrays)
        if kind.name == "int":
            return self.choose(
                (1, lambda: Quantity(f"len({v.name})", INT, v.kind.shape[0], v.kind.shape[0])),
                (2, self.of_list),
                (1, self.comprehension),
            )
        one = [a for a in arrays if len(a.kind.shape) == 1 and a.kind.name == "f64"]
        if not one:
            return self.leaf(kind)
        v = self.rng.choice(one)
        how = self.rng.choice(["sum({})", "min({})", "max({})", "{}.sum()", "{}.max()", "{}.min()", "(-{}).min()"])
        return Quantity(f"float({how.format(v.name)})", FLOAT, -(2**40), 2**40, v.limits[2])

    def of_list(self) -> Quantity:
        """An element of a list, or what a builtin makes of the whole."""
        if not self.scope.lists:
            return self.leaf(INT)
        name, n = self.rng.choice(list(self.scope.lists.items()))
        whole = [f"{f}({name})" for f in ("sum", "max", "min", "len")]
        ordered = f"sorted({name})[{self.rng.randint(-n, n - 1)}]"
        element = f"{name}[{self.index(n)}]"
        return Quantity(self.rng.choice([element, element, element, *whole, ordered]), INT, -40000, 40000)

    def comprehension(self) -> Quantity:
        """A builtin over a comprehension."""
        v = self.writer.fresh("v")
        text = f"{v} * {self.small(INT).text} - {self.rng.randint(0, 3)} for {v} in range({self.rng.randint(1, 4)})"
        outer = self.rng.choice(["sum([{}])", "max([{}])", "sum({})", "min({})"])
        return Quantity(outer.format(text), INT, -800, 800)

    # --- NumPy scalars: elements of arrays

    def numpy_scalar(self, kind: Kind, depth: int) -> Quantity:
        element = self.element(kind)
        if element is None:
            low = self.small(INT if kind.integer else FLOAT, 0)
            return replace(low, text=f"np.{NUMPY[kind.name]}({low.text})", kind=kind)
        if depth <= 0 or self.rng.random() < 0.4:
            return element
        if self.rng.random() < 0.25:
            return Quantity(f"({element.text} % {self.rng.choice([3, 5, 8])})", kind, 0, 8, element.bits)
        other = self.number(self.rng.choice([kind, INT if kind.integer else FLOAT]), depth - 1)
        return self.binary(self.rng.choice("+-*"), *self.rng.sample([element, other], 2))

    def element(self, kind: Kind, store: bool = False) -> Quantity | None:
        """`a[i]`, `m[i, j]`, `m[i][j]` of an array with these elements."""
        arrays = self.scope.find(lambda v: v.kind.shape is not None and v.kind.name == kind.name and v.bound)
        if not arrays:
            return None
        v = self.rng.choice(arrays)
        indices = [self.index(n) for n in v.kind.shape]
        text = ", ".join(indices) if self.rng.random() < 0.8 else "][".join(indices)
        return Quantity(f"{v.name}[{text}]", kind, *v.limits)

    def index(self, n: int) -> str:
        """An index into a dimension of n: nearly always in range."""
        inside = self.scope.find(lambda v: v.kind == INT and v.bound and -n <= v.limits[0] and v.limits[1] < n)
        near = self.scope.find(lambda v: v.kind == INT and v.bound and not v.writable)
        k = self.rng.choice([1, -1, 2])
        return self.choose(
            (10, lambda: self.rng.choice(inside).name if inside else str(self.rng.randint(-n, n - 1))),
            (3, lambda: str(self.rng.randint(-n, n - 1))),
            (4, lambda: f"({self.fitted(INT, 1).text}) % {n}"),
            (1, lambda: f"-1 - {self.fitted(INT, 1).text} % {n}"),
            (2, lambda: f"({self.rng.choice(near).name} + {k}) % {n}" if near else "0"),
            (1, lambda: f"{self.rng.choice(near).name} - 1" if near else "-1"),
            (1, lambda: self.element_index(n)),
            (1, lambda: self.small(INT, 1).text if self.rng.random() < 0.3 else "0"),
        )

    def element_index(self, n: int) -> str:
        element = self.element(Kind("i64"))
        return f"{element.text} % {n}" if element is not None and len(element.text) < 60 else "0"

    # --- conditions

    def truth(self, depth: int) -> str:
        """A Python bool."""
        found = self.scope.find(lambda v: v.kind == BOOL and v.bound)
        kind = self.rng.choice([INT, INT, FLOAT])
        a, b, c = (self.number(kind, depth - 1).text for _ in range(3))
        op, op2 = self.rng.choice(["<", "<=", ">", ">=", "==", "!="]), self.rng.choice(["<", "<="])
        return self.choose(
            (8, lambda: f"({a} {op} {b})"),
            (2, lambda: f"({a} {op2} {b} {op} {c})"),
            (3, lambda: self.rng.choice(found).name if found else f"({a} > {b})"),
            (2, lambda: f"(not {self.truth(depth - 1)})" if depth > 0 else f"({a} < 0)"),
            (
                3,
                lambda: (
                    f"({self.truth(depth - 1)} {self.rng.choice(['and', 'or'])} {self.truth(depth - 1)})"
                    if depth > 0
                    else f"({a} == {b})"
                ),
            ),
            (1, lambda: f"bool({a})"),
            (1, lambda: f"({a} in ({b}, {c}, 1))"),
        )

    def condition(self, depth: int = 2) -> str:
        """A test: a bool, a number, a comparison of elements, a guarded read."""
        return self.choose(
            (8, lambda: self.truth(depth)),
            (3, lambda: self.element_test()),
            (2, lambda: self.guarded_read()),
            (1, self.whole_test),
            (1, lambda: self.number(INT, depth - 1).text),
            (1, lambda: f"{self.truth(depth - 1)} {self.rng.choice(['and', 'or'])} {self.element_test()}"),
        )

    def element_test(self) -> str:
        name = self.rng.choice(["f64", "i64", "f32"])
        element = self.element(Kind(name))
        if element is None:
            return self.truth(1)
        return f"{element.text} {self.rng.choice(['<', '>', '==', '>='])} {self.number(INT if name == 'i64' else FLOAT, 1).text}"

    def whole_test(self) -> str:
        """any, all of a compared array."""
        arrays = self.scope.find(lambda v: v.kind.shape is not None and len(v.kind.shape) == 1 and v.bound)
        if not arrays:
            return self.truth(1)
        a, x = self.rng.choice(arrays).name, self.rng.randint(-2, 4)
        return self.rng.choice([f"any({a} > {x})", f"all({a} < {x})", f"({a} == {x}).any()", f"({a} > {x}).all()"])

    def guarded_read(self) -> str:
        """`0 <= n < len(a) and a[n] > x`: the read is never reached out of range."""
        arrays = self.scope.find(lambda v: v.kind.shape is not None and len(v.kind.shape) == 1 and v.bound)
        numbers = self.scope.find(lambda v: v.kind == INT and v.bound)
        if not arrays or not numbers:
            return self.truth(1)
        a, n = self.rng.choice(arrays).name, self.rng.choice(numbers).name
        return self.rng.choice(
            [
                f"(0 <= {n} < len({a}) and {a}[{n}] > {self.rng.randint(-2, 2)})",
                f"({n} < 0 or {n} >= len({a}) or {a}[{n}] < 1)",
            ]
        )

    # --- arrays

    def slice_text(self, n: int, length: int) -> str | None:
        """A slice that takes `length` of n."""
        steps = [1, 1, 1, 2, -1, -1, -2]
        for _ in range(8):
            step = self.rng.choice(steps)
            start = self.rng.choice([None, None, self.rng.randint(-n - 1, n + 1)])
            stop = self.rng.choice([None, None, self.rng.randint(-n - 1, n + 1)])
            if len(range(n)[slice(start, stop, step)]) == length:
                parts = ["" if x is None else str(x) for x in (start, stop)]
                return ":".join(parts if step == 1 else [*parts, str(step)])
        return f"{n - length}:" if length <= n else None

    def array_place(self, kind: Kind, fresh: bool = True) -> str | None:
        """An array of this kind that exists: a name, or a view of one. None where there is none."""
        places = [
            p
            for v in self.scope.find(lambda v: v.kind.shape is not None and v.kind.name == kind.name and v.bound)
            for p in self.views(v, kind.shape)
        ]
        return self.rng.choice(places) if places else None

    def views(self, v: Variable, shape: tuple[int, ...]) -> list[str]:
        have, found = v.kind.shape, []
        if have == shape:
            found += [v.name, f"{v.name}[::-1]"]
        if len(have) == 2 and have[::-1] == shape:
            found.append(f"{v.name}.T")
        if len(have) == 1 and len(shape) == 1 and have[0] > shape[0] and (s := self.slice_text(have[0], shape[0])):
            found.append(f"{v.name}[{s}]")
        if len(have) == 2 and len(shape) == 1:
            if (s := self.slice_text(have[1], shape[0])) is not None:
                found.append(f"{v.name}[{self.index(have[0])}{'' if have[1] == shape[0] else ', ' + s}]")
            if (s := self.slice_text(have[0], shape[0])) is not None:
                found.append(f"{v.name}[{s}, {self.index(have[1])}]")
            if have[0] * have[1] == shape[0]:
                found.append(f"{v.name}.reshape(-1)")
        if len(have) == 2 and len(shape) == 2 and have != shape and have[0] >= shape[0] and have[1] >= shape[1]:
            parts = [self.slice_text(n, k) for n, k in zip(have, shape, strict=True)]
            found.append(f"{v.name}[{', '.join(p or ':' for p in parts)}]")
        if len(have) == 1 and len(shape) == 2 and have[0] == shape[0] * shape[1]:
            found.append(f"{v.name}.reshape{shape}")
        return found

    def array(self, kind: Kind, depth: int = 1) -> Quantity:
        """An array: a place, a new one, or arithmetic of those."""
        if depth > 0 and self.rng.random() < 0.6:
            other = Kind(kind.name, kind.shape) if self.rng.random() < 0.6 else (INT if kind.integer else FLOAT)
            b = self.array(other, depth - 1) if other.shape else self.small(other)
            a = self.array(kind, depth - 1)
            return self.binary(self.rng.choice("+-*"), *self.rng.sample([a, b], 2))
        if depth > 0 and self.rng.random() < 0.15:
            a, b = self.array(kind, depth - 1), self.array(kind, depth - 1)
            test = f"{a.text} {self.rng.choice(['<', '>=', '=='])} {self.small(INT if kind.integer else FLOAT).text}"
            bits = max(a.bits, b.bits)
            return Quantity(f"np.where({test}, {a.text}, {b.text})", kind, min(a.low, b.low), max(a.high, b.high), bits)
        place = self.array_place(kind)
        if place is not None and self.rng.random() < 0.9:
            return Quantity(place, kind, *Variable.of("", kind).limits)
        dtype = f", dtype=np.{NUMPY[kind.name]}" if kind.name != "f64" else ""
        value = self.rng.randint(-3, 3)
        return Quantity(f"(np.zeros({kind.shape}{dtype}) + {value})", kind, value, value)

    def array_in(self, kind: Kind, depth: int = 1) -> Quantity:
        return wrapped(self.array(kind, depth), *Variable.of("", kind).limits)


__all__ = ["FLOATS", "INTEGERS", "Expressions"]
