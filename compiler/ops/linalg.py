"""Matrix factorisations and triangular systems on the last two dimensions; those before them are batch dimensions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc import mlir
from hloc.diagnostics.errors import ShapeError
from hloc.ir.opdef import OpDef, register
from hloc.ir.types import I32, I64, TensorType
from hloc.mlir import build, lapack
from hloc.ops import factored, factorization, matrix_lanes, prelude
from hloc.ops.checks import check_count, check_kind, check_same_dtype
from hloc.ops.lanes import same
from hloc.ops.sampling import Domain, Sample, dtypes_of

if TYPE_CHECKING:
    from hloc.ir.core import Op

BATCHES: tuple[tuple[int, ...], ...] = ((), (2,), (2, 1), (0,))


class Matrix(OpDef):
    """An operation of LAPACK on f32, f64, c64 or c128."""

    @classmethod
    def batch(cls, b: Any, op: Op, operands: Sequence[Any], batched: Sequence[bool], size: int) -> Sequence[Any]:
        return same(b, op, operands, batched, size)


@register
class Cholesky(Matrix):
    """a = L L^H for a Hermitian positive definite; a is T[…, n, n], only its lower triangle is read.

    Results: L T[…, n, n], lower triangular, NaN where it fails; info i32[…]: 0, or the order (on the CPU; elsewhere 1)
    of the leading minor that is not positive.
    """

    name = "cholesky"
    reference = staticmethod(prelude.op_cholesky)

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("cholesky", types, 1)
        check_square("cholesky", "a", types[0])
        return (types[0], TensorType(types[0].shape[:-2], I32.dtype))

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        return f"op_cholesky({args[0]})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        factor, info = (result.type for result in op.results)
        if not factor.size:
            return [build.full(ctx, type, 0) for type in (factor, info)]
        if ctx.platform == "cpu":
            factors, failed = lapack.call(ctx, "potrf", args, [factor], [factor, info], {0: 0}, uplo="L")
        else:
            factors = mlir.hlo.cholesky(args[0], lower=True)
            failed = factorization.not_finite(ctx, factors, factor)
        return [factorization.lower_or_nan(ctx, factors, factor, failed, info), failed]

    @classmethod
    def jvp(cls, b: Any, op: Op, tangents: Sequence[Any]) -> Sequence[Any]:
        return [factored.cholesky_jvp(b, op, tangents[0]), None]

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        return [None if cotangents[0] is None else factored.cholesky_vjp(b, op, cotangents[0])]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for dtype in dtypes_of("fc"):
            for batch in BATCHES if dtype != np.float16 else ():
                for n in (0, 1, 4):
                    a = Domain().draw(rng, (*batch, n, n), dtype)
                    yield Sample((a @ a.conj().swapaxes(-1, -2) + 10 * np.eye(n, dtype=dtype),))
                    yield Sample((a - 4 * np.eye(n, dtype=dtype),))


@register
class TriangularSolve(Matrix):
    """x with op(a) x = b (left) or x op(a) = b (right); a is T[…, m, m] triangular, b is T[…, m, n] or T[…, n, m].

    Attributes: left, lower, unit_diagonal; transpose: op(a) is a transposed (not conjugated), else a.
    """

    name = "triangular_solve"
    reference = staticmethod(prelude.op_triangular_solve)

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

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        options = ", ".join(f"{name}={bool(op.attrs[name])}" for name in SOLVE_ATTRS)
        return f"op_triangular_solve({args[0]}, {args[1]}, {options})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        a, b = (operand.type for operand in op.operands)
        left, lower, unit, transpose = (bool(op.attrs[name]) for name in SOLVE_ATTRS)
        if not b.size:
            return [build.full(ctx, b, 0)]
        if ctx.platform == "cpu":
            side, uplo, diag, trans = "RL"[left], "UL"[lower], "NU"[unit], "NT"[transpose]
            return lapack.call(ctx, "trsm", args, [a, b], [b], {1: 0}, side=side, uplo=uplo, trans_x=trans, diag=diag)
        operation = mlir.hlo.TransposeAttr.get("TRANSPOSE" if transpose else "NO_TRANSPOSE")
        return [mlir.hlo.triangular_solve(*args, left, lower, unit, operation)]

    @classmethod
    def jvp(cls, b: Any, op: Op, tangents: Sequence[Any]) -> Sequence[Any]:
        return [factored.triangular_solve_jvp(b, op, tangents)]

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        return factored.triangular_solve_vjp(b, op, cotangents[0], wanted)

    @classmethod
    def batch(cls, b: Any, op: Op, operands: Sequence[Any], batched: Sequence[bool], size: int) -> Sequence[Any]:
        return [matrix_lanes.triangular_solve(b, op, operands, batched, size)]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for dtype in (np.dtype(name) for name in ("float32", "float64", "complex64", "complex128")):
            for choice in range(16):
                attrs = {name: bool(choice >> bit & 1) for bit, name in enumerate(SOLVE_ATTRS)}
                for batch, m, n in (((), 3, 2), ((2,), 2, 3), ((), 1, 1), ((), 0, 2), ((0,), 2, 2)):
                    a = Domain(-1, 1).draw(rng, (*batch, m, m), dtype) + 3 * np.eye(m, dtype=dtype)
                    shape = (*batch, m, n) if attrs["left"] else (*batch, n, m)
                    yield Sample((a, Domain().draw(rng, shape, dtype)), attrs)


SOLVE_ATTRS = ("left", "lower", "unit_diagonal", "transpose")


@register
class Lu(Matrix):
    """Row-pivoted factorisation P a = L U; a is T[…, m, n], k = min(m, n).

    Results: lu T[…, m, n] (U, and L below its unit diagonal); pivots i32[…, k] (row exchanged with row j, from 0);
    permutation i64[…, m] with a[permutation] = L U; info i32[…]: 0, or the number (from 1) of the first zero pivot.
    """

    name = "lu"
    reference = staticmethod(prelude.op_lu)

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("lu", types, 1)
        (a,) = types
        check_matrix("lu", "a", a)
        *batch, m, n = a.shape
        return (
            a,
            TensorType((*batch, min(m, n)), I32.dtype),
            TensorType((*batch, m), I64.dtype),
            TensorType(tuple(batch), I32.dtype),
        )

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        return f"op_lu({args[0]})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        lu, pivots, permutation, info = (result.type for result in op.results)
        if not lu.size:
            rows = build.iota(ctx, permutation, permutation.rank - 1)
            return [*(build.full(ctx, type, 0) for type in (lu, pivots)), rows, build.full(ctx, info, 0)]
        if ctx.platform != "cpu":
            return factorization.lu_by_loop(ctx, args[0], [r.type for r in op.results])
        factors, exchanged, status = lapack.call(ctx, "getrf", args, [lu], [lu, pivots, info], {0: 0})
        exchanged = mlir.hlo.subtract(exchanged, build.full(ctx, pivots, 1))
        return [factors, exchanged, factorization.permutation(ctx, exchanged, pivots, permutation), status]

    @classmethod
    def jvp(cls, b: Any, op: Op, tangents: Sequence[Any]) -> Sequence[Any]:
        return [factored.lu_jvp(b, op, tangents[0]), None, None, None]

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        return [None if cotangents[0] is None else factored.lu_vjp(b, op, cotangents[0])]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for dtype in (np.dtype(name) for name in ("float32", "float64", "complex64", "complex128")):
            for batch in BATCHES:
                for m, n in ((1, 1), (4, 4), (3, 5), (5, 3), (0, 0), (2, 0)):
                    yield Sample((Domain().draw(rng, (*batch, m, n), dtype),))
        yield Sample((np.array([[1.0, 2.0], [2.0, 4.0]]),), smooth=False)
        yield Sample((np.zeros((3, 3)),), smooth=False)


def check_matrix(op: str, operand: str, type: TensorType) -> None:
    check_kind(op, operand, type, "fc")
    if type.rank < 2 or type.dtype == np.float16:
        raise ShapeError(f"{op}: {operand} must be a matrix of f32, f64, c64 or c128, found {type}")


def check_square(op: str, operand: str, type: TensorType) -> None:
    check_matrix(op, operand, type)
    if type.shape[-1] != type.shape[-2]:
        raise ShapeError(f"{op}: {operand} must be square, found {type}")
