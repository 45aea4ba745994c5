"""Calling ufuncs by name (`np.sin(x, out=y)`) and their methods (`np.add.outer`, `np.add.reduce`, …)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import UnsupportedError
from hloc.frontend.arrays import as_array
from hloc.frontend.indices import parse_index
from hloc.frontend.operators import python_call
from hloc.frontend.tables.arguments import NONE, array_ref, normal_axis
from hloc.frontend.tables.arguments import ZERO as FIRST
from hloc.frontend.tables.reductions import sum_dtype
from hloc.frontend.tables.registry import Rule, family, find
from hloc.frontend.ufuncs import UFUNCS, apply_ufunc
from hloc.frontend.values import AbstractValue, ArrayRef, ChoiceRef, Const, MaskedV
from hloc.ir.core import Value
from hloc.ops import helpers
from hloc.ops.indexing import Scatter
from hloc.ops.reduction import Cummax, Cummin, Cumprod, Cumsum

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


@cache
@family
def ufunc_or_method(obj: Any) -> Rule | None:
    if isinstance(obj, np.ufunc):
        return ufunc_rule(obj)
    bound = getattr(obj, "__self__", None)
    return ufunc_method(bound, obj.__name__) if isinstance(bound, np.ufunc) else None


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
            return python_call(sp, function, *(a.obj for a in arrays if isinstance(a, Const)))
        return apply_ufunc(sp, function, arrays, out=out, where=where, dtype=as_dtype)

    return rule


def masked_ufunc(sp: Specializer, function: np.ufunc, args: tuple[AbstractValue, ...]) -> AbstractValue:
    """Elementwise on `a[m]`: on all elements, the mask kept. Operands are selections by the same mask, or numbers."""
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


def same_value(sp: Specializer, x: Value, y: Value, depth: int = 12) -> bool:
    """Whether two values are computed alike from the same values."""
    if x is y:
        return True
    p, q = sp.builder.producers.get(x), sp.builder.producers.get(y)
    if p is None or q is None or not depth or p.regions or q.regions or len(p.results) != 1:
        return False
    if p.kind is not q.kind or len(p.operands) != len(q.operands) or not _same_attributes(p.attrs, q.attrs):
        return False
    return all(same_value(sp, u, v, depth - 1) for u, v in zip(p.operands, q.operands, strict=True))


def _same_attributes(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a.keys() == b.keys() and all(
        np.array_equal(a[k], b[k]) if isinstance(a[k], np.ndarray) else a[k] == b[k] for k in a
    )


def ufunc_method(function: np.ufunc, name: str) -> Rule | None:
    """outer, reduce, accumulate, at of a ufunc."""
    if name == "outer":
        return lambda sp, a, b: _outer(sp, function, a, b)
    if name == "at":
        return _at_rule(function)
    if name == "reduce" and function in _REDUCTIONS:
        return _first_axis(find(_REDUCTIONS[function]), function)
    if name == "accumulate":
        return _accumulate_rule(function)
    return None


def _first_axis(rule: Rule | None, function: np.ufunc) -> Rule | None:
    """`np.add.reduce(a)` reduces the first axis, where `np.sum(a)` reduces all; empty maxima name the ufunc alike."""
    if rule is None:
        return None

    def reduce(
        sp: Specializer, array: AbstractValue, axis: AbstractValue = FIRST, **options: AbstractValue
    ) -> AbstractValue:
        result: AbstractValue = rule(sp, array, axis, **options)
        return result

    return reduce


def _accumulate_rule(function: np.ufunc) -> Rule | None:
    record = _ACCUMULATIONS.get(function)
    if record is None:
        return None

    def accumulate(sp: Specializer, array: AbstractValue, axis: AbstractValue = FIRST) -> AbstractValue:
        x = sp.number(as_array(sp, array))
        if function in (np.add, np.multiply):
            x = helpers.convert(sp.builder, x, sum_dtype(x.type.dtype))
        return sp.result(sp.emit(record, x, axis=normal_axis(sp.static_int(axis, "axis"), x.type.rank)))

    return accumulate


def _at_rule(function: np.ufunc) -> Rule | None:
    """`np.add.at(a, i, v)`: unbuffered, an index that stands twice counts twice."""
    mode = _SCATTERS.get(function)
    if mode is None:
        return None

    def at(sp: Specializer, a: AbstractValue, indices: AbstractValue, b: AbstractValue) -> AbstractValue:
        target = array_ref(sp, a)
        value = as_array(sp, b)
        if function is np.subtract:
            value = apply_ufunc(sp, np.negative, [value])
        scatter_add(sp, target, indices, value, mode)
        return NONE

    return at


_SCATTERS: dict[np.ufunc, str] = {
    np.add: "add",
    np.subtract: "add",
    np.multiply: "multiply",
    np.maximum: "maximum",
    np.minimum: "minimum",
}


def scatter_add(
    sp: Specializer, base: ArrayRef | ChoiceRef, index: AbstractValue, value: AbstractValue, mode: str
) -> None:
    """Combine values into the places of an index; only indices over the leading dimensions."""
    parsed = parse_index(sp, base.type.shape, index)
    dims = tuple(p.dim for p in parsed.pickers)
    whole = all(w.size == n and w.step == 1 for w, n in zip(parsed.windows, base.type.shape, strict=True))
    if not parsed.pickers or dims != tuple(range(len(dims))) or not whole:
        raise UnsupportedError(
            "ufunc.at needs integer arrays for the leading dimensions", help="write np.add.at(a, (rows, columns), v)"
        )
    b = sp.builder
    shape = helpers.broadcast_shapes(*(p.values.type.shape for p in parsed.pickers))
    places = [helpers.broadcast_to(b, p.values, shape) for p in parsed.pickers]
    updates = helpers.convert(b, sp.number(value), base.type.dtype)
    updates = helpers.broadcast_to(b, updates, (*shape, *base.type.shape[len(dims) :]))
    new = sp.emit(Scatter, sp.number(base), updates, *places, dims=dims, mode=mode, unique=False)
    sp.store(base, new)


_REDUCTIONS: dict[np.ufunc, Any] = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
    np.logical_and: np.all,
    np.logical_or: np.any,
}
_ACCUMULATIONS: dict[np.ufunc, Any] = {np.add: Cumsum, np.multiply: Cumprod, np.maximum: Cummax, np.minimum: Cummin}


def _outer(sp: Specializer, function: np.ufunc, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    x, y = sp.number(as_array(sp, a)), sp.number(as_array(sp, b))
    column = helpers.reshape(sp.builder, x, (*x.type.shape, *[1] * y.type.rank))
    return apply_ufunc(sp, function, [sp.new_array(column), sp.new_array(y)])
