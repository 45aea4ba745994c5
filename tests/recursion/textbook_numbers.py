"""Recursion on numbers, written as a textbook writes it: factorials, divisors, powers, Ackermann, Tak."""

from __future__ import annotations

import numpy as np


def factorial(n):
    if n == 0:
        return 1
    return n * factorial(n - 1)


def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


def fib_with_accumulators(n, a, b):
    return a if n == 0 else fib_with_accumulators(n - 1, b, a + b)


def fib_pair(n):
    """(F(n), F(n + 1)) by doubling."""
    if n == 0:
        return 0, 1
    a, b = fib_pair(n // 2)
    c = a * (2 * b - a)
    d = a * a + b * b
    if n % 2 == 0:
        return c, d
    return d, c + d


def tribonacci(n):
    if n == 0:
        return 0
    elif n <= 2:
        return 1
    else:
        return tribonacci(n - 1) + tribonacci(n - 2) + tribonacci(n - 3)


def ackermann(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))


def ackermann_of_tuples(pair):
    m, n = pair
    if m == 0:
        return (0, n + 1)
    if n == 0:
        return ackermann_of_tuples((m - 1, 1))
    _, inner = ackermann_of_tuples((m, n - 1))
    return ackermann_of_tuples((m - 1, inner))


def hyper(n, a, b):
    """Successor, sum, product, power."""
    if n == 0:
        return b + 1
    if b == 0:
        if n == 1:
            return a
        return 0 if n == 2 else 1
    return hyper(n - 1, a, hyper(n, a, b - 1))


def gcd(a, b):
    return a if b == 0 else gcd(b, a % b)


def gcd_by_subtraction(a, b):
    if a == b:
        return a
    if a > b:
        return gcd_by_subtraction(a - b, b)
    return gcd_by_subtraction(a, b - a)


def binary_gcd(a, b):
    if a == 0 or b == 0:
        return a | b
    if a & 1 == 0 and b & 1 == 0:
        return binary_gcd(a >> 1, b >> 1) << 1
    if a & 1 == 0:
        return binary_gcd(a >> 1, b)
    if b & 1 == 0:
        return binary_gcd(a, b >> 1)
    if a >= b:
        return binary_gcd((a - b) >> 1, b)
    return binary_gcd((b - a) >> 1, a)


def extended_gcd(a, b):
    """(g, x, y) with a * x + b * y == g."""
    if b == 0:
        return a, 1, 0
    g, x, y = extended_gcd(b, a % b)
    return g, y, x - a // b * y


def power_modulo(base, exponent, modulus):
    if exponent == 0:
        return 1 % modulus
    half = power_modulo(base, exponent >> 1, modulus)
    square = half * half % modulus
    return square * base % modulus if exponent & 1 else square


def is_even(n):
    return True if n == 0 else is_odd(n - 1)


def is_odd(n):
    return False if n == 0 else is_even(n - 1)


def tak(x, y, z):
    if not y < x:
        return z
    return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))


def tarai(x, y, z):
    if x <= y:
        return y
    return tarai(tarai(x - 1, y, z), tarai(y - 1, z, x), tarai(z - 1, x, y))


def mccarthy_91(n):
    if n > 100:
        return n - 10
    return mccarthy_91(mccarthy_91(n + 11))


def is_palindrome(a, low, high):
    if low >= high:
        return True
    return a[low] == a[high] and is_palindrome(a, low + 1, high - 1)


def is_prime(n, divisor):
    if divisor * divisor > n:
        return n > 1
    if n % divisor == 0:
        return False
    return is_prime(n, divisor + 1)


def sum_to(n):
    return 0 if n == 0 else n + sum_to(n - 1)


def grid(pairs):
    return [tuple(map(int, pair)) for pair in np.argwhere(np.ones(pairs))]


CASES = {
    "factorial": (factorial, [(n,) for n in (0, 1, 5, 20)]),
    "fib": (fib, [(n,) for n in (-3, 0, 1, 2, 3, 9, 17)]),
    "fib with accumulators": (fib_with_accumulators, [(n, 0, 1) for n in (0, 1, 2, 50, 90)]),
    "fib by pairs": (fib_pair, [(n,) for n in (0, 1, 2, 3, 17, 64, 90)]),
    "tribonacci": (tribonacci, [(n,) for n in (0, 1, 2, 3, 12)]),
    "ackermann": (ackermann, [*grid((3, 4)), (3, 3), (2, 40)]),
    "ackermann of tuples": (ackermann_of_tuples, [((m, n),) for m, n in [*grid((3, 3)), (3, 2)]]),
    "hyper": (hyper, [(0, 2, 3), (1, 2, 3), (2, 4, 3), (3, 2, 4), (3, 3, 0), (2, 5, 0), (1, 5, 0)]),
    "gcd": (gcd, [(48, 18), (18, 48), (7, 0), (0, 7), (0, 0), (2**40, 6**20), (-12, 18), (12, -18)]),
    "gcd by subtraction": (gcd_by_subtraction, [(48, 18), (7, 7), (1, 90), (90, 1)]),
    "binary gcd": (binary_gcd, [(48, 18), (0, 5), (5, 0), (0, 0), (2**40, 6**20), (17, 19)]),
    "extended gcd": (extended_gcd, [(240, 46), (46, 240), (5, 0), (0, 5), (17, 19), (-6, 4)]),
    "power modulo": (power_modulo, [(3, 200, 13), (7, 0, 5), (7, 0, 1), (2, 10**15, 10**9 + 7)]),
    "even": (is_even, [(n,) for n in (0, 1, 10, 11)]),
    "odd": (is_odd, [(n,) for n in (0, 1, 10, 11)]),
    "tak": (tak, [(8, 4, 2), (6, 4, 2), (1, 2, 3), (7, 0, 4), (5, 5, 5)]),
    "tarai": (tarai, [(5, 2, 0), (1, 2, 3), (4, 0, 2)]),
    "mccarthy 91": (mccarthy_91, [(n,) for n in (-5, 0, 50, 99, 100, 101, 200)]),
    "palindrome": (is_palindrome, [(np.array(a), 0, 4) for a in ([1, 2, 3, 2, 1], [1, 2, 3, 2, 2], [1, 2, 3, 4, 1])]),
    "prime": (is_prime, [(n, 2) for n in (0, 1, 2, 9, 91, 97, 7919)]),
    "sum to n": (sum_to, [(0,), (1,), (500,)]),
}
