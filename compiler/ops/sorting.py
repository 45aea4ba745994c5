"""Sorting along one dimension."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hloc.diagnostics.errors import ShapeError
from hloc.ir.opdef import OpDef, register
from hloc.ir.types import TensorType
from hloc.ops.checks import check_dims, check_kind


@register
class Sort(OpDef):
    """Sort ascending along `dim` by the first `num_keys` operands; all operands, of one shape, are permuted alike.

    The order is lexicographic with NaN last; -0.0 and 0.0 are equal. Attributes: dim, num_keys, stable.
    """

    name = "sort"

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        if not 1 <= attrs["num_keys"] <= len(types):
            raise ShapeError(f"sort: num_keys is {attrs['num_keys']} with {len(types)} operands")
        check_dims("sort", "dim", (attrs["dim"],), types[0])
        for number, type in enumerate(types):
            if type.shape != types[0].shape:
                raise ShapeError(f"sort: shapes differ, operand 0 is {types[0]} and operand {number} is {type}")
        for number in range(attrs["num_keys"]):
            check_kind("sort", f"key {number}", types[number], "biuf")
        return tuple(types)
