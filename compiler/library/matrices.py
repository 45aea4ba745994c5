"""Norms of vectors and matrices in plain Python; the front end compiles them like user code."""

from __future__ import annotations

import numpy as np


def norm(x, ord=None, axis=None, keepdims=False):  # type: ignore[no-untyped-def]
    """`np.linalg.norm`; of matrices the orders None, 'fro', 1, -1, inf, -inf."""
    x = np.asarray(x)
    if x.dtype.kind in "biu":
        x = x.astype(np.float64)
    if axis is None:
        if ord is None or (ord == 2 and x.ndim == 1) or (ord == "fro" and x.ndim == 2):
            return root(sum_of_squares(x, None, keepdims))
        axis = tuple(range(x.ndim))
    if isinstance(axis, int):
        axis = (axis,)
    if len(axis) == 1:
        return vector_norm(x, axis[0], ord, keepdims)
    if len(axis) != 2:
        raise ValueError("Improper number of dimensions to norm.")
    return matrix_norm(x, axis[0] % x.ndim, axis[1] % x.ndim, ord, keepdims)


def root(total):  # type: ignore[no-untyped-def]
    """The square root of a sum of squares; where they all are 0 it is a constant for derivatives."""
    zero = total == 0
    return np.where(zero, 0, np.sqrt(np.where(zero, 1, total)))[()]


def sum_of_squares(x, axis, keepdims):  # type: ignore[no-untyped-def]
    """The sum of |x|**2."""
    if x.dtype.kind == "c":
        return np.sum(x.real * x.real + x.imag * x.imag, axis, keepdims=keepdims)
    return np.sum(x * x, axis, keepdims=keepdims)


def vector_norm(x, axis, ord, keepdims):  # type: ignore[no-untyped-def]
    """Norms along one axis."""
    if ord is None or ord == 2:
        return root(sum_of_squares(x, axis, keepdims))
    if ord == np.inf:
        return np.max(np.abs(x), axis, keepdims=keepdims, initial=0)
    if ord == -np.inf:
        return np.min(np.abs(x), axis, keepdims=keepdims)
    if ord == 0:
        return np.sum((x != 0).astype(x.real.dtype), axis, keepdims=keepdims)
    if ord == 1:
        return np.sum(np.abs(x), axis, keepdims=keepdims)
    if isinstance(ord, str):
        raise ValueError(f"Invalid norm order '{ord}' for vectors")
    total = np.sum(np.abs(x) ** ord, axis, keepdims=keepdims)
    rest = (total == 0) & (ord > 0)
    return np.where(rest, 0, np.where(rest, 1, total) ** (1.0 / ord))[()]


def matrix_norm(x, rows, columns, ord, keepdims):  # type: ignore[no-untyped-def]
    """Norms over two axes."""
    if rows == columns:
        raise ValueError("Duplicate axes given.")
    if ord is None or ord == "fro" or ord == "f":
        return root(sum_of_squares(x, (rows, columns), keepdims))
    if ord != 1 and ord != -1 and ord != np.inf and ord != -np.inf:
        raise ValueError("compiled np.linalg.norm has the orders None, 'fro', 1, -1, inf and -inf for matrices")
    summed, other = (rows, columns) if ord == 1 or ord == -1 else (columns, rows)
    sums = np.sum(np.abs(x), summed, keepdims=True)
    best = np.max(sums, other, keepdims=True, initial=0) if ord > 0 else np.min(sums, other, keepdims=True)
    return best if keepdims else np.squeeze(best, (rows, columns))[()]


def linalg_vector_norm(x, axis=None, keepdims=False, ord=2):  # type: ignore[no-untyped-def]
    """`np.linalg.vector_norm` over all axes or one."""
    x = np.asarray(x)
    if axis is None:
        flat = norm(np.ravel(x), ord)
        return np.reshape(flat, (1,) * x.ndim) if keepdims else flat
    return norm(x, ord, axis, keepdims)


def linalg_matrix_norm(x, keepdims=False, ord="fro"):  # type: ignore[no-untyped-def]
    """`np.linalg.matrix_norm`."""
    return norm(x, ord, (-2, -1), keepdims)
