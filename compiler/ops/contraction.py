"""Products of arrays that sum over dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hloc.diagnostics.errors import ShapeError
from hloc.ir.opdef import OpDef, register
from hloc.ir.types import TensorType
from hloc.ops.checks import check_count, check_dims, check_kind, check_same_dtype


@register
class DotGeneral(OpDef):
    """Multiply and sum over the contracted dimensions, for each index of the batch dimensions.

    The result has the batch dimensions, then the free dimensions of lhs, then those of rhs.
    Attributes: lhs_batch, rhs_batch, lhs_contract, rhs_contract: dimension numbers, in corresponding order.
    """

    name = "dot_general"

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("dot_general", types, 2)
        lhs, rhs = types
        check_same_dtype("dot_general", "lhs", lhs, "rhs", rhs)
        check_kind("dot_general", "lhs", lhs, "iufc")
        for group in ("batch", "contract"):
            _check_pairs(group, lhs, attrs[f"lhs_{group}"], rhs, attrs[f"rhs_{group}"])
        check_dims("dot_general", "lhs dim", (*attrs["lhs_batch"], *attrs["lhs_contract"]), lhs)
        check_dims("dot_general", "rhs dim", (*attrs["rhs_batch"], *attrs["rhs_contract"]), rhs)
        batch = tuple(lhs.shape[d] for d in attrs["lhs_batch"])
        lhs_free = (lhs.shape[d] for d in free_dims(lhs, attrs["lhs_batch"], attrs["lhs_contract"]))
        rhs_free = (rhs.shape[d] for d in free_dims(rhs, attrs["rhs_batch"], attrs["rhs_contract"]))
        return (lhs.with_shape((*batch, *lhs_free, *rhs_free)),)


def free_dims(type: TensorType, batch: Sequence[int], contract: Sequence[int]) -> tuple[int, ...]:
    """The dimensions that are neither batch nor contracted, in order."""
    return tuple(d for d in range(type.rank) if d not in batch and d not in contract)


def _check_pairs(
    group: str, lhs: TensorType, lhs_dims: Sequence[int], rhs: TensorType, rhs_dims: Sequence[int]
) -> None:
    """Corresponding dimensions exist and have equal sizes."""
    check_dims("dot_general", f"lhs_{group}", lhs_dims, lhs)
    check_dims("dot_general", f"rhs_{group}", rhs_dims, rhs)
    if len(lhs_dims) != len(rhs_dims):
        raise ShapeError(
            f"dot_general: lhs_{group} {tuple(lhs_dims)} and rhs_{group} {tuple(rhs_dims)} differ in length"
        )
    for i, j in zip(lhs_dims, rhs_dims, strict=True):
        if lhs.shape[i] != rhs.shape[j]:
            raise ShapeError(
                f"dot_general: sizes differ, {lhs.shape[i]} in dimension {i} of lhs {lhs} "
                f"and {rhs.shape[j]} in dimension {j} of rhs {rhs}"
            )
