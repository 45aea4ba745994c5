"""Systems of linear equations by Gaussian elimination with partial pivoting, rows swapped in place."""

import numpy as np

import hloc


def system(size, seed=5):
    """A matrix f64[size, size] and a right-hand side f64[size]; the first pivot is 0, so rows must be swapped."""
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(size, size))
    matrix[0, 0] = 0.0
    return matrix, random.normal(size=size)


def eliminate(a, b):
    """Bring `a` into upper triangular form in place, with `b`; gives back the determinant.

    Raises ValueError where `a` is singular.
    """
    n = len(a)
    determinant = 1.0
    for k in range(n):
        pivot = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[pivot, k]):
                pivot = i
        if a[pivot, k] == 0.0:
            raise ValueError(f"the matrix is singular: column {k} has no pivot")
        if pivot != k:
            a[[k, pivot]] = a[[pivot, k]]
            b[k], b[pivot] = b[pivot], b[k]
            determinant = -determinant
        determinant *= a[k, k]
        for i in range(k + 1, n):
            factor = a[i, k] / a[k, k]
            a[i, k] = 0.0
            for j in range(k + 1, n):
                a[i, j] -= factor * a[k, j]
            b[i] -= factor * b[k]
    return determinant


@hloc.compile
def solve(a, b):
    """The x with a @ x == b, for a f64[n, n] and b f64[n], which are kept."""
    a, x = a.copy(), b.copy()
    eliminate(a, x)
    for i in reversed(range(len(a))):
        for j in range(i + 1, len(a)):
            x[i] -= a[i, j] * x[j]
        x[i] /= a[i, i]
    return x
