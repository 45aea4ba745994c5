"""Numbers: Python's and NumPy's arithmetic, comparisons and conversions, in every context."""

from __future__ import annotations

import numpy as np
import pytest

from .agreement import CONTEXTS, agree, in_context

INTEGERS = [(7, 2), (-7, 2), (7, -2), (-7, -3), (0, 5)]
SNIPPETS = {
    "integer operators": (
        "x, y",
        "result = (x + y, x - y, x * y, x // y, x % y, x / y, divmod(x, y), -x, +x, ~x)",
        INTEGERS,
    ),
    "bits": ("x, y", "result = (x & y, x | y, x ^ y, x << 3, x >> 1, x >> abs(y), 1 << abs(y))", INTEGERS),
    "integer powers": (
        "x, n",
        "result = (x ** 2, x ** 3, x ** n, 2 ** n, x ** 0, (-x) ** 5)",
        [(3, 4), (-2, 5), (7, 0)],
    ),
    "negative constant power": ("x", "result = (x ** -1, x ** -2, 2.0 ** -x)", [(4,), (-2,)]),
    "float operators": (
        "x, y",
        "result = (x + y, x - y, x * y, x / y, x // y, x % y, divmod(x, y), -x, abs(x), x ** 2, abs(x) ** y)",
        [(7.5, 2.0), (-7.5, 2.0), (7.5, -2.0), (-0.0, 3.0), (1e-3, -3.5)],
    ),
    "mixed": ("i, x", "result = (i + x, i * x, i / x, x // i, i % x, x - i, i < x, i == x)", [(3, 2.5), (-4, 0.5)]),
    "complex": (
        "z, w",
        "result = (z + w, z * w, z - w, z / w, -z, abs(z), z.real, z.imag, z.conjugate(), z == w, z != w, z * 2, 1 + z)",
        [(1 + 2j, 3 - 1j), (-1j, 2 + 0j)],
    ),
    "bool arithmetic": (
        "p, q",
        "result = (p + q, p * 3, p & q, p | q, p ^ q, not p, -p, p == q, p < q, int(p))",
        [(True, False), (True, True)],
    ),
    "chained comparison": (
        "x, y",
        "result = (x < y < 10, x < y > 2, 0 <= x < 5 != y, x == x == y)",
        [(1, 3), (3, 1), (9, 11)],
    ),
    "and or not": (
        "x, y",
        "result = (x and y, x or y, not x, not (x and y), x and -y, 0 or x, 1 and y)",
        [(0, 3), (2, 0), (2, 3)],
    ),
    "conditional expression": ("x, y", "result = x if x > y else y if y > 2 else -1", [(1, 2), (5, 2), (1, 3)]),
    "walrus": ("x", "result = ((y := x + 1) * y, y)\nif (z := y * 2) > 6: result = (z, y)", [(1,), (5,)]),
    "conversions": (
        "x",
        "result = (int(x), float(x), bool(x), complex(x), round(x), int(-x))",
        [(2.5,), (-3.5,), (0.0,), (7,)],
    ),
    "numpy scalar": (
        "x",
        "result = (x + 1, x * 2.5, x / 2, x // 2, x % 3, -x, x > 2, abs(x), x ** 2, x == x)",
        [(np.float64(3.5),), (np.int64(-7),), (np.float32(1.5),), (np.int32(9),), (np.uint8(200),)],
    ),
    "nep 50": (
        "a",
        "result = (a + 1, a * 2.0, a / 2, a // 2, a % 2, a > 1, -a, a ** 2, 1 - a, 2 ** a)",
        [
            (np.array([1, 2, 3], np.int32),),
            (np.array([1.5, 2], np.float32),),
            (np.array([1, 200], np.uint8),),
            (np.array([True, False]),),
        ][:3],
    ),
    "array operators": (
        "a, b",
        "result = (a + b, a - b, a * b, a / b, a // b, a % b, a < b, a == b, a != b, a >= b)",
        [
            (np.array([7, -7, 7]), np.array([2, 2, -2])),
            (np.array([1.5, -2.5]), np.array([0.5, 2.0])),
            (np.arange(3), np.array([1.5, 2.5, 3.5])),
        ],
    ),
    "integer division by zero of arrays": (
        "a, b",
        "result = (a // b, a % b)",
        [(np.array([7, -7, 0]), np.array([0, 2, 0]))],
    ),
    "float division by zero of arrays": (
        "a, b",
        "result = (a / b, a // b, a % b)",
        [(np.array([1.0, -1.0, 0.0]), np.array([0.0, 0.0, 0.0]))],
    ),
    "boolean arrays": (
        "p, q",
        "result = (p & q, p | q, p ^ q, ~p, p + q, p * q, p == q, p & True)",
        [(np.array([True, True, False]), np.array([True, False, False]))],
    ),
    "shifts of arrays": (
        "a",
        "result = (a << 2, a >> 1, a & 6, a | 8, a ^ 5)",
        [(np.array([1, -9, 1000]),), (np.array([1, 255], np.uint8),)],
    ),
    "builtins": (
        "x, y",
        "result = (abs(x), min(x, y), max(x, y), divmod(x, y), pow(x, 2), round(x), sum([x, y, 2]), pow(7, 3, 5))",
        [(5, 3), (-5, 3), (2.5, 1.25)],
    ),
    "types": (
        "x, a",
        "result = (isinstance(x, int), isinstance(x, (float, complex)), isinstance(a, np.ndarray), type(x) is int, type(x) == float)",
        [(1, np.zeros(2)), (1.5, np.zeros(2))],
    ),
    "math": (
        "x",
        "result = (math.sin(x), math.cos(x), math.exp(x), math.sqrt(x), math.log(x), math.atan2(x, 2), math.floor(x), math.ceil(x), math.pi * x, math.hypot(x, 1), math.pow(x, 1.5), math.isnan(x))",
        [(2.25,), (0.5,)],
    ),
    "integer math": (
        "n, m",
        "result = (math.gcd(n, m), math.lcm(n, m), math.factorial(abs(n) % 10), math.isqrt(m), math.comb(m, 2))",
        [(12, 18), (-4, 6)],
    ),
    "operator module": (
        "x, y",
        "result = (operator.add(x, y), operator.mul(x, y), operator.lt(x, y), operator.neg(x), operator.floordiv(x, y))",
        [(7, 2)],
    ),
    "lcg": (
        "seed",
        "result = seed\nfor _ in range(50):\n    result = (result * 1103515245 + 12345) % 2147483648",
        [(42,)],
    ),
    "augmented": (
        "x",
        "result = x\nresult += 2\nresult *= 3\nresult -= 1\nresult //= 2\nresult **= 2\nresult %= 97\nresult <<= 2\nresult |= 1",
        [(4,)],
    ),
}
ERRORS = {
    "zero division": ("x, y", "result = x / y", [(1, 0), (1.5, 0.0)]),
    "zero floor division": ("x, y", "result = x // y", [(1, 0), (1.5, 0.0)]),
    "zero modulo": ("x, y", "result = x % y", [(1, 0), (1.5, 0.0)]),
    "negative shift": ("x, y", "result = x << y", [(1, -1)]),
    "zero to a negative power": ("x, y", "result = x ** y", [(0.0, -1.0)]),
    "square root of a negative number": ("x", "result = math.sqrt(x)", [(-1.0,)]),
    "logarithm of zero": ("x", "result = math.log(x)", [(0.0,), (-2.0,)]),
    "int of nan": ("x", "result = int(x)", [(float("nan"),), (float("inf"),)]),
}


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("name", [*SNIPPETS, *ERRORS])
def test_numbers(name: str, context: str) -> None:
    parameters, body, cases = {**SNIPPETS, **ERRORS}[name]
    program, first = in_context(context, parameters, body)
    for case in cases:
        agree(program, *first, *case)
