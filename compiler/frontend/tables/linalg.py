"""numpy.linalg by LU and Cholesky factorisation: solve, inv, det, slogdet, cholesky, matrix_power, multi_dot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hloc.diagnostics.errors import DTypeError, ShapeError, UnsupportedError
from hloc.frontend.arrays import list_items
from hloc.frontend.effects import check
from hloc.frontend.tables.arguments import FALSE, LAST, array_value, flag, numpy_function
from hloc.frontend.tables.contraction import TWO, dot_, matmul_, outer_, product, tensordot_
from hloc.frontend.tables.matrices import diagonal_view
from hloc.frontend.values import AbstractValue, Const, TupleV
from hloc.ir.core import Value
from hloc.ops import helpers
from hloc.ops.elementwise import Abs, Conj, Divide, FloorMod, Log, Multiply, Select
from hloc.ops.indexing import Gather
from hloc.ops.linalg import Cholesky, Lu, TriangularSolve
from hloc.ops.reduction import ReduceAnd, ReduceProd, ReduceSum
from hloc.ops.shape import Iota, Transpose

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


def _matrix(sp: Specializer, a: AbstractValue, *, square: bool = True) -> Value:
    """A stack of matrices in an element type that LAPACK has. Raises ShapeError, DTypeError with NumPy's text."""
    x = array_value(sp, a)
    if x.type.dtype == np.float16:
        raise DTypeError("array type float16 is unsupported in linalg")
    if x.type.rank < 2:
        raise ShapeError(f"{x.type.rank}-dimensional array given. Array must be at least two-dimensional")
    if square and x.type.shape[-1] != x.type.shape[-2]:
        raise ShapeError("Last 2 dimensions of the array must be square")
    return helpers.convert(sp.builder, x, np.float64) if x.type.dtype.kind in "biu" else x


def _check_info(sp: Specializer, info: Value, message: str) -> None:
    """Raise numpy.linalg.LinAlgError at run time unless every factorisation succeeded."""
    ok = helpers.compare(sp.builder, info, "EQ", helpers.zeros_like(sp.builder, info))
    all_ok = sp.emit(ReduceAnd, ok, axes=tuple(range(ok.type.rank))) if ok.type.rank else ok
    check(sp, all_ok, np.linalg.LinAlgError, Const(message))


def _rows_permuted(sp: Specializer, b: Value, permutation: Value) -> Value:
    """`b[permutation]` in every matrix of a stack."""
    build, lead = sp.builder, b.type.shape[:-2]
    if not lead:
        return sp.emit(Gather, b, permutation, dims=(0,))
    count = int(np.prod(lead))
    flat = helpers.reshape(build, b, (count, *b.type.shape[-2:]))
    rows = helpers.reshape(build, permutation, (count, permutation.type.shape[-1]))
    stack = sp.emit(Iota, shape=rows.type.shape, dtype=np.dtype(np.int64), dim=0)
    return helpers.reshape(build, sp.emit(Gather, flat, stack, rows, dims=(0, 1)), b.type.shape)


def _solved(sp: Specializer, a: Value, b: Value) -> Value:
    """x with a x = b for stacks of matrices of the same leading shape."""
    lower = _triangle(sp, a)
    if lower is not None:
        return sp.emit(TriangularSolve, a, b, left=True, lower=lower, unit_diagonal=False, transpose=False)
    lu, _, permutation, info = sp.builder.emit_many(Lu, a)
    _check_info(sp, info, "Singular matrix")
    b = _rows_permuted(sp, b, permutation)
    y = sp.emit(TriangularSolve, lu, b, left=True, lower=True, unit_diagonal=True, transpose=False)
    return sp.emit(TriangularSolve, lu, y, left=True, lower=False, unit_diagonal=False, transpose=False)


def _triangle(sp: Specializer, a: Value) -> bool | None:
    """Whether a is a factor by Cholesky, lower (True) or transposed (False); None for any other matrix.

    Such a triangle needs no LU, and its diagonal has no zero: that was checked where it was made.
    """
    op, lower, rank = sp.builder.producers.get(a), True, a.type.rank
    while op is not None and op.name in ("transpose", "conj"):
        if op.name == "transpose":
            if op.attrs["permutation"] != (*range(rank - 2), rank - 1, rank - 2):
                return None
            lower = not lower
        a = op.operands[0]
        op = sp.builder.producers.get(a)
    return lower if op is not None and op.name == "cholesky" and a is op.results[0] else None


@numpy_function(np.linalg.solve)
def solve_(sp: Specializer, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    x, y, build = _matrix(sp, a), array_value(sp, b), sp.builder
    if not y.type.rank:
        raise ShapeError("0-dimensional array given. Array must be at least one-dimensional")
    dtype = np.result_type(x.type.dtype, y.type.dtype)
    vector = y.type.rank == 1
    if vector:
        y = helpers.reshape(build, y, (*y.type.shape, 1))
    if x.type.shape[-1] != y.type.shape[-2]:
        raise ShapeError(
            "solve: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature (m,m),(m,n)->(m,n) "
            f"(size {y.type.shape[-2]} is different from {x.type.shape[-1]})"
        )
    lead = helpers.broadcast_shapes(x.type.shape[:-2], y.type.shape[:-2])
    x = helpers.broadcast_to(build, helpers.convert(build, x, dtype), (*lead, *x.type.shape[-2:]))
    y = helpers.broadcast_to(build, helpers.convert(build, y, dtype), (*lead, *y.type.shape[-2:]))
    solution = _solved(sp, x, y)
    return sp.result(helpers.reshape(build, solution, solution.type.shape[:-1]) if vector else solution)


@numpy_function(np.linalg.inv)
def inv_(sp: Specializer, a: AbstractValue) -> AbstractValue:
    x = _matrix(sp, a)
    unit = sp.constant(np.eye(x.type.shape[-1]), x.type.dtype)
    return sp.result(_solved(sp, x, helpers.broadcast_to(sp.builder, unit, x.type.shape)))


@numpy_function(np.linalg.cholesky)
def cholesky_(sp: Specializer, a: AbstractValue, /, *, upper: AbstractValue = FALSE) -> AbstractValue:
    x = _matrix(sp, a)
    if flag(sp, upper, "upper"):
        x = _adjoint(sp, x)
    factor, info = sp.builder.emit_many(Cholesky, x)
    _check_info(sp, info, "Matrix is not positive definite")
    return sp.result(_adjoint(sp, factor) if flag(sp, upper, "upper") else factor)


def _adjoint(sp: Specializer, x: Value) -> Value:
    rank = x.type.rank
    x = sp.emit(Transpose, x, permutation=(*range(rank - 2), rank - 1, rank - 2))
    return sp.emit(Conj, x) if x.type.dtype.kind == "c" else x


def _factors(sp: Specializer, x: Value) -> tuple[Value, Value]:
    """The diagonal of U, and the sign of the row exchanges (of the matrices' element type)."""
    lu, pivots, _, _ = sp.builder.emit_many(Lu, x)
    rank, b = x.type.rank, sp.builder
    diagonal = sp.number(diagonal_view(sp, sp.new_array(lu), 0, rank - 2, rank - 1))
    rows = sp.emit(Iota, shape=pivots.type.shape, dtype=pivots.type.dtype, dim=pivots.type.rank - 1)
    moved = helpers.convert(b, helpers.compare(b, pivots, "NE", rows), np.int64)
    count = sp.emit(ReduceSum, moved, axes=(moved.type.rank - 1,))
    odd = sp.emit(FloorMod, count, helpers.full(b, count.type.shape, 2, np.int64), nonnegative=False)
    odd = helpers.compare(b, odd, "EQ", helpers.full(b, count.type.shape, 1, np.int64))
    one = helpers.full(b, count.type.shape, 1, x.type.dtype)
    return diagonal, sp.emit(Select, odd, helpers.full(b, count.type.shape, -1, x.type.dtype), one)


@numpy_function(np.linalg.det)
def det_(sp: Specializer, a: AbstractValue) -> AbstractValue:
    diagonal, sign = _factors(sp, _matrix(sp, a))
    product = sp.emit(ReduceProd, diagonal, axes=(diagonal.type.rank - 1,))
    return sp.result(sp.emit(Multiply, product, sign))


@numpy_function(np.linalg.slogdet)
def slogdet_(sp: Specializer, a: AbstractValue) -> AbstractValue:
    diagonal, sign = _factors(sp, _matrix(sp, a))
    b, last = sp.builder, (diagonal.type.rank - 1,)
    size = sp.emit(Abs, diagonal)
    zero = helpers.compare(b, diagonal, "EQ", helpers.zeros_like(b, diagonal))
    safe = sp.emit(Select, zero, helpers.ones_like(b, diagonal), diagonal)
    units = sp.emit(Divide, safe, helpers.convert(b, sp.emit(Abs, safe), diagonal.type.dtype))
    units = sp.emit(Select, zero, helpers.zeros_like(b, diagonal), units)
    sign = sp.emit(Multiply, sign, sp.emit(ReduceProd, units, axes=last))
    logarithm = sp.emit(ReduceSum, sp.emit(Log, size), axes=last)
    result_type = type(np.linalg.slogdet(np.eye(1)))
    return TupleV((sp.result(sign), sp.result(logarithm)), result_type)


@numpy_function(np.linalg.matrix_power)
def matrix_power_(sp: Specializer, a: AbstractValue, n: AbstractValue) -> AbstractValue:
    x, power = array_value(sp, a), sp.static_int(n, "the exponent of matrix_power")
    if x.type.rank < 2 or x.type.shape[-1] != x.type.shape[-2]:
        raise ShapeError("Last 2 dimensions of the array must be square")
    if power == 0:
        unit = sp.constant(np.eye(x.type.shape[-1]), x.type.dtype)
        return sp.new_array(helpers.broadcast_to(sp.builder, unit, x.type.shape))
    square = inv_(sp, a) if power < 0 else sp.new_array(x)
    power, result = abs(power), None
    while power:
        if power & 1:
            result = square if result is None else matmul_(sp, result, square)
        power >>= 1
        square = matmul_(sp, square, square) if power else square
    assert result is not None
    return result


@numpy_function(np.linalg.multi_dot)
def multi_dot_(sp: Specializer, arrays: AbstractValue) -> AbstractValue:
    """From left to right; NumPy looks for the cheapest order."""
    first, *rest = list_items(sp, arrays)
    if not rest:
        raise ShapeError("Expecting at least two arrays.")
    for other in rest:
        first = dot_(sp, first, other)
    return first


@numpy_function(np.linalg.matmul)
def linalg_matmul_(sp: Specializer, x1: AbstractValue, x2: AbstractValue, /) -> AbstractValue:
    return matmul_(sp, x1, x2)


@numpy_function(np.linalg.outer)
def linalg_outer_(sp: Specializer, x1: AbstractValue, x2: AbstractValue, /) -> AbstractValue:
    return outer_(sp, x1, x2)


@numpy_function(np.linalg.tensordot)
def linalg_tensordot_(
    sp: Specializer, x1: AbstractValue, x2: AbstractValue, /, *, axes: AbstractValue = TWO
) -> AbstractValue:
    return tensordot_(sp, x1, x2, axes)


@numpy_function(np.vecdot, np.linalg.vecdot)
def vecdot_(sp: Specializer, x1: AbstractValue, x2: AbstractValue, /, *, axis: AbstractValue = LAST) -> AbstractValue:
    if sp.static_int(axis, "axis") != -1:
        raise UnsupportedError("np.vecdot along another axis than the last is not supported", help="use np.moveaxis")
    x, y = array_value(sp, x1), array_value(sp, x2)
    shape = helpers.broadcast_shapes(x.type.shape, y.type.shape)
    x, y = (helpers.broadcast_to(sp.builder, v, shape) for v in (x, y))
    if x.type.dtype.kind == "c":
        x = sp.emit(Conj, x)
    batch = tuple(range(len(shape) - 1))
    return sp.result(product(sp, x, y, ((len(shape) - 1,), (len(shape) - 1,)), (batch, batch)))
