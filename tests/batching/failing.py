"""Programs that fail in some lanes, and lists of arguments with which they do or do not."""

from __future__ import annotations

import numpy as np

A = np.arange(20.0).reshape(4, 5)


class OwnError(Exception):
    """An exception of the user."""


def raises(x):
    if x < 0:
        raise ValueError(f"negative: {x}")
    return x * 2


def raises_with_values(x, n):
    if x > n:
        raise OwnError("too large", x, n)
    if x == n:
        raise RuntimeError
    return n - x


def asserts(x, n):
    assert x > 0, f"x is {x}, n is {n}"
    assert n < 10
    return x / n


def reads(a, i):
    return a[i] + 1


def writes(a, i, x):
    a[0] = x
    a[i] = x
    return a.sum()


def raises_in_loops(a, n):
    total = 0.0
    for i in range(n):
        for j in range(i):
            if a[i % 5] + a[j % 5] > 30:
                raise ArithmeticError(f"at {i}, {j}: {total}")
            total += a[j % 5]
    return total


def raises_in_while(n):
    steps = 0
    while n != 1:
        if steps > 20:
            raise RuntimeError(f"no end in sight for {n}")
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def divides(x, y):
    return int(x) // int(y) + int(x) % int(y)


def unbound(n):
    for i in range(n):
        last = i * i
    return last


def raises_in_callee(a, n):
    def check(v):
        if v > 17:
            raise KeyError("large")
        return v

    return [check(v) + n for v in a]


def no_convergence(a):
    x = 1.0
    for k in range(5):
        new = 0.5 * (x + a / x)
        if abs(new - x) < 1e-8:
            return x
        x = new
    raise RuntimeError(f"x = {x:.6f} after {k} steps")


def prints(x, n):
    print("lane starts", x)
    for k in range(n):
        if k % 2 == 0:
            print(k, x * k, sep=": ", end=";\n")
    if x < 0:
        print("negative")
        raise ValueError(f"{x}")
    return x + n


def prints_where_some_are(n):
    total = 0
    while n > 1:
        n = n // 2
        if n == 3:
            print("three", n, total)
        total += n
    return total


FAILING = [
    (raises, (np.array([1, 2, -3, 4, -5]),), 0),
    (raises, (np.array([-1.5, 2.0, -3.0]),), 0),
    (raises, (np.array([3.0, 2.0, -3.25]),), 0),
    (raises_with_values, (np.array([1, 2, 3, 9]), np.array([4, 4, 3, 1])), 0),
    (raises_with_values, (np.array([1, 2, 7, 9]), 4), (0, None)),
    (asserts, (np.array([1, 2, 0, 4]), np.array([4, 4, 12, 1])), 0),
    (asserts, (np.array([1, 2, 4, 0]), np.array([4, 4, 12, 1])), 0),
    (reads, (A, np.array([4, -5, 5, 9])), 0),
    (reads, (A, np.array([4, 0, 3, -6])), 0),
    (reads, (A[0], np.array([4, 0, 3, -6])), (None, 0)),
    (writes, (A, np.array([4, 0, 7, -6]), np.ones(4)), 0),
    (raises_in_loops, (A, np.array([3, 0, 5, 9])), 0),
    (raises_in_while, (np.array([1, 8, 27, 97]),), 0),
    (divides, (np.array([7, 8, 9]), np.array([2, 0, 0])), 0),
    (unbound, (np.array([2, 0, 1]),), 0),
    (raises_in_callee, (A, np.arange(4)), 0),
    (no_convergence, (np.array([1.0, 1.5, 1e6]),), 0),
]
FINE = [
    (raises, (np.array([1, 2, 3]),), 0),
    (asserts, (np.array([1, 2, 4]), np.array([4, 4, 1])), 0),
    (writes, (A, np.array([4, 0, -5, 2]), np.ones(4)), 0),
    (raises_in_loops, (A, np.array([3, 0, 1, 1])), 0),
    (raises_in_while, (np.array([1, 8, 5]),), 0),
    (no_convergence, (np.array([1.0, 1.1]),), 0),
]
