"""Products of arrays: dot, matmul and @, inner, outer, vdot, tensordot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hloc.diagnostics.errors import ShapeError
from hloc.frontend.arrays import as_array
from hloc.frontend.tables.arguments import NONE, array_value, deliver, normal_axis, numpy_function
from hloc.frontend.tables.masked import same_selection
from hloc.frontend.tables.registry import find
from hloc.frontend.ufuncs import apply_ufunc
from hloc.frontend.values import AbstractValue, Const
from hloc.ir.core import Value
from hloc.ops import helpers
from hloc.ops.contraction import DotGeneral
from hloc.ops.elementwise import Conj

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

TWO = Const(2)


def product(
    sp: Specializer,
    x: Value,
    y: Value,
    contract: tuple[Sequence[int], Sequence[int]],
    batch: tuple[Sequence[int], Sequence[int]] = ((), ()),
) -> Value:
    """`dot_general` in NumPy's result type. Bools: whether any product is true; halves are summed as float32."""
    b = sp.builder
    dtype = np.result_type(x.type.dtype, y.type.dtype)
    working = {"bool": np.dtype(np.float32), "float16": np.dtype(np.float32)}.get(dtype.name, dtype)
    result = sp.emit(
        DotGeneral,
        helpers.convert(b, x, working),
        helpers.convert(b, y, working),
        lhs_batch=tuple(batch[0]),
        rhs_batch=tuple(batch[1]),
        lhs_contract=tuple(contract[0]),
        rhs_contract=tuple(contract[1]),
    )
    return helpers.convert(b, result, dtype)


def _refuse_mismatch(x: Value, i: int, y: Value, j: int) -> None:
    m, n = x.type.shape[i], y.type.shape[j]
    if m != n:
        text = (f"({','.join(map(str, v.type.shape))}{',' if v.type.rank == 1 else ''})" for v in (x, y))
        left, right = text
        raise ShapeError(f"shapes {left} and {right} not aligned: {m} (dim {i}) != {n} (dim {j})")


@numpy_function(np.dot, methods="dot", kinds="array")
def dot_(sp: Specializer, a: AbstractValue, b: AbstractValue, out: AbstractValue = NONE) -> AbstractValue:
    if same_selection(sp, a, b):
        return sp.call(Const(np.sum), sp.call(Const(np.multiply), a, b))
    x, y = array_value(sp, a), array_value(sp, b)
    if not x.type.rank or not y.type.rank:
        return deliver(sp, sp.number(apply_ufunc(sp, np.multiply, [sp.new_array(x), sp.new_array(y)])), out)
    i, j = x.type.rank - 1, max(y.type.rank - 2, 0)
    _refuse_mismatch(x, i, y, j)
    return deliver(sp, product(sp, x, y, ((i,), (j,))), out)


@numpy_function(np.matmul)
def matmul_(sp: Specializer, x1: AbstractValue, x2: AbstractValue, /, out: AbstractValue = NONE) -> AbstractValue:
    if same_selection(sp, x1, x2):
        return dot_(sp, x1, x2)
    x, y = array_value(sp, x1), array_value(sp, x2)
    for number, value in enumerate((x, y)):
        if not value.type.rank:
            raise ShapeError(
                f"matmul: Input operand {number} does not have enough dimensions (has 0, gufunc core with signature "
                "(n?,k),(k,m?)->(n?,m?) requires 1)"
            )
    i, j = x.type.rank - 1, max(y.type.rank - 2, 0)
    if x.type.shape[i] != y.type.shape[j]:
        raise ShapeError(
            f"matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature "
            f"(n?,k),(k,m?)->(n?,m?) (size {y.type.shape[j]} is different from {x.type.shape[i]})"
        )
    if x.type.rank <= 2 and y.type.rank <= 2:
        return deliver(sp, product(sp, x, y, ((i,), (j,))), out)
    return deliver(sp, _batched(sp, x, y), out)


def _batched(sp: Specializer, x: Value, y: Value) -> Value:
    """Matrix products over leading dimensions, which broadcast."""
    b = sp.builder
    if y.type.rank <= 2:
        return product(sp, x, y, ((x.type.rank - 1,), (max(y.type.rank - 2, 0),)))
    column = x.type.rank == 1
    if column:
        x = helpers.reshape(b, x, (1, x.type.size))
    lead = helpers.broadcast_shapes(x.type.shape[:-2], y.type.shape[:-2])
    x = helpers.broadcast_to(b, x, (*lead, *x.type.shape[-2:]))
    y = helpers.broadcast_to(b, y, (*lead, *y.type.shape[-2:]))
    dims, n = tuple(range(len(lead))), len(lead)
    result = product(sp, x, y, ((n + 1,), (n,)), (dims, dims))
    return helpers.reshape(b, result, (*lead, result.type.shape[-1])) if column else result


@numpy_function(np.inner)
def inner_(sp: Specializer, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    x, y = array_value(sp, a), array_value(sp, b)
    if not x.type.rank or not y.type.rank:
        return apply_ufunc(sp, np.multiply, [sp.new_array(x), sp.new_array(y)])
    i, j = x.type.rank - 1, y.type.rank - 1
    _refuse_mismatch(x, i, y, j)
    return sp.result(product(sp, x, y, ((i,), (j,))))


@numpy_function(np.vdot)
def vdot_(sp: Specializer, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    x, y = (helpers.reshape(sp.builder, v, (v.type.size,)) for v in (array_value(sp, a), array_value(sp, b)))
    if x.type.shape != y.type.shape:
        raise ShapeError("cannot reshape array: vdot needs as many elements on both sides")
    if x.type.dtype.kind == "c":
        x = sp.emit(Conj, x)
    return sp.result(product(sp, x, y, ((0,), (0,))))


@numpy_function(np.outer)
def outer_(sp: Specializer, a: AbstractValue, b: AbstractValue, out: AbstractValue = NONE) -> AbstractValue:
    x, y = as_array(sp, a), as_array(sp, b)
    flat = [sp.new_array(helpers.reshape(sp.builder, sp.number(v), (sp.number(v).type.size,))) for v in (x, y)]
    rule = find(np.multiply.outer)
    assert rule is not None
    return deliver(sp, sp.number(rule(sp, *flat)), out)


@numpy_function(np.tensordot)
def tensordot_(sp: Specializer, a: AbstractValue, b: AbstractValue, axes: AbstractValue = TWO) -> AbstractValue:
    x, y = array_value(sp, a), array_value(sp, b)
    known = sp.static(axes, "the axes of tensordot")
    if hasattr(known, "__index__"):
        n = int(known)
        left, right = tuple(range(x.type.rank - n, x.type.rank)), tuple(range(n))
    else:
        left, right = (tuple(part) if hasattr(part, "__iter__") else (part,) for part in known)
    left = tuple(normal_axis(int(d), x.type.rank) for d in left)
    right = tuple(normal_axis(int(d), y.type.rank) for d in right)
    if [x.type.shape[d] for d in left] != [y.type.shape[d] for d in right]:
        raise ShapeError("shape-mismatch for sum")
    return sp.result(product(sp, x, y, (left, right)))
