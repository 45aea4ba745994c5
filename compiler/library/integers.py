"""Functions on integers in plain Python; the front end compiles them like user code."""

from __future__ import annotations

import numpy as np


def modular_power(base, exponent, modulus):  # type: ignore[no-untyped-def]
    """`pow(base, exponent, modulus)` for a non-negative exponent and a modulus below 2**31."""
    if exponent < 0:
        raise ValueError("base is not invertible for the given modulus")
    if modulus == 0:
        raise ValueError("pow() 3rd argument cannot be 0")
    result = 1 % modulus
    base = base % modulus
    while exponent > 0:
        if exponent & 1:
            result = result * base % modulus
        base = base * base % modulus
        exponent >>= 1
    return result


def gcd(a, b):  # type: ignore[no-untyped-def]
    """The greatest common divisor, not negative."""
    a, b = abs(a), abs(b)
    while b != 0:
        a, b = b, a % b
    return a


def lcm(a, b):  # type: ignore[no-untyped-def]
    """The least common multiple, not negative."""
    divisor = gcd(a, b)
    if divisor == 0:
        return 0
    return abs(a // divisor * b)


def factorial(n):  # type: ignore[no-untyped-def]
    """n! up to 20!, the largest that 64 bits hold."""
    if n < 0:
        raise ValueError("factorial() not defined for negative values")
    if n > 20:
        raise OverflowError("factorial() of more than 20 does not fit into 64 bits")
    result = 1
    for i in range(2, n + 1):
        result *= i
    return result


def comb(n, k):  # type: ignore[no-untyped-def]
    """n over k, for results that 64 bits hold."""
    if n < 0:
        raise ValueError("n must be a non-negative integer")
    if k < 0:
        raise ValueError("k must be a non-negative integer")
    result = 1
    if k > n:
        result = 0
    for i in range(1, k + 1):
        result = result * (n - k + i) // i
    return result


def isqrt(n):  # type: ignore[no-untyped-def]
    """The integer part of the square root."""
    if n < 0:
        raise ValueError("isqrt() argument must be nonnegative")
    if n < 2:
        return n
    x = n
    y = (x + n // x) // 2
    while y < x:
        x = y
        y = (x + n // x) // 2
    return x


def gcd_arrays(x1, x2):  # type: ignore[no-untyped-def]
    """`np.gcd` of arrays, element by element."""
    if np.ndim(x1) == 0 and np.ndim(x2) == 0:
        return gcd(x1, x2)
    x1, x2 = np.asarray(x1), np.asarray(x2)
    a, b = np.abs(x1 + x2 * 0), np.abs(x2 + x1 * 0)
    while np.any(b != 0):
        rest = np.where(b != 0, a % np.where(b == 0, 1, b), 0)
        a = np.where(b != 0, b, a)
        b = rest
    return a


def lcm_arrays(x1, x2):  # type: ignore[no-untyped-def]
    """`np.lcm` of arrays, element by element."""
    divisor = gcd_arrays(x1, x2)
    x1, x2 = np.asarray(x1), np.asarray(x2)
    return np.abs(x1 // np.where(divisor == 0, 1, divisor) * x2)
