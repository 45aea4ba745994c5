"""Differences, integrals, interpolation, convolution in plain Python; the front end compiles them like user code."""

from __future__ import annotations

import numpy as np


def diff(a, n=1, axis=-1, prepend=None, append=None):  # type: ignore[no-untyped-def]
    """`np.diff`: the n-th difference along an axis."""
    a = np.asarray(a)
    if n == 0:
        return a
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n!r}")
    if a.ndim == 0:
        raise ValueError("diff requires input that is at least one dimensional")
    if prepend is not None:
        a = np.concatenate((border(a, prepend, axis), a), axis)
    if append is not None:
        a = np.concatenate((a, border(a, append, axis)), axis)
    if n > 1:
        a = diff(a, n - 1, axis)
    lines = np.moveaxis(a, axis, -1)
    if a.dtype == np.bool_:
        steps = lines[..., 1:] != lines[..., :-1]
    else:
        steps = lines[..., 1:] - lines[..., :-1]
    return np.moveaxis(steps, -1, axis)


def border(a, value, axis):  # type: ignore[no-untyped-def]
    """A value as an array that can stand beside `a` along an axis."""
    value = np.asarray(value)
    if value.ndim > 0:
        return value
    shape = list(a.shape)
    shape[axis] = 1
    return np.broadcast_to(value, tuple(shape))


def ediff1d(ary, to_end=None, to_begin=None):  # type: ignore[no-untyped-def]
    """`np.ediff1d`."""
    flat = np.ravel(ary)
    result = flat[1:] - flat[:-1]
    if to_begin is not None:
        result = np.concatenate((np.ravel(to_begin).astype(result.dtype), result))
    if to_end is not None:
        result = np.concatenate((result, np.ravel(to_end).astype(result.dtype)))
    return result


def trapezoid(y, x=None, dx=1.0, axis=-1):  # type: ignore[no-untyped-def]
    """`np.trapezoid`: the integral by the trapezoidal rule."""
    y = np.moveaxis(np.asarray(y), axis, -1)
    if x is None:
        d = dx
    else:
        x = np.asarray(x)
        d = np.diff(x) if x.ndim == 1 else np.diff(np.moveaxis(x, axis, -1))
    return (d * (y[..., 1:] + y[..., :-1]) / 2.0).sum(-1)


def slope(f, h, axis, edge_order):  # type: ignore[no-untyped-def]
    """The derivative along one axis; h is a step, or the coordinates along the axis."""
    f = np.moveaxis(f, axis, -1)
    n = f.shape[-1]
    if n < edge_order + 1:
        raise ValueError(
            "Shape of array too small to calculate a numerical gradient, "
            "at least (edge_order + 1) elements are required."
        )
    if np.ndim(h) == 0:
        inner = (f[..., 2:] - f[..., :-2]) / (2.0 * h)
        if edge_order == 1:
            first = (f[..., 1:2] - f[..., 0:1]) / h
            last = (f[..., -1:] - f[..., -2:-1]) / h
        else:
            first = (-1.5 * f[..., 0:1] + 2.0 * f[..., 1:2] - 0.5 * f[..., 2:3]) / h
            last = (0.5 * f[..., -3:-2] - 2.0 * f[..., -2:-1] + 1.5 * f[..., -1:]) / h
        return np.moveaxis(np.concatenate((first, inner, last), -1), -1, axis)
    d = np.diff(h)
    d1, d2 = d[:-1], d[1:]
    a, b, c = -d2 / (d1 * (d1 + d2)), (d2 - d1) / (d1 * d2), d1 / (d2 * (d1 + d2))
    inner = a * f[..., :-2] + b * f[..., 1:-1] + c * f[..., 2:]
    if edge_order == 1:
        first = (f[..., 1:2] - f[..., 0:1]) / d[0]
        last = (f[..., -1:] - f[..., -2:-1]) / d[-1]
    else:
        p, q = d[0], d[1]
        first = (
            -(2.0 * p + q) / (p * (p + q)) * f[..., 0:1]
            + (p + q) / (p * q) * f[..., 1:2]
            - p / (q * (p + q)) * f[..., 2:3]
        )
        p, q = d[-2], d[-1]
        last = (
            q / (p * (p + q)) * f[..., -3:-2]
            - (q + p) / (p * q) * f[..., -2:-1]
            + (2.0 * q + p) / (q * (p + q)) * f[..., -1:]
        )
    return np.moveaxis(np.concatenate((first, inner, last), -1), -1, axis)


def interp(x, xp, fp, left=None, right=None, period=None):  # type: ignore[no-untyped-def]
    """`np.interp`: piecewise linear interpolation."""
    x = x * 1.0 if np.isscalar(x) else np.asarray(x, np.float64)
    xp = np.asarray(xp, np.float64)
    fp = np.asarray(fp) * 1.0
    if xp.ndim != 1 or fp.ndim != 1:
        raise ValueError("Data points must be 1-D sequences")
    if xp.shape[0] != fp.shape[0]:
        raise ValueError("fp and xp are not of the same length.")
    if xp.shape[0] == 0:
        raise ValueError("array of sample points is empty")
    if period is not None:
        period = abs(period)
        x = x % period
        xp = xp % period
        order = np.argsort(xp)
        xp, fp = xp[order], fp[order]
        xp = np.concatenate((xp[-1:] - period, xp, xp[0:1] + period))
        fp = np.concatenate((fp[-1:], fp, fp[0:1]))
    below = fp[0] if left is None or period is not None else left
    above = fp[-1] if right is None or period is not None else right
    if xp.shape[0] == 1:
        return np.where(x < xp[0], below, np.where(x > xp[0], above, fp[0]))
    j = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, xp.shape[0] - 2)
    x0, x1, f0, f1 = np.take(xp, j), np.take(xp, j + 1), np.take(fp, j), np.take(fp, j + 1)
    steep = (f1 - f0) / (x1 - x0)
    from_right = steep * (x - x1) + f1
    inside = np.where((x == x1) & (x != x0), from_right, steep * (x - x0) + f0)
    inside = np.where(np.isnan(inside), from_right, inside)
    inside = np.where(np.isnan(inside) & (f0 == f1), f0, inside)
    inside = np.where(np.isfinite(steep), inside, np.where(x == x0, f0, np.where(x == x1, f1, inside)))
    inside = np.where(x < xp[0], below, np.where(x > xp[-1], above, inside))
    return np.where(np.isnan(x), x, inside)


def convolve(a, v, mode="full"):  # type: ignore[no-untyped-def]
    """`np.convolve`: one pass over the longer sequence for each element of the shorter one."""
    a, v = np.atleast_1d(a), np.atleast_1d(v)
    if len(v) > len(a):
        a, v = v, a
    n, m = len(a), len(v)
    if n == 0:
        raise ValueError("a cannot be empty")
    if m == 0:
        raise ValueError("v cannot be empty")
    out = np.zeros(n + m - 1, np.result_type(a, v))
    for j in range(m):
        out[j : j + n] += v[j] * a
    if mode == "same":
        return out[(m - 1) // 2 : (m - 1) // 2 + n]
    if mode == "valid":
        return out[m - 1 : n]
    if mode != "full":
        raise ValueError(f"mode must be one of 'valid', 'same', or 'full' (got {mode!r})")
    return out


def correlate(a, v, mode="valid"):  # type: ignore[no-untyped-def]
    """`np.correlate`."""
    a, v = np.atleast_1d(a), np.atleast_1d(v)
    turned = np.conj(v)[::-1]
    if mode == "same" and len(v) > len(a):
        full = np.convolve(a, turned)
        start = (len(a) - 1) - (len(a) - 1) // 2
        return full[start : start + len(v)]
    return np.convolve(a, turned, mode)


def unwrap(p, discont=None, axis=-1, period=6.283185307179586):  # type: ignore[no-untyped-def]
    """`np.unwrap` for real arrays."""
    steps = np.diff(np.moveaxis(p, axis, -1))
    lines = np.moveaxis(np.asarray(p) * 1.0, axis, -1)
    if discont is None:
        discont = period / 2
    high = period / 2
    wrapped = np.mod(steps + high, period) - high
    wrapped = np.where((wrapped == -high) & (steps > 0), high, wrapped)
    correction = np.where(np.abs(steps) < discont, 0.0, wrapped - steps)
    tail = lines[..., 1:] + np.cumsum(correction, axis=-1)
    return np.moveaxis(np.concatenate((lines[..., :1], tail), -1), -1, axis)


def cross(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):  # type: ignore[no-untyped-def]
    """`np.cross` of vectors with three components."""
    if axis is not None:
        axisa, axisb, axisc = axis, axis, axis
    a, b = np.moveaxis(np.asarray(a), axisa, -1), np.moveaxis(np.asarray(b), axisb, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ValueError("Both input arrays must be (arrays of) 3-dimensional vectors")
    a0, a1, a2 = a[..., 0], a[..., 1], a[..., 2]
    b0, b1, b2 = b[..., 0], b[..., 1], b[..., 2]
    return np.moveaxis(np.stack((a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0), -1), -1, axisc)


def linalg_cross(x1, x2, axis=-1):  # type: ignore[no-untyped-def]
    """`np.linalg.cross`."""
    return cross(x1, x2, axis=axis)


def fftshift(x, axes=None):  # type: ignore[no-untyped-def]
    """`np.fft.fftshift`."""
    x = np.asarray(x)
    if axes is None:
        axes = tuple(range(x.ndim))
    if isinstance(axes, int):
        return np.roll(x, x.shape[axes] // 2, axes)
    return np.roll(x, tuple([x.shape[axis] // 2 for axis in axes]), axes)


def ifftshift(x, axes=None):  # type: ignore[no-untyped-def]
    """`np.fft.ifftshift`."""
    x = np.asarray(x)
    if axes is None:
        axes = tuple(range(x.ndim))
    if isinstance(axes, int):
        return np.roll(x, -(x.shape[axes] // 2), axes)
    return np.roll(x, tuple([-(x.shape[axis] // 2) for axis in axes]), axes)


def apply_along_axis(func1d, axis, arr, *args):  # type: ignore[no-untyped-def]
    """`np.apply_along_axis`: a loop over the lines along an axis."""
    lines = np.moveaxis(np.asarray(arr), axis, -1)
    places = lines.shape[:-1]
    flat = lines.reshape(-1, lines.shape[-1])
    if flat.shape[0] == 0:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    first = np.asarray(func1d(flat[0], *args))
    out = np.zeros((flat.shape[0], *first.shape), first.dtype)
    for i in range(flat.shape[0]):
        out[i] = func1d(flat[i], *args)
    result = out.reshape((*places, *first.shape))
    if first.ndim == 0:
        return result
    return np.moveaxis(result, len(places), axis)


def matvec(x1, x2):  # type: ignore[no-untyped-def]
    """`np.matvec`."""
    return np.matmul(x1, np.asarray(x2)[..., None])[..., 0]


def vecmat(x1, x2):  # type: ignore[no-untyped-def]
    """`np.vecmat`."""
    return np.matmul(np.conj(np.asarray(x1))[..., None, :], x2)[..., 0, :]


def choose(a, choices):  # type: ignore[no-untyped-def]
    """`np.choose` with mode "raise"."""
    if np.any((np.asarray(a) < 0) | (np.asarray(a) >= len(choices))):
        raise ValueError("invalid entry in choice array")
    return np.select([np.asarray(a) == j for j in range(len(choices))], list(choices))
