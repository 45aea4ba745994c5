"""hloc.vectorize, and np.vectorize in compiled code, do what np.vectorize does."""

from __future__ import annotations

import numpy as np
import pytest

import hloc

A = np.arange(12.0).reshape(3, 4) - 3
X = np.array([1.5, -2.0, 0.0, 4.0])
N = np.array([[3], [0], [5]])


def steps(x, n):
    k = 0
    while k < n and abs(x) < 20:
        x = x * 2 + 1
        k += 1
    return x + k


def norm(v):
    return np.sqrt((v * v).sum()) if v[0] > 0 else 0.0


def product(m, v, scale):
    return (m @ v) * scale, m.sum()


def same(found, expected) -> None:
    if isinstance(expected, tuple):
        assert isinstance(found, tuple)
        for f, e in zip(found, expected, strict=True):
            same(f, e)
        return
    assert np.asarray(found).dtype == np.asarray(expected).dtype
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-12)


@pytest.mark.parametrize(
    "arguments", [(X, 3), (A, N), (X[:, None], N.T), (2.5, 4), (A, 0), (np.float32([1, 2]), N), (N, N)]
)
def test_of_elements(arguments) -> None:
    same(hloc.vectorize(steps)(*arguments), np.vectorize(steps)(*arguments))


SIGNATURES = [
    (norm, "(n)->()", (A,)),
    (norm, "(n)->()", (X,)),
    (norm, "(n)->()", (np.arange(24.0).reshape(2, 3, 4) - 4,)),
    (product, "(m,n),(n),()->(m),()", (np.arange(24.0).reshape(2, 3, 4), X, 2.0)),
    (product, "(m,n),(n),()->(m),()", (np.arange(24.0).reshape(2, 3, 4), A[:2], np.array([[1.0], [2.0], [3.0]]))),
]


@pytest.mark.parametrize(("function", "signature", "arguments"), SIGNATURES)
def test_with_a_signature(function, signature, arguments) -> None:
    found = hloc.vectorize(function, signature=signature)(*arguments)
    same(found, np.vectorize(function, signature=signature)(*arguments))


def test_excluded_arguments() -> None:
    def polynomial(coefficients, x):
        total = 0.0
        for c in coefficients:
            total = total * x + c
        return total

    found = hloc.vectorize(polynomial, excluded=(0,))(X, A)
    same(found, np.vectorize(polynomial, excluded=(0,), otypes="d")(X, A))


def test_in_compiled_code() -> None:
    def program(a, n):
        f = np.vectorize(steps)
        return f(a, n) + np.vectorize(norm, signature="(n)->()")(a)[:, None]

    same(hloc.compile(program)(A, N), program(A, N))


def test_errors() -> None:
    def check(x):
        if x > 3:
            raise ValueError(f"{x} is too large")
        return x

    with pytest.raises(ValueError, match=r"4.0 is too large"):
        hloc.vectorize(check)(A)
    with pytest.raises(ValueError, match=r"could not be broadcast|broadcast|shape"):
        hloc.vectorize(steps)(X, np.arange(3))


@pytest.mark.parametrize("strategy", ["serial", "lockstep"])
def test_gradients(strategy: str) -> None:
    def loss(x):
        return hloc.vectorize(steps)(x, 3).sum()

    def by_map(x):
        return np.sum(hloc.vmap(lambda v: steps(v, 3), strategy=strategy)(x))

    found, expected = hloc.grad(loss)(X), hloc.grad(by_map)(X)
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected))
