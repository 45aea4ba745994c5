"""Interpolation, convolution, averages and histograms with more than one argument."""

from __future__ import annotations

import numpy as np
import pytest

from tests.numpy_api.agreement import agree

RNG = np.random.default_rng(3)


def interpolation(x, xp, fp):
    return (
        (np.interp(x, xp, fp), np.interp(x, xp, fp, left=-1, right=9), np.interp(2.5, xp, fp)),
        (np.interp(x, xp, fp, period=3.0), np.interp(x, xp[:1], fp[:1])),
    )


def test_interp():
    x = np.array([-1, 0, 0.5, 1, 2.2, 3, 7, np.nan])
    agree(interpolation, x, np.array([0.0, 1, 2, 3]), np.array([1.0, 3, 2, 5]))


def convolution(a, v):
    return (
        [np.convolve(a, v), np.convolve(a, v, "same"), np.convolve(v, a, "valid")],
        [np.correlate(a, v), np.correlate(a, v, "full"), np.correlate(a, v, "same")],
        [np.correlate(v, a), np.correlate(v, a, "full"), np.correlate(v, a, "same")],
    )


@pytest.mark.parametrize("dtype", ["int64", "float32", "complex128"])
def test_convolve_and_correlate(dtype):
    agree(convolution, (RNG.normal(size=7) * 3).astype(dtype), (RNG.normal(size=3) * 3).astype(dtype))


def weighted(a, w):
    return (
        (np.average(a, weights=w), np.average(a, axis=0, weights=w[:, 0]), np.average(a, weights=w, returned=True)),
        (np.cov(a, w), np.cov(a[0], bias=True), np.corrcoef(a[0], w[0]), np.cross(a[:, :3], w[:, :3])),
        (np.histogram(a, 3, weights=w), np.histogram(a, 3, range=(0.0, 2.0), density=True)),
        (np.gradient(a, 2.0, np.array([0.0, 1, 3, 4])), np.trapezoid(a, w), np.gradient(a[0], 0.5, edge_order=2)),
        np.bincount(np.array([1, 3, 1]), weights=w[:, 0], minlength=5),
    )


@pytest.mark.parametrize("dtype", ["int64", "float64"])
def test_weights(dtype):
    agree(weighted, (RNG.normal(size=(3, 4)) * 3).astype(dtype), RNG.random((3, 4)) + 1)


def repairs(a):
    return (
        np.nan_to_num(a),
        np.nan_to_num(a, nan=1, posinf=2, neginf=3),
        np.isneginf(a),
        np.isposinf(a),
        np.isclose(a, a),
        np.allclose(a, a, equal_nan=True),
    )


def ignoring_nan(a):
    return (
        (a.max(), a.argmax(), np.median(a), np.median(a, axis=0), np.nanmedian(a), np.nanmedian(a, axis=0)),
        (
            np.nanmean(a),
            np.nanstd(a, axis=0),
            np.nansum(a),
            np.nanmax(a, axis=0),
            np.nanargmax(a),
            np.nanquantile(a, 0.3, axis=1),
        ),
        (np.nancumsum(a), np.nanprod(a), np.nanvar(a, ddof=1), np.sort(a), np.argsort(a), np.quantile(a, 0.3, axis=1)),
    )


def test_special_values():
    a = RNG.normal(size=(2, 3))
    a[0, 0] = np.nan
    agree(ignoring_nan, a)
    a[0, 1], a[1, 1] = np.inf, -np.inf
    agree(repairs, a)


def static_results(n):
    x = np.linspace(0, 1, n)
    return (
        (np.meshgrid(x, x[:2]), np.mgrid[0:3, 0:2], np.ogrid[0:n, 0:2], np.indices((n, 2)), np.hanning(n)),
        (
            np.fromfunction(lambda i, j: i * 2 + j, (n, 3)),
            np.tril_indices(n),
            np.logspace(0, 2, 5),
            np.geomspace(1, 100, n),
        ),
        (
            np.finfo(np.float64).eps,
            np.iinfo(np.int32).max,
            np.prod((n, 3)),
            np.zeros(np.prod((n, 3))),
            np.result_type(x, np.float32).itemsize,
        ),
    )


def test_grids_and_constants():
    agree(static_results, 4)


def factor_of_column(i, j):
    return np.sqrt(i + 1.0) * j


def out_and_sequences(a, x):
    total, product, where = np.empty(4), np.zeros((3, 3)), np.zeros(3, int)
    np.sum(a, axis=0, out=total)
    np.matmul(a, a.T, out=product)
    np.argmax(a, axis=1, out=where)
    np.mean(a, axis=1, out=product[0])
    np.round(a, 1, out=a)
    return (
        (
            total,
            product,
            where,
            np.maximum.reduce([a[0], a[1], a[2]]),
            np.logical_or.reduce(a > 1),
            np.minimum.reduce(a[0]),
        ),
        (
            np.max([x, 2.0]),
            np.sum([x, 1]),
            np.mean((x, x + 1)),
            np.dot([x, 2], [3, x]),
            np.sort([x, 1.0, 0.5]),
            np.median([x, 3]),
        ),
        (np.fromfunction(factor_of_column, (3, 2)), np.where(x > 1, x, 0), np.clip(x, 0, 1), np.any([x > 1, x < 0])),
    )


def test_out_arguments_and_sequences_of_numbers():
    agree(out_and_sequences, RNG.normal(size=(3, 4)), 1.5)
