"""Order statistics: median, percentile, quantile and their forms without NaN."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import DTypeError, UnsupportedError
from hloc.frontend import numbers
from hloc.frontend.effects import check
from hloc.frontend.tables.arguments import (
    FALSE,
    NONE,
    array_value,
    axes_argument,
    deliver,
    flag,
    kept_shape,
    numpy_function,
)
from hloc.frontend.tables.joining import joined
from hloc.frontend.tables.reductions import inexact
from hloc.frontend.tables.repeating import part_of
from hloc.frontend.tables.sorting import sorted_value
from hloc.frontend.values import AbstractValue, Const, MaskedV
from hloc.ir.core import Value
from hloc.ops import helpers
from hloc.ops.elementwise import (
    Add,
    And,
    Ceil,
    Divide,
    Floor,
    Maximum,
    Minimum,
    Multiply,
    RoundNearestEven,
    Select,
    ShiftRightArithmetic,
    Subtract,
)
from hloc.ops.indexing import Gather
from hloc.ops.reduction import ReduceAnd, ReduceOr, ReduceSum
from hloc.ops.shape import Iota

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

LINEAR = Const("linear")


class Ordered:
    """The elements of each result, sorted along the last dimension of `rows`; `count` of them are meant."""

    def __init__(
        self, sp: Specializer, a: AbstractValue, axis: AbstractValue, skip_nan: bool, points: np.dtype | None = None
    ) -> None:
        self.sp = sp
        b = sp.builder
        if isinstance(a, MaskedV):
            x = helpers.reshape(b, a.values, (a.values.type.size,))
            mask: Value | None = helpers.reshape(b, a.mask, (a.values.type.size,))
            self.shape: tuple[int, ...] = ()
            self.kept: tuple[int, ...] = (1,)
        else:
            x, mask = array_value(sp, a), None
            axes = axes_argument(sp, axis, x.type.rank)
            rest = [d for d in range(x.type.rank) if d not in axes]
            self.shape = tuple(x.type.shape[d] for d in rest)
            self.kept = kept_shape(x.type.shape, axes)
            x = helpers.transpose(b, x, (*rest, *axes))
            x = helpers.reshape(b, x, (*self.shape, prod(x.type.shape[len(rest) :])))
        if x.type.dtype.kind == "c":
            raise DTypeError("a must be an array of real numbers")
        self.given = x.type.dtype
        self.dtype = np.dtype(np.float64) if x.type.dtype.kind in "biu" else x.type.dtype
        self.dtype = self.dtype if points is None else np.result_type(self.dtype, points)
        x = helpers.convert(b, x, self.dtype)
        nan = helpers.compare(b, x, "NE", x)
        self.last = x.type.rank - 1
        self.has_nan = sp.emit(ReduceOr, sp.emit(And, nan, mask) if mask is not None else nan, axes=(self.last,))
        if skip_nan:
            mask = helpers.compare(b, x, "EQ", x)
            self.has_nan = helpers.zeros_like(b, self.has_nan)
        if mask is not None:
            x = sp.emit(Select, mask, x, helpers.full(b, x.type.shape, np.nan, self.dtype))
            ones = helpers.convert(b, mask, np.int64)
            self.count = sp.emit(ReduceSum, ones, axes=(self.last,))
        else:
            self.count = helpers.full(b, self.shape, x.type.shape[-1], np.int64)
        self.rows = sorted_value(sp, x, self.last)

    def at(self, position: Value) -> Value:
        """The element at a position (i64, of the results' shape, brought into range) of each row."""
        sp, b = self.sp, self.sp.builder
        places = [sp.emit(Iota, shape=self.shape, dtype=np.dtype(np.int64), dim=d) for d in range(len(self.shape))]
        dims = tuple(range(self.last + 1))
        if not self.rows.type.shape[-1]:
            return helpers.full(b, self.shape, np.nan, self.dtype)
        zero = helpers.zeros_like(b, position)
        return sp.emit(Gather, self.rows, *places, sp.emit(Maximum, position, zero), dims=dims)

    def quantile(self, q: Value, method: str) -> Value:
        """The q-quantile of each row; q is a scalar of the results' element type."""
        sp, b = self.sp, self.sp.builder
        count = helpers.convert(b, self.count, self.dtype)
        one = helpers.full(b, self.shape, 1, self.dtype)
        place = sp.emit(Multiply, helpers.broadcast_to(b, q, self.shape), sp.emit(Subtract, count, one))
        place = _PLACES[method](sp, place)
        low = sp.emit(Floor, place)
        first = helpers.convert(b, low, np.int64)
        top = sp.emit(Subtract, self.count, helpers.full(b, self.shape, 1, np.int64))
        second = sp.emit(Minimum, sp.emit(Add, first, helpers.full(b, self.shape, 1, np.int64)), top)
        result = self._between(self.at(first), self.at(second), sp.emit(Subtract, place, low))
        return self._marked(result)

    def _between(self, x: Value, y: Value, t: Value) -> Value:
        """x + (y - x) t, from the nearer end."""
        sp, b = self.sp, self.sp.builder
        gap, one = sp.emit(Subtract, y, x), helpers.ones_like(b, t)
        upper = sp.emit(Subtract, y, sp.emit(Multiply, gap, sp.emit(Subtract, one, t)))
        lower = sp.emit(Add, x, sp.emit(Multiply, gap, t))
        near = helpers.compare(b, t, "GE", helpers.full(b, t.type.shape, 0.5, t.type.dtype))
        same = helpers.compare(b, x, "EQ", y)
        return sp.emit(Select, same, x, sp.emit(Select, near, upper, lower))

    def _marked(self, result: Value) -> Value:
        """NaN where a row has NaN or nothing."""
        sp, b = self.sp, self.sp.builder
        nan = helpers.full(b, self.shape, np.nan, self.dtype)
        some = helpers.compare(b, self.count, "GT", helpers.zeros_like(b, self.count))
        return sp.emit(Select, self.has_nan, nan, sp.emit(Select, some, result, nan))

    def median(self) -> Value:
        """The middle element, or the mean of the two."""
        sp, b = self.sp, self.sp.builder
        one = helpers.full(b, self.shape, 1, np.int64)
        high = sp.emit(ShiftRightArithmetic, self.count, one)
        low = sp.emit(ShiftRightArithmetic, sp.emit(Subtract, self.count, one), one)
        wide = inexact(self.dtype)
        total = sp.emit(Add, *(helpers.convert(b, self.at(place), wide) for place in (low, high)))
        middle = sp.emit(Divide, total, helpers.full(b, self.shape, 2, wide))
        return self._marked(helpers.convert(b, middle, self.dtype))


_PLACES: dict[str, Any] = {
    "linear": lambda sp, place: place,
    "lower": lambda sp, place: sp.emit(Floor, place),
    "higher": lambda sp, place: sp.emit(Ceil, place),
    "nearest": lambda sp, place: sp.emit(RoundNearestEven, place),
    "midpoint": lambda sp, place: sp.emit(
        Divide,
        sp.emit(Add, sp.emit(Floor, place), sp.emit(Ceil, place)),
        helpers.full(sp.builder, place.type.shape, 2, place.type.dtype),
    ),
}


def _median(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue,
    out: AbstractValue,
    keepdims: AbstractValue,
    skip_nan: bool,
) -> AbstractValue:
    rows = Ordered(sp, a, axis, skip_nan)
    result = rows.median()
    if flag(sp, keepdims, "keepdims"):
        result = helpers.reshape(sp.builder, result, rows.kept)
    return deliver(sp, result, out)


@numpy_function(np.median)
def median_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    out: AbstractValue = NONE,
    overwrite_input: AbstractValue = FALSE,
    keepdims: AbstractValue = FALSE,
) -> AbstractValue:
    return _median(sp, a, axis, out, keepdims, False)


@numpy_function(np.nanmedian)
def nanmedian_(
    sp: Specializer,
    a: AbstractValue,
    axis: AbstractValue = NONE,
    out: AbstractValue = NONE,
    overwrite_input: AbstractValue = FALSE,
    keepdims: AbstractValue = FALSE,
) -> AbstractValue:
    return _median(sp, a, axis, out, keepdims, True)


def _quantiles(
    sp: Specializer,
    a: AbstractValue,
    q: AbstractValue,
    scale: float,
    axis: AbstractValue,
    out: AbstractValue,
    method: AbstractValue,
    keepdims: AbstractValue,
    skip_nan: bool,
) -> AbstractValue:
    """One quantile, or several along a new first axis; q outside [0, 1] raises ValueError at run time."""
    kind = sp.static(method, "the method of quantile")
    if kind not in _PLACES:
        raise UnsupportedError(f"quantile: method {kind!r} is not supported", help=f"methods: {', '.join(_PLACES)}")
    given, b = array_value(sp, q), sp.builder
    described = numbers.describe(q)
    strong = None if described is not None and described[1] else np.result_type(given.type.dtype, np.float16)
    rows = Ordered(sp, a, axis, skip_nan, strong)
    points = helpers.convert(b, given, rows.dtype)
    if scale != 1:
        points = sp.emit(Divide, points, helpers.full(b, points.type.shape, scale, rows.dtype))
    inside = [
        helpers.compare(b, points, direction, helpers.full(b, points.type.shape, bound, rows.dtype))
        for direction, bound in (("GE", 0), ("LE", 1))
    ]
    ok = sp.emit(ReduceAnd, sp.emit(And, *inside), axes=tuple(range(points.type.rank)))
    what = "Percentiles must be in the range [0, 100]" if scale != 1 else "Quantiles must be in the range [0, 1]"
    check(sp, ok, ValueError, Const(what))
    shape = rows.kept if flag(sp, keepdims, "keepdims") else rows.shape
    flat = helpers.reshape(b, points, (points.type.size,))
    found = []
    for j in range(points.type.size):
        one = helpers.reshape(b, part_of(sp, flat, 0, j, j + 1), ())
        found.append(helpers.reshape(b, rows.quantile(one, kind), (1, *shape)))
    result = helpers.reshape(b, joined(sp, found, 0), (*given.type.shape, *shape))
    picks = kind in ("lower", "higher", "nearest")
    return deliver(sp, helpers.convert(b, result, rows.given) if picks else result, out)


@numpy_function(np.quantile)
def quantile_(
    sp: Specializer,
    a: AbstractValue,
    q: AbstractValue,
    axis: AbstractValue = NONE,
    out: AbstractValue = NONE,
    overwrite_input: AbstractValue = FALSE,
    method: AbstractValue = LINEAR,
    keepdims: AbstractValue = FALSE,
) -> AbstractValue:
    return _quantiles(sp, a, q, 1, axis, out, method, keepdims, False)


@numpy_function(np.percentile)
def percentile_(
    sp: Specializer,
    a: AbstractValue,
    q: AbstractValue,
    axis: AbstractValue = NONE,
    out: AbstractValue = NONE,
    overwrite_input: AbstractValue = FALSE,
    method: AbstractValue = LINEAR,
    keepdims: AbstractValue = FALSE,
) -> AbstractValue:
    return _quantiles(sp, a, q, 100, axis, out, method, keepdims, False)


@numpy_function(np.nanquantile)
def nanquantile_(
    sp: Specializer,
    a: AbstractValue,
    q: AbstractValue,
    axis: AbstractValue = NONE,
    out: AbstractValue = NONE,
    overwrite_input: AbstractValue = FALSE,
    method: AbstractValue = LINEAR,
    keepdims: AbstractValue = FALSE,
) -> AbstractValue:
    return _quantiles(sp, a, q, 1, axis, out, method, keepdims, True)


@numpy_function(np.nanpercentile)
def nanpercentile_(
    sp: Specializer,
    a: AbstractValue,
    q: AbstractValue,
    axis: AbstractValue = NONE,
    out: AbstractValue = NONE,
    overwrite_input: AbstractValue = FALSE,
    method: AbstractValue = LINEAR,
    keepdims: AbstractValue = FALSE,
) -> AbstractValue:
    return _quantiles(sp, a, q, 100, axis, out, method, keepdims, True)
