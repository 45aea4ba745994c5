"""Attributes and methods of `a[mask]` with a mask that is data: its length is a number that the program computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hloc.frontend.selections import count_of
from hloc.frontend.tables.array_methods import NONE, dtype_argument
from hloc.frontend.tables.registry import method, prop
from hloc.frontend.tables.ufunc_calls import same_value
from hloc.frontend.values import (
    AbstractValue,
    Const,
    MaskedV,
    Tensor,
    TupleV,
)
from hloc.ops import helpers

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


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


def same_selection(sp: Specializer, a: AbstractValue, b: AbstractValue) -> bool:
    """Whether both are selections by one mask."""
    return isinstance(a, MaskedV) and isinstance(b, MaskedV) and same_value(sp, a.mask, b.mask)
