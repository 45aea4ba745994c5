"""Programs whose lanes go their own ways, with arguments of batches."""

from __future__ import annotations

import math

import numpy as np

TRIPS = np.array([3, 0, 1, 40, 0, 7, 2])
"""Loop bounds of seven lanes."""
X = np.array([0.5, -1.25, 3.0, 0.0, -0.125, 2.5, 11.0])
ROWS = np.arange(42.0).reshape(7, 6) % 5 - 1.5
KEYS = np.array([[3, 0, 2, 1], [0, 0, 0, 0], [1, 2, 3, 0], [3, 3, 1, 1], [2, 1, 0, 3], [0, 1, 2, 3], [1, 1, 1, 0]])


def branches(x):
    if x < 0:
        return -x
    elif x == 0:
        return 100.0
    elif x < 3:
        y = x * 2
    else:
        y = x - 7
        if y > 1:
            y = y * y
    return y + 0.5


def one_branch_loops(x, n):
    """Only some lanes reach a loop, which would not end for the others."""
    if n > 1:
        while n % 4 != 0:
            n += 1
            x = x * 0.5 + n
    return x, n


def collatz(n):
    count = 0
    while n > 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        count += 1
    return count


def while_in_while(n, x):
    total = 0.0
    while n > 0:
        k = n % 5
        while k > 0:
            total = total * 0.5 + x * k
            k -= 1
        n -= 1 + n // 8
    return total


def break_and_continue(a, t):
    total = 0.0
    for i in range(len(a)):
        if a[i] < 0:
            continue
        if a[i] > t:
            break
        total += a[i] * (i + 1)
    else:
        total = -total
    return total, i


def early_return(a, t):
    for i in range(len(a)):
        for j in range(i):
            if a[i] + a[j] > t:
                return i * 10 + j
        if a[i] == 2.5:
            return -2
    return -1


def own_bounds(a, first, n):
    total = 0.0
    for i in range(first, n, 2):
        total = total * 0.5 + a[i % len(a)]
    return total


def down(n):
    total = 0
    for i in range(n, -2, -3):
        total = total * 2 + i
    return total


def trajectory(x, n):
    """Each lane writes as many rows as it makes trips."""
    rows = np.zeros((41, 2))
    for k in range(n):
        x = math.sin(x) * 1.5 + 0.1
        rows[k, 0] = x
        rows[k, 1] = k
    return rows, x


def trajectory_in_place(rows, x, n):
    k = 0
    while k < n and k < len(rows):
        rows[k] += x * k
        if k % 3 == 2:
            rows[k - 1] = -1.0
        k += 1


def bisection(target):
    low, high, steps = 0.0, 10.0, 0
    while high - low > 1e-6 * (1 + target * target):
        middle = 0.5 * (low + high)
        if middle * middle < target:
            low = middle
        else:
            high = middle
        steps += 1
    return low, steps


def newton(a):
    x = 1.0
    for k in range(60):
        new = 0.5 * (x + a / x)
        if abs(new - x) < 1e-12 * x:
            return new, k
        x = new
    return x, -1


def mandelbrot(c):
    z, k = 0j, 0
    while z.real * z.real + z.imag * z.imag <= 4.0 and k < 50:
        z = z * z + c
        k += 1
    return k


def reads_at_own_places(a, keys, n):
    total, place = 0.0, 0
    for k in range(n):
        total = total * 0.5 + a[place] * a[-1 - place]
        place = keys[place]
    return total, place


def writes_at_own_places(a, keys, n):
    for k in range(n):
        a[keys[k % 4]] += k
        a[-keys[(k + 1) % 4] - 1] = a[keys[k % 4]] * 0.5
    return a.sum()


def gathers(a, keys, n):
    b = a[keys]
    b[n % 4] = 7.0
    a[keys] = b * 2
    return b, a[:2] @ b[2:]


def slices_at_data(a, n):
    start = n % 3
    window = a[start : start + 3]
    return window.sum(), window[0]


def insertion_sort(a):
    moves = 0
    for i in range(1, len(a)):
        x = a[i]
        j = i - 1
        while j >= 0 and a[j] > x:
            a[j + 1] = a[j]
            j -= 1
            moves += 1
        a[j + 1] = x
    return moves


def matrix_in_a_while(m, n):
    """Work on arrays in a loop that lanes leave at different trips."""
    k = 0
    while np.abs(m).max() < 50.0 and k < n:
        m = m @ m.T * 0.5 + np.eye(2)
        m[k % 2, 0] += k
        k += 1
    return m, k


def guarded(x, n):
    """What a lane does not do would divide by zero, or never end."""
    y = 1.0
    if n > 0:
        y = x / n
        k = n
        while k != 1:
            k = k // 2 if k > 1 else k
            y += 1.0 / k
    return y


def flags(a, t):
    found, place = False, -1
    i = 0
    while not found and i < len(a):
        found = bool(a[i] >= t)
        if found:
            place = i
        i += 1
    return found, place, i


def lists_and_numbers(n, x):
    kept = [0.0, 1.0, 2.0]
    for k in range(n):
        kept[k % 3] = kept[(k + 1) % 3] * 0.5 + x
    return kept, max(kept)


def uniform_around_divergent(a, n, times):
    """A loop that all lanes make alike, with one inside that they do not."""
    for t in range(times):
        for k in range(n + t):
            a[k % len(a)] += t
        a[t % len(a)] *= 0.5
    return a.sum()


def divergent_around_uniform(a, n):
    total = 0.0
    while n > 0:
        for k in range(4):
            total = total * 0.75 + a[k]
            a[k] = total
        n -= 3
    return total


def random_walk(state, limit):
    place, steps = 0, 0
    while abs(place) < limit and steps < 60:
        state = (state * 1103515245 + 12345) % 2147483648
        place += 1 if state % 65536 > 32767 else -1
        steps += 1
    return place, steps, state


PROGRAMS = [
    (branches, (X,), 0),
    (one_branch_loops, (X, TRIPS), 0),
    (collatz, (np.array([27, 1, 0, 97, 2, -3, 6]),), 0),
    (while_in_while, (TRIPS, X), 0),
    (while_in_while, (TRIPS, 1.5), (0, None)),
    (break_and_continue, (ROWS, X), 0),
    (break_and_continue, (ROWS[3], X), (None, 0)),
    (early_return, (ROWS, X), 0),
    (own_bounds, (ROWS, KEYS[:, 0], TRIPS), 0),
    (down, (TRIPS,), 0),
    (trajectory, (X, TRIPS), 0),
    (trajectory_in_place, (np.ones((7, 5)), X, TRIPS), 0),
    (trajectory_in_place, (np.ones((5, 7)), X, TRIPS), (1, 0, 0)),
    (bisection, (np.abs(X),), 0),
    (newton, (np.abs(X) + 0.5,), 0),
    (mandelbrot, (X * 0.2 + 0.3j * ROWS[:, 1],), 0),
    (reads_at_own_places, (ROWS, KEYS, TRIPS), 0),
    (reads_at_own_places, (ROWS[0], KEYS, TRIPS), (None, 0, 0)),
    (reads_at_own_places, (ROWS, KEYS[0], TRIPS), (0, None, 0)),
    (writes_at_own_places, (ROWS, KEYS, TRIPS), 0),
    (writes_at_own_places, (ROWS, KEYS[2], TRIPS), (0, None, 0)),
    (gathers, (ROWS, KEYS, TRIPS), 0),
    (slices_at_data, (ROWS, TRIPS), 0),
    (insertion_sort, (ROWS * np.array([1, -1, 2, 0, 3, 1, -2])[:, None],), 0),
    (matrix_in_a_while, (ROWS[:, :4].reshape(7, 2, 2) * 0.3, TRIPS), 0),
    (guarded, (X, TRIPS), 0),
    (flags, (ROWS, X), 0),
    (lists_and_numbers, (TRIPS, X), 0),
    (uniform_around_divergent, (ROWS, TRIPS, 3), (0, 0, None)),
    (divergent_around_uniform, (ROWS, TRIPS), 0),
    (random_walk, (np.arange(7) * 1234567, KEYS[:, 0] + 2), 0),
]
"""Functions, arguments of a batch, in_axes."""
