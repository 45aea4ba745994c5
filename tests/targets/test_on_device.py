"""The whole corpus on a device: language, recursion, gradients, lanes, NumPy's functions, and each operation.

`tools/test --gpu` runs it on the first GPU; `pytest -m gpu --platform tpu` on a TPU, and `--platform cpu` tries the tests
themselves where neither is at hand. Tolerances are those of the suites: a GPU, too, fuses multiplications and additions,
and multiplies matrices of float32 as exactly as NumPy.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest

import hloc
from hloc.runtime import DeviceError
from tests.targets.suites import checks

pytestmark = pytest.mark.gpu
CHECKS = checks()


@pytest.fixture(scope="module", autouse=True)
def platform(request: pytest.FixtureRequest) -> Iterator[str]:
    name = str(request.config.getoption("--platform"))
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # several processes share the device
    try:
        hloc.default_device.set(name)
    except DeviceError as error:
        pytest.skip(f"no device: {error}")
    yield name
    hloc.default_device.set(None)


@pytest.mark.parametrize("name", CHECKS)
def test_corpus(name: str) -> None:
    CHECKS[name]()


def test_programs_run_where_they_are_said_to(platform: str) -> None:
    found = hloc.compile(lambda x: x + 1)(np.ones(3))
    assert found.device.platform == platform


def test_matrices_of_float32_are_multiplied_as_exactly_as_numpy() -> None:
    """Ten bits of mantissa, as matrix units have unasked, would be wrong by 1e-3."""
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(256, 256)).astype(np.float32) for _ in range(2))
    exact = x.astype(np.float64) @ y.astype(np.float64)
    found = np.asarray(hloc.compile(lambda a, b: a @ b)(x, y))
    assert np.abs(found - exact).max() < 2e-5 * np.abs(exact).max()


def test_arrays_go_to_the_device_and_back() -> None:
    x = np.arange(1_000_000, dtype=np.float64)
    there = hloc.device_put(x)
    np.testing.assert_array_equal(np.asarray(hloc.compile(lambda a: a * 2)(there)), x * 2)
    np.testing.assert_array_equal(np.asarray(there), x)
