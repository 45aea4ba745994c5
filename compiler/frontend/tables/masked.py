"""Attributes and methods of `a[mask]` with a mask that is data: its length is a number that the program computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hloc.diagnostics.errors import UnsupportedError
from hloc.frontend.subscripts import checked_index
from hloc.frontend.tables.array_methods import NONE, dtype_argument
from hloc.frontend.tables.registry import method, prop
from hloc.frontend.tables.ufunc_calls import same_value
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    ChoiceRef,
    Const,
    FormatV,
    MaskedV,
    NeverV,
    SliceV,
    Tensor,
    TupleV,
)
from hloc.frontend.views import index_value
from hloc.ir.core import Value
from hloc.ops import helpers
from hloc.ops.elementwise import Select, Subtract
from hloc.ops.indexing import Read, Scatter
from hloc.ops.reduction import Cumsum, ReduceSum

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


def selected_item(sp: Specializer, a: MaskedV, index: AbstractValue) -> AbstractValue:
    """`a[mask][k]` for one integer k. Raises IndexError at run time as NumPy does."""
    if isinstance(index, SliceV | TupleV | ArrayRef | ChoiceRef):
        raise UnsupportedError(
            "a selection by a mask is indexed by one integer only", help="its length is data: use np.where, or a loop"
        )
    count = count_of(sp, a)
    place = index.obj if isinstance(index, Const) else (index, -1, "")
    start = f"index {place} is" if isinstance(index, Const) else "index "
    rest = (place, " is") if not isinstance(index, Const) else ()
    text = FormatV((start, *rest, " out of bounds for axis 0 with size ", (Tensor(count, True), -1, "")))
    k = checked_index(sp, index, count, "", text)
    line = compressed(sp, a)
    if not line.type.size:
        return NeverV()
    return Tensor(sp.emit(Read, line, index_value(sp.builder, k), sizes=(1,), drop=(0,)))


def same_selection(sp: Specializer, a: AbstractValue, b: AbstractValue) -> bool:
    """Whether both are selections by one mask."""
    return isinstance(a, MaskedV) and isinstance(b, MaskedV) and same_value(sp, a.mask, b.mask)
