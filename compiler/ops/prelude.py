"""Operations for which NumPy has no short form, as plain NumPy functions.

Records use them as references, and printed programs call them: `source(text)` gives the definitions that a printed program
needs in front of it. All names start with `op_`.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

IMPORTS = "import math\n\nimport numpy as np\n"


def names() -> list[str]:
    """The functions that printed programs may call; printers keep these names free."""
    return [name for name in globals() if name.startswith("op_")]


def source(text: str) -> str:
    """Definitions of the functions of this module that `text` calls, with those they call; in the order of this file."""
    needed: set[str] = set()
    pending = [text]
    while pending:
        found = set(re.findall(r"\bop_\w+", pending.pop())) & set(names()) - needed
        needed |= found
        pending += [_definition(name) for name in found]
    return "\n\n".join(_definition(name) for name in names() if name in needed)


def _definition(name: str) -> str:
    return inspect.getsource(globals()[name])


def op_rsqrt(x: Any) -> Any:
    """1 / sqrt(x), in the type of x."""
    return np.reciprocal(np.sqrt(x))


def op_logistic(x: Any) -> Any:
    """1 / (1 + exp(-x)), in the type of x."""
    return np.reciprocal(1 + np.exp(-x))


def op_map(function: Callable[[float], float], x: Any) -> Any:
    """A function of one float on each element, in the type of x."""
    x = np.asarray(x)
    return np.array([function(float(v)) for v in x.flat], x.dtype).reshape(x.shape)[()]


def op_erf(x: Any) -> Any:
    """Error function."""
    return op_map(math.erf, x)


def op_erfc(x: Any) -> Any:
    """Complement of the error function."""
    return op_map(math.erfc, x)


def op_lgamma(x: Any) -> Any:
    """Logarithm of |gamma(x)|; infinite at 0, -1, -2, …"""
    return op_map(lambda v: math.inf if v <= 0 and v == math.floor(v) else math.lgamma(v), x)


def op_erf_inv(x: Any) -> Any:
    """Inverse error function: Winitzki's approximation, then Newton steps."""

    def inverse(y: float) -> float:
        if not -1 < y < 1:
            return math.copysign(math.inf, y) if abs(y) == 1 else math.nan
        w = math.log1p(-y * y)
        t = 2 / (math.pi * 0.147) + w / 2
        x = math.copysign(math.sqrt(math.sqrt(t * t - w / 0.147) - t), y)
        for _ in range(4):
            error = math.erf(x) - y if abs(y) < 0.5 else math.copysign(1 - abs(y) - math.erfc(abs(x)), y)
            x -= error * math.sqrt(math.pi) / 2 * math.exp(x * x)
        return x

    return op_map(inverse, x)


def op_digamma(x: Any) -> Any:
    """Derivative of lgamma: reflection, recurrence up to 10, asymptotic series."""

    def digamma(v: float) -> float:
        if v <= 0:
            if v == math.floor(v):
                return math.nan
            return digamma(1 - v) - math.pi / math.tan(math.pi * v)
        low = 0.0
        while v < 10:
            low, v = low - 1 / v, v + 1
        r = 1 / (v * v)
        series = r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r * (1 / 240 - r * (1 / 132)))))
        return low + math.log(v) - 0.5 / v - series

    return op_map(digamma, x)


def op_divide(x: Any, y: Any) -> Any:
    """x / y in the type of x, integers truncated towards zero."""
    if x.dtype.kind in "fc":
        return np.divide(x, y)
    quotient = np.floor_divide(x, y)
    return quotient + ((np.multiply(quotient, y) != x) & ((x < 0) != (y < 0))).astype(x.dtype)


def op_power(x: Any, y: Any) -> Any:
    """x ** y in the type of x; negative integer exponents give 0 unless x is 1 or -1."""
    if x.dtype.kind in "fc":
        return np.power(x, y)
    positive = np.power(x, np.maximum(y, 0))
    inverse = np.where(x == 1, x, np.where((x + 1 == 0) & (x < 0), np.where(y % 2 == 1, x, x * x), 0))
    return np.where(y < 0, inverse.astype(x.dtype), positive)[()]


def op_shift_right_logical(x: Any, y: Any) -> Any:
    """Shift the bits of x right by y places, zeros in."""
    unsigned = np.dtype(f"u{x.dtype.itemsize}")
    return np.right_shift(x.view(unsigned), y.view(unsigned)).view(x.dtype)


def op_complex(re: Any, im: Any) -> Any:
    """The complex number re + i im, infinite and NaN parts kept."""
    z = np.empty(np.shape(re), np.result_type(re, np.complex64))
    z.real, z.imag = re, im
    return z[()]


def op_popcnt(x: Any) -> Any:
    """Number of one bits of the two's complement form, in the type of x."""
    return np.bitwise_count(x.view(f"u{x.dtype.itemsize}")).astype(x.dtype)
