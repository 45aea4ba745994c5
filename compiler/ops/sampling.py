"""Inputs for the tests that are generated from the op records.

A record's `samples(rng)` gives `Sample`s: operand arrays and attributes, over element types and shapes. Values lie
inside the domain of the operation and, for floats, away from points where it is not differentiable.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hloc.ir.types import ELEMENT_TYPES, Shape

SHAPES: tuple[Shape, ...] = ((), (1,), (7,), (0,), (3, 1, 5))


@dataclass(frozen=True)
class Sample:
    """One application of an operation: operand arrays (0-d arrays for scalars) and attributes.

    `smooth` is False at points that have no derivative: a singular matrix, equal keys.
    """

    operands: tuple[np.ndarray, ...]
    attrs: dict[str, Any] = field(default_factory=dict)
    smooth: bool = True


@dataclass(frozen=True)
class Domain:
    """An interval that samples are drawn from; complex samples have both parts in it."""

    low: float = -3.0
    high: float = 3.0

    def draw(self, rng: np.random.Generator, shape: Shape, dtype: np.dtype) -> np.ndarray:
        """An array of this type; integers are whole numbers of the interval, unsigned ones not negative."""
        low = max(self.low, 0.0) if dtype.kind == "u" else self.low
        if dtype.kind == "b":
            return np.asarray(rng.integers(0, 2, shape), bool)
        if dtype.kind in "iu":
            return np.asarray(rng.integers(int(np.ceil(low)), int(np.floor(self.high)) + 1, shape), dtype)
        values = np.asarray(rng.uniform(low, self.high, shape))
        if dtype.kind == "c":
            values = values + 1j * rng.uniform(low, self.high, shape)
        return np.asarray(values, dtype)


def dtypes_of(kinds: str) -> Iterator[np.dtype]:
    """The element types of these kinds (letters of `dtype.kind`)."""
    return (dtype for dtype in ELEMENT_TYPES if dtype.kind in kinds)


def integers(*values: int) -> tuple[np.ndarray, ...]:
    """i64 scalars: start indices."""
    return tuple(np.asarray(v, np.int64) for v in values)


def applications(rng: np.random.Generator, kinds: str, shape: Shape, /, **attrs: Any) -> Iterator[Sample]:
    """One operand of this shape, for each element type of these kinds."""
    for dtype in dtypes_of(kinds):
        yield Sample((Domain().draw(rng, shape, dtype),), attrs)
