"""Matrix factorisations and triangular systems on the last two dimensions; dimensions before them are batch dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hloc.diagnostics.errors import ShapeError
from hloc.ir.opdef import OpDef, register
from hloc.ir.types import TensorType
from hloc.ops.checks import check_count, check_kind, check_same_dtype


class Matrix(OpDef):
    """An operation of LAPACK on f32, f64, c64 or c128."""


@register
class Cholesky(Matrix):
    """a = L L^H for a Hermitian positive definite; a is T[…, n, n], only its lower triangle is read.

    Results: L T[…, n, n], lower triangular, NaN where it fails; info i32[…]: 0, or the order of the leading minor that is not
    positive.
    """

    name = "cholesky"

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("cholesky", types, 1)
        check_square("cholesky", "a", types[0])
        return (types[0], TensorType(types[0].shape[:-2], np.dtype(np.int32)))


@register
class TriangularSolve(Matrix):
    """x with op(a) x = b (left) or x op(a) = b (right); a is T[…, m, m] triangular, b is T[…, m, n] or T[…, n, m].

    Attributes: left, lower, unit_diagonal; transpose: op(a) is a transposed (not conjugated), else a.
    """

    name = "triangular_solve"

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("triangular_solve", types, 2)
        a, b = types
        check_square("triangular_solve", "a", a)
        check_same_dtype("triangular_solve", "a", a, "b", b)
        fits = b.rank == a.rank and b.shape[:-2] == a.shape[:-2] and b.shape[-2 if attrs["left"] else -1] == a.shape[-1]
        if not fits:
            side = "left" if attrs["left"] else "right"
            raise ShapeError(f"triangular_solve: b, {b}, does not fit a, {a}, on the {side}")
        return (b,)


@register
class Lu(Matrix):
    """Row-pivoted factorisation P a = L U; a is T[…, m, n], k = min(m, n).

    Results: lu T[…, m, n] (U, and L below its unit diagonal); pivots i32[…, k] (row exchanged with row j, from 0);
    permutation i64[…, m] with a[permutation] = L U; info i32[…]: 0, or the number (from 1) of the first zero pivot.
    """

    name = "lu"

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("lu", types, 1)
        (a,) = types
        check_matrix("lu", "a", a)
        *batch, m, n = a.shape
        i32, i64 = np.dtype(np.int32), np.dtype(np.int64)
        return (a, TensorType((*batch, min(m, n)), i32), TensorType((*batch, m), i64), TensorType(tuple(batch), i32))


def check_matrix(op: str, operand: str, type: TensorType) -> None:
    check_kind(op, operand, type, "fc")
    if type.rank < 2 or type.dtype.itemsize < 4:
        raise ShapeError(f"{op}: {operand} must be a matrix of f32, f64, c64 or c128, found {type}")


def check_square(op: str, operand: str, type: TensorType) -> None:
    check_matrix(op, operand, type)
    if type.shape[-1] != type.shape[-2]:
        raise ShapeError(f"{op}: {operand} must be square, found {type}")
