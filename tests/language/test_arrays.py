"""Arrays in place: every kind of index, views and aliases as NumPy has them, written arguments."""

from __future__ import annotations

import numpy as np
import pytest

from .agreement import CONTEXTS, agree, define, in_context

A = np.array([3.0, -1.0, 4.0, 1.0, -5.0, 9.0])
M = np.arange(12.0).reshape(3, 4)
C = np.arange(24).reshape(2, 3, 4)
SNIPPETS = {
    "scalars": (
        "a, i",
        "result = (a[i], a[-1], a[i] + a[-i - 1])\na[i] = 7\na[-2] += 1\na[i + 1] *= 2",
        [(A, 0), (A, 2)],
    ),
    "slices": ("a", "result = (a[1:3], a[::2], a[::-1], a[-3:], a[:-4:-1], a[5:1:-2], a[10:], a[2:2], a[:])", [(A,)]),
    "slice writes": (
        "a, x",
        "a[1:3] = x\na[::2] += 1\na[::-2] *= 3\na[4:1:-1] = np.array([1.0, 2.0, 3.0])\na[5:] = [x]\nresult = a.sum()",
        [(A, 2.5)],
    ),
    "matrices": (
        "m, i, j",
        "result = (m[i, j], m[i], m[:, j], m[i, 1:], m[1:, ::2], m[..., j], m[i, ...], m[:, None, j], m[None], m[-1, -1])",
        [(M, 1, 2), (M, -1, -4)],
    ),
    "matrix writes": (
        "m, i, j",
        "m[i, j] = 50\nm[i] += 1\nm[:, j] *= 2\nm[1:, 1:3] = 0.5\nm[..., -1] = np.array([7.0, 8.0, 9.0])\nm[0, ::2] -= m[1, 1::2]\nm[i][j] = 3\nm[i, :][j] += 1\nresult = m.copy()",
        [(M, 1, 2), (M, -1, 0)],
    ),
    "three dimensions": (
        "c, i",
        "result = (c[i, :, 1], c[:, i], c[0, i, ::-1], c[..., 0], c[i, ..., i], c[:, 1:, None, 2])\nc[i, :, 2] = 0\nc[:, 0, :] += 5",
        [(C, 1), (C, -1)],
    ),
    "views write through": (
        "a",
        "b = a[1:-1]\nb += 1\nc = b[::2]\nc[0] = 50\nd = a\nd[0] = 9\ne = a.copy()\ne[1] = -7\nresult = (b.copy(), c.copy(), e)",
        [(A,)],
    ),
    "transposed views": ("m", "t = m.T\nt[0, 1] = 99\nt += 1\nu = m.T[1:3, ::2]\nu[0] = -1\nresult = t.copy()", [(M,)]),
    "reshaped views": (
        "m",
        "f = m.reshape(-1)\nf[3] = 77\ng = m.ravel()\ng[::5] += 1\nh = m.reshape(2, 6)\nh[1, 2:4] = 0\nflat = m.flatten()\nflat[0] = 1000\nresult = (f.copy(), flat)",
        [(M,)],
    ),
    "column views": (
        "m, k",
        "col = m[:, k]\ncol[1] = 42\ncol *= 2\nrow = m[k]\nrow[:] = row[::-1].copy()\nresult = m[:, k].copy()",
        [(M, 1), (M, 2)],
    ),
    "overlapping copies": ("a", "a[1:] = a[:-1]\na[:-1] = a[1:]\na[::2] = a[1::2][::-1]\nresult = a.copy()", [(A,)]),
    "swaps": (
        "a, i, j",
        "a[i], a[j] = a[j], a[i]\na[0], a[1], a[2] = a[2], a[0], a[1]\nresult = a.copy()",
        [(A, 1, 4), (A, 0, 0)],
    ),
    "rows swapped": (
        "m, i, j",
        "m[[i, j]] = m[[j, i]]\nt = m[0].copy()\nm[0] = m[2]\nm[2] = t\nresult = m.copy()",
        [(M, 0, 1)],
    ),
    "index arrays": (
        "a, ii",
        "result = (a[ii], a[[0, -1, 2]], a[ii[::-1]], a[np.array([[0, 1], [2, 3]])])\na[ii] = 5\na[[1, 2]] += 10\na[ii] += a[ii] * 2",
        [(A, np.array([0, 2, 4])), (A, np.array([-1, 3, 3]))],
    ),
    "index arrays in matrices": (
        "m, ii, jj",
        "result = (m[ii], m[ii, jj], m[:, jj], m[ii, 1], m[1, jj], m[ii][:, jj], m[ii, 1:3], m[ii[:, None], jj])\nm[ii, jj] = -1\nm[:, jj] += 1\nm[ii, 1:] *= 2",
        [(M, np.array([0, 2]), np.array([3, 1]))],
    ),
    "masks": (
        "a",
        "a[a < 0] = 0\na[a > 3] += 1\na[a == 1] *= -5\nresult = (a[a > 0].sum(), a[a > 0].mean(), a[a < 0].min(), len(a[a > 2]), (a[a > 0] * 2).sum(), np.where(a > 1, a, -a))",
        [(A,)],
    ),
    "mask of a matrix": ("m", "m[m > 5] = -m[m > 5]\nm[m % 2 == 0] += 0.5\nresult = m[m < 0].sum()", [(M,)]),
    "mask of rows": (
        "m, v",
        "m[m[:, 0] > 2] = v\nm[m[:, 1] == 0] = 7\nresult = m[:2][:, 0].copy()",
        [(M, np.array([1.0, 0.0, 3.0, 4.0]))],
    ),
    "out": (
        "a, b",
        "np.add(a, b, out=a)\nnp.sin(a, out=b)\nnp.multiply(a[1:], 2.0, out=a[:-1])\nresult = b.sum()",
        [(A, A * 2)],
    ),
    "integer arrays": (
        "c",
        "d = c[0, 0]\nd += 3\nd //= 2\nd %= 3\nd |= 4\nd <<= 1\nc[1] -= 100\nresult = d.copy()",
        [(C,)],
    ),
    "casting writes": (
        "c, x",
        "c[0, 0, 0] = x\nc[1] = c[0] * 2\nc[0, :, 1] = np.array([1, 2, 3])\nresult = c.dtype == np.int64",
        [(C, 3)],
    ),
    "truth and length": (
        "a",
        "result = (len(a), a.shape, a.ndim, a.size, a.dtype == np.float64, bool((a > 100).any()), a[0] in a)",
        [(A,)],
    ),
    "broadcasting writes": (
        "m, v",
        "m += v\nm[:, 1:] -= v[1:]\nm[:] = m * v\nm[0] = 1\nresult = m.copy()",
        [(M, np.array([1.0, 2.0, 3.0, 4.0]))],
    ),
    "moving windows": (
        "a, i",
        "result = (a[i : i + 3].sum(), a[i:i + 2] * 2, a[i + 1 : i + 4])\na[i : i + 2] = a[i + 1 : i + 3]\na[i:i + 3] += 1",
        [(A, 0), (A, 2)],
    ),
    "ping pong": (
        "a",
        "u, v = a.copy(), a.copy()\nfor k in range(5):\n    for i in range(1, 5): v[i] = 0.5 * (u[i - 1] + u[i + 1])\n    u, v = v, u\nresult = (u, v)",
        [(A,)],
    ),
    "rebinding": (
        "a, n",
        "x = a\nfor k in range(n): x = x * 0.5 + k\nresult = x\ny = np.zeros(3)\nfor k in range(n):\n    z = y + k\n    y = z\n    y[0] = -1\nresult = (x, y)",
        [(A, 4), (A, 1)],
    ),
    "choice of arrays": (
        "a, b, p",
        "c = a if p > 0 else b\nc[0] = 50\nc += 1\nresult = c.sum()",
        [(A, A * 2, 1), (A, A * 2, -1)],
    ),
    "accumulating rows": ("m", "s = 0\nfor row in m: s = s + row\nresult = s", [(M,)]),
    "zero-size": ("a", "b = a[3:3]\nb += 1\nresult = (b.sum(), b, len(b), a[3:3] * 2)", [(A,)]),
    "rank zero": ("a", "z = np.array(2.5)\nz += 1\nz[()] = z * 2\nresult = (z, float(z), a + z)", [(A,)]),
    "fill and astype": (
        "a",
        "b = np.empty(3)\nb.fill(a[0])\nresult = (b, a.astype(np.int64), a.astype(bool), a.astype(np.float32), np.float32(a[1]), np.int64(7.9))",
        [(A,)],
    ),
    "parts of complex arrays": (
        "z",
        "z.real[0] = 5\nz.imag[1:] += 2\nr = z.real\nr *= 2\nz[0].real\nz.imag = z.real * 0.5\nresult = (z.real[::-1], z.imag.sum(), np.real(z), z.T.imag.copy())",
        [(np.array([1 + 2j, 3 - 1j, 0.5j]),)],
    ),
    "parts of real arrays": ("a", "a.real[1] = 8\nresult = (a.real, a.imag.copy())", [(A,)]),
    "gauss seidel": (
        "m",
        "for t in range(3):\n    for i in range(1, 2):\n        for j in range(1, 3): m[i, j] = 0.25 * (m[i - 1, j] + m[i + 1, j] + m[i, j - 1] + m[i, j + 1])\nresult = m.sum()",
        [(M,)],
    ),
}


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("name", SNIPPETS)
def test_arrays(name: str, context: str) -> None:
    parameters, body, cases = SNIPPETS[name]
    program, first = in_context(context, parameters, body)
    for case in cases:
        agree(program, *first, *case)


ERRORS = {
    "read": ("a, i", "result = a[i]", [(A, 6), (A, -7), (A, 100)]),
    "write": ("a, i", "a[i] = 1.0\nresult = 0", [(A, 6), (A, -7)]),
    "matrix": ("m, i, j", "result = m[i, j]", [(M, 3, 0), (M, 0, 4), (M, 0, -5)]),
    "row": ("m, i", "m[0, 0] = 99\nresult = m[i].sum()", [(M, 3)]),
    "index array": ("a, ii", "result = a[ii]", [(A, np.array([0, 9, 1])), (A, np.array([-7]))]),
    "in a loop": ("a, n", "result = 0.0\nfor i in range(n): result += a[i]", [(A, 7), (A, 6)]),
    "list": ("v, i", "result = v[i]", [([1, 2, 3], 3), ([1, 2, 3], -4)]),
    "constant": ("a", "result = a[6]", [(A,)]),
}


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("name", ERRORS)
def test_index_errors(name: str, context: str) -> None:
    parameters, body, cases = ERRORS[name]
    program, first = in_context(context, parameters, body)
    for case in cases:
        agree(program, *first, *case)


def test_nothing_is_written_after_an_error() -> None:
    import hloc

    program = define("def program(a, i):\n    a[0] = 99.0\n    return a[i]\n")
    a = A.copy()
    with pytest.raises(IndexError, match="index 10 is out of bounds for axis 0 with size 6"):
        hloc.compile(program)(a, 10)
    np.testing.assert_array_equal(a, A)


def test_the_same_array_twice() -> None:
    program = define("def program(a, b):\n    a[0] = 5\n    b[1] = a[0] + b[0]\n    return a.sum()\n")
    a = A.copy()
    import hloc

    compiled = hloc.compile(program)
    expected = A.copy()
    total = program(expected, expected)
    assert float(compiled(a, a)) == total
    np.testing.assert_array_equal(a, expected)
    agree(program, A, A * 2, compiled=compiled)


def test_an_array_made_in_a_loop_is_written_by_an_inner_one() -> None:
    """`c += 1` writes the array that other names see."""
    agree(
        define("""
            def inner(c):
                for i in range(2): c += 1
            def program(times):
                total = 0.0
                for k in range(times):
                    c = np.zeros(3)
                    d, held = c, [c]
                    for i in range(k): d += 1
                    inner(c)
                    i = 0
                    while i < 2:
                        held[0] *= 2
                        c -= i
                        i += 1
                    total += (c * np.arange(3.0)).sum() + d[0] * 100 + held[0][1] * 1000
                return total
            """),
        4,
    )


def test_reductions_keep_nan() -> None:
    """XLA's library kernels for large reductions would drop it."""
    program = define(
        "def program(x):\n    return np.maximum(x, 0).sum(), np.minimum(x, 0).sum(axis=0), x.max(axis=0), x.min()\n"
    )
    x = np.random.default_rng(0).normal(size=(300, 400))
    x[7, 3] = np.nan
    agree(program, x)
    agree(define("def program(x):\n    return x.sum(axis=0), x.max(axis=0), x.min(), x.mean(axis=1)\n"), x)
