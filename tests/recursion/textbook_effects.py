"""Recursion that prints, raises, changes types, and meets nothing: empty arrays, depth 0."""

from __future__ import annotations

import numpy as np


def ints_to_float(n, x):
    """Starts as an integer, ends as a float."""
    if n == 0:
        return x / 2
    return ints_to_float(n - 1, x + n)


def numbers_of_arrays(a, i):
    """0.0 becomes a NumPy number."""
    if i == len(a):
        return a[0] * 0
    return a[i] + numbers_of_arrays(a, i + 1)


def single(x, n):
    return x if n == 0 else single(x * np.float32(0.5) + np.float32(1), n - 1) * x


def of_complex(z, n):
    if n == 0 or abs(z) > 2:
        return z
    return of_complex(z * z + (0.1 + 0.2j), n - 1) * 0.5


def of_bools(p, n):
    return p if n == 0 else not of_bools(p, n - 1) or n % 5 == 0


def empty(a, i):
    return 0 if i >= len(a) else 1 + empty(a, i + 1)


def prints(n):
    print("enter", n)
    if n > 1:
        prints(n - 1)
        print(f"between {n:>3}")
        prints(n - 2)
    print("leave", n)


def prints_arrays(a, n):
    if n > 0:
        a[n] = n
        print(a, "at", n)
        prints_arrays(a, n - 1)


def raises_value_error(n):
    if n == 3:
        raise ValueError(f"no {n} please")
    return n if n < 2 else raises_value_error(n - 1) + raises_value_error(n - 2)


def raises_index_error(a, i):
    return a[i] + raises_index_error(a, i + 2) if a[i] > 0 else a[i] * 2


def divides(n, k):
    return 1 if n == 0 else 100 // (n - k) + divides(n - 1, k)


def asserts(n, low):
    assert n >= low, f"{n} is below {low}"
    return 0 if n == 0 else 1 + asserts(n - 1, low)


def first_error_wins(a, n):
    """Calls after an error do nothing, loops end."""
    if n == 0:
        return 0
    total = first_error_wins(a, n - 1)
    for i in range(n):
        total += 10 // a[i]
        if total > 100:
            raise RuntimeError(f"more than 100 at {n}")
    return total + first_error_wins(a, n - 2 if n > 1 else 0)


def prints_then_raises(n):
    print(n)
    if n < 0:
        raise ArithmeticError("below zero")
    prints_then_raises(n - 3)


def unbound(n):
    if n % 2 == 0:
        found = n
    if n > 4:
        return unbound(n - 3)
    return found


def results_not_used(a, n):
    if n > 0:
        a[0] += 1
        results_not_used(a, n - 1)
    return n


def deletes(n):
    k = n * 2
    del n
    return k if k > 20 else deletes(k + 1)


NUMBERS = np.array([3.0, -1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0])
CASES = {
    "integers to float": (ints_to_float, [(n, 1) for n in (0, 1, 5)]),
    "numbers of arrays": (numbers_of_arrays, [(NUMBERS, 0), (NUMBERS, 8), (NUMBERS, 5)]),
    "float32": (single, [(np.float32(0.7), n) for n in (0, 1, 5)]),
    "complex": (of_complex, [(0.3 + 0.4j, n) for n in (0, 1, 9)] + [(2j, 5)]),
    "bools": (of_bools, [(p, n) for p in (True, False) for n in (0, 1, 7)]),
    "empty array": (empty, [(np.array([]), 0), (NUMBERS, 3), (NUMBERS, 9)]),
    "prints": (prints, [(n,) for n in (0, 1, 4)]),
    "prints of arrays": (prints_arrays, [(np.zeros(5), n) for n in (0, 1, 4)]),
    "ValueError": (raises_value_error, [(n,) for n in (0, 2, 3, 7)]),
    "IndexError": (raises_index_error, [(NUMBERS, i) for i in (0, 1, 8)]),
    "ZeroDivisionError": (divides, [(n, k) for n, k in ((5, 9), (5, 3), (0, 0))]),
    "assert": (asserts, [(n, low) for n, low in ((4, 0), (4, 2), (0, 0))]),
    "the first error wins": (
        first_error_wins,
        [(np.array([1, 5, 0, 2, 1]), n) for n in (1, 2, 3, 5)] + [(np.ones(5, int), 5)],
    ),
    "prints, then raises": (prints_then_raises, [(n,) for n in (7, -1)]),
    "name not bound": (unbound, [(n,) for n in (4, 2, 8, 6, 5)]),
    "results not used": (results_not_used, [(np.zeros(2, int), n) for n in (0, 5)]),
    "del": (deletes, [(n,) for n in (1, 3, 30)]),
}
