"""Recursion on values and shapes that are known when the function is compiled: it unfolds."""

from __future__ import annotations

import numpy as np


def power(x, n):
    return 1 if n == 0 else x * power(x, n - 1)


def fast_power(x, n):
    if n == 0:
        return 1.0
    half = fast_power(x, n // 2)
    return half * half if n % 2 == 0 else half * half * x


def fifth_power(x):
    return power(x, 5)


def powers(x):
    return power(x, 0), power(x, 1), fast_power(x, 13), power(x, n=3)


def merge(x, y):
    """Two sorted arrays as one."""
    n, m = len(x), len(y)
    out = np.empty(n + m)
    i = j = 0
    for k in range(n + m):
        if j == m or (i < n and x[i] <= y[j]):
            out[k] = x[i]
            i += 1
        else:
            out[k] = y[j]
            j += 1
    return out


def mergesort(x):
    n = len(x)
    if n <= 1:
        return x
    return merge(mergesort(x[: n // 2]), mergesort(x[n // 2 :]))


def total(x):
    n = len(x)
    if n == 0:
        return 0.0
    if n == 1:
        return x[0]
    return total(x[: n // 2]) + total(x[n // 2 :])


def fft(x):
    n = len(x)
    if n == 1:
        return x
    even, odd = fft(x[::2]), fft(x[1::2])
    turned = np.exp(-2j * np.pi * np.arange(n // 2) / n) * odd
    return np.concatenate((even + turned, even - turned))


def haar(x):
    """The wavelet transform."""
    n = len(x)
    if n == 1:
        return x
    half = (x[::2] + x[1::2]) / 2
    return np.concatenate((haar(half), (x[::2] - x[1::2]) / 2))


def walsh_hadamard(x):
    n = len(x)
    if n == 1:
        return x
    a, b = walsh_hadamard(x[: n // 2]), walsh_hadamard(x[n // 2 :])
    return np.concatenate((a + b, a - b))


def strassen(a, b):
    n = len(a)
    if n <= 2:
        return a @ b
    h = n // 2
    a11, a12, a21, a22 = a[:h, :h], a[:h, h:], a[h:, :h], a[h:, h:]
    b11, b12, b21, b22 = b[:h, :h], b[:h, h:], b[h:, :h], b[h:, h:]
    m1 = strassen(a11 + a22, b11 + b22)
    m2 = strassen(a21 + a22, b11)
    m3 = strassen(a11, b12 - b22)
    m4 = strassen(a22, b21 - b11)
    m5 = strassen(a11 + a12, b22)
    m6 = strassen(a21 - a11, b11 + b12)
    m7 = strassen(a12 - a22, b21 + b22)
    return np.block([[m1 + m4 - m5 + m7, m3 + m5], [m2 + m4, m1 - m2 + m3 + m6]])


def determinant(m):
    """By minors of the first row."""
    n = len(m)
    if n == 1:
        return m[0, 0]
    result = 0.0
    for j in range(n):
        minor = np.concatenate((m[1:, :j], m[1:, j + 1 :]), axis=1)
        result += (-1) ** j * m[0, j] * determinant(minor)
    return result


def inverse_of_lower(m):
    """A lower triangular matrix by blocks."""
    n = len(m)
    if n == 1:
        return 1.0 / m
    h = n // 2
    a, c = inverse_of_lower(m[:h, :h]), inverse_of_lower(m[h:, h:])
    return np.block([[a, np.zeros((h, n - h))], [-c @ m[h:, :h] @ a, c]])


def cholesky(m):
    n = len(m)
    if n == 1:
        return np.sqrt(m)
    low = np.zeros_like(m)
    low[0, 0] = np.sqrt(m[0, 0])
    low[1:, 0] = m[1:, 0] / low[0, 0]
    low[1:, 1:] = cholesky(m[1:, 1:] - np.outer(low[1:, 0], low[1:, 0]))
    return low


def horner(coefficients, x):
    """Coefficients are a tuple."""
    if len(coefficients) == 0:
        return 0.0
    return coefficients[0] + x * horner(coefficients[1:], x)


def polynomial(x):
    return horner((1.0, -2.0, 0.5, 3.0), x)


def flatten(tree):
    """Nested tuples as one list."""
    if not isinstance(tree, tuple):
        return [tree]
    found = []
    for part in tree:
        found.extend(flatten(part))
    return found


def tree_total(tree):
    return sum(map(tree_total, tree)) if isinstance(tree, (tuple, list)) else np.sum(tree)


def network(x, layers):
    if len(layers) == 0:
        return x
    weights, bias = layers[0]
    return network(np.tanh(weights @ x + bias), layers[1:])


def hanoi_of_letters(n, source, target, spare):
    """Pegs are strings; how often a disc goes onto each."""
    if n == 0:
        return 0, 0, 0
    a = hanoi_of_letters(n - 1, source, spare, target)
    b = hanoi_of_letters(n - 1, spare, target, source)
    return (
        a[0] + b[0] + (1 if target == "A" else 0),
        a[1] + b[1] + (1 if target == "B" else 0),
        a[2] + b[2] + (1 if target == "C" else 0),
    )


def hanoi(n):
    return hanoi_of_letters(n, "A", "C", "B")


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def fib_of_constants(x):
    return x * fib(10) + fib(15)


def gray(n):
    """The Gray code of so many bits, as a list of rows."""
    if n == 0:
        return [[]]
    rows = gray(n - 1)
    return [[0] + row for row in rows] + [[1] + row for row in reversed(rows)]


def gray_of_three(x):
    return np.array(gray(3)) * x


def richardson(f, x, h, level):
    if level == 0:
        return (f(x + h) - f(x - h)) / (2 * h)
    return (4**level * richardson(f, x, h / 2, level - 1) - richardson(f, x, h, level - 1)) / (4**level - 1)


def slope(x):
    return richardson(np.exp, x, 0.5, 3)


def sorting_network(a, low, n, up):
    """Bitonic sort of a[low:low + n]: bounds and direction are known, elements are data."""
    if n > 1:
        h = n // 2
        sorting_network(a, low, h, True)
        sorting_network(a, low + h, h, False)
        bitonic_merge(a, low, n, up)


def bitonic_merge(a, low, n, up):
    if n > 1:
        h = n // 2
        for i in range(low, low + h):
            if (a[i] > a[i + h]) == up:
                a[i], a[i + h] = a[i + h], a[i]
        bitonic_merge(a, low, h, up)
        bitonic_merge(a, low + h, h, up)


def bitonic_sort(a):
    sorting_network(a, 0, len(a), True)


def multiply(x, y):
    """Karatsuba's product of polynomials."""
    n = len(x)
    if n == 1:
        return x * y
    h = n // 2
    low, high = multiply(x[:h], y[:h]), multiply(x[h:], y[h:])
    cross = multiply(x[:h] + x[h:], y[:h] + y[h:]) - low - high
    out = np.zeros(2 * n - 1, x.dtype)
    out[: n - 1] += low
    out[h : h + n - 1] += cross
    out[2 * h : 2 * h + n - 1] += high
    return out


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


SQUARE = numbers(5, 5)
LAYERS = ((numbers(4, 3), numbers(4)), (numbers(4, 4, seed=1), numbers(4, seed=2)), (numbers(2, 4), numbers(2)))
CASES = {
    "fifth power": (fifth_power, [(2,), (1.5,), (np.array([1.0, 2.0]),)]),
    "powers": (powers, [(1.5,), (-2.0,)]),
    "merge sort": (mergesort, [(numbers(n),) for n in (13, 8, 1, 0)]),
    "sum by halves": (total, [(numbers(n),) for n in (13, 1, 0)]),
    "fft": (fft, [(numbers(16) + 1j * numbers(16, seed=1),), (numbers(1) + 0j,), (numbers(8),)]),
    "haar": (haar, [(numbers(16),), (numbers(1),)]),
    "walsh-hadamard": (walsh_hadamard, [(numbers(8),), (np.arange(16),)]),
    "strassen": (strassen, [(numbers(8, 8), numbers(8, 8, seed=1)), (numbers(2, 2), numbers(2, 2, seed=1))]),
    "determinant": (determinant, [(SQUARE,), (numbers(1, 1),), (np.arange(9).reshape(3, 3) ** 2,)]),
    "inverse of a lower matrix": (inverse_of_lower, [(np.tril(SQUARE) + 3 * np.eye(5),), (numbers(1, 1),)]),
    "cholesky": (cholesky, [(SQUARE @ SQUARE.T + np.eye(5),)]),
    "polynomial": (polynomial, [(1.5,), (2.0,)]),
    "flatten": (flatten, [((1, (2, (3.5, 4)), 5),), (((),),), (7,)]),
    "total of a tree": (tree_total, [([1, (2, [numbers(3), 4]), 5],), (numbers(2),)]),
    "network": (network, [(numbers(3), LAYERS), (numbers(3), ())]),
    "hanoi of letters": (hanoi, [(n,) for n in (0, 1, 2, 7)]),
    "fib of constants": (fib_of_constants, [(2,), (0.5,)]),
    "gray": (gray_of_three, [(1,), (0.5,)]),
    "richardson": (slope, [(1.0,), (0.0,)]),
    "bitonic sort": (bitonic_sort, [(numbers(16),), (numbers(1),)]),
    "karatsuba": (multiply, [(numbers(8), numbers(8, seed=1)), (np.arange(4), np.arange(4) - 2)]),
}
