"""Writing and choosing by condition: copyto, putmask, select."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hloc.diagnostics.errors import DTypeError, ShapeError
from hloc.frontend.arrays import as_array
from hloc.frontend.subscripts import stored_value
from hloc.frontend.tables.arguments import (
    NONE,
    TRUE,
    ZERO,
    array_items,
    array_ref,
    array_value,
    common_dtype,
    numpy_function,
)
from hloc.frontend.tables.repeating import resize_
from hloc.frontend.values import AbstractValue, Const
from hloc.ops import helpers
from hloc.ops.elementwise import Select

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

SAME_KIND = Const("same_kind")


@numpy_function(np.copyto)
def copyto_(
    sp: Specializer,
    dst: AbstractValue,
    src: AbstractValue,
    casting: AbstractValue = SAME_KIND,
    where: AbstractValue = TRUE,
) -> AbstractValue:
    array, b = array_ref(sp, dst), sp.builder
    source = as_array(sp, src)
    kind = str(sp.static(casting, "casting"))
    given = common_dtype(sp, [source])
    if hasattr(source, "type") and not np.can_cast(given, array.type.dtype, kind):  # type: ignore[arg-type]
        raise DTypeError(f"Cannot cast array data from {given} to {array.type.dtype} according to the rule '{kind}'")
    value = stored_value(sp, source, array)
    if not (isinstance(where, Const) and where.obj is True):
        mask = helpers.convert(b, array_value(sp, where), np.bool_)
        value = sp.emit(Select, helpers.broadcast_to(b, mask, array.type.shape), value, sp.number(array))
    sp.store(array, value)
    return NONE


@numpy_function(np.putmask)
def putmask_(sp: Specializer, a: AbstractValue, mask: AbstractValue, values: AbstractValue) -> AbstractValue:
    array = array_ref(sp, a)
    new = values
    if array_value(sp, values).type.size != 1:
        new = resize_(sp, values, Const(array.type.shape))
    return copyto_(sp, array, new, Const("unsafe"), mask)


@numpy_function(np.select)
def select_(
    sp: Specializer, condlist: AbstractValue, choicelist: AbstractValue, default: AbstractValue = ZERO
) -> AbstractValue:
    conditions, choices = array_items(sp, condlist), array_items(sp, choicelist)
    if len(conditions) != len(choices):
        raise ShapeError("list of cases must be same length as list of conditions")
    if not conditions:
        raise ShapeError("select with an empty condition list is not possible")
    otherwise = as_array(sp, default)
    dtype, b = common_dtype(sp, [*choices, otherwise]), sp.builder
    masks = [array_value(sp, c) for c in conditions]
    if any(m.type.dtype != np.bool_ for m in masks):
        raise DTypeError("invalid entry in condlist: should be boolean ndarray")
    values = [helpers.convert(b, sp.number(c), dtype) for c in (*choices, otherwise)]
    shape = helpers.broadcast_shapes(*(v.type.shape for v in (*masks, *values)))
    spread = [helpers.broadcast_to(b, v, shape) for v in values]
    result = spread[-1]
    for mask, value in reversed(list(zip(masks, spread[:-1], strict=True))):
        result = sp.emit(Select, helpers.broadcast_to(b, mask, shape), value, result)
    return sp.result(result)
