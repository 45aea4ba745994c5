"""Tuples, lists, dicts, namedtuples, dataclasses: as locals, arguments and results."""

from __future__ import annotations

import collections
import dataclasses
from typing import Any

import numpy as np
import pytest

import hloc

from .agreement import CONTEXTS, agree, define, in_context

Pair = collections.namedtuple("Pair", "a b", defaults=[5])


@dataclasses.dataclass
class Point:
    x: float
    y: float = 2.0
    tags: list = dataclasses.field(default_factory=list)

    def norm(self) -> float:
        return (self.x * self.x + self.y * self.y) ** 0.5

    def move(self, dx):  # type: ignore[no-untyped-def]
        self.x += dx
        self.tags.append(dx)
        return self


@dataclasses.dataclass(frozen=True)
class Frozen:
    v: float

    def __post_init__(self) -> None:
        object


NAMES = {"Pair": Pair, "Point": Point, "Frozen": Frozen}
L = [1.5, 2.5, 3.5]
SNIPPETS = {
    "tuples": (
        "x",
        "t = (x, 2, x + 1)\nresult = (t[0], t[-1], t[1:], len(t), t + (4,), (1, x) * 2, t == (x, 2, x + 1), x in t, t.index(2), t.count(x))",
        [(3,), (2,)],
    ),
    "lists": (
        "x",
        "v = [x, 1]\nv.append(x * 2)\nv.extend([5, x])\nlast = v.pop()\nv[0] = 7\nv.insert(1, 9)\nresult = (v, last, v[1:3], v[::-1], len(v), v + [1], [0] * 3, v[-1], v.count(1), v.index(9), 9 in v)",
        [(3,)],
    ),
    "list aliases": ("x", "v = [x]\nw = v\nw.append(2)\nu = v[:]\nu.append(3)\nresult = (v, w, u)", [(1,)]),
    "lists indexed by data": (
        "v, i",
        "w = list(v)\nw[i] = w[i] * 2 + 1\nresult = (v[i], w, v[-1 - i])",
        [(L, 0), (L, 2)],
    ),
    "a table": (
        "n, x",
        "t = [[0] * 4 for _ in range(3)]\nfor i in range(3):\n    for j in range(4): t[i][j] = i * j + x\nrow = t[1]\nrow[0] = 77\nresult = (t, t[2][n], sum(t[n]), len(t), len(t[0]))",
        [(1, 5), (2, 7)],
    ),
    "fibonacci in a list": (
        "n",
        "f = [0] * 30\nf[1] = 1\nfor i in range(2, 30): f[i] = f[i - 1] + f[i - 2]\nresult = (f[n], f[5:9])",
        [(20,)],
    ),
    "a stack": (
        "a",
        "s = [0.0] * 10\ntop = 0\nfor x in a:\n    if x > 0:\n        s[top] = x\n        top += 1\n    elif top > 0:\n        top -= 1\nresult = (top, s)",
        [(np.array([1.0, 2, -1, 3, -1, -1, -1, 4]),)],
    ),
    "dicts": (
        "x",
        "d = {'a': x, 'b': 2}\nd['c'] = d['a'] + 1\nd['a'] += 10\ne = {**d, 'z': 0}\nresult = (d, e['z'], 'b' in d, 'q' in d, len(d), d.get('q', -1), list(d.keys()), list(d.values()), [k + str(1) for k in d], sum(v for k, v in d.items()), d.pop('b'), d)",
        [(3,)],
    ),
    "dict of arrays": (
        "a",
        "d = {'w': a * 2, 'b': np.zeros(2)}\nfor k in d: d[k] = d[k] + 1\nd['b'][0] = 9\nresult = d",
        [(np.arange(3.0),)],
    ),
    "namedtuples": (
        "x",
        "p = Pair(x, 2)\nq = p._replace(b=x * 2)\na, b = q\nresult = (p, q, p.a + q.b, a * b, Pair(1), p[0], len(p))",
        [(3,)],
    ),
    "dataclasses": (
        "x",
        "p = Point(x)\nq = p\nq.move(1.5).y = 3.0\nr = Point(y=x, x=1.0)\nresult = (p, r, p.norm(), Frozen(x).v, p.tags)",
        [(3.0,)],
    ),
    "sorting": (
        "x",
        "result = (sorted([3, x, 1]), sorted([3.5, x / 2, 1.0], reverse=True), sorted([x, -5, 2], key=abs), max([1, x, 3], key=lambda v: -v), min(4, x), sum([1, x], 10))",
        [(2,), (7,)],
    ),
    "mixed structures": ("x", "t = ([x, 1], {'k': (x, [2])})\nt[0].append(5)\nt[1]['k'][1][0] = x\nresult = t", [(4,)]),
    "static strings": (
        "x",
        "mode = 'double' if True else 'half'\nresult = x * 2 if mode == 'double' else x / 2\nname = f'{mode}!'\nresult = (result, name, mode.upper(), len(name))",
        [(4,)],
    ),
    "none": ("x", "y = None\nif y is None: y = x\nresult = (y, None, x is None, x is not None)", [(4,)]),
    "list sort method": ("v", "w = list(v)\nw.sort()\nu = list(v)\nu.reverse()\nresult = (w, u)", [([3.0, 1.0, 2.0],)]),
    "zip into dict": ("x", "result = dict(zip(['a', 'b'], [x, 2]))", [(1,)]),
}


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("name", SNIPPETS)
def test_containers(name: str, context: str) -> None:
    parameters, body, cases = SNIPPETS[name]
    program, first = in_context(context, parameters, body, **NAMES)
    for case in cases:
        agree(program, *first, *case)


def test_arguments_that_are_containers() -> None:
    program = define("""
        def program(config, points, pair, p):
            total = config["scale"] * pair.a
            for q in points: total += q[0] * q[1]
            config["calls"] = config["calls"] + 1
            config["new"] = total
            points.append((total, 1.0))
            points[0] = (0.0, 0.0)
            p.x = total
            p.tags.append(1)
            return total, pair, p, config
        """)
    agree(program, {"scale": 2.0, "calls": 0}, [(1.0, 2.0), (3.0, 4.0)], Pair(1.5, [1]), Point(1.0))


def test_a_long_list_of_numbers() -> None:
    program = define(
        "def program(v):\n    s = 0.0\n    for x in v: s += x\n    v[3] = s\n    return s, len(v), v[-1], max(v)\n"
    )
    agree(program, [float(i) for i in range(100)])


def test_the_result_is_the_argument() -> None:
    import hloc

    a = np.arange(3.0)
    assert hloc.compile(define("def program(a):\n    a[0] = 5\n    return a\n"))(a) is a
    v = [1, 2]
    assert hloc.compile(define("def program(v):\n    v.append(3)\n    return v\n"))(v) is v
    assert v == [1, 2, 3]


@dataclasses.dataclass(frozen=True)
class Frozen:
    w: Any
    b: float = 1.0


def test_dataclasses_replace() -> None:
    def program(p: Any, x: Any) -> Any:
        for _ in range(3):
            p = dataclasses.replace(p, w=p.w * x)
        return p, p.__class__(x)

    agree(program, Frozen(np.ones(2), 2.0), 3.0)


@dataclasses.dataclass(slots=True)
class Slotted:
    a: float
    w: Any = None


@dataclasses.dataclass(slots=True)
class SlottedMore(Slotted):
    b: float = 3.0


class PlainSlots:
    __slots__ = ("k", "unset")

    def __init__(self, k: Any) -> None:
        self.k = k


def test_objects_with_slots() -> None:
    def program(p: Any, x: Any) -> Any:
        p.a += x
        p.w *= 2
        return p, SlottedMore(x, p.w, p.b + p.w.sum())

    agree(program, SlottedMore(1.0, np.ones(2), 2.0), 1.5)


def test_captured_objects_with_slots_are_read_at_each_call() -> None:
    a, b = Slotted(2.0, np.ones(2)), PlainSlots(3.0)
    compiled = hloc.compile(lambda x: x * a.a + a.w.sum() * b.k)
    assert float(compiled(1.0)) == 8.0
    a.a, a.w[0], b.k = 5.0, 7.0, 2.0
    assert float(compiled(1.0)) == 21.0
    b.k = np.ones(2)
    np.testing.assert_array_equal(compiled(1.0), [13.0, 13.0])
    with pytest.raises(hloc.MissingAttributeError, match="no attribute 'unset'"):
        hloc.compile(lambda: b.unset)()
