"""Derivatives of programs of textbooks."""

from __future__ import annotations

import numpy as np
import pytest

import hloc

from .agreement import check_gradient, check_second_order
from .textbook import PROGRAMS

QUICK = (
    "gauss_seidel",
    "jacobi_until_converged",
    "thomas",
    "lu_by_loops",
    "kalman_filter",
    "runge_kutta",
    "adaptive_euler",
    "dynamic_time_warping",
    "viterbi",
    "k_means_step",
    "perceptron",
    "lstm",
    "pricing_tree",
    "simpson_adaptive",
    "projectile",
    "momentum_descent",
)


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.sweep) for n in PROGRAMS])
def test_gradient(name: str) -> None:
    function, arguments, wrt = PROGRAMS[name]
    check_gradient(function, *arguments, wrt=wrt)


@pytest.mark.sweep
@pytest.mark.parametrize("name", [n for n, (_, arguments, _) in PROGRAMS.items() if not isinstance(arguments[0], list)])
def test_second_order(name: str) -> None:
    function, arguments, wrt = PROGRAMS[name]
    check_second_order(function, arguments, wrt)


ROUTES = (
    (hloc.jacfwd, hloc.jacfwd),
    (hloc.jacfwd, hloc.jacrev),
    (hloc.jacrev, hloc.jacfwd),
    (hloc.jacrev, hloc.jacrev),
)


@pytest.mark.parametrize("name", ["horner", "continued_fraction", "insertion_sort", "heat_equation"])
def test_hessian_by_four_routes(name: str) -> None:
    function, (x, *rest), _ = PROGRAMS[name]
    found = [np.asarray(outer(inner_)(x.copy(), *rest)) for outer, by in ROUTES for inner_ in [by(function)]]
    expected = np.asarray(hloc.hessian(function)(x.copy(), *rest))
    step = 1e-4 * np.eye(len(x))
    slope = hloc.grad(function)
    columns = [(np.asarray(slope(x + e, *rest)) - np.asarray(slope(x - e, *rest))) / 2e-4 for e in step]
    np.testing.assert_allclose(expected, np.stack(columns), rtol=1e-6, atol=1e-6)
    for hessian in found:
        np.testing.assert_allclose(hessian, expected, rtol=1e-11, atol=1e-12)
