"""Selections `a[mask]` by a mask that is data: how many elements there are, and the elements brought together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hloc.frontend.values import AbstractValue, MaskedV
from hloc.ir.core import Value
from hloc.ops import helpers
from hloc.ops.elementwise import Select, Subtract
from hloc.ops.indexing import Scatter
from hloc.ops.reduction import Cumsum, ReduceSum

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


def count_of(sp: Specializer, a: AbstractValue) -> Value:
    """How many elements are selected (i64)."""
    assert isinstance(a, MaskedV)
    ones = helpers.convert(sp.builder, a.mask, np.int64)
    return sp.emit(ReduceSum, ones, axes=tuple(range(ones.type.rank))) if ones.type.rank else ones


def compressed(sp: Specializer, a: MaskedV) -> Value:
    """The selected elements one after another, zeros behind them."""
    b, size = sp.builder, a.values.type.size
    values = helpers.reshape(b, a.values, (size,))
    mask = helpers.reshape(b, a.mask, (size,))
    if not size:
        return values
    ranks = sp.emit(Cumsum, helpers.convert(b, mask, np.int64), axis=0)
    places = sp.emit(Subtract, ranks, helpers.full(b, (size,), 1, np.int64))
    places = sp.emit(Select, mask, places, helpers.full(b, (size,), size, np.int64))
    empty = helpers.zeros_like(b, values)
    return sp.emit(Scatter, empty, values, places, dims=(0,), mode="set", unique=False)
