"""Derivatives of matrix factorisations and triangular systems.

H is the conjugate transpose; the cotangent of a matrix that is read in one triangle is in that triangle. Sources:
Giles 2008, "Collected matrix derivative results"; Murray 2016, "Differentiation of the Cholesky decomposition";
Walter and Lehmann 2013 for complex matrices.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hloc.ops.algebra import Term, add_all, complex_of, conj, real, terms
from hloc.ops.matrices import (
    adjoint,
    block,
    joined,
    matmul,
    on_diagonal,
    put_rows,
    solve,
    take_rows,
    transposed,
    triangle,
)

if TYPE_CHECKING:
    from hloc.ir.builder import Builder
    from hloc.ir.core import Op, Value


def cholesky_jvp(b: Builder, op: Op, da: Value) -> Value:
    """L' = L Φ(L⁻¹ A' L⁻ᴴ), Φ the lower triangle with half the diagonal, A' the Hermitian matrix that is read."""
    change, factor = terms(b, da, op.results[0])
    strict = triangle(change, lower=True, diagonal=False)
    hermitian = on_diagonal(strict + adjoint(strict), _without_imaginary(change))
    inner = solve(factor, solve(factor, hermitian), left=False, adjoint=True)
    return matmul(factor, _half(inner)).value


def cholesky_vjp(b: Builder, op: Op, ct: Value) -> Value:
    """S = L⁻ᴴ Φ(Lᴴ L̄) L⁻¹; an element below the diagonal stands for its mirror image too: (S + Sᴴ)."""
    factor = Term(b, op.results[0])
    inner = _half(matmul(adjoint(factor), triangle(Term(b, ct), lower=True)))
    outer = solve(factor, solve(factor, inner, adjoint=True), left=False)
    both = outer + adjoint(outer)
    return on_diagonal(triangle(both, lower=True), _without_imaginary(outer)).value


def _half(x: Term) -> Term:
    """The lower triangle, the diagonal real and halved."""
    return on_diagonal(triangle(x, lower=True), _without_imaginary(x) * 0.5)


def _without_imaginary(x: Term) -> Term:
    return complex_of(real(x), 0) if x.type.dtype.kind == "c" else x


def triangular_solve_jvp(b: Builder, op: Op, tangents: Sequence[Value | None]) -> Value | None:
    """op(a) x' = b' - op(a') x on the left, x' op(a) = b' - x op(a') on the right."""
    a, x = terms(b, op.operands[0], op.result)
    da, db = tangents
    change = [] if db is None else [Term(b, db)]
    if da is not None:
        inner = _part(op, Term(b, da))
        inner = transposed(inner) if op.attrs["transpose"] else inner
        change.append(-(matmul(inner, x) if op.attrs["left"] else matmul(x, inner)))
    return a.apply("triangular_solve", add_all(change), **op.attrs).value if change else None


def triangular_solve_vjp(b: Builder, op: Op, ct: Value, wanted: Sequence[bool]) -> list[Value | None]:
    """b̄ solves the adjoint system; the cotangent of op(a) is -b̄ xᴴ on the left, -xᴴ b̄ on the right."""
    (a, x), attrs = terms(b, op.operands[0], op.result), op.attrs
    solution = adjoint_system(a, Term(b, ct), attrs)
    if not wanted[0]:
        return [None, solution.value]
    outer = matmul(solution, adjoint(x)) if attrs["left"] else matmul(adjoint(x), solution)
    outer = transposed(outer) if attrs["transpose"] else outer
    return [(-_part(op, outer)).value, solution.value if wanted[1] else None]


def adjoint_system(a: Term, ct: Term, attrs: dict[str, Any]) -> Term:
    """op(a)⁻ᴴ ct or ct op(a)⁻ᴴ; for a transposed a that is the conjugate of a."""
    if not attrs["transpose"]:
        unit = attrs["unit_diagonal"]
        return solve(a, ct, left=attrs["left"], lower=attrs["lower"], unit=unit, adjoint=True)
    return conj(a.apply("triangular_solve", conj(ct), **{**attrs, "transpose": False}))


def _part(op: Op, x: Term) -> Term:
    """What the system reads of a."""
    return triangle(x, op.attrs["lower"], not op.attrs["unit_diagonal"])


def lu_jvp(b: Builder, op: Op, da: Value) -> Value:
    """With F = L⁻¹ P A' U⁻¹ for the square part: L' = L tril(F, -1), U' = triu(F) U."""
    lu, order = terms(b, op.results[0], op.results[2])
    change, (*_, m, n) = take_rows(Term(b, da), order), lu.type.shape
    k = min(m, n)
    square, corner = (block(x, (0, k), (0, k)) for x in (lu, change))
    inner = solve(square, solve(square, corner, unit=True), left=False, lower=False)
    of_lower = matmul(_unit_lower(square), triangle(inner, lower=True, diagonal=False))
    of_upper = matmul(triangle(inner, lower=False), triangle(square, lower=False))
    top = of_lower + of_upper
    if n > k:
        rest = block(change, (0, k), (k, n)) - matmul(of_lower, block(lu, (0, k), (k, n)))
        return joined((top, solve(square, rest, unit=True)), 1).value
    if m > k:
        rest = block(change, (k, m), (0, k)) - matmul(block(lu, (k, m), (0, k)), of_upper)
        return joined((top, solve(square, rest, left=False, lower=False)), 2).value
    return top.value


def lu_vjp(b: Builder, op: Op, ct: Value) -> Value:
    """P Ā = L⁻ᴴ (tril(Lᴴ L̄, -1) + triu(Ū Uᴴ)) U⁻ᴴ for the square part; columns or rows beyond it come first."""
    (lu, order), whole = terms(b, op.results[0], op.results[2]), Term(b, ct)
    *_, m, n = lu.type.shape
    k = min(m, n)
    square, corner = (block(x, (0, k), (0, k)) for x in (lu, whole))
    of_lower, of_upper, rest = corner, corner, None
    if n > k:
        rest = solve(square, block(whole, (0, k), (k, n)), unit=True, adjoint=True)
        of_lower = of_lower - matmul(rest, adjoint(block(lu, (0, k), (k, n))))
    if m > k:
        rest = solve(square, block(whole, (k, m), (0, k)), left=False, lower=False, adjoint=True)
        of_upper = of_upper - matmul(adjoint(block(lu, (k, m), (0, k))), rest)
    below = matmul(adjoint(_unit_lower(square)), triangle(of_lower, lower=True, diagonal=False))
    above = matmul(triangle(of_upper, lower=False), adjoint(triangle(square, lower=False)))
    inner = triangle(below, lower=True, diagonal=False) + triangle(above, lower=False)
    inner = solve(square, inner, unit=True, adjoint=True)
    top = solve(square, inner, left=False, lower=False, adjoint=True)
    return put_rows(top if rest is None else joined((top, rest), 1 if n > k else 2), order).value


def _unit_lower(square: Term) -> Term:
    """L of the factors of a square matrix."""
    return on_diagonal(triangle(square, lower=True, diagonal=False), square.like(1))
