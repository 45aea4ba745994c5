"""np.ndindex and np.ndenumerate as iterables, np.c_ and np.r_, more of the math and operator modules."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import UnsupportedError
from hloc.frontend import operators
from hloc.frontend.arrays import wrap
from hloc.frontend.subscripts import set_item
from hloc.frontend.tables.arguments import array_ref, array_value
from hloc.frontend.tables.array_methods import static_shape
from hloc.frontend.tables.joining import joined, values_alike
from hloc.frontend.tables.registry import implements, indexed
from hloc.frontend.values import AbstractValue, Const, MapV, PartialV, RangeV, SliceV, Tensor, TupleV
from hloc.ir.core import Value
from hloc.library import calculus, elementary
from hloc.ops import helpers

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


# --- iterables


def _over(function: Callable[..., Any], count: int, **known: AbstractValue) -> AbstractValue:
    """function(k) for k in range(count)."""
    return MapV(PartialV(Const(function), (), known), (RangeV(Const(0), Const(count), Const(1)),))


@implements(np.ndindex)
def ndindex_(sp: Specializer, *shape: AbstractValue) -> AbstractValue:
    dims = static_shape(sp, shape[0] if len(shape) == 1 else TupleV(shape))
    return _over(elementary.unravel, prod(dims), shape=wrap(sp, dims))


@implements(np.ndenumerate)
def ndenumerate_(sp: Specializer, arr: AbstractValue) -> AbstractValue:
    array = array_ref(sp, arr)
    return _over(elementary.enumerated, array.type.size, a=array)


implements(np.apply_along_axis)(calculus.apply_along_axis)


# --- np.c_ and np.r_


@indexed(np.r_)
def r_(sp: Specializer, index: AbstractValue) -> AbstractValue:
    return sp.new_array(joined(sp, [_at_least_one(sp, v) for v in _pieces(sp, index)], 0))


@indexed(np.c_)
def c_(sp: Specializer, index: AbstractValue) -> AbstractValue:
    values = _pieces(sp, index)
    columns = [v if v.type.rank > 1 else helpers.reshape(sp.builder, v, (v.type.size, 1)) for v in values]
    return sp.new_array(joined(sp, columns, columns[0].type.rank - 1))


def _pieces(sp: Specializer, index: AbstractValue) -> list[Value]:
    parts = list(index.items) if isinstance(index, TupleV) else [index]
    if any(isinstance(p, Const) and isinstance(p.obj, str) for p in parts):
        raise UnsupportedError("np.r_ with directives in a string is not supported", help="use np.concatenate")
    return values_alike(sp, [_piece(sp, p) for p in parts])


def _piece(sp: Specializer, part: AbstractValue) -> AbstractValue:
    if isinstance(part, SliceV):
        known = np.r_[sp.static(part, "a slice in np.r_")]
        return sp.new_array(sp.constant(known, known.dtype))
    return sp.new_array(array_value(sp, part))


def _at_least_one(sp: Specializer, x: Value) -> Value:
    return x if x.type.rank else helpers.reshape(sp.builder, x, (1,))


# --- math


implements(math.prod)(elementary.prod)
implements(math.isclose)(elementary.isclose)
implements(math.modf)(elementary.modf)
implements(math.dist)(elementary.dist)
implements(math.perm)(elementary.perm)


# --- operator


@implements(operator.contains)
def contains_(sp: Specializer, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    return operators.compare(sp, "In", b, a)


@implements(operator.is_)
def is__(sp: Specializer, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    return operators.compare(sp, "Is", a, b)


@implements(operator.is_not)
def is_not_(sp: Specializer, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    return operators.compare(sp, "IsNot", a, b)


@implements(operator.truth)
def truth_(sp: Specializer, a: AbstractValue) -> AbstractValue:
    known = operators.truth(sp, a)
    return Const(known) if isinstance(known, bool) else Tensor(known, True)


@implements(operator.setitem)
def setitem_(sp: Specializer, a: AbstractValue, b: AbstractValue, c: AbstractValue) -> AbstractValue:
    set_item(sp, a, b, c)
    return Const(None)


@implements(operator.concat)
def concat_(sp: Specializer, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    return operators.binary(sp, "Add", a, b)
