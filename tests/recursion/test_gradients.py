"""Gradients of recursive programs: forward and reverse against differences, and as printed Python."""

from __future__ import annotations

import pytest

from tests.derivatives.agreement import check_gradient, check_second_order

from .smooth import CASES

LARGE = ("simpson of simpson", "nuts on a gaussian", "nuts on a banana")
"""These compile for long: half a minute, and minutes in second order."""


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.sweep) if n in LARGE[:2] else n for n in CASES])
def test_gradient(name: str) -> None:
    function, cases, asked = CASES[name]
    for number, case in enumerate(cases):
        check_gradient(function, *case, forward=number == 0, printed=number == 0, **asked)


SECOND_ORDER = (
    "power",
    "horner",
    "legendre",
    "tree sum",
    "network of numbers",
    "writes in place",
    "euler with halving",
)


@pytest.mark.parametrize(
    "name", [n if n in SECOND_ORDER else pytest.param(n, marks=pytest.mark.sweep) for n in CASES if n not in LARGE]
)
def test_second_order(name: str) -> None:
    function, cases, asked = CASES[name]
    check_second_order(function, cases[0], asked.get("wrt"), relative=max(asked.get("relative", 0.0), 1e-6))
