"""Attributes and methods of `a[mask]` with a mask that is data: its length is a number that the program computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hloc.frontend.tables.array_methods import NONE, dtype_argument
from hloc.frontend.tables.registry import method, prop
from hloc.frontend.values import AbstractValue, Const, MaskedV, Tensor, TupleV
from hloc.ir.core import Value
from hloc.ops import helpers
from hloc.ops.reduction import ReduceSum

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


def count_of(sp: Specializer, a: AbstractValue) -> Value:
    """How many elements are selected (i64)."""
    assert isinstance(a, MaskedV)
    ones = helpers.convert(sp.builder, a.mask, np.int64)
    return sp.emit(ReduceSum, ones, axes=tuple(range(ones.type.rank))) if ones.type.rank else ones


@prop("masked", "size")
def size_(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    return Tensor(count_of(sp, owner), True)


@prop("masked", "shape")
def shape_(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    return TupleV((Tensor(count_of(sp, owner), True),))


@prop("masked", "ndim")
def ndim_(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    return Const(1)


@prop("masked", "dtype")
def dtype_(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    assert isinstance(owner, MaskedV)
    return Const(owner.values.type.dtype)


@prop("masked", "T")
@method("masked", "copy", "ravel", "flatten")
def itself(sp: Specializer, owner: AbstractValue) -> AbstractValue:
    """Selections are copies already, of one dimension."""
    return owner


@method("masked", "astype")
def astype_(sp: Specializer, owner: AbstractValue, dtype: AbstractValue, copy: AbstractValue = NONE) -> AbstractValue:
    assert isinstance(owner, MaskedV)
    target = dtype_argument(sp, dtype)
    assert target is not None
    return MaskedV(helpers.convert(sp.builder, owner.values, target), owner.mask)
