"""Operations for which NumPy has no short form, as plain NumPy functions.

Records use them as references, and printed programs call them: `source(text)` gives the definitions that a printed
program needs in front of it. All names start with `op_`.
"""

from __future__ import annotations

import ast
import functools
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
    """Definitions of the functions of this module that `text` calls and of those they call, in this file's order."""
    needed: set[str] = set()
    pending = [text]
    while pending:
        found = set(re.findall(r"\bop_\w+", pending.pop())) & set(names()) - needed
        needed |= found
        pending += [_definition(name) for name in found]
    return "\n\n".join(_definition(name) for name in names() if name in needed)


@functools.cache
def _definition(name: str) -> str:
    """The text of a function without its annotations."""
    tree = ast.parse(inspect.getsource(globals()[name]))
    text = inspect.getsource(globals()[name])
    (function,) = tree.body
    assert isinstance(function, ast.FunctionDef)
    body = text.splitlines(keepends=True)[function.body[0].lineno - 1 :]
    arguments = ast.unparse(_Plain().visit(function.args))
    return f"def {name}({arguments}):\n{''.join(body)}"


class _Plain(ast.NodeTransformer):
    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(node.arg)


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
    return op_map(lambda v: math.inf if v <= 0 and v % 1 == 0 else math.lgamma(v), x)


def op_erf_inv(x: Any) -> Any:
    """Inverse error function: Winitzki's approximation, then Newton steps."""

    def inverse(y: float) -> float:
        if not -1 < y < 1:
            return math.copysign(math.inf, y) if abs(y) == 1 else math.nan
        w = math.log1p(-y * y)
        t = 2 / (math.pi * 0.147) + w / 2
        x = math.copysign(math.sqrt(math.sqrt(t * t - w / 0.147) - t), y)
        for _ in range(4):
            error = math.erf(x) - y if abs(y) < 0.5 else math.copysign(1, y) * (1 - abs(y) - math.erfc(abs(x)))
            x -= error * math.sqrt(math.pi) / 2 * math.exp(x * x)
        return x

    return op_map(inverse, x)


def op_digamma(x: Any) -> Any:
    """Derivative of lgamma: reflection, recurrence up to 10, asymptotic series."""

    def digamma(v: float) -> float:
        if v <= 0:
            if math.isinf(v) or v % 1 == 0:
                return math.nan
            return digamma(1 - v) - math.pi / math.tan(math.pi * v)
        low = 0.0
        while v < 10:
            low, v = low - 1 / v, v + 1
        r = 1 / (v * v)
        series = r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r * (1 / 240 - r * (1 / 132)))))
        return low + math.log(v) - 0.5 / v - series

    return op_map(digamma, x)


def op_polygamma(order: int, x: Any) -> Any:
    """Derivative of digamma, order (at least 1) times: the sum of (x + k)^-(order + 1) by Euler and Maclaurin."""

    def polygamma(v: float) -> float:
        if math.isinf(v):
            return 0.0 if v > 0 else math.nan
        if v <= 0 and v % 1 == 0:
            return math.inf if order % 2 else math.nan
        s, total = order + 1, 0.0
        while v < order + 15:
            total, v = total + math.prod([1 / v] * s), v + 1
        power = math.prod([1 / v] * s)
        total += power * (v / order + 0.5)
        term = power * s / v
        for j, bernoulli in enumerate((1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6), 1):
            total += bernoulli / math.factorial(2 * j) * term
            term *= (s + 2 * j - 1) * (s + 2 * j) / (v * v)
        return math.factorial(order) * (total if order % 2 else -total)

    return op_map(polygamma, x)


def op_mul0(factor: Any, partial: Any) -> Any:
    """factor * partial, and 0 where factor is 0, also where partial is infinite or NaN."""
    with np.errstate(invalid="ignore"):
        return np.where(factor == 0, 0, factor * partial)[()]


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


def op_convert(x: Any, dtype: Any) -> Any:
    """x in another element type; of complex numbers the real part, unless the type is bool or complex."""
    keep = x.dtype.kind != "c" or np.dtype(dtype).kind in "bc"
    return (x if keep else x.real).astype(dtype)


def op_iota(shape: tuple[int, ...], dtype: Any, dim: int) -> Any:
    """0, 1, 2, … along one dimension, repeated along the others."""
    column = np.arange(shape[dim], dtype=dtype).reshape([-1 if d == dim else 1 for d in range(len(shape))])
    return np.broadcast_to(column, shape).copy()


def op_broadcast_in_dim(x: Any, shape: tuple[int, ...], dims: tuple[int, ...]) -> Any:
    """x, whose dimensions become `dims`, repeated to `shape`."""
    sizes = [1] * len(shape)
    for d, n in zip(dims, np.shape(x), strict=True):
        sizes[d] = n
    return np.broadcast_to(np.reshape(x, sizes), shape).copy()


def op_pad(x: Any, value: Any, low: tuple[int, ...], high: tuple[int, ...], interior: tuple[int, ...]) -> Any:
    """Copies of value before, after and between the elements of x; negative amounts remove elements."""
    spread = [n + max(n - 1, 0) * i for n, i in zip(x.shape, interior, strict=True)]
    wide = np.full([max(p, 0) + n + max(q, 0) for p, n, q in zip(low, spread, high, strict=True)], value, x.dtype)
    places = zip(low, spread, interior, strict=True)
    wide[tuple(slice(max(p, 0), max(p, 0) + n, i + 1) for p, n, i in places)] = x
    crop = zip(low, high, wide.shape, strict=True)
    return wide[tuple(slice(max(-p, 0), n - max(-q, 0)) for p, q, n in crop)]


def op_arg(function: Any, x: Any, axis: int) -> Any:
    """np.argmax or np.argmin along an axis, 0 where the axis is empty."""
    return function(x, axis) if x.shape[axis] else np.zeros(np.delete(x.shape, axis), np.int64)


def op_limit(dtype: Any, largest: bool) -> Any:
    """The largest or the least value of an element type: what an empty minimum or maximum gives."""
    if dtype.kind == "b":
        return largest
    if dtype.kind == "f":
        return np.inf if largest else -np.inf
    return int(np.iinfo(dtype).max if largest else np.iinfo(dtype).min)


def op_sort(*operands: Any, dim: int, num_keys: int) -> Any:
    """Sort all operands along `dim` by the first ones: stable, ascending, NaN last. A tuple, or the only operand."""
    keys = [np.where(x == x, x, np.inf) if x.dtype.kind == "f" else x for x in operands[:num_keys]]
    nans = [x != x for x in operands[:num_keys]]
    order = np.lexsort([k for pair in zip(reversed(keys), reversed(nans), strict=True) for k in pair], axis=dim)
    results: tuple[Any, ...] = tuple(np.take_along_axis(x, order, dim) for x in operands)
    return results[0] if len(results) == 1 else results


def op_read(a: Any, starts: tuple[Any, ...], sizes: tuple[int, ...], drop: tuple[int, ...]) -> Any:
    """The window of `sizes` at `starts`, moved inside a where it would reach out; without the dimensions `drop`."""
    a = np.asarray(a)
    begins = [int(np.clip(s, 0, m - n)) for s, m, n in zip(starts, a.shape, sizes, strict=True)]
    return a[tuple(b if d in drop else slice(b, b + sizes[d]) for d, b in enumerate(begins))].copy()


def op_upd(a: Any, v: Any, starts: tuple[Any, ...], drop: tuple[int, ...], add: bool) -> Any:
    """a with the window at `starts` replaced by v, or increased by it; moved inside a where it would reach out."""
    a, v = np.array(a), np.expand_dims(v, drop)
    begins = [int(np.clip(s, 0, m - n)) for s, m, n in zip(starts, a.shape, v.shape, strict=True)]
    window = tuple(slice(b, b + n) for b, n in zip(begins, v.shape, strict=True))
    a[window] = a[window] + v if add else v
    return a


def op_gather(a: Any, indices: tuple[Any, ...], dims: tuple[int, ...]) -> Any:
    """Slices of a at index arrays for the dimensions `dims`, clamped into range."""
    if any(a.shape[d] == 0 for d in dims):
        return np.zeros((*np.shape(indices[0]), *np.delete(a.shape, dims)), a.dtype)
    clipped = [np.clip(i, 0, a.shape[d] - 1) for i, d in zip(indices, dims, strict=True)]
    return np.moveaxis(a, dims, range(len(dims)))[tuple(clipped)]


def op_scatter(a: Any, v: Any, indices: tuple[Any, ...], dims: tuple[int, ...], combine: Any) -> Any:
    """a with the places at index arrays set to v (combine is None) or combined with v by a ufunc, one after another."""
    result = np.array(a)
    view = np.moveaxis(result, dims, range(len(dims)))
    sizes = [a.shape[d] for d in dims]
    for place in np.ndindex(np.shape(indices[0])):
        target = tuple(int(i[place]) for i in indices)
        if all(0 <= t < n for t, n in zip(target, sizes, strict=True)):
            view[target] = v[place] if combine is None else combine(view[target], v[place])
    return result


def op_dot_general(
    x: Any,
    y: Any,
    lhs_batch: tuple[int, ...],
    rhs_batch: tuple[int, ...],
    lhs_contract: tuple[int, ...],
    rhs_contract: tuple[int, ...],
) -> Any:
    """Products summed over the contracted dimensions, for each index of the batch dimensions."""
    x_labels, y_labels = list(range(x.ndim)), list(range(x.ndim, x.ndim + y.ndim))
    for i, j in zip(lhs_batch + lhs_contract, rhs_batch + rhs_contract, strict=True):
        y_labels[j] = x_labels[i]
    batch = [x_labels[i] for i in lhs_batch]
    summed = [x_labels[i] for i in lhs_contract]
    free = [label for label in x_labels + y_labels if label not in batch and label not in summed]
    wide = np.float32 if x.dtype == np.float16 else x.dtype
    return np.einsum(x, x_labels, y, y_labels, batch + free, dtype=wide).astype(x.dtype)


def op_cholesky(a: Any) -> Any:
    """Lower Cholesky factors, NaN in the triangle where there is none; and 0, or the order of the failing minor."""
    factors, info = np.zeros_like(a), np.zeros(a.shape[:-2], np.int32)
    for place in np.ndindex(a.shape[:-2]):
        m = np.tril(a[place]) + np.tril(a[place], -1).conj().T
        np.fill_diagonal(m, m.diagonal().real)
        for order in range(1, len(m) + 1):
            try:
                factors[place][:order, :order] = np.linalg.cholesky(m[:order, :order])
            except np.linalg.LinAlgError:
                factors[place], info[place] = np.tril(np.full_like(m, np.nan)), order
                break
    return factors, info


def op_triangular_solve(a: Any, b: Any, left: bool, lower: bool, unit_diagonal: bool, transpose: bool) -> Any:
    """x with op(a) x = b or x op(a) = b, from one triangle of a: row by row; infinite or NaN for zeros there."""
    if transpose == left:
        a, lower = a.swapaxes(-1, -2), not lower
    x = np.array(b if left else b.swapaxes(-1, -2))
    for k in range(a.shape[-1]) if lower else reversed(range(a.shape[-1])):
        known = slice(0, k) if lower else slice(k + 1, None)
        x[..., k, :] -= (a[..., k : k + 1, known] @ x[..., known, :])[..., 0, :]
        if not unit_diagonal:
            with np.errstate(all="ignore"):
                x[..., k, :] /= a[..., k, k, None]
    return x if left else x.swapaxes(-1, -2)


def op_lu(a: Any) -> Any:
    """Row-pivoted elimination: factors in one array, exchanged rows, order of rows, and the first zero pivot or 0."""
    lu, (*batch, rows, columns) = a.copy(), a.shape
    pivots = np.zeros((*batch, min(rows, columns)), np.int32)
    order = np.broadcast_to(np.arange(rows), (*batch, rows)).copy()
    info = np.zeros(batch, np.int32)
    for place in np.ndindex(*batch):
        m = lu[place]
        for j in range(min(rows, columns)):
            pivot = j + int(np.argmax(np.abs(m[j:, j].real) + np.abs(m[j:, j].imag)))
            pivots[place][j] = pivot
            m[[j, pivot]], order[place][[j, pivot]] = m[[pivot, j]], order[place][[pivot, j]]
            if m[j, j] == 0:
                info[place] = info[place] or j + 1
                continue
            m[j + 1 :, j] /= m[j, j]
            m[j + 1 :, j + 1 :] -= np.outer(m[j + 1 :, j], m[j, j + 1 :])
    return lu, pivots, order, info
