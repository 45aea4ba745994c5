"""Maps in maps, in loops, branches, callees and recursive functions; recursive functions under maps."""

from __future__ import annotations

import numpy as np
import pytest

import hloc

from .oracle import STRATEGIES, agree, lanes, outcome

A = np.arange(24.0).reshape(2, 3, 4) % 7
X = np.array([0.5, -1.0, 2.0])
N = np.array([3, 0, 5])


def same(compiled, reference, *arguments) -> None:
    """A compiled function that maps inside does what CPython does with loops in the place of maps."""
    expected = outcome(reference, arguments)
    found = outcome(compiled, arguments)
    assert (type(found.error), str(found.error)) == (type(expected.error), str(expected.error))
    if expected.error is None:
        np.testing.assert_allclose(np.asarray(found.result), np.asarray(expected.result), rtol=1e-12, atol=1e-13)
        for f, e in zip(found.arguments, expected.arguments, strict=True):
            np.testing.assert_allclose(f, e, rtol=1e-12, atol=1e-13)


def distance(a, b):
    d = a - b
    return np.sqrt((d * d).sum()) if d[0] >= 0 else d.sum()


def steps(x, n):
    k = 0
    while k < n and x < 50:
        x = x * 1.5 + k
        k += 1
    return x, k


@pytest.mark.parametrize("outer", STRATEGIES)
@pytest.mark.parametrize("inner", [None, "lockstep"])
def test_all_pairs(outer: str | None, inner: str | None) -> None:
    """A map over the first argument of a map over the second."""
    pairs = hloc.vmap(hloc.vmap(distance, (None, 0), strategy=inner), (0, None), strategy=outer)
    expected = [[distance(a, b) for b in A[1]] for a in A[0]]
    np.testing.assert_allclose(np.asarray(pairs(A[0], A[1])), expected, rtol=1e-12)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_divergent_loops_under_two_maps(strategy: str | None) -> None:
    inner = hloc.vmap(steps, (0, None), strategy=strategy)
    batched = hloc.vmap(inner, (1, 0), (1, 0), strategy=strategy)
    x, n = A[0, :, :3], N

    def reference(x, n):
        return lanes(lambda column, m: lanes(steps, (column, m), (0, None)), (x, n), (1, 0), (1, 0))

    found, expected = batched(x, n), reference(x, n)
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.asarray(f), e, rtol=1e-12)


@pytest.mark.parametrize(
    "axes", [((0, 0, 0), (0, 0, 0)), ((2, 1, 0), (0, 0, 0)), ((0, 1, 0), (2, 1, 0)), ((1, -1, 0), (0, -1, -1))]
)
def test_three_maps(axes) -> None:
    """Along different axes; the results come out at different places."""
    a, b, c = axes[0]

    def reference(f):
        def mapped(f, axis, out):
            return lambda m: lanes(f, (m,), (axis,), out)

        return mapped(mapped(mapped(f, c, axes[1][2]), b, axes[1][1]), a, axes[1][0])

    def cell(x):
        total = x
        while total < 20:
            total = total * 2 + 3
        return total

    batched = hloc.vmap(hloc.vmap(hloc.vmap(cell, c, axes[1][2]), b, axes[1][1]), a, axes[1][0])
    np.testing.assert_allclose(np.asarray(batched(A)), reference(cell)(A), rtol=1e-12)


def test_errors_under_two_maps() -> None:
    """The first failing lane of the outer map, and within it of the inner one."""

    def check(x):
        if x > 4:
            raise ValueError(f"{x} is too large")
        return x

    with pytest.raises(ValueError, match=r"6\.0 is too large") as caught:
        hloc.vmap(hloc.vmap(check))(np.array([[1.0, 2.0], [6.0, 3.0], [5.0, 0.0]]))
    assert str(caught.value) == "6.0 is too large (lane 1, 0)"


def test_in_a_loop() -> None:
    def program(a, times):
        for t in range(times):
            a = hloc.vmap(lambda row, x: row * 0.5 + x * t)(a, X)
        return a

    def reference(a, times):
        for t in range(times):
            a = np.stack([a[k] * 0.5 + X[k] * t for k in range(3)])
        return a

    compiled = hloc.compile(program)
    for times in (0, 1, 4):
        same(compiled, reference, A[0], times)


def test_in_a_while_with_lanes_that_leave() -> None:
    def program(x, n):
        rounds = 0
        while x.max() < 40:
            x, k = hloc.vmap(steps)(x, n)
            x += 1 + k
            rounds += 1
        return np.append(x, rounds)

    def reference(x, n):
        rounds = 0
        while x.max() < 40:
            x, k = lanes(steps, (x, n))
            x += 1 + k
            rounds += 1
        return np.append(x, rounds)

    same(hloc.compile(program), reference, X + 2, N)


def test_in_a_branch_and_in_a_callee() -> None:
    def program(x, n, flag):
        def mapped(x):
            return hloc.vmap(steps)(x, n)[0]

        if flag > 0:
            y = mapped(x)
            return y + mapped(y)
        return x * flag

    def reference(x, n, flag):
        def mapped(x):
            return lanes(steps, (x, n))[0]

        if flag > 0:
            y = mapped(x)
            return y + mapped(y)
        return x * flag

    compiled = hloc.compile(program)
    for flag in (1, 0, -2):
        same(compiled, reference, X, N, flag)


def test_a_map_under_a_map_in_a_divergent_loop() -> None:
    def inner(v, w):
        return v * w if v > 0 else v + w

    def program(rows, n):
        k = 0
        while k < n:
            rows = hloc.vmap(inner, (0, None))(rows, 0.5 + k)
            k += 1
        return rows, k

    def reference(rows, n):
        k = 0
        while k < n:
            rows = lanes(inner, (rows, 0.5 + k), (0, None))
            k += 1
        return rows, k

    agree(program, A[0], N, reference=reference)


def test_lanes_write_through_two_maps() -> None:
    def fill(cells, n):
        for k in range(n):
            cells[k % 4] += k

    def program(rows, n):
        hloc.vmap(fill)(rows, n)
        rows[0, 0] = -1.0

    def reference(rows, n):
        lanes(fill, (rows, n))
        rows[0, 0] = -1.0

    agree(program, A, np.array([[3, 0, 5], [1, 9, 2]]), reference=reference)


# --- recursion


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def power(x, n):
    return 1.0 if n <= 0 else x * power(x, n - 1)


def gcd(a, b):
    return a if b == 0 else gcd(b, a % b)


def is_even(n):
    return True if n == 0 else is_odd(n - 1)


def is_odd(n):
    return False if n == 0 else is_even(n - 1)


def tree_sum(left, right, value, node):
    if node < 0:
        return 0.0
    return value[node] + tree_sum(left, right, value, left[node]) * 0.5 + tree_sum(left, right, value, right[node])


def fill(a, low, high, depth):
    """Writes in place on the way down and up."""
    if high - low < 1 or depth > 4:
        return 0
    middle = (low + high) // 2
    a[middle] += depth + 1
    count = fill(a, low, middle, depth + 1) + fill(a, middle + 1, high, depth + 1)
    a[middle] *= 0.5
    return count + 1


def ackermann(m, n):
    if m == 0:
        return n + 1
    return ackermann(m - 1, 1) if n == 0 else ackermann(m - 1, ackermann(m, n - 1))


def bounded(n, limit):
    if n > limit:
        raise ValueError(f"{n} is above {limit}")
    return n if n <= 1 else bounded(n - 1, limit) + bounded(n - 2, limit)


LEFT, RIGHT = np.array([1, 3, -1, -1, -1]), np.array([2, 4, -1, -1, -1])
RECURSIVE = {
    "tree": (fib, (np.array([10, 0, 1, 7, 2]),), 0),
    "linear": (power, (np.array([1.5, 2.0, -1.0, 0.5]), np.array([3, 0, 1, 20])), 0),
    "tail": (gcd, (np.array([12, 7, 0, 270]), np.array([18, 0, 5, 192])), 0),
    "mutual": (is_even, (np.array([4, 7, 0, 1, 30]),), 0),
    "shared arrays": (tree_sum, (LEFT, RIGHT, np.arange(5.0), np.array([0, 1, -1, 4])), (None, None, None, 0)),
    "mapped arrays": (
        tree_sum,
        (LEFT, RIGHT, np.arange(20.0).reshape(4, 5), np.array([0, 1, -1, 4])),
        (None, None, 0, 0),
    ),
    "in place": (fill, (np.ones((4, 9)), 0, np.array([9, 0, 1, 5]), 0), (0, None, 0, None)),
    "nested": (ackermann, (np.array([2, 0, 1, 2]), np.array([3, 5, 0, 1])), 0),
    "failing": (bounded, (np.array([3, 5, 9, 2, 11]), 6), (0, None)),
}


@pytest.mark.parametrize(
    "strategy", [None, "lockstep", "pc", *(pytest.param(s, marks=pytest.mark.sweep) for s in ("simd", "serial"))]
)
@pytest.mark.parametrize("name", RECURSIVE)
def test_recursion(name: str, strategy: str | None) -> None:
    function, arguments, in_axes = RECURSIVE[name]
    agree(function, *arguments, in_axes=in_axes, strategies=[strategy])


def test_recursion_with_maps_in_the_body() -> None:
    def refine(rows, n):
        if n == 0:
            return rows.sum()
        rows = hloc.vmap(lambda row: row * 0.5 if row[0] > 1 else row + 1)(rows)
        return rows[0, 0] + refine(rows, n - 1)

    def plain(rows, n):
        if n == 0:
            return rows.sum()
        rows = np.stack([row * 0.5 if row[0] > 1 else row + 1 for row in rows])
        return rows[0, 0] + plain(rows, n - 1)

    compiled = hloc.compile(refine)
    for n in (0, 1, 4):
        same(compiled, plain, A[0], n)
    agree(refine, A, np.array([3, 1]), reference=plain)


def test_a_stack_that_was_too_small_for_one_lane() -> None:
    """More rows for all lanes, and again."""
    agree(power, np.array([1.01, 0.99, 1.0]), np.array([3, 900, 100]), strategies=(None, "lockstep", "pc"))


def test_a_recursion_without_end_in_one_lane() -> None:
    def endless(n):
        return 0 if n == 5 else 1 + endless(n + 2)

    batched = hloc.vmap(hloc.compile(endless, recursion_limit=5000), strategy="lockstep")
    with pytest.raises(RecursionError):
        batched(np.array([1, 2, 3]))
