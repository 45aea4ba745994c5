"""Calls of LAPACK, which jaxlib carries for the CPU; hloc.runtime registers the targets before a program runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hloc import mlir
from hloc.ir.types import TensorType
from hloc.mlir.build import MlirValue, values

_PREFIX = {"float32": "s", "float64": "d", "complex64": "c", "complex128": "z"}


def call(
    ctx: Any,
    routine: str,
    args: Sequence[MlirValue],
    operands: Sequence[TensorType],
    results: Sequence[TensorType],
    reuse: dict[int, int],
    **flags: str,
) -> list[MlirValue]:
    """Call a routine such as "potrf" on matrices [batch…, m, n].

    operands, results: their types; the element type of the first operand selects the variant.
    reuse: operand → result that LAPACK computes in the same memory.   flags: one letter each, as LAPACK names them.
    """
    ir = mlir.ir
    rank = operands[0].rank
    byte = ir.IntegerType.get_unsigned(8)
    config = {name: ir.IntegerAttr.get(byte, ord(letter)) for name, letter in flags.items()}
    op = mlir.hlo.CustomCallOp(
        [ctx.type(type) for type in results],
        list(args),
        f"lapack_{_PREFIX[operands[0].dtype.name]}{routine}_ffi",
        api_version=ir.IntegerAttr.get(ir.IntegerType.get_signless(32), 4),
        backend_config=ir.DictAttr.get(config),
        operand_layouts=ir.ArrayAttr.get([_layout(type, rank) for type in operands]),
        result_layouts=ir.ArrayAttr.get([_layout(type, rank) for type in results]),
        output_operand_aliases=ir.ArrayAttr.get([_alias(i, j, len(results)) for i, j in reuse.items()]),
    )
    return values(op)


def _layout(type: TensorType, matrix_rank: int) -> Any:
    """Minor to major: matrices are stored by columns, all else by rows."""
    order = list(range(type.rank))[::-1]
    if type.rank == matrix_rank:
        order[:2] = [type.rank - 2, type.rank - 1]
    return mlir.ir.DenseIntElementsAttr.get(np.array(order, np.int64), type=mlir.ir.IndexType.get())


def _alias(operand: int, result: int, count: int) -> Any:
    return mlir.hlo.OutputOperandAlias.get([result] if count > 1 else [], operand, [])
