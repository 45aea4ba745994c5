"""NumPy's functions against NumPy: families of calls × element types × shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.numpy_api import cases
from tests.numpy_api.agreement import accepted, agree, program

FAMILIES = {
    "reductions": cases.REDUCTIONS,
    "order": cases.ORDER,
    "shapes": cases.SHAPES,
    "products": cases.PRODUCTS,
}
DTYPES = ("bool", "int32", "uint8", "float32", "float64", "complex128")
SHAPES: tuple[tuple[int, ...], ...] = ((), (0,), (1,), (2, 0), (2, 3, 4))
NOT_COMPILED = {
    "bool": ("round", "around"),  # NumPy gives halves
    "complex128": (  # complex numbers have no compiled order of their own here
        "argmax",
        "argmin",
        "searchsorted",
        "digitize",
        "lexsort",
        "clip",
        "maximum",
        "nanmax",
        "nanmin",
        "initial",
        "median",
        "quantile",
        "percentile",
        "sort",
        "a > ",
        "partition",
        "histogram",
        "unwrap",
        "piecewise",
    ),
}


def operand(dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    rng = np.random.default_rng(len(shape) + sum(shape))
    x = rng.normal(size=shape) * 3
    if dtype.startswith("complex"):
        x = x + 1j * rng.normal(size=shape)
    return np.asarray(np.abs(x) if dtype.startswith("u") else x).astype(dtype)


def compare(folder: Path, family: str, dtype: str, shape: tuple[int, ...]) -> None:
    a = operand(dtype, shape)
    left_out = NOT_COMPILED.get(dtype, ())
    wanted = [e for e in cases.expressions(FAMILIES[family]) if not any(word in e for word in left_out)]
    calls = accepted(wanted, a)
    assert calls
    name = f"{family}_{dtype}_{'_'.join(map(str, shape))}"
    agree(program(folder, name, calls), a, labels=calls)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_element_types(tmp_path: Path, family: str, dtype: str) -> None:
    compare(tmp_path, family, dtype, (3, 4))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shapes(tmp_path: Path, family: str, shape: tuple[int, ...]) -> None:
    compare(tmp_path, family, "float64", shape)
