"""Where calls of itself stand: conditions, subscripts, loops and their tests; early returns, views and copies."""

from __future__ import annotations

import numpy as np


def in_one_expression(n):
    if n <= 0:
        return 1
    return in_one_expression(n - 1) * 3 + in_one_expression(n - 2) * (in_one_expression(n - 3) - 1)


def in_a_condition(n):
    if n < 2:
        return n
    if in_a_condition(n - 1) % 3 == 1:
        return in_a_condition(n - 2) + 5
    return in_a_condition(n - 2) - 1 if in_a_condition(n - 2) > 2 else n


def in_a_subscript(a, i, n):
    if n == 0:
        return i
    return a[in_a_subscript(a, i, n - 1)]


def in_a_written_subscript(a, n):
    if n < 0:
        return 0
    a[in_a_written_subscript(a, n - 1)] += n
    return (a[n] + n) % len(a)


def in_and_or(n):
    if n == 0:
        return True
    if n == 1:
        return False
    return (in_and_or(n - 1) and in_and_or(n - 2)) or not in_and_or(n - 2)


def in_a_loop(n, depth):
    total = n
    for i in range(n):
        total += in_a_loop(i, depth + 1) * (depth + 1)
    return total


def in_two_loops(n):
    count = 0
    for i in range(n):
        for j in range(i):
            count += in_two_loops(j) + 1
            if count > 50:
                return count
    return count


def in_the_test_of_while(n):
    k = 0
    while k < n and in_the_test_of_while(n - 1 - k) < 6:
        k += 1
    return k + n // 2


def in_a_while(n):
    total = 0
    while n > 0:
        n -= 2
        if n % 3 == 1:
            continue
        total += 1 + in_a_while(n)
        if total > 40:
            break
    else:
        total += 1
    return total


def in_arguments(n):
    return n if n < 3 else in_arguments(in_arguments(n - 1) - in_arguments(n - 3))


def in_the_bound_of_range(n):
    if n == 0:
        return 2
    total = 0
    for i in range(in_the_bound_of_range(n - 1)):
        total += i % 3
    return total % 7 + 1


def in_a_walrus(n):
    if n > 0 and (k := in_a_walrus(n - 1)) > 2:
        return k - 2
    return n


def in_a_chain(a, n):
    if n == 0:
        return 0.0
    low, high = in_a_chain(a, n - 1) - 1.0, 1.0 + in_a_chain(a, n - 1)
    return a[n] if low < a[n] <= high else (low + high) / 2 + 0.25


def early_returns(a, low, high):
    if low >= high:
        return -1
    for i in range(low, high):
        if a[i] < 0:
            return i
        if a[i] > 10:
            if i % 2 == 0:
                return early_returns(a, i + 1, high)
            for j in range(i, high):
                if a[j] == 5:
                    return early_returns(a, low, j) if j > i else -2
            break
    return early_returns(a, low + 3, high)


def loop_before_and_after(a, n):
    if n == 0:
        return 0.0
    for i in range(n):
        a[i] += 1.0
    below = loop_before_and_after(a, n - 1)
    for i in range(n):
        below += a[i] * i
    return below


def writes_between_calls(a, n):
    if n <= 0:
        return
    a[n] = a[n - 1] + 1
    writes_between_calls(a, n - 1)
    a[0] += a[n]
    writes_between_calls(a, n - 2)
    a[n] -= a[0]


def two_arrays(a, b, n):
    """Roles change at each level."""
    if n == 0:
        return a[0] - b[0]
    a[n] += b[n - 1]
    return two_arrays(b, a, n - 1) * 2 + b[n]


def views(a, n):
    if n == 0:
        return 0.0
    row = a[n]
    row[0] += n
    rest = views(a, n - 1)
    row[1] += rest
    return row[0] + row[1] + rest


def copies(a, n):
    if n == 0:
        return a
    b = a.copy()
    b[n] = b[n - 1] * 2
    c = copies(b, n - 1)
    return a + c


def local_arrays(n):
    found = np.zeros(3)
    found[n % 3] = n
    if n > 0:
        found += local_arrays(n - 1) * 0.5
        if n > 2:
            found -= local_arrays(n - 3)
    return found


NUMBERS = np.array([3.0, -1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0])
LINKS = np.array([3, 0, 5, 6, 1, 7, 2, 4])
DEPTHS = [(n,) for n in (0, 1, 2, 5, 8)]
CASES = {
    "one expression": (in_one_expression, DEPTHS),
    "condition": (in_a_condition, DEPTHS),
    "subscript": (in_a_subscript, [(LINKS, 2, n) for n in (0, 1, 5)]),
    "written subscript": (in_a_written_subscript, [(LINKS, n) for n in (0, 3, 7)]),
    "and, or, not": (in_and_or, DEPTHS),
    "loop": (in_a_loop, [(n, 0) for n in (0, 1, 5)]),
    "two loops": (in_two_loops, DEPTHS),
    "test of while": (in_the_test_of_while, DEPTHS),
    "while": (in_a_while, DEPTHS),
    "arguments": (in_arguments, DEPTHS),
    "bound of range": (in_the_bound_of_range, DEPTHS),
    "walrus": (in_a_walrus, DEPTHS),
    "chain of comparisons": (in_a_chain, [(NUMBERS, n) for n in (0, 1, 6)]),
    "early returns": (early_returns, [(NUMBERS + 5 * k, 0, 8) for k in (0, 1, 2)]),
    "loops before and after": (loop_before_and_after, [(NUMBERS, n) for n in (0, 1, 6)]),
    "writes between calls": (writes_between_calls, [(NUMBERS, n) for n in (0, 1, 6)]),
    "two arrays": (two_arrays, [(NUMBERS, NUMBERS + 1, n) for n in (0, 1, 6)]),
    "views": (views, [(NUMBERS.reshape(4, 2), n) for n in (0, 1, 3)]),
    "copies": (copies, [(NUMBERS, n) for n in (0, 1, 5)]),
    "local arrays": (local_arrays, DEPTHS),
}
