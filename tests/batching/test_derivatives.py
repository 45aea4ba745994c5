"""Derivatives under maps, derivatives of maps, Jacobians and Hessians by maps; loops that end per lane, recursion."""

from __future__ import annotations

import numpy as np
import pytest

import hloc

from .corpus import LOSSES
from .divergent import TRIPS, X
from .gradients import judge_gradient_of_map, judge_gradients
from .oracle import STRATEGIES, agree
from .trial import Verdict

QUICK = (None, "lockstep")
A = np.array([[0.8, -0.3, 1.7], [0.4, -1.1, 2.3], [0.1, 0.2, -0.5], [1.5, 1.0, 0.3]])
W = np.array([0.5, -1.0, 0.25])
BY_STRATEGY = pytest.mark.parametrize(
    "strategy", [s if s in QUICK else pytest.param(s, marks=pytest.mark.sweep) for s in STRATEGIES]
)
SAMPLE = [
    "snippet in branch: control flow: nested if",
    "snippet in loop: control flow: while on an integer",
    "snippet in callee: writes: counts in bins",
    "textbook: arithmetic_geometric_mean",
    "textbook: insertion_sort",
    "recursion: power",
]


@pytest.mark.parametrize("name", SAMPLE)
def test_gradients_of_lanes(name: str) -> None:
    make, wrt = LOSSES[name]
    assert judge_gradients(*make(), wrt, QUICK) == Verdict("same")


@pytest.mark.parametrize("name", SAMPLE[::2])
def test_gradient_of_a_map(name: str) -> None:
    make, wrt = LOSSES[name]
    assert judge_gradient_of_map(*make(), wrt, QUICK) == Verdict("same")


@pytest.mark.sweep
@pytest.mark.parametrize("name", LOSSES)
def test_each_loss(name: str) -> None:
    make, wrt = LOSSES[name]
    judge_gradients(*make(), wrt, STRATEGIES)
    judge_gradient_of_map(*make(), wrt, STRATEGIES)


# --- loops that lanes leave at different times


def iterate(x, n):
    while n > 0:
        x = np.sin(x) * 1.5 + 0.1 * n
        n -= 1
    return x * x


def slope_of_iterate(x, n):
    slope = 1.0
    while n > 0:
        slope = slope * np.cos(x) * 1.5
        x = np.sin(x) * 1.5 + 0.1 * n
        n -= 1
    return 2 * x * slope


@BY_STRATEGY
def test_gradient_of_a_while_per_lane(strategy: str | None) -> None:
    expected = [slope_of_iterate(x, n) for x, n in zip(X, TRIPS, strict=True)]
    found = hloc.vmap(hloc.grad(iterate), strategy=strategy)(X, TRIPS)
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-11)
    total = hloc.grad(lambda x, n: np.sum(hloc.vmap(iterate, strategy=strategy)(x, n)))(X, TRIPS)
    np.testing.assert_allclose(np.asarray(total), expected, rtol=1e-11)


@BY_STRATEGY
def test_forward_derivative_of_a_while_per_lane(strategy: str | None) -> None:
    expected = [slope_of_iterate(x, n) for x, n in zip(X, TRIPS, strict=True)]

    def tangents(x, n):
        return hloc.jvp(lambda u: hloc.vmap(iterate, strategy=strategy)(u, n), (x,), (np.ones(len(x)),))[1]

    np.testing.assert_allclose(np.asarray(hloc.compile(tangents)(X, TRIPS)), expected, rtol=1e-11)
    each = hloc.vmap(lambda x, n: hloc.jvp(lambda u: iterate(u, n), (x,), (1.0,))[1], strategy=strategy)
    np.testing.assert_allclose(np.asarray(each(X, TRIPS)), expected, rtol=1e-11)


@BY_STRATEGY
def test_what_is_not_there_leaves_no_nan(strategy: str | None) -> None:
    """Derivatives of roots and quotients that a lane does not compute are infinite."""

    def program(x, n):
        y = x
        for k in range(n):
            y = np.sqrt(y) if y > 0 else y * y
        if x > 0:
            return y / x
        return y

    x, n = np.array([0.0, 4.0, -2.0, 1.0, 0.0]), np.array([0, 3, 1, 0, 0])
    each = hloc.compile(hloc.grad(program))
    expected = [float(each(*lane)) for lane in zip(x, n, strict=True)]
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(np.asarray(hloc.vmap(hloc.grad(program), strategy=strategy)(x, n)), expected, rtol=1e-12)

    def total(x, n):
        return np.sum(hloc.vmap(program, strategy=strategy)(x, n))

    np.testing.assert_allclose(np.asarray(hloc.grad(total)(x, n)), expected, rtol=1e-12)


@pytest.mark.parametrize("many", [None, 128, 150])
@BY_STRATEGY
def test_shared_weights_add_up_over_lanes_that_are_there(strategy: str | None, many: int | None) -> None:
    """Lanes write and read rows; what all share gets the sum of the lanes' gradients, NaN-free."""

    def loss(w, x, n):
        states = np.zeros((5, 3))
        for k in range(n):
            states[k % 5] = np.tanh(w * x + states[(k - 1) % 5])
            if states[k % 5, 0] > 0.9:
                break
        return (states * states).sum()

    size = 4 if many is None else many
    x_all, n = np.resize(A, (size, 3)), np.resize([4, 0, 1, 7], size)

    def total(w, x, n):
        return np.sum(hloc.vmap(loss, (None, 0, 0), strategy=strategy)(w, x, n))

    each = hloc.grad(loss, argnums=(0, 1))
    slopes = [each(W, x, m) for x, m in zip(x_all, n, strict=True)]
    by_weights, by_data = hloc.grad(total, argnums=(0, 1))(W, x_all, n)
    np.testing.assert_allclose(np.asarray(by_weights), np.sum([np.asarray(s[0]) for s in slopes], axis=0), rtol=1e-11)
    np.testing.assert_allclose(np.asarray(by_data), [np.asarray(s[1]) for s in slopes], rtol=1e-11, atol=1e-14)


# --- recursion


def power(x, n):
    return 1.0 if n <= 0 else x * power(x, n - 1)


def tree(x, n):
    return np.sin(x) if n <= 0 else tree(x * 0.9, n - 1) * tree(x + 0.1, n - 2) + x


@pytest.mark.parametrize("function", [power, tree])
@pytest.mark.parametrize("strategy", [None, "pc", pytest.param("serial", marks=pytest.mark.sweep)])
def test_gradient_of_recursion_per_lane(function, strategy) -> None:
    n = np.array([3, 0, 1, 6, 0, 2, 4])
    each = hloc.grad(function)
    expected = [float(each(x, m)) for x, m in zip(X, n, strict=True)]
    found = hloc.vmap(hloc.grad(function), strategy=strategy)(X, n)
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-11, atol=1e-13)
    total = hloc.grad(lambda x, n: np.sum(hloc.vmap(function, strategy=strategy)(x, n)))(X, n)
    np.testing.assert_allclose(np.asarray(total), expected, rtol=1e-11, atol=1e-13)


# --- Jacobians, Hessians, higher orders


def model(w, x):
    h = np.tanh(w * x)
    for k in range(3):
        h[k] = h[k] * h[(k + 1) % 3] if h[k] > 0 else h[k] - w[k]
    return h


def test_jacobians_by_maps() -> None:
    rows = hloc.vmap(lambda direction: hloc.vjp(lambda w: model(w, A[0]), W)[1](direction)[0])(np.eye(3))
    columns = hloc.vmap(lambda direction: hloc.jvp(lambda w: model(w, A[0]), (W,), (direction,))[1], out_axes=1)(
        np.eye(3)
    )
    expected = np.asarray(hloc.jacfwd(model)(W, A[0]))
    np.testing.assert_allclose(np.asarray(rows), expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(np.asarray(columns), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("transform", [hloc.jacfwd, hloc.jacrev])
def test_jacobians_under_maps(transform) -> None:
    each = transform(model)
    agree(transform(model), W, A, in_axes=(None, 0), strategies=QUICK, reference=lambda w, x: np.asarray(each(w, x)))


def test_hessians() -> None:
    def loss(w, x):
        return (model(w, x) ** 2).sum()

    each = hloc.hessian(loss)
    expected = np.stack([np.asarray(each(W, x)) for x in A])
    np.testing.assert_allclose(np.asarray(hloc.vmap(each, (None, 0))(W, A)), expected, rtol=1e-11, atol=1e-13)
    by_maps = hloc.hessian(lambda w: np.sum(hloc.vmap(loss, (None, 0))(w, A)))(W)
    np.testing.assert_allclose(np.asarray(by_maps), expected.sum(axis=0), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("strategy", QUICK)
def test_second_order_through_a_while(strategy: str | None) -> None:
    """The gradient of a sum of gradients of lanes, which leave the loop at different times."""

    def total(x, n):
        return np.sum(hloc.vmap(hloc.grad(iterate), strategy=strategy)(x, n) * np.arange(7.0))

    each = hloc.grad(hloc.grad(iterate))
    expected = [k * float(each(x, n)) for k, (x, n) in enumerate(zip(X, TRIPS % 9, strict=True))]
    np.testing.assert_allclose(np.asarray(hloc.grad(total)(X, TRIPS % 9)), expected, rtol=1e-10, atol=1e-12)


def test_gradient_through_two_maps() -> None:
    def pair(a, b, n):
        total = 0.0
        for k in range(n):
            total = total * 0.5 + np.tanh(a @ b + k)
        return total

    def loss(a, b, n):
        return np.sum(
            hloc.vmap(hloc.vmap(pair, (None, 0, 0)), (0, None, None))(a, b, n) * np.arange(12.0).reshape(4, 3)
        )

    def slow(a, b, n):
        total = 0.0
        for i in range(4):
            for j in range(3):
                total += pair(a[i], b[j], n[j]) * (3.0 * i + j)
        return total

    b, n = A[:3] + 0.5, np.array([2, 0, 5])
    found, expected = (hloc.grad(f, argnums=(0, 1))(A, b, n) for f in (loss, slow))
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.asarray(f), np.asarray(e), rtol=1e-11, atol=1e-13)


def test_custom_rules_under_maps() -> None:
    @hloc.custom_vjp
    def clipped(x):
        return x * x

    clipped.defvjp(lambda x: (x * x, x), lambda x, bar: (np.minimum(bar * 2 * x, 1.0),))
    found = hloc.vmap(hloc.grad(lambda x: clipped(x) * 3.0))(X)
    np.testing.assert_allclose(np.asarray(found), np.minimum(6 * X, 1.0), rtol=1e-12)


def test_checkpoints_under_maps() -> None:
    def loss(x, n):
        step = hloc.checkpoint(lambda u: np.sin(u) * 1.5)
        for _ in range(n):
            x = step(x)
        return x

    each = hloc.grad(loss)
    expected = [float(each(x, n)) for x, n in zip(X, TRIPS, strict=True)]
    np.testing.assert_allclose(np.asarray(hloc.vmap(hloc.grad(loss))(X, TRIPS)), expected, rtol=1e-11)


def test_more_rows_than_expected() -> None:
    """Logs of loops that turn out too small are made larger for all lanes."""
    x, n = np.full(3, 0.3), np.array([3, 3000, 0])
    expected = [slope_of_iterate(*lane) for lane in zip(x, n, strict=True)]
    for strategy in QUICK:
        found = hloc.vmap(hloc.grad(iterate), strategy=strategy)(x, n)
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-9, atol=1e-300)
