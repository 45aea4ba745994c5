"""`strict=True`: floats round as in CPython, bit by bit, in straight code and in loops."""

from __future__ import annotations

import numpy as np
import pytest

import hloc

from .agreement import define

PROGRAMS = {
    "straight": "    return x[0] * x[1] + x[2], x[1] - x[0] * x[0], (x * x + x).sum()",
    "scalar loop": "    s = 0.0\n    for i in range(3):\n        d = x[i + 1] - x[i] * x[i]\n        s += 100.0 * (d * d)\n    return s",
    "recurrence": "    y = 0.3\n    for i in range(40): y = 3.9 * y * (1 - y) + 1e-3 * x[i % 4]\n    return y",
    "complex": "    z = 0.1 + 0.2j\n    for i in range(4): z = z * z + x[i] * (0.5 - 0.25j)\n    return z.real, z.imag",
    "array": "    for k in range(3): x[1:] = x[1:] * 0.25 + x[:-1] * x[0]\n    return x.copy()",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_strict_programs_are_bitwise_equal(name: str) -> None:
    program = define(f"def program(x):\n{PROGRAMS[name]}\n")
    compiled = hloc.compile(program, strict=True)
    for seed in range(100):
        x = np.random.default_rng(seed).normal(size=4)
        expected, found = program(x.copy()), compiled(x.copy())
        for e, f in zip(np.atleast_1d(np.asarray(expected)), np.atleast_1d(np.asarray(found)), strict=True):
            assert e == f
