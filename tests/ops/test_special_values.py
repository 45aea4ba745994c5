"""Values at which libraries differ: zeros with a sign, infinities, NaN, the ends of integer types."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from hloc.ir.opdef import OpDef
from hloc.ops.elementwise import (
    Divide,
    FloorDivide,
    FloorMod,
    Maximum,
    Minimum,
    Power,
    Remainder,
    RoundNearestEven,
    ShiftLeft,
    ShiftRightArithmetic,
    ShiftRightLogical,
    Sign,
    Trunc,
)
from hloc.ops.extreme import Argmax, Argmin
from hloc.ops.reduction import Cummax, Cummin, ReduceMax, ReduceMin
from hloc.ops.sampling import Sample
from tests.ops.harness import reference, run

SPECIAL = (0.0, 1.0, 0.5, 2.5, 3.0, 1e4, 7.3, 0.1, np.inf, np.nan)
FLOATS = ("float16", "float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def pairs(values: Any, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of these values."""
    x, y = zip(*itertools.product(values, repeat=2), strict=True)
    return np.array(x, dtype), np.array(y, dtype)


def signed(values: Any) -> list[float]:
    return [sign * v for v in values for sign in (1.0, -1.0)]


def bits(x: np.ndarray) -> np.ndarray:
    """The bits of floats, all NaN alike."""
    return np.where(np.isnan(x), np.array(np.nan, x.dtype), x).view(f"i{x.dtype.itemsize}")


@pytest.mark.parametrize("kind", [FloorDivide, FloorMod, Remainder], ids=lambda kind: kind.name)
@pytest.mark.parametrize("dtype", FLOATS)
def test_float_division_has_the_bits_of_numpy(kind: type[OpDef], dtype: str) -> None:
    rng = np.random.default_rng(1)
    random = (rng.normal(size=500) * 10.0 ** rng.integers(-3, 4, 500), rng.normal(size=500))
    tenths = (np.arange(-400, 400) * 0.1, np.full(800, 0.1))
    samples = [
        Sample((np.asarray(x, dtype), np.asarray(y, dtype))) for x, y in (pairs(signed(SPECIAL), dtype), random, tenths)
    ]
    for sample, (found,) in zip(samples, run(kind, samples), strict=True):
        (expected,) = reference(kind, sample)
        np.testing.assert_array_equal(bits(found), bits(expected), err_msg=str(sample))


def ends(dtype: str) -> list[int]:
    info = np.iinfo(dtype)
    return [v for v in (info.min, info.min + 1, -7, -1, 0, 1, 2, 7, 100, info.max - 1, info.max) if v >= info.min]


@pytest.mark.parametrize("kind", [FloorDivide, FloorMod], ids=lambda kind: kind.name)
@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_floor_division_at_the_ends(kind: type[OpDef], dtype: str) -> None:
    sample = Sample(pairs(ends(dtype), dtype))
    ((found,),) = run(kind, [sample])
    np.testing.assert_array_equal(found, reference(kind, sample)[0])


@pytest.mark.parametrize("kind", [FloorDivide, FloorMod], ids=lambda kind: kind.name)
@pytest.mark.parametrize("dtype", INTEGERS)
def test_nonnegative_integer_division(kind: type[OpDef], dtype: str) -> None:
    x, y = pairs([v for v in ends(dtype) if v >= 0], dtype)
    sample = Sample((x[y > 0], y[y > 0]), {"nonnegative": True})
    ((found,),) = run(kind, [sample])
    np.testing.assert_array_equal(found, reference(kind, sample)[0])


@pytest.mark.parametrize("dtype", INTEGERS)
def test_truncating_division_never_traps(dtype: str) -> None:
    x, y = pairs(ends(dtype), dtype)
    ((quotient,),) = run(Divide, [Sample((x, y))])
    ((rest,),) = run(Remainder, [Sample((x, y))])
    whole = y != 0
    np.testing.assert_array_equal((quotient * y + rest)[whole], x[whole])
    assert (np.sign(rest)[whole] * np.sign(x)[whole] >= 0).all()


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_power_wraps(dtype: str) -> None:
    x, y = pairs(ends(dtype), dtype)
    x, y = x[y >= 0], y[y >= 0]
    width = np.dtype(dtype).itemsize * 8
    expected = np.array([pow(int(a), int(b), 2**width) for a, b in zip(x, y, strict=True)], np.uint64).astype(dtype)
    ((found,),) = run(Power, [Sample((x, y))])
    np.testing.assert_array_equal(found, expected)


def test_integer_power_with_negative_exponent_is_the_whole_part() -> None:
    x, y = pairs([-3, -1, 1, 2], "int64")
    x, y = np.array([-3, -1, -1, 1, 2, 5]), np.array([-1, -1, -2, -4, -1, -(2**63)])
    ((found,),) = run(Power, [Sample((x, y))])
    assert found.tolist() == [0, -1, 1, 1, 0, 0]


@pytest.mark.parametrize("kind", [ShiftLeft, ShiftRightArithmetic, ShiftRightLogical], ids=lambda kind: kind.name)
def test_shifts_beyond_the_width(kind: type[OpDef]) -> None:
    x = np.array([1, -1, -8, 2**62, -(2**63)])
    samples = [Sample((x, np.full(5, places))) for places in (0, 1, 63, 64, 65, 1000)]
    for sample, (found,) in zip(samples, run(kind, samples), strict=True):
        np.testing.assert_array_equal(found, reference(kind, sample)[0], err_msg=str(sample))


@pytest.mark.parametrize("kind", [Maximum, Minimum], ids=lambda kind: kind.name)
@pytest.mark.parametrize("dtype", FLOATS)
def test_extremes_propagate_nan(kind: type[OpDef], dtype: str) -> None:
    sample = Sample(pairs(signed(SPECIAL), dtype))
    ((found,),) = run(kind, [sample])
    np.testing.assert_array_equal(found, reference(kind, sample)[0])


@pytest.mark.parametrize("kind", [ReduceMax, ReduceMin], ids=lambda kind: kind.name)
@pytest.mark.parametrize("dtype", FLOATS)
def test_reductions_propagate_nan(kind: type[OpDef], dtype: str) -> None:
    """XLA's CPU compiler hands large reductions to a library that drops NaN."""
    samples = []
    for shape, axes in (
        ((64,), (0,)),
        ((20_000,), (0,)),
        ((4, 5000), (1,)),
        ((5000, 4), (0,)),
        ((5000, 4), (0, 1)),
        ((5000, 4), (1,)),
    ):
        x = np.random.default_rng(0).normal(size=shape)
        x.flat[5] = np.nan
        samples.append(Sample((x.astype(dtype),), {"axes": axes}))
    for sample, (found,) in zip(samples, run(kind, samples), strict=True):
        np.testing.assert_array_equal(found, reference(kind, sample)[0])


@pytest.mark.parametrize("kind", [Argmax, Argmin, Cummax, Cummin], ids=lambda kind: kind.name)
@pytest.mark.parametrize("dtype", FLOATS)
def test_running_and_arg_reductions_with_special_values(kind: type[OpDef], dtype: str) -> None:
    rng = np.random.default_rng(0)
    samples = [
        Sample((rng.choice(signed(values), 40).astype(dtype),), {"axis": 0}) for values in (SPECIAL, SPECIAL[:-1])
    ]
    for sample, (found,) in zip(samples, run(kind, samples), strict=True):
        np.testing.assert_array_equal(found, reference(kind, sample)[0])


@pytest.mark.parametrize("kind", [Argmax, Argmin], ids=lambda kind: kind.name)
@pytest.mark.parametrize("size", [50, 5121, 40_000])
def test_first_extreme_of_long_arrays(kind: type[OpDef], size: int) -> None:
    rng = np.random.default_rng(size)
    whole = rng.integers(-9, 9, size)
    samples = [Sample((whole,), {"axis": 0}), Sample((whole.astype(float),), {"axis": 0})]
    for place in (0, 5, size // 2, size - 2, size - 1):
        for special in (np.nan, np.inf, -np.inf):
            x = rng.normal(size=size)
            x[[place, size - 1]] = special
            samples.append(Sample((x,), {"axis": 0}))
    for sample, (found,) in zip(samples, run(kind, samples), strict=True):
        assert found == reference(kind, sample)[0]


@pytest.mark.parametrize("kind", [RoundNearestEven, Trunc, Sign], ids=lambda kind: kind.name)
@pytest.mark.parametrize("dtype", FLOATS)
def test_rounding_keeps_the_sign_of_zero(kind: type[OpDef], dtype: str) -> None:
    sample = Sample((np.array(signed((0.0, 0.3, 0.5, 1.5, 2.5, 3.5, 1e4, np.inf, np.nan)), dtype),))
    ((found,),) = run(kind, [sample])
    (expected,) = reference(kind, sample)
    np.testing.assert_array_equal(
        bits(found) if kind is not Sign else found, bits(expected) if kind is not Sign else expected
    )


def test_sign_of_complex_numbers() -> None:
    z = np.array([0j, 3 + 4j, -2, 1j, complex(np.nan, 1)])
    ((found,),) = run(Sign, [Sample((z,))])
    np.testing.assert_allclose(found[:4], np.sign(z)[:4], rtol=1e-15)
    assert np.isnan(found[4])
