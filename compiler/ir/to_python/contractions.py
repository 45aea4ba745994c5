"""`dot_general` as a person writes it: `@` with `.T`, np.outer, np.tensordot; np.einsum where batches are elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase

from hloc.ir.core import Op


def product(op: Op, args: Sequence[str]) -> str:
    """The text of a `dot_general`; "" for halves, which are summed in float32."""
    if op.result.type.dtype.name == "float16":
        return ""
    ranks = tuple(v.type.rank for v in op.operands)
    contracted = tuple(op.attrs["lhs_contract"]), tuple(op.attrs["rhs_contract"])
    if op.attrs["lhs_batch"]:
        return _batched(op, ranks, contracted, args)
    if not contracted[0]:
        return _all_pairs(ranks, args)
    return _matmul(ranks, contracted, args) or _tensordot(ranks, contracted, args)


def _all_pairs(ranks: tuple[int, ...], args: Sequence[str]) -> str:
    if 0 in ranks:
        return f"{args[0]} * {args[1]}"
    return f"np.outer({args[0]}, {args[1]})" if ranks == (1, 1) else f"np.tensordot({args[0]}, {args[1]}, 0)"


def _matmul(ranks: tuple[int, ...], contracted: tuple[tuple[int, ...], ...], args: Sequence[str]) -> str:
    if len(contracted[0]) != 1 or ranks[1] > 2:
        return ""
    (left,), (right,) = contracted
    first = args[0] if left == ranks[0] - 1 else f"{args[0]}.T" if ranks[0] == 2 else ""
    return first and f"{first} @ {args[1]}{'.T' if right else ''}"


def _tensordot(ranks: tuple[int, ...], contracted: tuple[tuple[int, ...], ...], args: Sequence[str]) -> str:
    left, right = contracted
    if ranks == (len(left), len(right)) and left == right:
        return f"np.sum({args[0]} * {args[1]})"
    axes = f"({left[0]}, {right[0]})" if len(left) == 1 else f"({left}, {right})"
    scalar = "[()]" if ranks == (len(left), len(right)) else ""
    return f"np.tensordot({args[0]}, {args[1]}, {axes}){scalar}"


def _batched(op: Op, ranks: tuple[int, ...], contracted: tuple[tuple[int, ...], ...], args: Sequence[str]) -> str:
    batch = len(op.attrs["lhs_batch"])
    leading = tuple(range(batch))
    matrices = ranks == (batch + 2, batch + 2) and len(contracted[0]) == 1
    if matrices and tuple(op.attrs["lhs_batch"]) == tuple(op.attrs["rhs_batch"]) == leading:
        left = "" if contracted[0] == (batch + 1,) else ".swapaxes(-1, -2)"
        right = "" if contracted[1] == (batch,) else ".swapaxes(-1, -2)"
        return f"{args[0]}{left} @ {args[1]}{right}"
    return _einsum(op, ranks, args)


def _einsum(op: Op, ranks: tuple[int, ...], args: Sequence[str]) -> str:
    letters = list(ascii_lowercase)
    if sum(ranks) > len(letters):
        return ""
    left = [letters.pop(0) for _ in range(ranks[0])]
    right = [letters.pop(0) for _ in range(ranks[1])]
    batch, summed = ([left[d] for d in op.attrs[f"lhs_{kind}"]] for kind in ("batch", "contract"))
    for kind in ("batch", "contract"):
        for i, j in zip(op.attrs[f"lhs_{kind}"], op.attrs[f"rhs_{kind}"], strict=True):
            right[j] = left[i]
    free = [letter for letter in left + right if letter not in batch + summed]
    return f"np.einsum('{''.join(left)},{''.join(right)}->{''.join(batch + free)}', {args[0]}, {args[1]})"
