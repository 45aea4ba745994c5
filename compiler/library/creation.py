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
