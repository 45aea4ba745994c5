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
