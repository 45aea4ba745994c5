"""What elementwise records have in common: inference, printing, lowering and samples.

A record states its element types (`kinds`), its NumPy text and the name of its StableHLO or CHLO builder:

    class Sine(Unary):
        name = "sine"
        kinds = "fc"
        reference = np.sin
        text = "np.sin({0})"
        partials = (lambda x, y: cos(x),)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hloc import mlir
from hloc.ir.opdef import OpDef
from hloc.ir.types import TensorType
from hloc.ops.algebra import Term, add_all, conj, mul0, terms
from hloc.ops.checks import check_count, check_kind, check_same
from hloc.ops.lanes import same
from hloc.ops.sampling import SHAPES, Domain, Sample, dtypes_of

if TYPE_CHECKING:
    from hloc.ir.builder import Builder
    from hloc.ir.core import Op, Value


class Elementwise(OpDef):
    """An operation on each element alone. All operands have the same type, which is the result's unless said otherwise.

    Slots:
        operand_names: as messages call the operands.
        kinds: kinds of element types (letters of `dtype.kind`).
        text: Python with {0}, {1} for the operands; operands are printed names or atoms.
        builder: name in the StableHLO dialect, `chlo.` before it for CHLO; `name` when empty.
        domains: where samples are drawn, one for each operand.
        partials: for each operand, its partial derivative as a function of the operands and the result; None where the
            result does not depend on it smoothly. Where the operation is holomorphic this is the complex derivative.
        push, pull: instead of `partials`, where the operation is linear or not holomorphic; pull may be left out where
            the same map takes cotangents back.
    """

    operand_names: ClassVar[tuple[str, ...]]
    kinds: ClassVar[str] = "iufc"
    text: ClassVar[str]
    builder: ClassVar[str] = ""
    domains: ClassVar[tuple[Domain, ...]]
    partials: ClassVar[tuple[Callable[..., Term] | None, ...]] = ()

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
    def batch(cls, b: Any, op: Op, operands: Sequence[Any], batched: Sequence[bool], size: int) -> Sequence[Any]:
        return same(b, op, operands, batched, size)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for dtype in dtypes_of(cls.kinds):
            for shape in SHAPES:
                yield Sample(tuple(domain.draw(rng, shape, dtype) for domain in cls.domains))

    @classmethod
    def push(cls, number: int, tangent: Term, *values: Term) -> Term | None:
        """What the tangent of operand `number` adds to that of the result; values: the operands and the result."""
        partial = cls.partials[number]
        return None if partial is None else mul0(tangent, partial(*values))

    @classmethod
    def pull(cls, number: int, cotangent: Term, *values: Term) -> Term | None:
        """What the cotangent of the result adds to that of operand `number`; values: the operands and the result."""
        if not cls.partials:
            return cls.push(number, cotangent, *values)
        partial = cls.partials[number]
        return None if partial is None else mul0(cotangent, conj(partial(*values)))

    @classmethod
    def jvp(cls, b: Builder, op: Op, tangents: Sequence[Value | None]) -> Sequence[Value | None]:
        values = terms(b, *op.operands, op.result)
        given = [(number, Term(b, t)) for number, t in enumerate(tangents) if t is not None]
        parts = [part for number, t in given if (part := cls.push(number, t, *values)) is not None]
        return (add_all(parts).value if parts else None,)

    @classmethod
    def vjp(
        cls, b: Builder, op: Op, cotangents: Sequence[Value | None], wanted: Sequence[bool]
    ) -> Sequence[Value | None]:
        (cotangent,) = cotangents
        if cotangent is None:
            return (None,) * len(wanted)
        values = terms(b, *op.operands, op.result)
        parts = [cls.pull(n, Term(b, cotangent), *values) if wish else None for n, wish in enumerate(wanted)]
        return [None if part is None else part.value for part in parts]


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
