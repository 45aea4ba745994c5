"""What elementwise records have in common: inference, printing, lowering and samples.

A record states its element types (`kinds`), its NumPy text and the name of its StableHLO or CHLO builder:

    class Sine(Unary):
        name = "sine"
        kinds = "fc"
        reference = np.sin
        text = "np.sin({0})"
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hloc import mlir
from hloc.ir.opdef import OpDef
from hloc.ir.types import TensorType
from hloc.ops.checks import check_count, check_kind, check_same
from hloc.ops.sampling import SHAPES, Domain, Sample, dtypes_of

if TYPE_CHECKING:
    from hloc.ir.core import Op


class Elementwise(OpDef):
    """An operation on each element alone. All operands have the same type, which is the result's unless said otherwise.

    Slots:
        operand_names: as messages call the operands.
        kinds: kinds of element types (letters of `dtype.kind`).
        text: Python with {0}, {1} for the operands; operands are printed names or atoms.
        builder: name in the StableHLO dialect, `chlo.` before it for CHLO; `name` when empty.
        domains: where samples are drawn, one for each operand.
    """

    operand_names: ClassVar[tuple[str, ...]]
    kinds: ClassVar[str] = "iufc"
    text: ClassVar[str]
    builder: ClassVar[str] = ""
    domains: ClassVar[tuple[Domain, ...]]

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count(cls.name, types, len(cls.operand_names))
        check_same(cls.name, cls.operand_names, types)
        check_kind(cls.name, cls.operand_names[0], types[0], cls.kinds)
        return (cls.result(types[0]),)

    @staticmethod
    def result(operand: TensorType) -> TensorType:
        """The result type for operands of this type."""
        return operand

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        return cls.text.format(*args)

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        dialect, _, builder = (cls.builder or cls.name).rpartition(".")
        return [getattr(mlir.chlo if dialect else mlir.hlo, builder)(*args)]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for dtype in dtypes_of(cls.kinds):
            for shape in SHAPES:
                yield Sample(tuple(domain.draw(rng, shape, dtype) for domain in cls.domains))


class Unary(Elementwise):
    """An elementwise operation on one operand."""

    operand_names = ("operand",)
    domains = (Domain(),)


class Binary(Elementwise):
    """An elementwise operation on two operands of the same type."""

    operand_names = ("lhs", "rhs")
    domains = (Domain(), Domain())


def real_type(operand: TensorType) -> TensorType:
    """f64 for c128, f32 for c64; other types as they are."""
    return operand.with_dtype(np.real(np.empty(0, operand.dtype)).dtype)
