"""Calling ufuncs by name (`np.sin(x, out=y)`) and their methods (`np.add.outer`, `np.add.reduce`, …)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from hloc.diagnostics.errors import UnsupportedError
from hloc.frontend.arrays import as_array
from hloc.frontend.tables.registry import Rule, find
from hloc.frontend.ufuncs import UFUNCS, apply_ufunc
from hloc.frontend.values import AbstractValue, Const, MaskedV
from hloc.ops import helpers

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


@cache
def ufunc_rule(function: np.ufunc) -> Rule | None:
    """How a ufunc is called; None for one without a lowering."""
    if function not in UFUNCS:
        return None

    def rule(
        sp: Specializer,
        *args: AbstractValue,
        out: AbstractValue | None = None,
        where: AbstractValue | None = None,
        dtype: AbstractValue | None = None,
    ) -> AbstractValue:
        if len(args) == function.nin + 1 and out is None:
            *args_, out = args
            args = tuple(args_)
        if any(isinstance(a, MaskedV) for a in args):
            return masked_ufunc(sp, function, args)
        out = None if isinstance(out, Const) and out.obj is None else out
        as_dtype = None if dtype is None else np.dtype(sp.static(dtype, "a dtype"))
        arrays = [as_array(sp, a) for a in args]
        if all(isinstance(a, Const) for a in arrays) and out is None and where is None and as_dtype is None:
            from hloc.frontend.operators import python_call

            return python_call(sp, function, *(a.obj for a in arrays if isinstance(a, Const)))
        return apply_ufunc(sp, function, arrays, out=out, where=where, dtype=as_dtype)

    return rule


def masked_ufunc(sp: Specializer, function: np.ufunc, args: tuple[AbstractValue, ...]) -> AbstractValue:
    """Elementwise on `a[m]`: on all elements, the mask kept. Operands may be selections by the same mask, or numbers."""
    mask = next(a.mask for a in args if isinstance(a, MaskedV))
    plain: list[AbstractValue] = []
    for arg in args:
        if isinstance(arg, MaskedV):
            if not sp.computed_alike(arg.mask, mask):
                raise UnsupportedError("selections by different masks cannot be combined", help="use np.where")
            plain.append(sp.new_array(arg.values))
        else:
            value = as_array(sp, arg)
            if sp.number(value).type.size != 1:
                raise UnsupportedError(
                    "a selection by a mask combines with numbers and selections by the same mask only"
                )
            plain.append(value)
    return MaskedV(sp.number(apply_ufunc(sp, function, plain)), mask)


def ufunc_method(function: np.ufunc, name: str) -> Rule | None:
    """outer, reduce, accumulate, at of a ufunc."""
    if name == "outer":
        return lambda sp, a, b: _outer(sp, function, a, b)
    if name == "reduce":
        return find(_REDUCTIONS.get(function))
    if name == "accumulate":
        return find(_ACCUMULATIONS.get(function))
    return None


_REDUCTIONS = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
    np.logical_and: np.all,
    np.logical_or: np.any,
}
_ACCUMULATIONS = {np.add: np.cumsum, np.multiply: np.cumprod}


def _outer(sp: Specializer, function: np.ufunc, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    x, y = sp.number(as_array(sp, a)), sp.number(as_array(sp, b))
    column = helpers.reshape(sp.builder, x, (*x.type.shape, *[1] * y.type.rank))
    return apply_ufunc(sp, function, [sp.new_array(column), sp.new_array(y)])
