"""Recursion that counts: partitions, coins, digits, games, sequences."""

from __future__ import annotations

import numpy as np


def hofstadter_female(n):
    return 1 if n == 0 else n - hofstadter_male(hofstadter_female(n - 1))


def hofstadter_male(n):
    return 0 if n == 0 else n - hofstadter_female(hofstadter_male(n - 1))


def hofstadter_q(n):
    if n <= 2:
        return 1
    return hofstadter_q(n - hofstadter_q(n - 1)) + hofstadter_q(n - hofstadter_q(n - 2))


def hofstadter_g(n):
    return 0 if n == 0 else n - hofstadter_g(hofstadter_g(n - 1))


def collatz(n):
    """How many steps lead to 1."""
    if n == 1:
        return 0
    if n % 2 == 0:
        return 1 + collatz(n // 2)
    return 1 + collatz(3 * n + 1)


def longest_collatz(n):
    best, start = 0, 1
    for k in range(1, n + 1):
        steps = collatz(k)
        if steps > best:
            best, start = steps, k
    return start, best


def josephus(n, k):
    if n == 1:
        return 0
    return (josephus(n - 1, k) + k) % n


def catalan(n):
    if n <= 1:
        return 1
    total = 0
    for i in range(n):
        total += catalan(i) * catalan(n - 1 - i)
    return total


def binomial(n, k):
    if k == 0 or k == n:
        return 1
    return binomial(n - 1, k - 1) + binomial(n - 1, k)


def stirling(n, k):
    if n == k:
        return 1
    if k == 0 or k > n:
        return 0
    return k * stirling(n - 1, k) + stirling(n - 1, k - 1)


def delannoy(m, n):
    if m == 0 or n == 0:
        return 1
    return delannoy(m - 1, n) + delannoy(m - 1, n - 1) + delannoy(m, n - 1)


def partitions(n, largest):
    if n == 0:
        return 1
    if n < 0 or largest == 0:
        return 0
    return partitions(n - largest, largest) + partitions(n, largest - 1)


def partitions_by_loop(n, largest):
    if n == 0:
        return 1
    count = 0
    for part in range(1, min(n, largest) + 1):
        count += partitions_by_loop(n - part, part)
    return count


def coin_change(coins, k, amount):
    """In how many ways the first k coins make the amount."""
    if amount == 0:
        return 1
    if amount < 0 or k == 0:
        return 0
    return coin_change(coins, k - 1, amount) + coin_change(coins, k, amount - coins[k - 1])


def fewest_coins(coins, amount):
    if amount == 0:
        return 0
    best = 1000
    for coin in coins:
        if coin <= amount:
            best = min(best, 1 + fewest_coins(coins, amount - coin))
    return best


def digit_sum(n):
    return n if n < 10 else n % 10 + digit_sum(n // 10)


def reverse_digits(n, found):
    if n == 0:
        return found
    return reverse_digits(n // 10, found * 10 + n % 10)


def bits(n):
    return 0 if n == 0 else (n & 1) + bits(n >> 1)


def count_hanoi(n):
    return 0 if n == 0 else 2 * count_hanoi(n - 1) + 1


def count_nim_wins(piles):
    """Whether the player to move wins at a subtraction game; the ways to win."""
    ways = 0
    for take in (1, 3, 4):
        if take <= piles and count_nim_wins(piles - take) == 0:
            ways += 1
    return ways


def walk(seed, n):
    """A walk by a congruential generator, turning back at the borders."""
    if n == 0:
        return 0
    seed = (seed * 1103515245 + 12345) % 2147483648
    step = 1 if seed % 7 < 3 else -1
    rest = walk(seed, n - 1)
    return rest + step if -5 < rest + step < 5 else rest - step


COINS = np.array([1, 2, 5, 10])
CASES = {
    "hofstadter female": (hofstadter_female, [(n,) for n in (0, 1, 2, 5, 14)]),
    "hofstadter male": (hofstadter_male, [(n,) for n in (0, 1, 2, 5, 14)]),
    "hofstadter q": (hofstadter_q, [(n,) for n in (1, 2, 3, 10, 14)]),
    "hofstadter g": (hofstadter_g, [(n,) for n in (0, 1, 7, 20)]),
    "collatz": (collatz, [(n,) for n in (1, 2, 7, 27, 97)]),
    "longest collatz": (longest_collatz, [(n,) for n in (0, 1, 9, 30)]),
    "josephus": (josephus, [(1, 3), (7, 3), (41, 3), (5, 1)]),
    "catalan": (catalan, [(n,) for n in (0, 1, 2, 5, 8)]),
    "binomial": (binomial, [(0, 0), (5, 2), (9, 4), (6, 6), (6, 0)]),
    "stirling": (stirling, [(0, 0), (5, 2), (7, 3), (4, 4), (4, 0), (2, 5)]),
    "delannoy": (delannoy, [(0, 0), (3, 3), (5, 2), (0, 4)]),
    "partitions": (partitions, [(0, 0), (5, 5), (12, 12), (7, 3), (4, 0)]),
    "partitions by loop": (partitions_by_loop, [(0, 0), (5, 5), (10, 10), (7, 3), (4, 0)]),
    "coin change": (coin_change, [(COINS, 4, n) for n in (0, 1, 12, 30)] + [(COINS, 0, 3)]),
    "fewest coins": (fewest_coins, [(np.array([1, 4, 5]), n) for n in (0, 1, 8, 13)]),
    "digit sum": (digit_sum, [(n,) for n in (0, 9, 10, 98765)]),
    "reverse digits": (reverse_digits, [(n, 0) for n in (0, 7, 120, 98765)]),
    "bits": (bits, [(n,) for n in (0, 1, 255, 2**40 + 5)]),
    "hanoi count": (count_hanoi, [(n,) for n in (0, 1, 10, 60)]),
    "nim": (count_nim_wins, [(n,) for n in (0, 1, 2, 7, 12)]),
    "walk": (walk, [(1, 0), (1, 40), (77, 90)]),
}
