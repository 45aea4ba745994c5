"""numpy.linalg over element types, stacks of matrices, and its errors."""

from __future__ import annotations

import numpy as np
import pytest

import hloc
from tests.numpy_api.agreement import agree

DTYPES = ["int64", "float32", "float64", "complex128"]


def random(shape, dtype):
    rng = np.random.default_rng(sum(shape))
    x = rng.normal(size=shape) * 3
    return (x + 1j * rng.normal(size=shape) if dtype.startswith("c") else x).astype(dtype)


def square(a, b):
    logdet = np.linalg.slogdet(a)
    return (
        (np.linalg.solve(a, b), np.linalg.solve(a, b[..., :1]), np.linalg.inv(a), np.linalg.det(a)),
        (logdet.sign, logdet[1], np.linalg.matrix_power(a, 3), np.linalg.matrix_power(a, -2)),
        (np.linalg.matrix_power(a, 0), np.linalg.trace(a), np.linalg.diagonal(a), np.linalg.matrix_transpose(a)),
    )


def factor(a):
    s = a @ np.swapaxes(a, -1, -2).conj() + 3 * np.eye(3)
    return np.linalg.cholesky(s), np.linalg.cholesky(s, upper=True), np.linalg.slogdet(s)[1]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("lead", [(), (2,)], ids=str)
def test_matrices(dtype, lead):
    agree(square, random((*lead, 3, 3), dtype), random((*lead, 3, 2), dtype))
    agree(factor, random((*lead, 3, 3), dtype))


def vector_solve(a, b):
    return np.linalg.solve(a, b), a @ np.linalg.solve(a, b)


def test_a_vector_on_the_right():
    agree(vector_solve, random((4, 4), "float64"), random((4,), "float64"))


def by_cholesky(a, b):
    s = a @ np.swapaxes(a, -1, -2).conj() + 3 * np.eye(a.shape[-1])
    low, up = np.linalg.cholesky(s), np.linalg.cholesky(s, upper=True)
    z = np.linalg.solve(low, b)
    full = low.copy()
    full[..., 0, 1] = 5.0
    return (
        (z, np.linalg.solve(np.swapaxes(low, -1, -2).conj(), z), np.linalg.inv(low), np.linalg.inv(low.mT)),
        (np.linalg.solve(up, b), np.linalg.solve(up.mT, b), np.linalg.solve(full, b), np.linalg.solve(low + 0.5, b)),
    )


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("lead", [(), (2,)], ids=str)
def test_triangles_by_cholesky_need_no_lu(dtype, lead):
    a, b = random((*lead, 3, 3), dtype), random((*lead, 3, 2), dtype)
    agree(by_cholesky, a, b)
    ssa = hloc.compile(by_cholesky).lower(a, b).ssa
    assert ssa.count(" = lu ") == 2


def invert(a):
    return np.linalg.inv(a)


def solve(a):
    return np.linalg.solve(a, np.ones(2))


def decompose(a):
    return np.linalg.cholesky(a)


@pytest.mark.parametrize("function", [invert, solve, decompose])
@pytest.mark.parametrize(
    "matrix", [np.zeros((2, 2)), np.array([[1.0, 2.0], [2.0, 4.0]]), np.array([[2.0, 0.5], [0.5, 1.0]])]
)
def test_singular_matrices_raise_linalgerror(function, matrix):
    agree(function, matrix)


def determinant_of_singular(a):
    return np.linalg.det(a), np.linalg.slogdet(a)


def test_determinants_of_singular_matrices():
    agree(determinant_of_singular, np.zeros((2, 2)))


def contractions(a, b):
    return (
        (np.einsum("ij,jk->ik", a, b), np.einsum("ij,jk,kl->il", a, b, a), np.einsum("ij,jk->", a, b)),
        (np.einsum("bij,bjk->bik", np.stack([a, a]), np.stack([b, b])), np.einsum("...ij,jk->...ik", a[None], b)),
        (np.einsum("ij,jk,ik->i", a, b, a @ b, optimize=True), np.einsum("i,j,k->kij", a[0], b[0], a[1])),
        (
            a @ b,
            np.matmul(a[0], b),
            np.matmul(np.stack([a, a]), b),
            np.matmul(a, np.stack([b, b])),
            a[0] @ np.stack([b, b]),
        ),
        (np.dot(np.stack([a, a]), b), np.tensordot(a, b, ([1], [0])), np.inner(a, b.T), np.linalg.multi_dot([a, b, a])),
    )


@pytest.mark.parametrize("dtype", ["bool", "int32", "float32", "float64", "complex128"])
def test_contractions(dtype):
    agree(contractions, random((3, 4), dtype), random((4, 3), dtype))
