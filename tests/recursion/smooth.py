"""Scalar losses of recursive programs: what gradients are checked on, as (function, argument lists, what is asked)."""

from __future__ import annotations

import math

import numpy as np

from .textbook_arrays import MATRIX, horner, knapsack, matrix_power, rows_sum
from .textbook_flow import copies, loop_before_and_after, two_arrays, views, writes_between_calls
from .textbook_forms import Forest, Tree, apply_times, closure_of_a_closure, nested_results, range_of, summary
from .textbook_numerics import (
    BIAS,
    CELLS,
    EMBEDDING,
    KNOTS,
    LEFT,
    POINTS,
    RIGHT,
    WEIGHTS,
    WORD,
    X,
    Y,
    american_put,
    b_spline,
    barnes_hut,
    bezier,
    divided_difference,
    euler_halving,
    integrate,
    neville,
    peak,
    pendulum,
    scalar_tree,
    slope_of_gamma,
    tree_loss,
    two_integrals,
    wave,
)
from .textbook_nuts import MOMENTUM, START, tree_of_banana, tree_of_gaussian
from .textbook_series import (
    chebyshev,
    continued_fraction,
    fast_power,
    geometric_mean,
    hermite_pair,
    legendre,
    nested_root,
    newton_root,
    power,
    tangent_fraction,
)
from .textbook_sorting import best_slice, extremes, mergesort, quicksort, total
from .textbook_static import determinant, fft, strassen
from .textbook_static import mergesort as static_mergesort
from .textbook_trees import CHILDREN, OPERAND_LEFT, OPERAND_RIGHT, OPERATOR, VALUE, evaluate, subtree_sums, tree_sum


def weighted(a):
    return np.sum(np.sin(a) * np.arange(1.0, a.size + 1).reshape(a.shape))


def hermite(n, x):
    h, before = hermite_pair(n, x)
    return h * 0.1 + before * h


def mixed_extremes(a):
    low, high = extremes(a, 0, len(a) - 1)
    return low * high + np.sin(low)


def slices(a):
    best, prefix, suffix, all_ = best_slice(a, 0, len(a) - 1)
    return best * prefix + np.cos(suffix) * all_


def sorted_weights(a, by_halves):
    if by_halves:
        mergesort(a, np.zeros(len(a)), 0, len(a))
    else:
        quicksort(a, 0, len(a) - 1)
    return weighted(a)


def power_of_matrix(m, n):
    return weighted(matrix_power(m, n))


def sum_of_rows(m, k):
    return weighted(rows_sum(m * m, k))


def in_place(a, n):
    below = loop_before_and_after(a, n)
    writes_between_calls(a, n)
    return below * 0.01 + weighted(a * 0.1)


def exchanged(a, b, n):
    result = two_arrays(a, b, n)
    return np.sin(result * 0.01) + weighted(a) + weighted(b * b)


def of_views(m, n):
    return views(m, n) * 0.1 + weighted(m * 0.1)


def of_copies(a, n):
    return weighted(copies(a, n) * 0.05)


def sums_of_subtrees(weights, node):
    sums = np.zeros(len(weights))
    subtree_sums(CHILDREN, np.sin(weights), node, sums)
    return weighted(sums)


def expression(value, node):
    return evaluate(OPERATOR, OPERAND_LEFT, OPERAND_RIGHT, value, node)


def rotated_pendulum(y, h, steps):
    return weighted(pendulum(y, h, 1e-3, steps))


def point_of_bezier(points, t):
    return weighted(bezier(points, 0, 3, t))


def nuts_of_gaussian(theta, r, direction, depth, step):
    minus, r_minus, _, plus, r_plus, _, chosen, density, _, _, alpha, _, _ = tree_of_gaussian(
        theta, r, direction, depth, step, 7
    )
    return weighted(minus) + weighted(r_minus * plus) + r_plus @ chosen + density + alpha


def nuts_of_banana(theta, r, direction, depth, step):
    minus, _, _, plus, r_plus, _, chosen, density, _, _, alpha, _, _ = tree_of_banana(
        theta, r, direction, depth, step, 3
    )
    return weighted(minus * r_plus) + weighted(plus) + weighted(chosen) + density * alpha


def parameters_of_an_integrand(p, a, b):
    return integrate(lambda x: p[0] * math.exp(-p[1] * x) * np.cos(p[2] * x), a, b, 1e-11)


def scaled_tree(value, node):
    tree = Tree(LEFT, RIGHT, value)
    before = tree.total(node)
    tree.scale(node, 0.5)
    return before * tree.total(node) + weighted(tree.value)


def marked_forest(weight, node):
    children = np.array([[1, 2, -1], [3, 4, 5], [-1, -1, -1], [-1, -1, -1], [-1, -1, -1], [-1, -1, -1]])
    forest = Forest(children, weight * weight)
    best = forest.heaviest(node)
    forest.mark(node, 1)
    return best + weighted(forest.weight)


def records(a):
    interval, found = range_of(a, 0), summary(a, 0, len(a))
    return interval.low * interval.high + np.sin(found.total) + found.largest * found.count


def nested(n, x):
    k, (y, _) = nested_results(n)
    return k * x + y * x**2


def applied(x, n):
    return apply_times(lambda v: np.sin(v) * x, n, x)


def minors(m):
    return determinant(m) + np.sum(strassen(m[:4, :4], m[:4, :4]) ** 2)


def spectrum(x):
    return weighted(np.abs(fft(x + 0.5j * x * x)))


def sorted_static(x):
    return weighted(static_mergesort(x * x))


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


SPREAD = np.array([0.5, -2.0, 4.0, 1.25, 3.0, -1.0])
MASSES, CENTRES = np.array([6.0, 3, 3, 1, 2, 3, 0]), np.array([0.1, -1, 1, -1.5, -0.5, 1, 1.5])
SIZES = 2.0 ** -np.array([-1, 0, 0, 1, 1, 1, 1])
LOOSE = {"relative": 1e-6}
CASES = {
    "power": (power, [(1.5, 10), (2.0, 0), (-0.5, 3)], {}),
    "fast power": (fast_power, [(1.5, 10), (0.9, 37), (2.0, 0)], {}),
    "continued fraction": (continued_fraction, [(np.array([3.0, 7.0, 15.0, 1.0, 2.0]), i) for i in (0, 4)], {}),
    "tangent as a fraction": (tangent_fraction, [(0.5, 1, 10), (1.2, 1, 20)], {}),
    "nested root": (lambda x, n: x * nested_root(n, 1), [(1.5, 10)], {}),
    "newton root": (newton_root, [(2.0, 1.0)], {"wrt": (0,), **LOOSE}),
    "arithmetic-geometric mean": (geometric_mean, [(1.0, 2.0), (24.0, 6.0)], LOOSE),
    "legendre": (legendre, [(9, 0.3), (1, 0.3), (0, 0.3)], {}),
    "chebyshev": (chebyshev, [(9, 0.3), (7, -0.9)], {}),
    "hermite": (hermite, [(6, 0.3), (0, 0.3)], {}),
    "horner": (horner, [(np.array([1.0, -2.0, 0.5, 3.0]), k, 1.7) for k in (0, 4)], {}),
    "knapsack": (knapsack, [(np.array([3, 4, 5, 1]), np.array([2.0, 3.5, 4.25, 0.5]), 3, 8)], {}),
    "sum by halves": (lambda a: np.sin(total(a, 0, len(a)) * 0.1), [(numbers(13),)], {}),
    "extremes": (mixed_extremes, [(numbers(9),)], {}),
    "best slice": (slices, [(numbers(12),)], {}),
    "sorting": (sorted_weights, [(numbers(11), True), (numbers(11), False)], {}),
    "matrix power": (power_of_matrix, [(MATRIX, n) for n in (5, 1, 0)], {}),
    "sum of rows": (sum_of_rows, [(numbers(4, 3), k) for k in (0, 3)], {}),
    "writes in place": (in_place, [(SPREAD, n) for n in (5, 1, 0)], {}),
    "two arrays": (exchanged, [(SPREAD, SPREAD + 1, n) for n in (5, 1, 0)], {}),
    "views": (of_views, [(SPREAD.reshape(3, 2), n) for n in (2, 0)], {}),
    "copies": (of_copies, [(SPREAD, n) for n in (4, 0)], {}),
    "tree sum": (
        lambda value, node: np.sin(tree_sum(LEFT, RIGHT, value * value, node)),
        [(SPREAD, node) for node in (0, 4, -1)],
        {},
    ),
    "subtree sums": (sums_of_subtrees, [(numbers(7), node) for node in (0, 3)], {}),
    "expression": (expression, [(VALUE, 0), (VALUE, 2), (VALUE, 4)], {}),
    "simpson of a peak": (peak, [(-1.0, 2.0, 0.3, 1e-12)], {"wrt": (0, 1, 2), **LOOSE}),
    "simpson of a wave": (wave, [(0.1, 3.0, 5.0, 1e-11, 40), (0.1, 3.0, 5.0, 0.0, 3)], {"wrt": (0, 1, 2), **LOOSE}),
    "simpson of simpson": (two_integrals, [(0.2, 1.0, 1e-6)], {"wrt": (0, 1), "relative": 1e-4}),
    "parameters of an integrand": (parameters_of_an_integrand, [(np.array([1.5, 0.7, 3.0]), 0.0, 2.0)], LOOSE),
    "euler with halving": (euler_halving, [(0.0, 1.0, 1.0, 0.0, 5)], {"wrt": (0, 1, 2)}),
    "pendulum with halving": (rotated_pendulum, [(np.array([1.0, 0.1]), 0.4, n) for n in (3, 0)], {"wrt": (0, 1)}),
    "richardson": (slope_of_gamma, [(1.0, 4), (1.0, 0)], {}),
    "b-spline": (lambda x, degree: b_spline(KNOTS, 1, degree, x), [(1.7, 3), (1.2, 2)], {}),
    "divided difference": (divided_difference, [(X, Y, 0, 4), (X, Y, 3, 3)], {}),
    "neville": (neville, [(X, Y, 0, 4, 0.7)], {}),
    "bezier": (point_of_bezier, [(POINTS, 0.3)], {}),
    "american put": (american_put, [(100.0, 1.02, 0.999, 105.0, n) for n in (6, 0)], LOOSE),
    "loss of a tree": (
        tree_loss,
        [(LEFT, RIGHT, WORD, EMBEDDING, WEIGHTS, BIAS, node) for node in (0, 4)],
        {"wrt": (3, 4, 5)},
    ),
    "network of numbers": (
        scalar_tree,
        [(LEFT, RIGHT, EMBEDDING[:, 0].repeat(2), np.array([0.5, -0.7, 1.1]), node) for node in (0, 4)],
        {},
    ),
    "barnes hut": (
        lambda mass, centre, x, theta: barnes_hut(0, CELLS, mass, centre, SIZES, x, theta),
        [(MASSES, CENTRES, 0.2, 0.5)],
        {"wrt": (1, 2)},
    ),
    "nuts on a gaussian": (nuts_of_gaussian, [(START, MOMENTUM, 1, 3, 0.25), (START, MOMENTUM, -1, 0, 0.25)], LOOSE),
    "nuts on a banana": (nuts_of_banana, [(START, MOMENTUM, 1, 3, 0.1), (START, MOMENTUM, -1, 2, 0.1)], LOOSE),
    "methods": (scaled_tree, [(SPREAD, 0), (SPREAD, 4)], {}),
    "methods of dataclasses": (marked_forest, [(SPREAD, 0), (SPREAD, 1)], {}),
    "records": (records, [(SPREAD,)], {}),
    "nested results": (nested, [(5, 1.5), (0, 0.5)], {}),
    "function as argument": (applied, [(0.7, 5), (0.7, 0)], {}),
    "closure of a closure": (closure_of_a_closure, [(0.5, 6), (0.5, 1)], {}),
    "minors and strassen": (minors, [(numbers(4, 4),)], {}),
    "fft": (spectrum, [(numbers(8),)], {}),
    "merge sort, static": (sorted_static, [(numbers(7),)], {}),
}
