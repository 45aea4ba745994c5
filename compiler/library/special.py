"""Special functions in plain Python; the front end compiles them like user code."""

from __future__ import annotations

import math


def gamma(x):  # type: ignore[no-untyped-def]
    """The gamma function by exp(lgamma(x)), and Euler's reflection for x < 0. ValueError at 0, -1, -2, …"""
    if x <= 0 and math.floor(x) == x:
        raise ValueError("math domain error")
    if x < 0:
        return math.pi / (math.sin(math.pi * x) * math.exp(math.lgamma(1 - x)))
    return math.exp(math.lgamma(x))
