"""Matrices in derivative rules: products, triangles and triangular systems on the last two dimensions.

Dimensions before them are batch dimensions; those of all operands are equal.
"""

from __future__ import annotations

from collections.abc import Sequence

from hloc.ops.algebra import Term, along, conj, emit, iota, where, zeros


def matmul(x: Term, y: Term) -> Term:
    """x y for each pair of matrices."""
    rank = x.type.rank
    batch = tuple(range(rank - 2))
    contract = {"lhs_contract": (rank - 1,), "rhs_contract": (rank - 2,)}
    return x.apply("dot_general", y, lhs_batch=batch, rhs_batch=batch, **contract)


def transposed(x: Term) -> Term:
    """Each matrix with rows and columns exchanged."""
    rank = x.type.rank
    return x.apply("transpose", permutation=(*range(rank - 2), rank - 1, rank - 2))


def adjoint(x: Term) -> Term:
    """The conjugate transpose."""
    return transposed(conj(x))


def triangle(x: Term, lower: bool, diagonal: bool = True) -> Term:
    """The lower or upper triangle, with the diagonal or without, and zeros elsewhere."""
    row, column = (Term(x.b, iota(x.b, x.type.shape, x.type.rank - back)) for back in (2, 1))
    if not lower:
        row, column = column, row
    return where(row >= column if diagonal else row > column, x, 0)


def on_diagonal(x: Term, there: Term) -> Term:
    """x with the diagonal of another matrix."""
    row, column = (Term(x.b, iota(x.b, x.type.shape, x.type.rank - back)) for back in (2, 1))
    return where(row.equals(column), there, x)


def solve(
    a: Term, x: Term, *, left: bool = True, lower: bool = True, unit: bool = False, adjoint: bool = False
) -> Term:
    """a⁻¹ x, or x a⁻¹ where not left, for one triangle of a; of the conjugate transpose of a where `adjoint`."""
    options = {"left": left, "lower": lower, "unit_diagonal": unit, "transpose": adjoint}
    if adjoint:
        return conj(a.apply("triangular_solve", conj(x), **options))
    return a.apply("triangular_solve", x, **options)


def block(x: Term, rows: tuple[int, int], columns: tuple[int, int]) -> Term:
    """Some rows and columns of each matrix."""
    batch = x.type.shape[:-2]
    start, limit = ((*(n for n in edge), rows[i], columns[i]) for i, edge in enumerate(((0,) * len(batch), batch)))
    return x.apply("slice", start=start, limit=limit, stride=(1,) * x.type.rank)


def joined(parts: Sequence[Term], back: int) -> Term:
    """Matrices one below the other (back: 2) or side by side (1)."""
    first, *rest = parts
    return first.apply("concatenate", *rest, dim=first.type.rank - back)


def take_rows(x: Term, order: Term) -> Term:
    """Row order[k] of x as row k."""
    last = order.type.rank - 1
    places = along(x.b, order.value, last)
    return Term(x.b, emit(x.b, "gather", x.value, *places, dims=tuple(range(last + 1))))


def put_rows(x: Term, order: Term) -> Term:
    """Row k of x as row order[k]."""
    last = order.type.rank - 1
    dims, places = tuple(range(last + 1)), along(x.b, order.value, last)
    empty = zeros(x.b, x.type)
    return Term(x.b, emit(x.b, "scatter", empty, x.value, *places, dims=dims, mode="set", unique=True))
