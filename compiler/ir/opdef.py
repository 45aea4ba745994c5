"""What the compiler knows of one operation: the base of all op records, and their registry.

A record is a class that is never instantiated; `hloc.ops.<family>` holds one per op. See docs/adding-an-op.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from hloc.ir.builder import Builder
    from hloc.ir.core import Op, Value
    from hloc.ir.types import TensorType

REGISTRY: dict[str, type[OpDef]] = {}

# Modules of NumPy functions that printed programs call; each has IMPORTS, names() and source(text) as hloc.ops.prelude.
PRELUDES: list[Any] = []


class OpDef:
    """Base of op records; the slots below are what a record may fill.

    Slots:
        name: StableHLO's name, CHLO's where it has none, NumPy's where neither has one.
        infer(types, attrs): operand types and attributes → result types; raises TypeError_ naming the operand.
        reference(*arrays, **attrs): what it computes, on NumPy arrays.
        python(args, op): the right-hand side of the op in printed Python, e.g. "np.sin(x)".
        lower(ctx, op, args): StableHLO values for the results (see hloc.emit).
        samples: inputs for the generated tests.
        jvp(b, op, tangents): tangents of the operands (None: zero) → tangents of the results (None: zero). Emits into
            b, where the operands and results of op are in scope.
        vjp(b, op, cotangents, wanted): cotangents of the results (None: zero) → contributions to the operands'
            cotangents: a value, None for zero, or an `Into`. Only operands marked in `wanted` are asked for. The inner
            product is Re<u, v>, so for a holomorphic y = h(z) the contribution is the cotangent times conj(h'(z)).
        batch(b, op, operands, batched, size): all results for `size` lanes at once, T[size, …] each: exactly those of
            one lane after another, stacked. operands: T[size, …] where `batched`, else as op has them; at least one is
            batched. Emits into b. Operations without operands are never asked.
        differentiable: False where all results are constant almost everywhere or no floats: no rules, no derivative.
        pure: no effect besides its results; it may be removed, merged and moved.
        cheap: a few instructions an element; may be computed although not needed (if → select) or twice.
        speculatable: computing it on any operand values neither fails nor loops for ever.
    """

    name: ClassVar[str] = ""
    differentiable: ClassVar[bool] = True
    pure: ClassVar[bool] = True
    cheap: ClassVar[bool] = False
    speculatable: ClassVar[bool] = True
    samples: ClassVar[Any] = None
    reference: ClassVar[Callable[..., Any]]

    @staticmethod
    def infer(types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        raise NotImplementedError

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        raise NotImplementedError

    @classmethod
    def jvp(cls, b: Any, op: Op, tangents: Sequence[Any]) -> Sequence[Any]:
        raise NotImplementedError

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        raise NotImplementedError

    @classmethod
    def batch(
        cls, b: Builder, op: Op, operands: Sequence[Value], batched: Sequence[bool], size: int
    ) -> Sequence[Value]:
        raise NotImplementedError

    @staticmethod
    def lower(ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        raise NotImplementedError


def register(record: type[OpDef]) -> type[OpDef]:
    """Enter a record into the registry (a class decorator). Raises ValueError when the name is taken."""
    if not record.name or record.name in REGISTRY:
        raise ValueError(f"op name {record.name!r} of {record.__name__} is empty or taken")
    REGISTRY[record.name] = record
    return record
