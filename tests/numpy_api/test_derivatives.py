"""Derivatives of NumPy's functions as they are composed of operations, by the rules of the op records.

Functions that become loops are left to tests/derivatives, where whole programs are differentiated.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hloc.ir.core import Block
from hloc.ops.control import Control
from hloc.options import CompileOptions
from hloc.pipeline import make_program
from tests.numpy_api import cases
from tests.numpy_api.agreement import accepted, program
from tests.ops.derivatives import check_pullback, check_pushforward, draw, floats, is_wide, pullback, pushforward, run

FAMILIES = {
    "reductions": (cases.REDUCTIONS, 60),
    "order": (cases.ORDER, 25),
    "shapes": (cases.SHAPES, 75),
    "products": (cases.PRODUCTS, 43),
}

MATRICES = """
np.linalg.inv(a) | np.linalg.det(a) | np.linalg.slogdet(a) | np.linalg.matrix_power(a, 3) | np.linalg.matrix_power(a, -2)
np.linalg.solve(a, a[..., :2] * a[..., 1:]) | np.linalg.cholesky(a @ np.swapaxes(a, -1, -2).conj() + 3 * np.eye(3))
np.linalg.cholesky(a @ np.swapaxes(a, -1, -2).conj() + 3 * np.eye(3), upper=True)
"""

PAIRS = """
np.hypot(a[0], a[1]) | np.logaddexp(a[0], a[1]) | np.arctan2(a[0], a[1]) | np.copysign(a[0], a[1]) | np.fmod(a[0], a[1])
np.remainder(a[0], a[1]) | np.fmax(a[0], a[1]) | np.fmin(a[0], a[1]) | np.heaviside(a[0], a[1]) | np.modf(a)[0]
np.float_power(np.abs(a[0]), a[1]) | np.average(a[0], weights=a[1] ** 2) | np.where(a[0] > 0, a[0], a[1])
np.interp(a[0], np.sort(a[1]), a[2]) | np.select([a > 1, a > 0], [a * a, a * 3], -a) | np.take(a[0], [1, 1, 3])
np.take_along_axis(a, np.argsort(a, 1), 1) | a[0][np.argsort(a[1])] | a[a > 0].sum() | a[a > 0].std() | np.median(a[a > 0])
np.add.outer(a[0], a[1]) | np.linspace(a[0, 0], a[0, 1], 5) | np.cross(a[:, 0], a[:, 1]) | np.nan_to_num(a) | np.sinc(a)
"""

SPECIAL_POINTS = [
    ("np.linalg.norm(a)", [0.0, 0.0], [0.0, 0.0]),
    ("np.linalg.norm(a, 3)", [0.0, 0.0], [0.0, 0.0]),
    ("np.linalg.norm(a, axis=1).sum()", [[0.0, 0.0], [3.0, 4.0]], [[0.0, 0.0], [0.6, 0.8]]),
    ("np.linalg.norm(a)", [0j, 0j], [0j, 0j]),
    ("np.std(a)", [2.0, 2.0], [0.0, 0.0]),
    ("np.nanstd(a)", [2.0, np.nan, 2.0], [0.0, 0.0, 0.0]),
    ("a[a > 0].std()", [1.0, -1.0], [0.0, 0.0]),
    ("np.nanmean(a)", [np.nan, 1.0, 2.0], [0.0, 0.5, 0.5]),
    ("np.hypot(a[0], a[1])", [0.0, 0.0], [0.0, 0.0]),
    ("np.hypot(a[0], a[1])", [0.0, -2.0], [0.0, -1.0]),
    ("np.logaddexp(a[0], a[1])", [-np.inf, 2.0], [0.0, 1.0]),
    ("np.sinc(a[0])", [0.0], [0.0]),
    ("np.modf(a[0])[0]", [2.0], [1.0]),
    ("np.interp(a[0], [0.0, 1.0, 2.0], [1.0, 3.0, 2.0])", [1.0], [-1.0]),
    ("np.interp(a[0], [0.0, 1.0, 2.0], [1.0, 3.0, 2.0])", [2.0], [-1.0]),
    ("np.max(a)", [1.0, 3.0, 3.0], [0.0, 0.5, 0.5]),
    ("np.prod(a)", [0.0, 2.0, 3.0], [6.0, 0.0, 0.0]),
    ("np.prod(a)", [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]),
    ("np.cumprod(a).sum()", [0.0, 2.0, 0.0], [3.0, 0.0, 0.0]),
    ("np.maximum.accumulate(a)[-1]", [1.0, 3.0, 3.0], [0.0, 0.5, 0.5]),
    ("np.where(a > 0, np.sqrt(a), 0.0).sum()", [-1.0, 0.0, 4.0], [0.0, 0.0, 0.25]),
    ("np.where(a != 0, np.sin(a) / a, 1.0).sum()", [0.0], [0.0]),
]
"""Expression, point, gradient."""

CURVATURES = [
    ("np.hypot(a[0], a[1])", [1.0, 0.0], [[0.0, 0.0], [0.0, 1.0]]),
    ("np.hypot(a[0], a[1])", [0.0, 0.0], [[0.0, 0.0], [0.0, 0.0]]),
    ("np.logaddexp(a[0], a[1])", [1.0, 1.0], [[0.25, -0.25], [-0.25, 0.25]]),
    ("np.sinc(a[0])", [0.0], [[-(np.pi**2) / 3]]),
    ("np.sinc(a[0])", [1e-9], [[-(np.pi**2) / 3]]),
    ("np.prod(a)", [0.0, 0.0, 3.0], [[0.0, 3.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
    ("np.linalg.norm(a)", [0.0, 0.0], [[0.0, 0.0], [0.0, 0.0]]),
]
"""Expression, point, second derivatives."""


def block_of(folder: Path, name: str, expression: str, a: np.ndarray) -> Block:
    """The program of an expression in `a`."""
    function = program(folder, name, [expression])
    return make_program(function, {"a": a}, CompileOptions(checks=False)).module.entry.block


def check_families(folder: Path, calls: list[str], a: np.ndarray) -> int:
    """First and second derivatives of calls; how many have one."""
    rng, checked = np.random.default_rng(1), 0
    for number, call in enumerate(accepted(calls, a)):
        block = block_of(folder, f"call_{number}", call, a)
        straight = not any(issubclass(op.kind, Control) for op in block.ops)
        if not (straight and block.args and floats(block.results) and is_wide(block)):
            continue
        for each in (block, pushforward(block), pullback(block)):
            point = [a, *draw(rng, [np.empty(v.type.shape, v.type.dtype) for v in each.args[1:]])]
            check_pushforward(each, point, rng, tolerance=1e-5)
            check_pullback(each, point, rng)
        checked += 1
    return checked


@pytest.mark.parametrize("family", FAMILIES)
def test_families(tmp_path: Path, family: str) -> None:
    table, least = FAMILIES[family]
    a = np.random.default_rng(7).normal(size=(3, 4)) * 3
    assert check_families(tmp_path, cases.expressions(table), a) >= least


def test_functions_of_two(tmp_path: Path) -> None:
    a = np.random.default_rng(8).normal(size=(3, 4))
    assert check_families(tmp_path, cases.expressions(PAIRS), a) == len(cases.expressions(PAIRS))


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("lead", [(), (2,)], ids=str)
def test_matrices(tmp_path: Path, dtype: str, lead: tuple[int, ...]) -> None:
    a = np.random.default_rng(9).normal(size=(*lead, 3, 3)).astype(dtype)
    a = a + 3 * np.eye(3) + (1j * a[..., ::-1] if dtype.startswith("c") else 0)
    assert check_families(tmp_path, cases.expressions(MATRICES), a) == len(cases.expressions(MATRICES))


@pytest.mark.parametrize(("expression", "point", "gradient"), SPECIAL_POINTS)
def test_special_points(tmp_path: Path, expression: str, point: list[float], gradient: list[float]) -> None:
    """Where a formula would give NaN, or half of what is right."""
    a = np.array(point)
    block = block_of(tmp_path, "call", expression, a)
    (found,) = run(pullback(block), [a, np.array(1.0)])
    np.testing.assert_allclose(found, gradient, rtol=1e-12, atol=0)
    direction = np.linspace(1, 2, a.size).reshape(a.shape).astype(a.dtype)
    (along,) = run(pushforward(block), [a, direction])
    np.testing.assert_allclose(along, np.sum(direction * np.array(gradient)), rtol=1e-12, atol=0)


@pytest.mark.parametrize(("expression", "point", "expected"), CURVATURES)
def test_second_derivatives_at_special_points(
    tmp_path: Path, expression: str, point: list[float], expected: list[list[float]]
) -> None:
    a = np.array(point)
    gradient = pullback(block_of(tmp_path, "call", expression, a))
    one, none = np.array(1.0), np.array(0.0)
    columns = [run(pushforward(gradient), [a, one, unit, none])[0] for unit in np.eye(a.size)]
    np.testing.assert_allclose(np.stack(columns, 1), expected, rtol=1e-9, atol=1e-12)
