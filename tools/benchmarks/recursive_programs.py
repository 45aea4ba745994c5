"""Recursive programs as one writes them in Python."""

from __future__ import annotations

import math

import numpy as np

# --- numbers


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def ackermann(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))


def tak(x, y, z):
    if y >= x:
        return z
    return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))


def hanoi_count(n, start, goal, spare):
    """The moves, each weighted by its pegs, so that two of the same height are not the same."""
    if n == 0:
        return 0
    return hanoi_count(n - 1, start, spare, goal) + 3 * start + goal + hanoi_count(n - 1, spare, goal, start)


def gcd(a, b):
    return a if b == 0 else gcd(b, a % b)


def all_gcds(n):
    """The sum of the gcds of all pairs of numbers up to n."""
    total = 0
    for a in range(1, n + 1):
        for b in range(1, n + 1):
            total += gcd(a, b)
    return total


def power(x, n):
    """x**n by a product for each step: n calls."""
    return 1.0 if n == 0 else x * power(x, n - 1)


# --- arrays


def hanoi_moves(n, start, goal, spare, moves, k):
    """Write the moves into rows of `moves` from k on; gives the next k."""
    if n == 0:
        return k
    k = hanoi_moves(n - 1, start, spare, goal, moves, k)
    moves[k, 0] = start
    moves[k, 1] = goal
    return hanoi_moves(n - 1, spare, goal, start, moves, k + 1)


def tree_sum(left, right, value, node):
    """The sum over a tree whose nodes are numbers; -1 stands for no child."""
    total = value[node]
    if left[node] >= 0:
        total += tree_sum(left, right, value, left[node])
    if right[node] >= 0:
        total += tree_sum(left, right, value, right[node])
    return total


def quicksort(a, low, high):
    """Sort a[low:high + 1] in place."""
    if low >= high:
        return
    pivot = a[(low + high) // 2]
    i, j = low, high
    while i <= j:
        while a[i] < pivot:
            i += 1
        while a[j] > pivot:
            j -= 1
        if i <= j:
            a[i], a[j] = a[j], a[i]
            i += 1
            j -= 1
    quicksort(a, low, j)
    quicksort(a, i, high)


def queens(n, row, columns, falling, rising):
    """In how many ways queens can stand on the rows from `row` on; the arrays say what is attacked."""
    if row == n:
        return 1
    ways = 0
    for column in range(n):
        if not (columns[column] or falling[row + column] or rising[row - column + n]):
            columns[column] = falling[row + column] = rising[row - column + n] = True
            ways += queens(n, row + 1, columns, falling, rising)
            columns[column] = falling[row + column] = rising[row - column + n] = False
    return ways


# --- numerics


def simpson(f, a, fa, m, fm, b, fb, whole, tolerance):
    """Simpson's rule on both halves of [a, b], refined where they differ from the rule on the whole."""
    left_m, right_m = (a + m) / 2, (m + b) / 2
    left_f, right_f = f(left_m), f(right_m)
    left = (m - a) / 6 * (fa + 4 * left_f + fm)
    right = (b - m) / 6 * (fm + 4 * right_f + fb)
    error = left + right - whole
    if abs(error) <= 15 * tolerance:
        return left + right + error / 15
    return simpson(f, a, fa, left_m, left_f, m, fm, left, tolerance / 2) + simpson(
        f, m, fm, right_m, right_f, b, fb, right, tolerance / 2
    )


def integrate(f, a, b, tolerance):
    m = (a + b) / 2
    fa, fm, fb = f(a), f(m), f(b)
    return simpson(f, a, fa, m, fm, b, fb, (b - a) / 6 * (fa + 4 * fm + fb), tolerance)


def peaks(x):
    return 1.0 / (0.01 + (x - 0.3) ** 2) + 1.0 / (0.04 + (x - 0.9) ** 2)


def area(a, b, tolerance):
    return integrate(peaks, a, b, tolerance)


def area_under_a_wave(a, b, frequency, width, tolerance):
    """An integral with parameters, to be differentiated by them and by its bounds."""

    def wave(x):
        return math.sin(frequency * x) / (width + x * x)

    return integrate(wave, a, b, tolerance)


def network(weights, left, right, value, node):
    """A network of the shape of a tree: what a node gives depends on its value and on what its children give."""
    total = weights[0] * value[node] + weights[3]
    if left[node] >= 0:
        total += weights[1] * network(weights, left, right, value, left[node])
    if right[node] >= 0:
        total += weights[2] * network(weights, left, right, value, right[node])
    return np.tanh(total)


def vector_network(mix, bias, leaves, left, right, node):
    """The same with vectors of features: mix is f64[k, 2k], leaves f64[nodes, k]."""
    if left[node] < 0:
        return leaves[node]
    a = vector_network(mix, bias, leaves, left, right, left[node])
    b = vector_network(mix, bias, leaves, left, right, right[node])
    return np.tanh(mix @ np.concatenate((a, b)) + bias)


def vector_network_loss(mix, bias, leaves, left, right):
    return np.sum(vector_network(mix, bias, leaves, left, right, 0) ** 2)


# --- the tree of the No-U-Turn sampler (Hoffman and Gelman 2014, algorithm 6)


def leapfrog(theta, r, step):
    """One step in the potential of a normal distribution with the scales 1 and 1/2."""
    scale = np.array([1.0, 4.0])
    r = r - 0.5 * step * scale * theta
    theta = theta + step * r
    return theta, r - 0.5 * step * scale * theta


def joint_density(theta, r):
    scale = np.array([1.0, 4.0])
    return -0.5 * np.sum(scale * theta * theta) - 0.5 * np.sum(r * r)


def turns(minus, plus, r_minus, r_plus):
    way = plus - minus
    return np.sum(way * r_minus) < 0 or np.sum(way * r_plus) < 0


def build_tree(theta, r, log_u, direction, depth, step, joint, seed):
    if depth == 0:
        theta, r = leapfrog(theta, r, direction * step)
        found = joint_density(theta, r)
        n = 1 if log_u < found else 0
        return theta, r, theta, r, theta, n, bool(log_u - 1000.0 < found), min(1.0, math.exp(found - joint)), 1, seed
    minus, r_minus, plus, r_plus, chosen, n, going, alpha, tried, seed = build_tree(
        theta, r, log_u, direction, depth - 1, step, joint, seed
    )
    if going:
        if direction == -1:
            minus, r_minus, _, _, other, n_2, going_2, alpha_2, tried_2, seed = build_tree(
                minus, r_minus, log_u, direction, depth - 1, step, joint, seed
            )
        else:
            _, _, plus, r_plus, other, n_2, going_2, alpha_2, tried_2, seed = build_tree(
                plus, r_plus, log_u, direction, depth - 1, step, joint, seed
            )
        seed = (seed * 1103515245 + 12345) % 2147483648
        if seed / 2147483648.0 < n_2 / max(n + n_2, 1):
            chosen = other
        n += n_2
        going = bool(going_2 and not turns(minus, plus, r_minus, r_plus))
        alpha += alpha_2
        tried += tried_2
    return minus, r_minus, plus, r_plus, chosen, n, going, alpha, tried, seed


def nuts_trees(theta, r, step, depth, trees):
    """Trees from many places: what they try and accept."""
    tried, accepted, seed = 0, 0.0, 7
    for k in range(trees):
        joint = joint_density(theta, r)
        _, _, _, _, theta, _, _, alpha, count, seed = build_tree(
            theta, r, joint - 0.7, 1 if k % 2 == 0 else -1, depth, step, joint, seed
        )
        tried += count
        accepted += alpha
    return tried + accepted
