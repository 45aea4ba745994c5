"""Derivatives through writes: elements, slices, views, aliases, masks, duplicates, in loops and branches."""

from __future__ import annotations

import numpy as np
import pytest

from .agreement import check_cases, check_second_order
from .contexts import CONTEXTS, Snippet, in_context, straight, sweep_all_but

A = np.array([0.8, -0.3, 1.7, 0.4, -1.1, 2.3])
M = np.array([[0.5, -1.2, 0.7], [1.4, 0.2, -0.6], [0.9, 1.1, 0.3], [-0.4, 0.8, 1.6]])
K = np.array([2, 0, 4, 1])
TWICE = np.array([2, 0, 2, 5, 0])
SNIPPETS: dict[str, Snippet] = {
    "element": ("a, x", "a[1] = x * x\na[-1] = a[0] * a[1]\nresult = np.sum(np.sin(a) * a)", [(A, 0.7)]),
    "element at data": (
        "a, x, i",
        "a[i] = np.sin(x) * a[i - 1]\na[i - 2] += a[i] * x\nresult = np.sum(a * a * a)",
        [(A, 0.7, 3), (A, 0.7, -2)],
    ),
    "augmented": (
        "a, x",
        "a[0] += x\na[1] -= x * a[0]\na[2] *= a[1]\na[3] /= x\na[4] **= 2\nresult = np.sum(np.cos(a))",
        [(A, 0.7)],
    ),
    "whole array": (
        "a, x",
        "a *= x\na += np.sin(a)\na[:] = a[::-1] * a\na[...] = a + 1\nresult = np.sum(a * a)",
        [(A, 0.7)],
    ),
    "a constant over a value": ("a", "s = np.sum(a * a)\na[2] = 0.0\na[3:5] = 1.0\nresult = s * np.sum(a)", [(A,)]),
    "old values still used": (
        "a",
        "b = a.copy()\na[1:4] = b[3:] * 2\nc = a * b\na[0] = c[1]\nresult = np.sum(a * b * np.sin(c))",
        [(A,)],
    ),
    "slices with steps": (
        "a, x",
        "a[::2] = a[1::2] * x\na[::-1][:2] += x\na[4:1:-2] *= np.array([x, 2.0])\nresult = np.sum(np.sin(a) * np.arange(6.0))",
        [(A, 0.7)],
    ),
    "overlapping slices": (
        "a",
        "a[1:] = a[:-1]\na[:-2] += a[2:]\na[1:4] *= a[2:5]\nresult = np.sum(a * np.arange(1.0, 7.0) * a)",
        [(A,)],
    ),
    "rows and columns": (
        "m, x",
        "m[1] = m[0] * x\nm[:, 2] += m[:, 0]\nm[2:, 1] *= x\nm[:, 0] = x\nm[-1, -1] = m[0, 1]\nresult = np.sum(np.sin(m) * m)",
        [(M, 0.7)],
    ),
    "rows at data": (
        "m, i, j",
        "m[i, :] += m[j] * m[i]\nm[:, j] = np.sin(m[:, j - 1])\nm[i, j] *= 2\nresult = np.sum(m * m)",
        [(M, 2, 1), (M, -1, 0)],
    ),
    "swap of elements": (
        "a, i, j",
        "a[i], a[j] = a[j], a[i] * 2\nresult = np.sum(a * np.arange(6.0) * a)",
        [(A, 1, 4), (A, 3, 3)],
    ),
    "swap of rows": (
        "m, i, j",
        "m[[i, j]] = m[[j, i]]\nt = m[0].copy()\nm[0] = m[1]\nm[1] = t * m[1]\nresult = np.sum(m * m[::-1] * np.arange(3.0))",
        [(M, 1, 3)],
    ),
    "window at data": (
        "a, i",
        "a[i : i + 2] = a[i + 1 : i + 3] * a[i]\nresult = np.sum(np.sin(a) * a)",
        [(A, 1), (A, 3)],
    ),
    "view": ("a, x", "v = a[1:5]\nv *= x\nw = v[::2]\nw[0] = a[0] * w[1]\nresult = np.sum(a * a) + v[0]", [(A, 0.7)]),
    "transposed and reshaped views": (
        "m, x",
        """
        t = m.T
        t[0] = np.sin(t[1])
        r = m.reshape(2, 6)
        r[1] *= r[0]
        flat = m.reshape(-1)
        flat[5] = x
        flat[::4] += x * flat[1]
        result = np.sum(m * m * t.T) + r[0, 1]
        """,
        [(M, 0.7)],
    ),
    "alias": ("a, x", "b = a\nb[0] = x\na[1] = b[0] * b[2]\nc = b\nc += a * x\nresult = np.sum(a * b)", [(A, 0.7)]),
    "no alias": ("a, x", "b = a + 0.0\nb[0] = x\na[1] = b[0] * b[2]\nb *= a\nresult = np.sum(a * a * b)", [(A, 0.7)]),
    "alias by argument": (
        "a, x",
        "def change(u, v):\n    u[1] = v[0] * x\n    v[2] = u[1] * u[2]\nchange(a, a)\nchange(a[1:], a)\nresult = np.sum(np.sin(a))",
        [(A, 0.7)],
    ),
    "mask": ("a, x", "a[a > 0.5] = x * 2\na[a < 0] *= x\nresult = np.sum(a * a)", [(A, 0.7)]),
    "mask with values": (
        "a, b",
        "m = b > 0\na[m] = (a * b)[m]\na[~m] += 1\nresult = np.sum(a * a * b)",
        [(A, A[::-1].copy())],
    ),
    "mask of rows": ("m, x", "m[m[:, 0] > 0.6] = x\nm[m > 1] = 0.5\nresult = np.sum(m * m * m)", [(M, 0.7)]),
    "fancy": ("a, k", "a[k] = a[k] * a[:4]\na[k] += 1\nresult = np.sum(np.sin(a) * a)", [(A, K)]),
    "fancy with duplicates": (
        "a, b, k",
        "a[k] = b * b\nresult = np.sum(a * np.arange(1.0, 7.0)) * a[0]",
        [(A, A[:5] * 1.3, TWICE)],
    ),
    "augmented fancy with duplicates": (
        "a, b, k",
        "a[k] += b * a[:5]\na[k] *= b\nresult = np.sum(np.sin(a))",
        [(A, A[:5] * 1.3, TWICE)],
    ),
    "np.add.at": (
        "a, b, k",
        "np.add.at(a, k, b * b)\nnp.subtract.at(a, k, np.sin(b))\nresult = np.sum(a * a)",
        [(A, A[:5] * 1.3, TWICE)],
    ),
    "np.multiply.at, np.maximum.at": (
        "a, b, k",
        "np.multiply.at(a, k, b)\nnp.maximum.at(a, k, b * 0.9)\nresult = np.sum(a * a)",
        [(A, A[:5] * 1.3, TWICE)],
    ),
    "two index arrays": (
        "m, k, l",
        "m[k, l] = m[k, l] * m[0, 1]\nm[k, 0] += m[0, l]\nresult = np.sum(m * m * m)",
        [(M, np.array([1, 3, 1]), np.array([0, 2, 0]))],
    ),
    "prefix sums in place": ("a", "for i in range(1, len(a)): a[i] += a[i - 1] * a[i]\nresult = np.sum(a * a)", [(A,)]),
    "recurrence of elements": (
        "a",
        "for i in range(len(a) - 1): a[i + 1] = np.sin(a[i]) / 2 + a[i + 1] * a[i]\nresult = a[-1] * a[2]",
        [(A,)],
    ),
    "downwards": (
        "a",
        "for i in range(len(a) - 2, -1, -1): a[i] = a[i] * a[i + 1] - np.cos(a[i + 1])\nresult = a[0] + a[3]",
        [(A,)],
    ),
    "filled in a loop": (
        "x, n",
        "out = np.zeros(6)\nfor i in range(n): out[i] = x ** i\nfor i in range(n): out[i] *= out[n - 1 - i] + x\nresult = np.sum(np.sin(out))",
        [(0.8, 6), (0.8, 3), (0.8, 0)],
    ),
    "writes that a branch makes": (
        "a, x",
        """
        for i in range(len(a)):
            if a[i] > x: a[i] = a[i] * x
            elif i > 1:
                a[i] = np.sin(a[i - 1]) + a[i - 2]
                a[i - 1] = 0.3
        result = np.sum(a * a)
        """,
        [(A, 0.9), (A, -5.0)],
    ),
    "an array that a branch writes": (
        "a, x",
        "if x > 0:\n    a[1] = x * a[0]\nelse:\n    a[2:4] = x\nresult = np.sum(a * a * a)",
        [(A, 0.7), (A, -0.7)],
    ),
    "a choice of arrays": (
        "a, b, x",
        "c = a if x > 0 else b\nd = c * x\nd[0] = c[1]\nresult = np.sum(d * c * a)",
        [(A, A[::-1].copy(), 0.7), (A, A[::-1].copy(), -0.7)],
    ),
    "sweeps until small": (
        "a, x",
        """
        change = 1.0
        while change > 0.05:
            change = 0.0
            for i in range(1, len(a) - 1):
                old = a[i]
                a[i] = 0.3 * (a[i - 1] + a[i + 1]) + x * 0.1 * a[i]
                change = change + abs(a[i] - old)
        result = np.sum(np.sin(a))
        """,
        [(A, 0.7)],
    ),
    "triple loop in place": (
        "m, n",
        """
        for t in range(n):
            for i in range(1, 3):
                for j in range(1, 2):
                    m[i, j] = (m[i - 1, j] + m[i + 1, j] + m[i, j - 1] + m[i, j + 1]) * 0.25 + m[i, j] * m[i, j] * 0.1
        result = np.sum(m * m * m)
        """,
        [(M, 3), (M, 0)],
    ),
    "versions that a product reads": (
        "a, m",
        "for i in range(3):\n    a[i] = np.sin(m[i] @ a[:3])\n    a[i + 3] += np.sum(a * a)\nresult = np.sum(a)",
        [(A, M)],
    ),
    "history of a state": (
        "v, n",
        "out = np.empty((5, 3))\nout[0] = v\nfor i in range(1, n): out[i] = np.sin(out[i - 1]) * v + out[i - 1][::-1]\nout[n:] = v[0]\nresult = np.sum(out * out)",
        [(M[0], 5), (M[0], 2)],
    ),
    "ring buffer": (
        "a, x, n",
        "for i in range(n): a[i % 6] = a[(i + 1) % 6] * x + np.cos(a[(i - 2) % 6])\nresult = np.sum(a * a)",
        [(A, 0.7, 15)],
    ),
    "counts in bins": (
        "a, x",
        "bins = np.zeros(4)\nfor v in a:\n    k = int(np.floor(abs(v) * 1.3)) % 4\n    bins[k] += v * x\n    bins[(k + 1) % 4] -= v * v\nresult = np.sum(bins * bins)",
        [(A, 0.7)],
    ),
    "written in a callee": (
        "m, x",
        "def scale(row, factor):\n    row *= factor\n    row[0] = np.sin(row[1])\nfor i in range(4): scale(m[i], x * i)\nresult = np.sum(m * m) + x",
        [(M, 0.7)],
    ),
    "array of arrays of length one": (
        "a, x",
        "s = np.zeros(1)\nfor v in a: s[0] += v * x\nz = np.zeros(())\nz[()] = x * s[0]\nresult = s[0] * z[()]",
        [(A, 0.7)],
    ),
    "sorted by swaps": (
        "a",
        """
        for i in range(len(a)):
            for j in range(len(a) - 1 - i):
                if a[j] > a[j + 1]: a[j], a[j + 1] = a[j + 1], a[j]
        result = np.sum(a * a * np.arange(6.0))
        """,
        [(A,)],
    ),
    "integers beside": (
        "a, n",
        "count = np.zeros(3, int)\nfor i in range(n):\n    count[i % 3] += i\n    a[count[i % 3] % 6] *= 1.0 + 0.1 * count[i % 3]\nresult = np.sum(a * a)",
        [(A, 7)],
    ),
}


@pytest.mark.parametrize("name", SNIPPETS)
def test_writes(name: str) -> None:
    parameters, body, cases = SNIPPETS[name]
    program = straight(parameters, body)
    check_cases(program, cases)


@pytest.mark.parametrize("name", sweep_all_but(SNIPPETS, every=6))
def test_writes_to_second_order(name: str) -> None:
    parameters, body, cases = SNIPPETS[name]
    check_second_order(straight(parameters, body), cases[0])


@pytest.mark.sweep
@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("name", SNIPPETS)
def test_writes_in_context(name: str, context: str) -> None:
    parameters, body, cases = SNIPPETS[name]
    program, first = in_context(context, parameters, body)
    check_cases(program, [(*first, *case) for case in cases])
