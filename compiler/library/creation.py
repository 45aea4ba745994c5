"""Array creation in plain Python; the front end compiles it like user code."""

from __future__ import annotations

import numpy as np


def linspace(start, stop, num, endpoint):  # type: ignore[no-untyped-def]
    """`np.linspace` for bounds that are data."""
    divisions = num - 1 if endpoint else num
    start = start * 1.0
    stop = stop * 1.0
    if divisions <= 0:
        return start + np.zeros(num)
    result = np.arange(num) * ((stop - start) / divisions) + start
    if endpoint:
        result[-1] = stop
    return result


def logspace(start, stop, num=50, endpoint=True, base=10.0, dtype=None):  # type: ignore[no-untyped-def]
    """`np.logspace`."""
    result = np.power(base, np.linspace(start, stop, num, endpoint))
    return result if dtype is None else result.astype(dtype)


def geomspace(start, stop, num=50, endpoint=True, dtype=None):  # type: ignore[no-untyped-def]
    """`np.geomspace` for positive real bounds."""
    exponents = np.linspace(np.log10(start), np.log10(stop), num, endpoint)
    result = np.power(10.0, exponents)
    if num > 0:
        result[0] = start
        if num > 1 and endpoint:
            result[-1] = stop
    return result if dtype is None else result.astype(dtype)


def ravel_multi_index(multi_index, dims, mode="raise", order="C"):  # type: ignore[no-untyped-def]
    """`np.ravel_multi_index` in C order, with checked indices."""
    if mode != "raise" or order != "C":
        raise ValueError("compiled np.ravel_multi_index has mode='raise' and order='C'")
    flat = multi_index[0] * 0
    for index, n in zip(multi_index, dims, strict=True):
        if np.any((np.asarray(index) < 0) | (np.asarray(index) >= n)):
            raise ValueError("invalid entry in coordinates array")
        flat = flat * n + index
    return flat


def unravel_index(indices, shape, order="C"):  # type: ignore[no-untyped-def]
    """`np.unravel_index` in C order."""
    if order != "C":
        raise ValueError("compiled np.unravel_index has order='C'")
    size = 1
    for n in shape:
        size *= n
    if np.any((np.asarray(indices) < 0) | (np.asarray(indices) >= size)):
        if np.ndim(indices) == 0:
            raise ValueError(f"index {indices} is out of bounds for array with size {size}")
        raise ValueError(f"an index is out of bounds for array with size {size}")
    places = []
    rest = indices
    for n in reversed(shape):
        places.append(rest % n)
        rest = rest // n
    return tuple(reversed(places))
