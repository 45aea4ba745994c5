"""Averages, covariances and histograms in plain Python; the front end compiles them like user code."""

from __future__ import annotations

import numpy as np


def average(a, axis=None, weights=None, returned=False, keepdims=False):  # type: ignore[no-untyped-def]
    """`np.average`."""
    a = np.asarray(a)
    if weights is None:
        mean = np.mean(a, axis, keepdims=keepdims)
        if returned:
            return mean, np.full(np.shape(mean), a.size / np.size(mean), mean.dtype)[()]
        return mean
    weights = np.asarray(weights)
    if a.shape != weights.shape:
        if axis is None:
            raise TypeError("Axis must be specified when shapes of a and weights differ.")
        if weights.shape != (a.shape[axis],):
            raise ValueError("Shape of weights must be consistent with shape of a along specified axis.")
        shape = [1] * a.ndim
        shape[axis] = a.shape[axis]
        weights = np.broadcast_to(weights.reshape(tuple(shape)), a.shape)
    dtype = np.result_type(a.dtype, weights.dtype, np.float64) if a.dtype.kind in "biu" else np.result_type(a, weights)
    total = np.sum(weights, axis, dtype=dtype, keepdims=keepdims)
    if np.any(total == 0.0):
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")
    mean = np.sum(np.multiply(a, weights, dtype=dtype), axis, keepdims=keepdims) / total
    return (mean, total) if returned else mean


def cov(m, y=None, rowvar=True, bias=False, ddof=None):  # type: ignore[no-untyped-def]
    """`np.cov`, without weights."""
    m = np.asarray(m)
    if m.ndim > 2:
        raise ValueError("m has more than 2 dimensions")
    x = variables(m, rowvar)
    if y is not None:
        x = np.concatenate((x, variables(np.asarray(y), rowvar)), axis=0)
    if ddof is None:
        ddof = 0 if bias else 1
    x = x - x.mean(axis=1, keepdims=True)
    c = np.dot(x, x.T.conj()) / max(x.shape[1] - ddof, 0.0)
    return c.squeeze()


def variables(m, rowvar):  # type: ignore[no-untyped-def]
    """One row for each variable, in floating point."""
    x = np.atleast_2d(m * 1.0 if m.dtype.kind in "biu" else m)
    x = x.astype(np.result_type(x.dtype, np.float64))
    if not rowvar and m.ndim != 1:
        x = x.T
    return x


def corrcoef(x, y=None, rowvar=True):  # type: ignore[no-untyped-def]
    """`np.corrcoef`."""
    c = np.cov(x, y, rowvar)
    if c.ndim == 0:
        return c / c
    deviation = np.sqrt(np.diag(c).real)
    c = c / deviation[:, None] / deviation[None, :]
    if c.dtype.kind == "c":
        return np.clip(c.real, -1, 1) + 1j * np.clip(c.imag, -1, 1)
    return np.clip(c, -1, 1)


def histogram(a, bins=10, range=None, density=None, weights=None):  # type: ignore[no-untyped-def]
    """`np.histogram` for a number of bins known at compile time, or for given edges."""
    a = np.ravel(a)
    weights = None if weights is None else np.ravel(weights)
    if isinstance(bins, int):
        counts, edges = uniform_histogram(a, bins, range, weights)
    else:
        edges = np.asarray(bins)
        if np.any(edges[:-1] > edges[1:]):
            raise ValueError("`bins` must increase monotonically, when an array")
        n = edges.shape[0] - 1
        place = np.searchsorted(edges, a, side="right") - 1
        place = np.where(a == edges[-1], n - 1, place)
        counts = binned(np.where((place >= 0) & (place < n), place, n), n, weights)
    if density:
        widths = np.diff(edges) * 1.0
        return counts / widths / counts.sum(), edges
    return counts, edges


def outer_edges(a, range):  # type: ignore[no-untyped-def]
    """The least and greatest edge."""
    if range is not None:
        first, last = range
        if first > last:
            raise ValueError("max must be larger than min in range parameter.")
    elif a.size == 0:
        first, last = 0, 1
    else:
        first, last = a.min(), a.max()
        if not (np.isfinite(first) and np.isfinite(last)):
            raise ValueError(f"autodetected range of [{first}, {last}] is not finite")
    return first, last


def uniform_histogram(a, n, range, weights):  # type: ignore[no-untyped-def]
    """Counts and edges for n bins of one width."""
    if n < 1:
        raise ValueError("`bins` must be positive, when an integer")
    first, last = outer_edges(a, range)
    dtype = np.result_type(first, last, a)
    if dtype.kind in "biu":
        dtype = np.result_type(dtype, np.float64)
    low = np.where(first == last, first - 0.5, first)
    high = np.where(first == last, last + 0.5, last)
    edges = np.linspace(low, high, n + 1, dtype=dtype)
    inside = (a >= low) & (a <= high)
    safe = np.where(inside, a, low)
    place = ((safe - low) / (high - low) * n).astype(np.int64)
    place = np.clip(place, 0, n - 1)
    place = place - (safe < np.take(edges, place))
    place = np.clip(place, 0, n - 1)
    place = place + ((safe >= np.take(edges, place + 1)) & (place != n - 1))
    return binned(np.where(inside, place, n), n, weights), edges


def binned(place, n, weights):  # type: ignore[no-untyped-def]
    """How many elements (or what weight) each of n bins has; place n stands for none."""
    if weights is None:
        return np.bincount(place, minlength=n + 1)[:n]
    counts = np.zeros(n + 1, weights.dtype)
    np.add.at(counts, place, weights)
    return counts[:n]


def histogram_bin_edges(a, bins=10, range=None, weights=None):  # type: ignore[no-untyped-def]
    """`np.histogram_bin_edges` for a number of bins, or for given edges."""
    return histogram(a, bins, range)[1]
