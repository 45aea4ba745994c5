"""Arrays written by recursion: moves of hanoi, Gray code, permutations, curves, tables of memos."""

from __future__ import annotations

import math

import numpy as np


def edit_distance(s, t, i, j):
    if i == 0:
        return j
    if j == 0:
        return i
    if s[i - 1] == t[j - 1]:
        return edit_distance(s, t, i - 1, j - 1)
    return 1 + min(edit_distance(s, t, i - 1, j), edit_distance(s, t, i, j - 1), edit_distance(s, t, i - 1, j - 1))


def common_subsequence(s, t, i, j):
    if i == len(s) or j == len(t):
        return 0
    if s[i] == t[j]:
        return 1 + common_subsequence(s, t, i + 1, j + 1)
    return max(common_subsequence(s, t, i + 1, j), common_subsequence(s, t, i, j + 1))


def common_with_memo(s, t, i, j, memo):
    if i == len(s) or j == len(t):
        return 0
    if memo[i, j] >= 0:
        return memo[i, j]
    if s[i] == t[j]:
        found = 1 + common_with_memo(s, t, i + 1, j + 1, memo)
    else:
        found = max(common_with_memo(s, t, i + 1, j, memo), common_with_memo(s, t, i, j + 1, memo))
    memo[i, j] = found
    return found


def fib_with_memo(n, memo):
    if memo[n] < 0:
        memo[n] = fib_with_memo(n - 1, memo) + fib_with_memo(n - 2, memo)
    return memo[n]


def subset_sum(a, k, target):
    if target == 0:
        return True
    if k == 0:
        return False
    return subset_sum(a, k - 1, target - a[k - 1]) or subset_sum(a, k - 1, target)


def knapsack(weights, values, k, room):
    if k < 0 or room == 0:
        return 0.0
    without = knapsack(weights, values, k - 1, room)
    if weights[k] > room:
        return without
    return max(without, values[k] + knapsack(weights, values, k - 1, room - weights[k]))


def horner(coefficients, k, x):
    if k == len(coefficients):
        return 0.0
    return coefficients[k] + x * horner(coefficients, k + 1, x)


def rows_sum(m, row):
    """A row is a result."""
    if row == len(m):
        return np.zeros(m.shape[1])
    return m[row] + rows_sum(m, row + 1)


def matrix_power(m, n):
    if n == 0:
        return np.eye(len(m))
    half = matrix_power(m, n // 2)
    square = half @ half
    return square if n % 2 == 0 else square @ m


def permutations(a, k, out, row):
    if k == len(a):
        out[row] = a
        return row + 1
    for i in range(k, len(a)):
        a[k], a[i] = a[i], a[k]
        row = permutations(a, k + 1, out, row)
        a[k], a[i] = a[i], a[k]
    return row


def combinations(n, k, start, chosen, depth, out, row):
    if depth == k:
        out[row, :] = chosen
        return row + 1
    for i in range(start, n):
        chosen[depth] = i
        row = combinations(n, k, i + 1, chosen, depth + 1, out, row)
    return row


def hanoi(n, source, target, spare, moves, k):
    """Write the moves of n discs behind the first k; how many there are then."""
    if n == 0:
        return k
    k = hanoi(n - 1, source, spare, target, moves, k)
    moves[k, 0] = source
    moves[k, 1] = target
    return hanoi(n - 1, spare, target, source, moves, k + 1)


def hanoi_on_pegs(n, source, target, pegs, heights):
    """Move discs between columns of a table."""
    if n > 0:
        spare = 3 - source - target
        hanoi_on_pegs(n - 1, source, spare, pegs, heights)
        heights[source] -= 1
        disc = pegs[source, heights[source]]
        pegs[source, heights[source]] = 0
        pegs[target, heights[target]] = disc
        heights[target] += 1
        hanoi_on_pegs(n - 1, spare, target, pegs, heights)


def gray_code(codes, n):
    if n == 0:
        codes[0] = 0
        return 1
    half = gray_code(codes, n - 1)
    for i in range(half):
        codes[half + i] = codes[half - 1 - i] + half
    return 2 * half


def gray_bits(out, row, bits, n, direction):
    """Gray code as a table of bits, by writing and reading one row."""
    if n == len(bits):
        for j in range(len(bits)):
            out[row, j] = bits[j]
        return row + 1
    bits[n] = direction
    row = gray_bits(out, row, bits, n + 1, 0)
    bits[n] = 1 - direction
    return gray_bits(out, row, bits, n + 1, 1)


def cantor_dust(line, low, high):
    if high - low < 3:
        return
    third = (high - low) // 3
    for i in range(low + third, high - third):
        line[i] = 0
    cantor_dust(line, low, low + third)
    cantor_dust(line, high - third, high)


def koch(points, k, x0, y0, x1, y1, depth):
    """The corners of a Koch curve from (x0, y0), without its end; the place of the next."""
    if depth == 0:
        points[k] = x0, y0
        return k + 1
    dx, dy = (x1 - x0) / 3, (y1 - y0) / 3
    top_x = x0 + 1.5 * dx - math.sqrt(3) / 2 * dy
    top_y = y0 + 1.5 * dy + math.sqrt(3) / 2 * dx
    k = koch(points, k, x0, y0, x0 + dx, y0 + dy, depth - 1)
    k = koch(points, k, x0 + dx, y0 + dy, top_x, top_y, depth - 1)
    k = koch(points, k, top_x, top_y, x1 - dx, y1 - dy, depth - 1)
    return koch(points, k, x1 - dx, y1 - dy, x1, y1, depth - 1)


def sierpinski(image, row, column, size):
    if size == 1:
        image[row, column] = True
        return
    half = size // 2
    sierpinski(image, row, column, half)
    sierpinski(image, row + half, column, half)
    sierpinski(image, row + half, column + half, half)


def hilbert(points, k, x, y, xi, xj, yi, yj, n):
    if n <= 0:
        points[k, 0] = x + (xi + yi) / 2
        points[k, 1] = y + (xj + yj) / 2
        return k + 1
    k = hilbert(points, k, x, y, yi / 2, yj / 2, xi / 2, xj / 2, n - 1)
    k = hilbert(points, k, x + xi / 2, y + xj / 2, xi / 2, xj / 2, yi / 2, yj / 2, n - 1)
    k = hilbert(points, k, x + xi / 2 + yi / 2, y + xj / 2 + yj / 2, xi / 2, xj / 2, yi / 2, yj / 2, n - 1)
    return hilbert(points, k, x + xi / 2 + yi, y + xj / 2 + yj, -yi / 2, -yj / 2, -xi / 2, -xj / 2, n - 1)


S, T = np.array([1, 2, 3, 1, 2]), np.array([2, 1, 3, 3, 1, 2])
MATRIX = np.array([[0.5, 1.0], [-0.25, 0.75]])


def no_memo():
    return np.full((6, 7), -1)


def start_of_memo(n):
    return np.array([0, 1] + [-1] * (n - 1))


def discs(n):
    pegs = np.zeros((3, n), int)
    pegs[0] = np.arange(n, 0, -1)
    return pegs


CASES = {
    "edit distance": (edit_distance, [(S, T, i, j) for i, j in ((5, 6), (0, 3), (3, 0), (2, 4), (0, 0))]),
    "common subsequence": (common_subsequence, [(S, T, i, j) for i, j in ((0, 0), (5, 2), (2, 6), (1, 3))]),
    "common subsequence with memo": (common_with_memo, [(S, T, i, j, no_memo()) for i, j in ((0, 0), (5, 2), (1, 3))]),
    "fib with memo": (fib_with_memo, [(n, start_of_memo(60)) for n in (0, 1, 2, 60)]),
    "subset sum": (
        subset_sum,
        [(np.array([3, 34, 4, 12, 5, 2]), k, s) for k, s in ((6, 9), (6, 30), (0, 1), (0, 0), (6, 60))],
    ),
    "knapsack": (
        knapsack,
        [
            (np.array([3, 4, 5, 1]), np.array([2.0, 3.5, 4.25, 0.5]), k, room)
            for k, room in ((3, 8), (-1, 5), (2, 0), (3, 2))
        ],
    ),
    "horner": (horner, [(np.array([1.0, -2.0, 0.5, 3.0]), k, 1.7) for k in (0, 2, 3)]),
    "sum of rows": (rows_sum, [(np.arange(12.0).reshape(4, 3), k) for k in (0, 2, 4)]),
    "matrix power": (matrix_power, [(MATRIX, n) for n in (0, 1, 2, 13)]),
    "permutations": (permutations, [(np.arange(4), k, np.zeros((24, 4), int), 0) for k in (0, 2, 4)]),
    "combinations": (
        combinations,
        [(n, k, 0, np.zeros(3, int), 3 - k, np.full((20, 3), -1), 0) for n, k in ((6, 3), (3, 3), (2, 3), (5, 0))],
    ),
    "hanoi's moves": (hanoi, [(n, 0, 2, 1, np.zeros((63, 2), int), 0) for n in (0, 1, 2, 6)]),
    "hanoi on pegs": (hanoi_on_pegs, [(n, 0, 2, discs(5), np.array([5, 0, 0])) for n in (0, 1, 5)]),
    "gray code": (gray_code, [(np.zeros(32, int), n) for n in (0, 1, 5)]),
    "gray bits": (gray_bits, [(np.zeros((16, 4), int), 0, np.zeros(4, int), n, 0) for n in (0, 3, 4)]),
    "cantor dust": (cantor_dust, [(np.ones(81, int), low, high) for low, high in ((0, 81), (0, 2), (3, 30))]),
    "koch": (koch, [(np.zeros((64, 2)), 0, 0.0, 0.0, 1.0, 0.5, depth) for depth in (0, 1, 3)]),
    "sierpinski": (sierpinski, [(np.zeros((16, 16), bool), 0, 0, n) for n in (16, 1, 4)]),
    "hilbert": (hilbert, [(np.zeros((64, 2)), 0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, n) for n in (0, 1, 3)]),
}
