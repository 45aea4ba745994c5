"""Scalar loops as one writes them in Python; hloc and Numba run the same source."""

from __future__ import annotations

import numpy as np


def lcg_sum(n):
    s = 1
    for _ in range(n):
        s = (s * 1103515245 + 12345) % 2147483648
    return s


def float_recurrence(n, x):
    for i in range(n):
        x = x * 0.999 + (i - 3.0)
    return x


def collatz(n):
    best = 0
    for i in range(1, n):
        x, steps = i, 0
        while x != 1:
            if x % 2 == 0:
                x = x // 2
            else:
                x = 3 * x + 1
            steps += 1
        if steps > best:
            best = steps
    return best


def mandelbrot_point(cr, ci, limit):
    zr, zi, n = 0.0, 0.0, 0
    while n < limit and zr * zr + zi * zi < 4.0:
        zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
        n += 1
    return n


def mandelbrot_grid(size, limit):
    counts = np.zeros((size, size), dtype=np.int64)
    for row in range(size):
        for column in range(size):
            cr, ci = -2.0 + 3.0 * column / size, -1.5 + 3.0 * row / size
            zr = zi = 0.0
            n = 0
            while n < limit and zr * zr + zi * zi < 4.0:
                zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
                n += 1
            counts[row, column] = n
    return counts


def nested_scalar(n):
    s = 0.0
    for i in range(n):
        for j in range(n):
            s += (i ^ j) * 0.5
    return s


def sieve_while(n):
    prime = np.ones(n + 1, dtype=np.bool_)
    prime[0] = prime[1] = False
    i = 2
    while i * i <= n:
        if prime[i]:
            j = i * i
            while j <= n:
                prime[j] = False
                j += i
        i += 1
    return prime.sum()


def sieve_range(n):
    prime = np.ones(n + 1, dtype=np.bool_)
    prime[0] = prime[1] = False
    for i in range(2, int(n**0.5) + 1):
        if prime[i]:
            for j in range(i * i, n + 1, i):
                prime[j] = False
    return prime.sum()


def fibonacci_table(n):
    table = np.zeros(n, dtype=np.int64)
    table[1] = 1
    for i in range(2, n):
        table[i] = (table[i - 1] + table[i - 2]) % 1000000007
    return table


def floyd_warshall(d):
    n = d.shape[0]
    for k in range(n):
        for i in range(n):
            for j in range(n):
                if d[i, k] + d[k, j] < d[i, j]:
                    d[i, j] = d[i, k] + d[k, j]
    return d


def gauss_seidel(u, sweeps):
    n, m = u.shape
    for _ in range(sweeps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
    return u


def prefix_sum(x):
    total = 0.0
    out = np.zeros(x.shape[0])
    for i in range(x.shape[0]):
        total += x[i]
        out[i] = total
    return out


def naive_matmul(a, b):
    n, m, p = a.shape[0], a.shape[1], b.shape[1]
    c = np.zeros((n, p))
    for i in range(n):
        for j in range(p):
            s = 0.0
            for k in range(m):
                s += a[i, k] * b[k, j]
            c[i, j] = s
    return c


def insertion_sort(a):
    for i in range(1, len(a)):
        x = a[i]
        j = i - 1
        while j >= 0 and a[j] > x:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = x
    return a


def edit_distance(s, t):
    n, m = len(s), len(t)
    d = np.zeros((n + 1, m + 1), dtype=np.int64)
    for i in range(n + 1):
        d[i, 0] = i
    for j in range(m + 1):
        d[0, j] = j
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            cost = 0 if s[i - 1] == t[j - 1] else 1
            d[i, j] = min(d[i - 1, j] + 1, d[i, j - 1] + 1, d[i - 1, j - 1] + cost)
    return d[n, m]
