"""What is broadcast is computed once: no fused loop computes an expensive vector for each row of a matrix."""

from __future__ import annotations

import re

import numpy as np
import pytest

import hloc


def slopes(w, x):  # type: ignore[no-untyped-def]
    return x * (np.cos(w) * 0.5)


def both(w, x):  # type: ignore[no-untyped-def]
    c = np.exp(-w) + 1.0
    return x / c + c


def trips(w, x):  # type: ignore[no-untyped-def]
    for i in range(4):
        x = x * np.cos(w * i) + 1.0
    return x


def cubes(w, x):  # type: ignore[no-untyped-def]
    return x.reshape(20, 40, 30) * np.sin(np.outer(w[:20], w))[:, None, :]


def expensive_in_matrices(hlo: str) -> list[str]:
    """The expensive operations whose place in a fusion is behind a broadcast: the fusion gives more than they do."""
    found = []
    for text in re.split(r"\n(?=\S.*\{$)", hlo, flags=re.MULTILINE):
        root = re.search(r"ROOT \S+ = \w+\[([\d,]*)\]", text)
        if not text.startswith("%") or root is None:
            continue
        size = np.prod([int(n) for n in root[1].split(",") if n], dtype=int)
        for line in text.splitlines():
            made = re.search(r"= \w+\[([\d,]*)\]\S* (cosine|sine|exponential)\(", line)
            if made and np.prod([int(n) for n in made[1].split(",") if n], dtype=int) < size:
                found.append(line.strip())
    return found


@pytest.mark.parametrize("function", [slopes, both, trips, cubes])
def test_vectors_are_computed_once(function) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    w, x = rng.normal(size=30), rng.normal(size=(800, 30))
    np.testing.assert_allclose(hloc.compile(function)(w, x), function(w, x), rtol=1e-12)
    assert expensive_in_matrices(hloc.compile(function).lower(w, x).compile().optimized_hlo) == []


def test_factors_of_outer_products_are_computed_once() -> None:
    def loss(w, x, y):  # type: ignore[no-untyped-def]
        return np.sum((np.tanh(x @ w) - y) ** 2)

    rng = np.random.default_rng(0)
    arguments = rng.normal(size=(8, 30)), rng.normal(size=(20, 8)), rng.normal(size=(20, 30))
    each = hloc.vmap(hloc.grad(loss), in_axes=(None, 0, 0))
    w, x, y = arguments
    slopes = 2 * (np.tanh(x @ w) - y) * (1 - np.tanh(x @ w) ** 2)
    np.testing.assert_allclose(each(*arguments), x[:, :, None] * slopes[:, None, :], rtol=1e-10, atol=1e-12)
    hlo = each.lower(*arguments).compile().optimized_hlo
    texts = re.split(r"\n(?=\S.*\{$)", hlo, flags=re.MULTILINE)
    (product,) = [t for t in texts if t.startswith("%") and re.search(r"ROOT \S+ = f64\[20,8,30\]", t)]
    assert "subtract" not in product


def columns(w, x):  # type: ignore[no-untyped-def]
    return x * np.cos(w)[:, None] + np.cos(w[0])


def sums(w, x):  # type: ignore[no-untyped-def]
    return x * (w + 1.0)


@pytest.mark.parametrize("function", [columns, sums])
def test_no_barrier_where_nothing_is_gained(function) -> None:  # type: ignore[no-untyped-def]
    w, x = np.ones(300), np.ones((300, 300))
    text = hloc.compile(function).lower(w, x).stablehlo
    assert "optimization_barrier" not in text
    assert "call @" not in text
