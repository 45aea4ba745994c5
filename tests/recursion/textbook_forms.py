"""Recursion in every form of function: closures, lambdas, methods, records, defaults, keywords, nested counters."""

from __future__ import annotations

import dataclasses
import functools
from typing import NamedTuple

import numpy as np


def through_a_lambda(n):
    f = lambda n: 1 if n == 0 else n * f(n - 1)  # noqa: E731
    return f(n) + f(3)


def through_a_nested_function(a, x):
    def count(i):
        if i == len(a):
            return 0
        return (1 if a[i] > x else 0) + count(i + 1)

    return count(0), count(2)


def counter(n):
    """The nested function counts its calls."""
    calls = 0

    def fib(n):
        nonlocal calls
        calls += 1
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    return fib(n), calls


def list_of_moves(n, k):
    """Writes to an array of the function around."""
    moves = np.zeros((k, 2), int)
    top = 0

    def move(n, source, target):
        nonlocal top
        if n == 0:
            return
        spare = 3 - source - target
        move(n - 1, source, spare)
        moves[top] = source, target
        top += 1
        move(n - 1, spare, target)

    move(n, 0, 2)
    return moves, top


def moves_of_five(n):
    return list_of_moves(n, 31)


def closure_of_a_closure(x, n):
    def scaled(k):
        def f(n):
            return k if n == 0 else x * f(n - 1) + k

        return f

    return scaled(1.0)(n) + scaled(x)(n - 1)


def mutual_nested(n):
    def up(n, s):
        return s if n <= 0 else down(n - 1, s + n)

    def down(n, s):
        return s if n <= 0 else up(n - 2, 2 * s)

    return up(n, 0), down(n, 1)


def with_defaults(n, step=1, *, scale=2.0):
    if n <= 0:
        return scale
    return n + with_defaults(n - step, scale=scale / 2) + (0.0 if n > 3 else with_defaults(n - 2, 2))


def call_with_defaults(n):
    return with_defaults(n), with_defaults(n, 2), with_defaults(scale=1.0, n=n), with_defaults(n, step=3, scale=5.0)


def of_many(n, *rest, **options):
    if n == 0:
        return rest[0] * options["k"] + rest[1]
    return of_many(n - 1, rest[1], rest[0] + rest[1], **options)


def call_of_many(n, x):
    return of_many(n, 0.5, x, k=2)


def apply_times(f, n, x):
    return x if n == 0 else f(apply_times(f, n - 1, x))


def functions_as_arguments(n, x):
    return apply_times(np.cos, n, x), apply_times(lambda v: v * 0.5 + x, n, x)


def fixed_point(g):
    """A function made recursive by handing it to itself."""
    return lambda n: g(fixed_point(g), n)


def by_fixed_point(n):
    return fixed_point(lambda again, n: 1 if n == 0 else n * again(n - 1))(n)


def partial_again(n, x):
    def grow(k, n):
        return 0.0 if n == 0 else k + functools.partial(grow, k * 0.5)(n - 1)

    return grow(x, n)


class Tree:
    """Nodes in arrays; its methods walk."""

    def __init__(self, left, right, value):
        self.left, self.right, self.value = left, right, value

    def total(self, node):
        if node < 0:
            return 0.0
        return self.value[node] + self.total(self.left[node]) + self.total(self.right[node])

    def scale(self, node, factor):
        if node >= 0:
            self.value[node] *= factor
            self.scale(self.left[node], factor * 2)
            self.scale(self.right[node], factor * 3)

    def deepest(self, node=0):
        """(depth, node)"""
        if node < 0:
            return 0, -1
        depth, found = self.deepest(self.left[node])
        other, found_right = self.deepest(self.right[node])
        if other > depth:
            depth, found = other, found_right
        return depth + 1, node if found < 0 else found


def walk_tree(tree, node):
    before = tree.total(node)
    tree.scale(node, 0.5)
    return before, tree.total(node), tree.deepest(), tree.deepest(node)


@dataclasses.dataclass
class Forest:
    """Trees whose nodes have any number of children, as rows of a table."""

    children: np.ndarray
    weight: np.ndarray
    visited: int = 0

    def heaviest(self, node):
        best = self.weight[node]
        for child in self.children[node]:
            if child >= 0:
                best = max(best, self.heaviest(child))
        return best

    def mark(self, node, depth):
        self.visited += 1
        self.weight[node] += depth
        for child in self.children[node]:
            if child >= 0:
                self.mark(child, depth + 1)


def walk_forest(forest, node):
    best = forest.heaviest(node)
    forest.mark(node, 1)
    return best, forest.visited


class Interval(NamedTuple):
    low: float
    high: float


def range_of(a, i):
    """A named tuple is the result."""
    if i == len(a) - 1:
        return Interval(a[i], a[i])
    rest = range_of(a, i + 1)
    return Interval(min(rest.low, a[i]), max(rest.high, a[i]))


@dataclasses.dataclass
class Summary:
    count: int
    total: float
    largest: float

    def join(self, other):
        return Summary(self.count + other.count, self.total + other.total, max(self.largest, other.largest))


def summary(a, low, high):
    """A dataclass is the result."""
    if high - low == 1:
        return Summary(1, a[low], a[low])
    middle = (low + high) // 2
    return summary(a, low, middle).join(summary(a, middle, high))


def state_in_a_record(n):
    """A record is written by the calls."""
    record = Summary(0, 0.0, 0.0)

    def visit(n):
        record.count += 1
        record.total += n * 0.5
        record.largest = max(record.largest, float(n))
        if n > 0:
            visit(n - 1)
            visit(n - 3)

    visit(n)
    return record


def dict_of_results(n):
    if n <= 0:
        return {"sum": 0, "product": 1}
    rest = dict_of_results(n - 1)
    return {"sum": rest["sum"] + n, "product": rest["product"] * n}


def list_of_results(n):
    if n == 0:
        return [1, 0, 0]
    a, b, c = list_of_results(n - 1)
    return [b, c, a + b]


def nested_results(n):
    if n == 0:
        return 1, (2.0, True)
    k, (x, flag) = nested_results(n - 1)
    return k + n, (x * 0.5 + k, not flag)


def iterated(n, x):
    return x if n == 0 else iterated(n - 1, np.cos(x) * np.float64(0.9))


def known_numbers(n):
    """Numbers of NumPy that are known when the function is compiled: they do not unfold it."""
    return iterated(n, np.float64(0.5)), iterated(n, np.sin(2.0))


LEFT, RIGHT = np.array([1, 3, -1, -1, 5, -1]), np.array([2, 4, -1, -1, -1, -1])
NUMBERS = np.array([0.5, -2.0, 4.0, 1.25, 3.0, -1.0])
CHILDREN = np.array([[1, 2, -1], [3, 4, 5], [-1, -1, -1], [-1, -1, -1], [-1, -1, -1], [-1, -1, -1]])
DEPTHS = [(n,) for n in (0, 1, 4, 7)]
CASES = {
    "lambda": (through_a_lambda, DEPTHS),
    "nested function": (through_a_nested_function, [(NUMBERS, x) for x in (0.0, 2.0, 9.0)]),
    "counter": (counter, DEPTHS),
    "moves in an array around": (moves_of_five, [(n,) for n in (0, 1, 5)]),
    "closure of a closure": (closure_of_a_closure, [(0.5, n) for n in (1, 2, 6)]),
    "mutual nested functions": (mutual_nested, DEPTHS),
    "defaults and keywords": (call_with_defaults, DEPTHS),
    "any number of arguments": (call_of_many, [(n, 1.5) for n in (0, 1, 6)]),
    "functions as arguments": (functions_as_arguments, [(n, 0.3) for n in (0, 1, 6)]),
    "fixed point": (by_fixed_point, DEPTHS),
    "partial": (partial_again, [(n, 1.5) for n in (0, 1, 6)]),
    "methods": (walk_tree, [(Tree(LEFT, RIGHT, NUMBERS), node) for node in (0, 1, 5, -1)]),
    "methods of dataclasses": (walk_forest, [(Forest(CHILDREN, NUMBERS), node) for node in (0, 1, 5)]),
    "named tuples": (range_of, [(NUMBERS, i) for i in (0, 3, 5)]),
    "dataclasses": (summary, [(NUMBERS, low, high) for low, high in ((0, 6), (2, 3), (1, 4))]),
    "record that is written": (state_in_a_record, DEPTHS),
    "dicts": (dict_of_results, DEPTHS),
    "lists": (list_of_results, DEPTHS),
    "nested results": (nested_results, DEPTHS),
    "known numbers of NumPy": (known_numbers, DEPTHS),
}
