"""Programs of loops, branches and in-place writes: each as IR, and in Python as the meaning.

`PROGRAMS[name]` is (module, arguments, expected results for them).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hloc.ir.core import Module, Value
from hloc.ops.elementwise import Remainder, ShiftRightArithmetic, Xor
from tests.emit.building import Code, define, program


@dataclass
class Program:
    module: Callable[..., Module]
    """Gives the IR for arrays of n elements (or n x n)."""
    arguments: Callable[[int], tuple[Any, ...]]
    python: Callable[..., Any]


PROGRAMS: dict[str, Program] = {}


def _random(n: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(n).random(shape or (n,))


def entry(name: str, arguments: Callable[[int], tuple[Any, ...]], python: Callable[..., Any]) -> Any:
    def add(module: Callable[..., Module]) -> Callable[..., Module]:
        PROGRAMS[name] = Program(module, arguments, python)
        return module

    return add


def lcg_python(n: int) -> Any:
    s = 1
    for _ in range(n):
        s = (s * 1103515245 + 12345) % 2147483648
    return s


@entry("lcg", lambda n: (np.int64(n),), lcg_python)
def lcg(n: int) -> Module:
    def build(c: Code, count: Value) -> Any:
        return c.loop(count, [c.const(1)], lambda c, k, s: c.both(c.add(c.mul(s, 1103515245), 12345), 2147483647))

    return program(["i64"], build)


def recurrence_python(n: int, x: float) -> Any:
    for i in range(n):
        x = x * 0.999 + (i - 3.0)
    return x


@entry("recurrence", lambda n: (np.int64(n), np.float64(0.5)), recurrence_python)
def recurrence(n: int) -> Module:
    def build(c: Code, count: Value, x: Value) -> Any:
        return c.loop(count, [x], lambda c, k, x: c.add(c.mul(x, 0.999), c.sub(c.to(k, np.float64), 3.0)))

    return program(["i64", "f64"], build)


def collatz_python(n: int) -> Any:
    best = 0
    for i in range(n):
        x, steps = i + 1, 0
        while x != 1:
            x = x // 2 if x % 2 == 0 else 3 * x + 1
            steps += 1
        best = max(best, steps)
    return best


@entry("collatz", lambda n: (np.int64(n),), collatz_python)
def collatz(n: int) -> Module:
    def step(c: Code, k: Value, x: Value, steps: Value) -> Any:
        even = c.cmp(c.both(x, 1), "EQ", 0)
        half, triple = c.b.emit(ShiftRightArithmetic, x, c.const(1)), c.add(c.mul(x, 3), 1)
        return c.select(even, half, triple), c.add(steps, 1)

    def body(c: Code, k: Value, best: Value) -> Any:
        start = c.add(k, 1)
        _, _, steps = c.while_([start, c.const(0)], lambda c, x, s: c.cmp(x, "NE", 1), step)
        return c.maximum(best, steps)

    return program(["i64"], lambda c, count: c.loop(count, [c.const(0)], body))


def mandelbrot_python(cr: float, ci: float, n: int) -> Any:
    zr = zi = 0.0
    count = 0
    while zr * zr + zi * zi < 4.0 and count < n:
        zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
        count += 1
    return count, zr, zi


@entry("mandelbrot", lambda n: (np.float64(-0.1), np.float64(0.3), np.int64(n)), mandelbrot_python)
def mandelbrot(n: int) -> Module:
    def build(c: Code, cr: Value, ci: Value, limit: Value) -> Any:
        def cond(c: Code, zr: Value, zi: Value, count: Value) -> Value:
            inside = c.cmp(c.add(c.mul(zr, zr), c.mul(zi, zi)), "LT", 4.0)
            return c.both(inside, c.cmp(count, "LT", limit))

        def step(c: Code, k: Value, zr: Value, zi: Value, count: Value) -> Any:
            re = c.add(c.sub(c.mul(zr, zr), c.mul(zi, zi)), cr)
            im = c.add(c.mul(c.mul(zr, 2.0), zi), ci)
            return re, im, c.add(count, 1)

        _, zr, zi, count = c.while_([c.const(0, np.float64), c.const(0, np.float64), c.const(0)], cond, step)
        return count, zr, zi

    return program(["f64", "f64", "i64"], build)


def nested_python(n: int) -> Any:
    acc = 0.0
    for i in range(n):
        for j in range(n):
            acc += (i ^ j) * 0.5 if (i + j) % 3 else 1.0
    return acc


@entry("nested", lambda n: (np.int64(n),), nested_python)
def nested(n: int) -> Module:
    def build(c: Code, count: Value) -> Any:
        def inner(i: Value) -> Any:
            def body(c: Code, j: Value, acc: Value) -> Value:

                x = c.mul(c.to(c.b.emit(Xor, i, j), np.float64), 0.5)
                third = c.cmp(c.b.emit(Remainder, c.add(i, j), c.const(3)), "NE", 0)
                return c.add(acc, c.select(third, x, c.const(1.0, np.float64)))

            return body

        return c.loop(count, [c.const(0, np.float64)], lambda c, i, acc: c.loop(count, [acc], inner(i)))

    return program(["i64"], build)


def sieve_python(flags: np.ndarray) -> Any:
    n = len(flags)
    flags = flags.copy()
    for i in range(2, n):
        if i * i >= n:
            break
        if flags[i]:
            for j in range(i * i, n, i):
                flags[j] = False
    return flags


@entry("sieve", lambda n: (np.ones(n, bool),), sieve_python)
def sieve(n: int) -> Module:
    def strike(c: Code, flags: Value, i: Value) -> Any:
        first = c.mul(i, i)
        count = c.div(c.add(c.sub(c.const(n - 1), first), i), i)

        def body(c: Code, k: Value, flags: Value) -> Value:
            return c.store(flags, False, c.add(first, c.mul(k, i)))

        return c.loop(count, [flags], body)

    def body(c: Code, k: Value, flags: Value, i: Value) -> Any:
        (flags,) = c.if_(c.read(flags, i), lambda c: strike(c, flags, i), lambda c: flags)
        return flags, c.add(i, 1)

    def build(c: Code, flags: Value) -> Any:
        return c.while_([flags, c.const(2)], lambda c, f, i: c.cmp(c.mul(i, i), "LT", n), body)[1]

    return program([f"b1[{n}]"], build)


def floyd_python(d: np.ndarray) -> Any:
    d = d.copy()
    n = len(d)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                if d[i, k] + d[k, j] < d[i, j]:
                    d[i, j] = d[i, k] + d[k, j]
    return d


def _floyd(n: int, update: Callable[..., Any]) -> Module:
    def row(k: Value, i: Value) -> Any:
        return lambda c, j, d: update(c, d, i, j, c.add(c.read(d, i, k), c.read(d, k, j)))

    def plane(k: Value) -> Any:
        return lambda c, i, d: c.loop(n, [d], row(k, i))

    return program([f"f64[{n},{n}]"], lambda c, d: c.loop(n, [d], lambda c, k, d: c.loop(n, [d], plane(k))))


@entry("floyd_if", lambda n: (_random(n, n, n),), floyd_python)
def floyd_if(n: int) -> Module:
    def update(c: Code, d: Value, i: Value, j: Value, x: Value) -> Any:
        shorter = c.cmp(x, "LT", c.read(d, i, j))
        return c.if_(shorter, lambda c: c.store(d, x, i, j), lambda c: d)

    return _floyd(n, update)


@entry("floyd_min", lambda n: (_random(n, n, n),), floyd_python)
def floyd_min(n: int) -> Module:
    return _floyd(n, lambda c, d, i, j, x: c.store(d, c.minimum(x, c.read(d, i, j)), i, j))


def gauss_seidel_python(u: np.ndarray) -> Any:
    u = u.copy()
    n = len(u)
    for _ in range(10):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
    return u


@entry("gauss_seidel", lambda n: (_random(n, n, n),), gauss_seidel_python)
def gauss_seidel(n: int) -> Module:
    def row(i: Value) -> Any:
        def body(c: Code, m: Value, u: Value) -> Any:
            j = c.add(m, 1)
            vertical = c.add(c.read(u, c.sub(i, 1), j), c.read(u, c.add(i, 1), j))
            total = c.add(c.add(vertical, c.read(u, i, c.sub(j, 1))), c.read(u, i, c.add(j, 1)))
            return c.store(u, c.mul(total, 0.25), i, j)

        return body

    def sweep(c: Code, t: Value, u: Value) -> Any:
        return c.loop(n - 2, [u], lambda c, m, u: c.loop(n - 2, [u], row(c.add(m, 1))))

    return program([f"f64[{n},{n}]"], lambda c, u: c.loop(10, [u], sweep))


def reverse_python(a: np.ndarray) -> Any:
    return a[::-1].copy()


@entry("swap", lambda n: (_random(n),), reverse_python)
def swap(n: int) -> Module:
    def body(c: Code, k: Value, a: Value) -> Any:
        other = c.sub(n - 1, k)
        x, y = c.read(a, k), c.read(a, other)
        return c.store(c.store(a, y, k), x, other)

    return program([f"f64[{n}]"], lambda c, a: c.loop(n // 2, [a], body))


def drain_python(a: np.ndarray) -> Any:
    return a.sum() * 0 + _running(a), np.arange(len(a), dtype=float)


def _running(a: np.ndarray) -> float:
    total = 0.0
    for x in a:
        total += x
    return total


@entry("drain", lambda n: (_random(n),), drain_python)
def drain(n: int) -> Module:
    """total += a[k]; a[k] = k: the old element is used apart from the written value."""

    def body(c: Code, k: Value, total: Value, a: Value) -> Any:
        return c.add(total, c.read(a, k)), c.store(a, c.to(k, np.float64), k)

    return program([f"f64[{n}]"], lambda c, a: c.loop(n, [c.const(0, np.float64), a], body))


def insertion_python(a: np.ndarray) -> Any:
    return np.sort(a)


@entry("insertion_sort", lambda n: (_random(n),), insertion_python)
def insertion_sort(n: int) -> Module:
    def body(c: Code, k: Value, a: Value) -> Any:
        i = c.add(k, 1)
        x = c.read(a, i)

        def cond(c: Code, j: Value, a: Value) -> Value:
            before = c.read(a, c.sub(j, 1))
            return c.both(c.cmp(j, "GT", 0), c.cmp(before, "GT", x))

        def shift(c: Code, k: Value, j: Value, a: Value) -> Any:
            previous = c.sub(j, 1)
            return previous, c.store(a, c.read(a, previous), j)

        _, j, a = c.while_([i, a], cond, shift)
        return c.store(a, x, j)

    return program([f"f64[{n}]"], lambda c, a: c.loop(n - 1, [a], body))


def fibonacci_python(n: int) -> Any:
    a, b = 0, 1
    for _ in range(n):
        a, b = b, (a + b) & 0xFFFFFF
    return a, b


@entry("fibonacci", lambda n: (np.int64(n),), fibonacci_python)
def fibonacci(n: int) -> Module:
    def body(c: Code, k: Value, a: Value, b: Value) -> Any:
        return b, c.both(c.add(a, b), 0xFFFFFF)

    return program(["i64"], lambda c, count: c.loop(count, [c.const(0), c.const(1)], body))


def rotate_python(n: int, a: int, b: int, x: float) -> Any:
    previous = 0.0
    for i in range(n):
        a, b = b, a
        previous, x = x, x * 0.5 + a
    return a, b, previous, x


@entry("rotate", lambda n: (np.int64(n), np.int64(3), np.int64(7), np.float64(1.0)), rotate_python)
def rotate(n: int) -> Module:
    """Carried values that only change places."""

    def body(c: Code, k: Value, a: Value, b: Value, previous: Value, x: Value) -> Any:
        return b, a, x, c.add(c.mul(x, 0.5), c.to(b, np.float64))

    def build(c: Code, count: Value, a: Value, b: Value, x: Value) -> Any:
        return c.loop(count, [a, b, c.const(0, np.float64), x], body)

    return program(["i64", "i64", "i64", "f64"], build)


def matmul_python(a: np.ndarray, b: np.ndarray) -> Any:
    n = len(a)
    out = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            for k in range(n):
                out[i, j] += a[i, k] * b[k, j]
    return out


@entry(
    "matmul", lambda n: (_random(n, n, n), _random(n + 1, n, n), np.zeros((n, n))), lambda a, b, _: matmul_python(a, b)
)
def matmul(n: int) -> Module:
    def build(c: Code, a: Value, b: Value, out: Value) -> Any:
        def cell(i: Value, j: Value) -> Any:
            def body(c: Code, k: Value, out: Value) -> Any:
                product = c.mul(c.read(a, i, k), c.read(b, k, j))
                return c.store(out, c.add(c.read(out, i, j), product), i, j)

            return body

        def row(i: Value) -> Any:
            return lambda c, j, out: c.loop(n, [out], cell(i, j))

        return c.loop(n, [out], lambda c, i, out: c.loop(n, [out], row(i)))

    return program([f"f64[{n},{n}]"] * 3, build)


def prefix_python(a: np.ndarray) -> Any:
    a = a.copy()
    for i in range(1, len(a)):
        a[i] += a[i - 1]
    return a


@entry("prefix", lambda n: (_random(n),), prefix_python)
def prefix(n: int) -> Module:
    def body(c: Code, k: Value, a: Value) -> Any:
        return c.store(a, c.read(a, k), c.add(k, 1), mode="add")

    return program([f"f64[{n}]"], lambda c, a: c.loop(n - 1, [a], body))


def backwards_python(a: np.ndarray) -> Any:
    a = a.copy()
    for i in range(len(a) - 2, -1, -1):
        a[i] = a[i] * 0.5 + a[i + 1]
    return a


@entry("backwards", lambda n: (_random(n),), backwards_python)
def backwards(n: int) -> Module:
    def body(c: Code, k: Value, a: Value) -> Any:
        return c.store(a, c.add(c.mul(c.read(a, k), 0.5), c.read(a, c.add(k, 1))), k)

    return program([f"f64[{n}]"], lambda c, a: c.loop(n - 1, [a], body, direction=-1))


def search_python(a: np.ndarray, x: float) -> Any:
    for i in range(len(a)):
        if a[i] > x:
            return i
    return len(a)


@entry("early_exit", lambda n: (np.linspace(0.0, 1.0, n), np.float64(0.9)), search_python)
def early_exit(n: int) -> Module:
    def build(c: Code, a: Value, x: Value) -> Any:
        def cond(c: Code, i: Value, found: Value, result: Value) -> Value:
            return c.both(c.cmp(i, "LT", n), c.cmp(found, "EQ", False))

        def body(c: Code, k: Value, i: Value, found: Value, result: Value) -> Any:
            hit = c.cmp(c.read(a, i), "GT", x)
            return c.add(i, 1), hit, c.select(hit, i, result)

        return c.while_([c.const(0), c.const(False, np.bool_), c.const(n)], cond, body)[3]

    return program([f"f64[{n}]", "f64"], build)


def flag_python(a: np.ndarray) -> Any:
    a = a.copy()
    i, done = 0, False
    while not done and i < len(a):
        done = a[i] > 0.999
        a[i] = -a[i]
        i += 1
    return a, i


@entry("done_flag", lambda n: (_random(n) * 0.99,), flag_python)
def done_flag(n: int) -> Module:
    """done = a[i] > limit, then a[i] is written."""

    def cond(c: Code, i: Value, done: Value, a: Value) -> Value:
        return c.both(c.cmp(i, "LT", n), c.cmp(done, "EQ", False))

    def body(c: Code, k: Value, i: Value, done: Value, a: Value) -> Any:
        x = c.read(a, i)
        return c.add(i, 1), c.cmp(x, "GT", 0.999), c.store(a, c.sub(0.0, x), i)

    def build(c: Code, a: Value) -> Any:
        _, i, _, a = c.while_([c.const(0), c.const(False, np.bool_), a], cond, body)
        return a, i

    return program([f"f64[{n}]"], build)


def nested_if_python(a: np.ndarray) -> Any:
    a = a.copy()
    hits = 0
    for i in range(len(a)):
        x = a[i]
        if x < 0.5:
            if x < 0.25:
                a[i] = x + 1.0
            else:
                a[i] = x + 2.0
                hits += 1
    return a, hits


@entry("nested_if", lambda n: (_random(n),), nested_if_python)
def nested_if(n: int) -> Module:
    def body(c: Code, k: Value, a: Value, hits: Value) -> Any:
        x = c.read(a, k)

        def small(c: Code) -> Any:
            return c.if_(
                c.cmp(x, "LT", 0.25),
                lambda c: (c.store(a, c.add(x, 1.0), k), hits),
                lambda c: (c.store(a, c.add(x, 2.0), k), c.add(hits, 1)),
            )

        return c.if_(c.cmp(x, "LT", 0.5), small, lambda c: (a, hits))

    return program([f"f64[{n}]"], lambda c, a: c.loop(n, [a, c.const(0)], body))


def branch_swap_python(a: np.ndarray) -> Any:
    a = a.copy()
    swaps = 0
    for _ in range(3):
        for i in range(len(a) - 1):
            if a[i] > a[i + 1]:
                a[i], a[i + 1] = a[i + 1], a[i]
                swaps += 1
    return a, swaps


@entry("bubble", lambda n: (_random(n),), branch_swap_python)
def bubble(n: int) -> Module:
    def body(c: Code, k: Value, a: Value, swaps: Value) -> Any:
        after = c.add(k, 1)
        x, y = c.read(a, k), c.read(a, after)
        return c.if_(
            c.cmp(x, "GT", y),
            lambda c: (c.store(c.store(a, y, k), x, after), c.add(swaps, 1)),
            lambda c: (a, swaps),
        )

    def sweep(c: Code, t: Value, a: Value, swaps: Value) -> Any:
        return c.loop(n - 1, [a, swaps], body)

    return program([f"f64[{n}]"], lambda c, a: c.loop(3, [a, c.const(0)], sweep))


def partition_python(a: np.ndarray) -> Any:
    low, high = np.zeros_like(a), np.zeros_like(a)
    i = j = 0
    for x in a:
        if x < 0.5:
            low[i] = x
            i += 1
        else:
            high[j] = x
            j += 1
    return low, high, i, j


@entry("partition", lambda n: (_random(n), np.zeros(n), np.zeros(n)), lambda a, *_: partition_python(a))
def partition(n: int) -> Module:
    """Two arrays, each written in one branch."""

    def build(c: Code, a: Value, low: Value, high: Value) -> Any:
        def body(c: Code, k: Value, low: Value, high: Value, i: Value, j: Value) -> Any:
            x = c.read(a, k)
            return c.if_(
                c.cmp(x, "LT", 0.5),
                lambda c: (c.store(low, x, i), high, c.add(i, 1), j),
                lambda c: (low, c.store(high, x, j), i, c.add(j, 1)),
            )

        return c.loop(n, [low, high, c.const(0), c.const(0)], body)

    return program([f"f64[{n}]"] * 3, build)


def guarded_while_python(a: np.ndarray) -> Any:
    a = a.copy()
    for i in range(1, len(a)):
        if a[i] < 0.5:
            j = i
            while j > 0 and a[j] < 0.9:
                a[j] = a[j] + 0.25
                j -= 2
    return a


@entry("while_in_if", lambda n: (_random(n),), guarded_while_python)
def while_in_if(n: int) -> Module:
    def cond(c: Code, j: Value, a: Value) -> Value:
        return c.both(c.cmp(j, "GT", 0), c.cmp(c.read(a, j), "LT", 0.9))

    def lift(c: Code, k: Value, j: Value, a: Value) -> Any:
        return c.sub(j, 2), c.store(a, c.add(c.read(a, j), 0.25), j)

    def body(c: Code, k: Value, a: Value) -> Any:
        i = c.add(k, 1)
        low = c.cmp(c.read(a, i), "LT", 0.5)
        return c.if_(low, lambda c: c.while_([i, a], cond, lift)[2], lambda c: a)

    return program([f"f64[{n}]"], lambda c, a: c.loop(n - 1, [a], body))


def call_python(a: np.ndarray) -> Any:
    a = a.copy()
    total = 0.0
    for i in range(len(a)):
        x = a[i]
        total += x
        a[i] = x * x + 1.0
    return a, total


@entry("call", lambda n: (_random(n),), call_python)
def call(n: int) -> Module:
    def store(c: Code, a: Value, i: Value) -> Any:
        x = c.read(a, i)
        return c.store(a, c.add(c.mul(x, x), 1.0), i), x

    helper = define("square_at", [f"f64[{n}]", "i64"], store)

    def body(c: Code, k: Value, a: Value, total: Value) -> Any:
        a, x = c.call(helper, a, k)
        return a, c.add(total, x)

    return program([f"f64[{n}]"], lambda c, a: c.loop(n, [a, c.const(0, np.float64)], body), helper)


def machine_python(n: int) -> Any:
    state, x, steps = 0, 1, 0
    while steps < n:
        if state == 0:
            x, state = x + 3, 1
        elif state == 1:
            x, state = (x * 5) & 1023, 2 if x & 1 else 0
        else:
            x, state = x ^ 21, 0
        steps += 1
    return x, state


@entry("machine", lambda n: (np.int64(n),), machine_python)
def machine(n: int) -> Module:
    """A `switch` on a carried value that starts at the constant 0, and whose results are all that the body yields."""

    def build(c: Code, count: Value) -> Any:
        def body(c: Code, k: Value, state: Value, x: Value, steps: Value) -> Any:
            return c.switch(
                state,
                lambda c: (c.const(1), c.add(x, 3), c.add(steps, 1)),
                lambda c: (
                    c.select(c.cmp(c.both(x, 1), "EQ", 1), c.const(2), c.const(0)),
                    c.both(c.mul(x, 5), 1023),
                    c.add(steps, 1),
                ),
                lambda c: (c.const(0), c.b.emit(Xor, x, c.const(21)), c.add(steps, 1)),
            )

        inits = [c.const(0), c.const(1), c.const(0)]
        _, state, x, _ = c.while_(inits, lambda c, state, x, steps: c.cmp(steps, "LT", count), body)
        return x, state

    return program(["i64"], build)
