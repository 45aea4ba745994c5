"""in_axes, out_axes, axis_size; containers in and out; shared arguments and captured values."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import numpy as np
import pytest

import hloc

from .oracle import agree

M = np.arange(60.0).reshape(3, 4, 5)
X, Y = np.arange(4.0), np.arange(12.0).reshape(4, 3)
QUICK = (None, "lockstep")


class Pair(NamedTuple):
    left: Any
    right: Any


@dataclasses.dataclass
class Body:
    position: Any
    mass: Any = 1.0


def weigh(m, x):
    return m * x, m.sum() - x


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_in_axes(axis: int) -> None:
    size = M.shape[axis]
    agree(weigh, M, np.arange(1.0, size + 1), in_axes=(axis, 0), strategies=QUICK)
    agree(weigh, M, 2.5, in_axes=(axis, None), strategies=QUICK)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_out_axes(axis: int) -> None:
    agree(weigh, M, X[:3], out_axes=(axis, 0), strategies=QUICK)


def test_out_axes_of_containers() -> None:
    def program(m, x):
        return {"m": m, "pair": Pair(m.T, [x, m[0]])}, Body(m * x, x)

    agree(program, M, X[:3], out_axes=({"m": 2, "pair": Pair(1, [0, -1])}, Body(1, 0)), strategies=[None])
    agree(program, M, X[:3], out_axes=(0, Body(-1, 0)), strategies=[None])


def test_a_result_that_is_the_same_in_all_lanes() -> None:
    def program(m, x):
        return m * x, x * 2, x.sum(), None

    agree(program, M, np.arange(5.0), in_axes=(0, None), out_axes=(0, None, None, None), strategies=QUICK)
    agree(program, M, np.arange(5.0), in_axes=(0, None), out_axes=(1, 0, None, 0), strategies=QUICK)


def test_containers_are_mapped_leaf_by_leaf() -> None:
    def program(pair, table, body, x):
        left, right = pair
        total = left * x
        for k in range(3):
            total = total + right[k] * table["w"][k] if right[k] > 1 else total - table["b"]
        body.mass = body.mass + total
        return {"total": total, "more": (Pair(left, right * 2), [x, total])}, Body(body.position + 1, body.mass)

    arguments = Pair(X, Y), {"w": Y + 1, "b": X * 2}, Body(Y, X), X
    agree(program, *arguments, strategies=QUICK)
    agree(program, *arguments[:3], 2.0, in_axes=(0, 0, 0, None), strategies=QUICK)
    axes = (Pair(0, 1), {"w": None, "b": 0}, Body(None, 0), 0)
    agree(program, Pair(X, Y.T), {"w": Y[0], "b": X}, Body(Y, X), X, in_axes=axes, strategies=QUICK)
    agree(
        program,
        Pair(2.0, Y[1]),
        {"w": Y[0], "b": X},
        Body(Y, X),
        X,
        in_axes=(None, {"w": None, "b": 0}, Body(None, 0), 0),
        strategies=QUICK,
    )


def test_lists_of_arrays() -> None:
    def network(layers, x):
        for w, b in layers:
            x = np.tanh(w @ x + b)
        return x, [w.sum() for w, _ in layers]

    layers = [(M[:, :2, :3], M[:, 0, :2]), (M[:, :3, 3:], M[:, 1, :3])]
    agree(network, layers, Y[:3], strategies=QUICK)
    agree(network, [(w[0], b[0]) for w, b in layers], Y, in_axes=(None, 0), strategies=QUICK)
    agree(network, [(w[0], b) for w, b in layers], Y[:3], in_axes=([(None, 0), (None, 0)], 0), strategies=QUICK)


def test_writes_to_slices_of_arguments() -> None:
    def program(m, x, pair):
        m[0] *= x
        pair[0][1] = m.sum()
        pair[1]["a"] += 1.0
        x += 1

    for axis in (0, 1, 2):
        size = M.shape[axis]
        pair = (np.ones((size, 3)), {"a": np.zeros((size, 2))})
        agree(program, M, np.arange(1.0, size + 1), pair, in_axes=(axis, 0, 0), strategies=QUICK)


def test_captured_values_are_shared() -> None:
    weights, k = np.array([1.0, 2.0, 3.0]), 2

    def program(x, row):
        def inner(v):
            return v @ weights + k * x

        return inner(row) * scale, weights

    scale = 0.5
    agree(program, X, Y, strategies=QUICK)
    weights = weights * 2
    scale = 3
    agree(program, X, Y, strategies=QUICK)


def test_axis_size() -> None:
    def program(x):
        return x * 2, np.ones(3)

    agree(program, 2.0, in_axes=None, axis_size=3, strategies=QUICK)
    agree(program, Y, in_axes=0, axis_size=4, strategies=QUICK)
    agree(program, Y, in_axes=(None,), out_axes=(None, 0), axis_size=2, strategies=QUICK)
    agree(lambda: (1.5, np.zeros(2)), axis_size=4, strategies=QUICK)


def test_keyword_arguments_are_mapped_over_their_first_axis() -> None:
    def program(x, shift=1.0, *, rows=None):
        y = x + shift
        return y if rows is None else y * rows.sum()

    expected = [program(X[k], rows=Y[k]) for k in range(4)]
    np.testing.assert_allclose(np.asarray(hloc.vmap(program)(X, rows=Y)), expected)
    np.testing.assert_allclose(np.asarray(hloc.vmap(program)(X, shift=Y)), X[:, None] + Y)
    np.testing.assert_allclose(np.asarray(hloc.vmap(program)(X)), X + 1)


@pytest.mark.parametrize("size", [0, 1, 7, 1024])
def test_sizes(size: int) -> None:
    m = np.linspace(-1, 1, size * 6).reshape(size, 2, 3)
    batched = hloc.vmap(lambda m, x: (m @ m.T, m.sum() * x, m[0] > 0))
    a, b, c = batched(m, np.arange(size) * 0.5)
    assert (a.shape, b.shape, c.shape) == ((size, 2, 2), (size,), (size, 3))
    assert c.dtype == np.bool_
    np.testing.assert_allclose(np.asarray(a), m @ m.transpose(0, 2, 1), atol=1e-14)
    np.testing.assert_allclose(np.asarray(b), m.sum((1, 2)) * np.arange(size) * 0.5, atol=1e-12)
    np.testing.assert_array_equal(np.asarray(c), m[:, 0] > 0)


def test_arrays_of_hloc_and_of_each_layout() -> None:
    found = hloc.vmap(weigh, (1, 0))(hloc.vmap(lambda x: x + 1)(M), np.asfortranarray(X))
    expected = [weigh(M[:, k] + 1, X[k]) for k in range(4)]
    np.testing.assert_allclose(np.asarray(found[0]), [e[0] for e in expected])
    np.testing.assert_allclose(np.asarray(found[1]), [e[1] for e in expected])


def test_options_of_compile_hold_within() -> None:
    """A map in a compiled function is compiled with it."""

    @hloc.compile(checks=False)
    def program(a, i):
        return hloc.vmap(lambda row, j: row[j])(a, i)

    np.testing.assert_array_equal(np.asarray(program(Y, np.array([0, 2, 1, 9]))), [0.0, 5.0, 7.0, 11.0])
