"""Lowerings that depend on the target agree with the reference too: inside loops, and for devices other than the CPU.

The forms for other devices are plain StableHLO and run here on the CPU; what a GPU makes of them is not seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hloc.ir.opdef import OpDef
from hloc.ops.contraction import LARGE, DotGeneral
from hloc.ops.indexing import Scatter
from hloc.ops.linalg import Cholesky, Lu, TriangularSolve
from hloc.ops.reduction import Cummax, Cumprod, Cumsum
from hloc.ops.sampling import Sample
from tests.ops.harness import apply, reference, run, write
from tests.ops.test_matrix import assert_agree, samples_of

TARGETS: list[tuple[type[OpDef], dict[str, Any]]] = [
    (DotGeneral, {"in_loop": True}),
    (DotGeneral, {"platform": "tpu"}),
    (Scatter, {"platform": "cuda"}),
    (Cumsum, {"platform": "cuda"}),
    (Cumprod, {"platform": "cuda"}),
    (Cummax, {"platform": "cuda"}),
    (TriangularSolve, {"platform": "cuda"}),
    (Lu, {"platform": "cuda"}),
]


@pytest.mark.parametrize(
    ("kind", "target"), TARGETS, ids=lambda x: getattr(x, "name", None) or "-".join(map(str, x.items()))
)
def test_other_forms_agree_with_reference(kind: type[OpDef], target: dict[str, Any]) -> None:
    samples = samples_of(kind)
    for sample, found in zip(samples, run(kind, samples, **target), strict=True):
        assert_agree(found, reference(kind, sample), sample)


def test_cholesky_without_lapack() -> None:
    samples = samples_of(Cholesky)
    for sample, (factor, info) in zip(samples, run(Cholesky, samples, platform="cuda"), strict=True):
        expected, order = reference(Cholesky, sample)
        assert_agree([factor], [expected], sample)
        np.testing.assert_array_equal(info != 0, order != 0)


@pytest.mark.parametrize("target", [{}, {"platform": "cuda"}], ids=["plain", "cuda"])
def test_last_of_many_duplicates_wins(target: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    samples = []
    for size, count in ((3, 5000), (1, 100), (1000, 5000)):
        a, v = np.zeros(size), np.arange(1.0, count + 1)
        samples.append(Sample((a, v, rng.integers(-1, size + 1, count)), {"dims": (0,), "mode": "set"}))
    rows = Sample((np.zeros((4, 2)), rng.normal(size=(300, 2)), rng.integers(0, 4, 300)), {"dims": (0,), "mode": "set"})
    points = (rng.integers(0, 4, (20, 20)), rng.integers(0, 3, (20, 20)))
    places = Sample((np.zeros((4, 3)), rng.normal(size=(20, 20)), *points), {"dims": (0, 1), "mode": "set"})
    samples += [rows, places]
    for sample, (found,) in zip(samples, run(Scatter, samples, **target), strict=True):
        np.testing.assert_array_equal(found, reference(Scatter, sample)[0])


def test_products_of_small_matrices_in_loops_have_no_dot() -> None:
    plain = {"lhs_batch": (), "rhs_batch": (), "lhs_contract": (1,), "rhs_contract": (0,)}
    each = {"lhs_batch": (0,), "rhs_batch": (0,), "lhs_contract": (2,), "rhs_contract": (1,)}

    def text(lhs: tuple[int, ...], rhs: tuple[int, ...], numbers: dict[str, Any] = plain, **target: Any) -> str:
        return write(apply(DotGeneral, [Sample((np.ones(lhs), np.ones(rhs)), numbers)]), **target)

    assert "dot_general" in text((4, 4), (4, 4))
    for few in (((12, 12), (12, 12), plain), ((32, 8), (8, 8), plain), ((16, 4, 4), (16, 4, 4), each)):
        assert "dot_general" not in text(*few, in_loop=True)
    for many in (((13, 13), (13, 13), plain), ((33, 8), (8, 8), plain), ((8, 8, 8), (8, 8, 8), each)):
        assert "dot_general" in text(*many, in_loop=True)
    assert "dot_general" in text((4, 4), (4,), in_loop=True)
    assert "dot_general" in text((8, 4, 4), (8, 4), each, in_loop=True)


@pytest.mark.parametrize("dtype", ["int64", "uint64", "int16"])
def test_large_integer_products_wrap_like_numpy(dtype: str) -> None:
    rng = np.random.default_rng(0)
    info = np.iinfo(dtype)

    def draw(*shape: int) -> np.ndarray:
        return rng.integers(info.min, info.max, shape, dtype, endpoint=True)

    matrices = {"lhs_batch": (), "rhs_batch": (), "lhs_contract": (1,), "rhs_contract": (0,)}
    batches = {"lhs_batch": (1,), "rhs_batch": (0,), "lhs_contract": (0,), "rhs_contract": (2,)}
    samples = [
        Sample((draw(LARGE + 6, LARGE), draw(LARGE, LARGE + 2)), matrices),
        Sample((draw(LARGE, 3, 40), draw(3, 50, LARGE)), batches),
    ]
    assert "dot_general" not in write(apply(DotGeneral, samples))
    for sample, (found,) in zip(samples, run(DotGeneral, samples), strict=True):
        np.testing.assert_array_equal(found, reference(DotGeneral, sample)[0])
