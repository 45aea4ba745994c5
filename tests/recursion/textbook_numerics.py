"""Recursion in numerics: adaptive quadrature, step halving, NUTS, networks on trees."""

from __future__ import annotations

import math

import numpy as np


def simpson(f, a, fa, m, fm, b, fb, whole, tolerance, depth):
    """Adaptive Simpson; a depth of 0 takes what there is."""
    left_m, right_m = (a + m) / 2, (m + b) / 2
    left_f, right_f = f(left_m), f(right_m)
    left = (m - a) / 6 * (fa + 4 * left_f + fm)
    right = (b - m) / 6 * (fm + 4 * right_f + fb)
    error = left + right - whole
    if depth <= 0 or abs(error) <= 15 * tolerance:
        return left + right + error / 15
    return simpson(f, a, fa, left_m, left_f, m, fm, left, tolerance / 2, depth - 1) + simpson(
        f, m, fm, right_m, right_f, b, fb, right, tolerance / 2, depth - 1
    )


def integrate(f, a, b, tolerance, depth=40):
    m = (a + b) / 2
    fa, fm, fb = f(a), f(m), f(b)
    return simpson(f, a, fa, m, fm, b, fb, (b - a) / 6 * (fa + 4 * fm + fb), tolerance, depth)


def peak(a, b, width, tolerance):
    return integrate(lambda x: 1.0 / (1.0 + (x / width) ** 2), a, b, tolerance)


def wave(a, b, frequency, tolerance, depth):
    def f(x):
        return math.sin(frequency * x) * math.exp(-x)

    return integrate(f, a, b, tolerance, depth)


def two_integrals(a, b, tolerance):
    """The function of one is the integral of another."""
    outer = integrate(lambda x: integrate(lambda y: math.exp(-x * y), 0.0, 1.0, tolerance), a, b, tolerance)
    return outer + integrate(math.sin, a, b, tolerance)


def trapezoid(f, a, b, tolerance):
    whole = (b - a) * (f(a) + f(b)) / 2
    middle = (a + b) / 2
    halves = (b - a) * (f(a) + 2 * f(middle) + f(b)) / 4
    if abs(whole - halves) < tolerance:
        return halves
    return trapezoid(f, a, middle, tolerance / 2) + trapezoid(f, middle, b, tolerance / 2)


def root_by_trapezoid(c, tolerance):
    return trapezoid(lambda x: np.sqrt(x + c), 0.0, 2.0, tolerance)


def euler_halving(t, y, h, tolerance, depth):
    """One step of Euler's method, halved until two half steps agree with it."""
    whole = y + h * (-2.0 * y + math.sin(t))
    half = y + h / 2 * (-2.0 * y + math.sin(t))
    fine = half + h / 2 * (-2.0 * half + math.sin(t + h / 2))
    if depth == 0 or abs(fine - whole) < tolerance:
        return fine
    y = euler_halving(t, y, h / 2, tolerance, depth - 1)
    return euler_halving(t + h / 2, y, h / 2, tolerance, depth - 1)


def midpoint_halving(f, t, y, h, tolerance):
    """A step of a system, halved until the midpoint rule agrees with Euler's."""
    slope = f(t, y)
    euler = y + h * slope
    midpoint = y + h * f(t + h / 2, y + h / 2 * slope)
    if np.max(np.abs(midpoint - euler)) < tolerance:
        return midpoint
    y = midpoint_halving(f, t, y, h / 2, tolerance)
    return midpoint_halving(f, t + h / 2, y, h / 2, tolerance)


def pendulum(y, h, tolerance, steps):
    def f(t, y):
        return np.array([y[1], -np.sin(y[0]) - 0.1 * y[1] + 0.2 * np.cos(t)])

    for k in range(steps):
        y = midpoint_halving(f, k * h, y, h, tolerance)
    return y


def richardson(f, x, h, level, order):
    """Differences, extrapolated."""
    if level == 0:
        return (f(x + h) - f(x - h)) / (2 * h)
    finer = richardson(f, x, h / 2, level - 1, order - 1)
    coarser = richardson(f, x, h, level - 1, order - 1)
    factor = 4.0**order
    return (factor * finer - coarser) / (factor - 1)


def slope_of_gamma(x, level):
    return richardson(lambda v: math.exp(-v) * v**2, x, 0.5, level, level)


def b_spline(knots, i, degree, x):
    if degree == 0:
        return 1.0 if knots[i] <= x < knots[i + 1] else 0.0
    left = (x - knots[i]) / (knots[i + degree] - knots[i]) * b_spline(knots, i, degree - 1, x)
    right = (knots[i + degree + 1] - x) / (knots[i + degree + 1] - knots[i + 1]) * b_spline(knots, i + 1, degree - 1, x)
    return left + right


def divided_difference(x, y, i, j):
    if i == j:
        return y[i]
    return (divided_difference(x, y, i + 1, j) - divided_difference(x, y, i, j - 1)) / (x[j] - x[i])


def neville(x, y, i, j, at):
    if i == j:
        return y[i]
    return ((at - x[j]) * neville(x, y, i, j - 1, at) - (at - x[i]) * neville(x, y, i + 1, j, at)) / (x[i] - x[j])


def bezier(points, i, j, t):
    """De Casteljau: rows are results."""
    if i == j:
        return points[i]
    return (1 - t) * bezier(points, i, j - 1, t) + t * bezier(points, i + 1, j, t)


def golden_section(f, a, b, tolerance):
    if b - a < tolerance:
        return (a + b) / 2
    width = 0.6180339887498949 * (b - a)
    if f(b - width) < f(a + width):
        return golden_section(f, a, a + width, tolerance)
    return golden_section(f, b - width, b, tolerance)


def least_at(c, tolerance):
    return golden_section(lambda x: (x - c) ** 2 + 0.1 * x, -5.0, 5.0, tolerance)


def american_put(price, up, discount, strike, steps):
    """By a binomial tree without memo."""
    exercise = max(strike - price, 0.0)
    if steps == 0:
        return exercise
    p = (1 / discount - 1 / up) / (up - 1 / up)
    hold = discount * (
        p * american_put(price * up, up, discount, strike, steps - 1)
        + (1 - p) * american_put(price / up, up, discount, strike, steps - 1)
    )
    return max(exercise, hold)


def tree_network(left, right, word, embedding, weights, bias, node):
    """A recursive network: the vector of a node from those of its children."""
    if left[node] < 0:
        return embedding[word[node]]
    a = tree_network(left, right, word, embedding, weights, bias, left[node])
    b = tree_network(left, right, word, embedding, weights, bias, right[node])
    return np.tanh(weights @ np.concatenate((a, b)) + bias)


def tree_loss(left, right, word, embedding, weights, bias, node):
    h = tree_network(left, right, word, embedding, weights, bias, node)
    return np.sum(h * h)


def scalar_tree(left, right, value, w, node):
    """A network of one number a node."""
    if node < 0:
        return 0.1
    return np.tanh(
        w[0] * scalar_tree(left, right, value, w, left[node])
        + w[1] * scalar_tree(left, right, value, w, right[node])
        + w[2] * value[node]
    )


def barnes_hut(node, children, mass, centre, size, x, theta):
    """The pull at x in one dimension; far cells count as one body."""
    if mass[node] == 0.0:
        return 0.0
    d = centre[node] - x
    if children[node, 0] < 0 or size[node] < theta * abs(d):
        return mass[node] * d / (abs(d) ** 3 + 0.01)
    return barnes_hut(children[node, 0], children, mass, centre, size, x, theta) + barnes_hut(
        children[node, 1], children, mass, centre, size, x, theta
    )


def adaptive_count(a, b, depth, count):
    """How often an interval is halved; the counter is an array."""
    count[0] += 1
    middle = 0.5 * (a + b)
    if depth == 0 or abs(math.sin(a) - math.sin(b)) < 0.1:
        return b - a
    return adaptive_count(a, middle, depth - 1, count) + adaptive_count(middle, b, depth - 1, count)


LEFT, RIGHT, WORD = np.array([1, 3, -1, -1, -1]), np.array([2, 4, -1, -1, -1]), np.array([0, 0, 1, 2, 3])
EMBEDDING = np.random.default_rng(2).normal(size=(4, 3))
WEIGHTS, BIAS = np.random.default_rng(3).normal(size=(3, 6)), np.array([0.1, -0.2, 0.3])
X, Y = np.array([0.0, 0.5, 1.25, 2.0, 3.0]), np.array([1.0, -0.5, 0.75, 2.0, 0.1])
POINTS = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, -1.0], [4.0, 1.0]])
KNOTS = np.arange(9) * 0.5
CELLS = np.array([[1, 2], [3, 4], [5, 6], [-1, -1], [-1, -1], [-1, -1], [-1, -1]])
CASES = {
    "simpson of a peak": (peak, [(-1.0, 2.0, 0.1, 1e-8), (0.0, 1.0, 1.0, 1e-4), (0.0, 0.0, 1.0, 1e-3)]),
    "simpson of a wave": (wave, [(0.0, 3.0, 5.0, 1e-9, 40), (0.0, 3.0, 5.0, 1e-9, 3), (0.0, 3.0, 5.0, 1e-9, 0)]),
    "simpson of simpson": (two_integrals, [(0.0, 1.5, 1e-5), (1.0, 3.0, 1e-3)]),
    "trapezoid": (root_by_trapezoid, [(0.1, 1e-5), (1.0, 1e-3)]),
    "euler with halving": (
        euler_halving,
        [(0.0, 1.0, 1.0, tol, depth) for tol, depth in ((1e-3, 20), (1e-9, 4), (9.0, 3))],
    ),
    "pendulum with halving": (pendulum, [(np.array([1.0, 0.0]), 0.5, 1e-3, n) for n in (0, 1, 4)]),
    "richardson": (slope_of_gamma, [(1.0, level) for level in (0, 1, 4)]),
    "b-spline": (b_spline, [(KNOTS, 1, degree, x) for degree, x in ((0, 0.7), (3, 1.7), (3, 0.1), (2, 1.0))]),
    "divided difference": (divided_difference, [(X, Y, i, j) for i, j in ((0, 4), (1, 2), (3, 3))]),
    "neville": (neville, [(X, Y, i, j, 0.7) for i, j in ((0, 4), (1, 2), (3, 3))]),
    "bezier": (bezier, [(POINTS, 0, 3, t) for t in (0.0, 0.3, 1.0)] + [(POINTS, 2, 2, 0.5)]),
    "golden section": (least_at, [(1.0, 1e-6), (-9.0, 1e-3), (0.3, 20.0)]),
    "american put": (american_put, [(100.0, 1.02, 0.999, 105.0, n) for n in (0, 1, 7)]),
    "tree network": (tree_network, [(LEFT, RIGHT, WORD, EMBEDDING, WEIGHTS, BIAS, node) for node in (0, 1, 4)]),
    "loss of a tree": (tree_loss, [(LEFT, RIGHT, WORD, EMBEDDING, WEIGHTS, BIAS, node) for node in (0, 4)]),
    "network of numbers": (
        scalar_tree,
        [(LEFT, RIGHT, EMBEDDING[:, 0].repeat(2), np.array([0.5, -0.7, 1.1]), node) for node in (0, 2, -1)],
    ),
    "barnes hut": (
        barnes_hut,
        [
            (
                0,
                CELLS,
                np.array([6.0, 3, 3, 1, 2, 3, 0]),
                np.array([0.1, -1, 1, -1.5, -0.5, 1, 1.5]),
                2.0 ** -np.array([-1, 0, 0, 1, 1, 1, 1]),
                x,
                theta,
            )
            for x, theta in ((0.2, 0.5), (8.0, 0.5), (0.2, 0.0))
        ],
    ),
    "count of halvings": (adaptive_count, [(0.0, 3.0, depth, np.zeros(1, int)) for depth in (0, 3, 20)]),
}
