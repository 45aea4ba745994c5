"""Orders in plain Python; the front end compiles it like user code."""

from __future__ import annotations

import numpy as np


def lexicographic_order(keys, reverse):  # type: ignore[no-untyped-def]
    """The positions that sort by keys[0], then keys[1], …; equal ones keep their order, reversed or not."""
    n = len(keys[0])
    order = np.arange(n)
    for key in reversed(keys):
        column = key[order]
        if reverse:
            column = column[::-1]
            step = np.argsort(column, kind="stable")
            order = order[::-1][step][::-1]
        else:
            order = order[np.argsort(column, kind="stable")]
    return order
