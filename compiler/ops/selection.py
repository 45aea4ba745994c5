"""Comparison, choice, conversion and values passed on: elementwise operations with unlike operands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc import mlir
from hloc.diagnostics.errors import DTypeError, ShapeError
from hloc.ir.opdef import OpDef, register
from hloc.ir.types import B1, TensorType
from hloc.mlir import build
from hloc.ops import prelude
from hloc.ops.algebra import Term, emit, terms, where
from hloc.ops.checks import check_count, check_kind, check_same
from hloc.ops.families import Binary, Unary
from hloc.ops.lanes import spread
from hloc.ops.literal import type_name
from hloc.ops.sampling import SHAPES, Domain, Sample, dtypes_of

if TYPE_CHECKING:
    from hloc.ir.builder import Builder
    from hloc.ir.core import Op, Value

COMPARISONS = {
    "EQ": ("==", np.equal),
    "NE": ("!=", np.not_equal),
    "LT": ("<", np.less),
    "LE": ("<=", np.less_equal),
    "GT": (">", np.greater),
    "GE": (">=", np.greater_equal),
}


@register
class Compare(Binary):
    """lhs <direction> rhs as bool; comparisons with NaN are false, except NE. Complex numbers have EQ and NE only.

    Attributes: direction: EQ, NE, LT, LE, GT or GE.
    """

    name = "compare"
    differentiable = False
    cheap = True
    kinds = "biufc"

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        super().infer(types, attrs)
        if types[0].dtype.kind == "c" and attrs["direction"] not in ("EQ", "NE"):
            raise DTypeError(f"compare: complex numbers have no order, found {types[0]} with {attrs['direction']}")
        return (types[0].with_dtype(B1.dtype),)

    @staticmethod
    def reference(x: Any, y: Any, direction: str) -> Any:
        return COMPARISONS[direction][1](x, y)

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        return f"{args[0]} {COMPARISONS[op.attrs['direction']][0]} {args[1]}"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        return [build.compare(args[0], op.attrs["direction"], args[1])]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for sample in super().samples(rng):
            x, y = sample.operands
            if x.dtype.kind == "c" or x.shape != (7,):
                yield Sample((x, y), {"direction": "EQ"})
                yield Sample((x, x), {"direction": "NE"})
                continue
            for direction in COMPARISONS:
                yield Sample((x, np.where(y > 0, x, y)), {"direction": direction})


@register
class Select(OpDef):
    """x where pred holds, y elsewhere. pred: b1, scalar or of the shape of x and y, which have the same type."""

    name = "select"
    cheap = True
    reference = np.where

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("select", types, 3)
        pred, x, y = types
        check_kind("select", "pred", pred, "b")
        check_same("select", ("x", "y"), (x, y))
        if pred.shape not in ((), x.shape):
            raise ShapeError(f"select: pred must be a scalar or have the shape of x, found {pred} for x {x}")
        return (x,)

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        text = f"np.where({', '.join(args)})"
        return text if op.result.type.rank else f"{text}[()]"  # else an array, which `+=` would change for all names

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        return [mlir.hlo.select(*args)]

    @classmethod
    def jvp(cls, b: Builder, op: Op, tangents: Sequence[Value | None]) -> Sequence[Value | None]:
        pred, *_ = terms(b, *op.operands)
        x, y = (0 if t is None else Term(b, t) for t in tangents[1:])
        return (where(pred, x, y).value,) if tangents[1] or tangents[2] else (None,)

    @classmethod
    def vjp(
        cls, b: Builder, op: Op, cotangents: Sequence[Value | None], wanted: Sequence[bool]
    ) -> Sequence[Value | None]:
        if cotangents[0] is None:
            return None, None, None
        pred, z = terms(b, op.operands[0], cotangents[0])
        x = where(pred, z, 0).value if wanted[1] else None
        y = where(pred, 0, z).value if wanted[2] else None
        return None, x, y

    @classmethod
    def batch(cls, b: Any, op: Op, operands: Sequence[Any], batched: Sequence[bool], size: int) -> Sequence[Any]:
        pred, x, y = operands
        x, y = (spread(b, v, has, size) for v, has in ((x, batched[1]), (y, batched[2])))
        if batched[0] and pred.type.shape != x.type.shape:
            pred = emit(b, "broadcast_in_dim", pred, shape=x.type.shape, dims=(0,))
        elif pred.type.rank:
            pred = spread(b, pred, batched[0], size)
        return [b.emit(cls, pred, x, y, **op.attrs)]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for dtype in dtypes_of("biufc"):
            for shape in SHAPES:
                x, y = (Domain().draw(rng, shape, dtype) for _ in range(2))
                for pred_shape in {(), shape}:
                    yield Sample((Domain().draw(rng, pred_shape, B1.dtype), x, y))


@register
class Convert(Unary):
    """The value in another element type. Attributes: dtype.

    To bool: x != 0. Float to integer: towards zero; outside the range some integer. Complex to real: the real part.
    """

    name = "convert"
    cheap = True
    kinds = "biufc"

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        (type,) = super().infer(types, attrs)
        return (type.with_dtype(attrs["dtype"]),)

    @staticmethod
    def reference(x: Any, dtype: np.dtype) -> Any:
        return prelude.op_convert(x, dtype)

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        source, target = op.operands[0].type, op.result.type
        name = type_name(target.dtype)
        if source.dtype.kind == "c" and target.dtype.kind not in "bc":
            return f"op_convert({args[0]}, np.{name})"
        return f"{args[0]}.astype(np.{name})" if source.shape else f"np.{name}({args[0]})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        (x,), source, target = args, op.operands[0].type, op.result.type
        if target.dtype.kind == "b" and source.dtype.kind != "b":
            return [build.compare(x, "NE", build.full(ctx, source, 0))]
        if source.dtype.kind == "c" and target.dtype.kind != "c":
            x = mlir.hlo.real(x)
        return [build.convert(ctx, x, target)]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for sample in super().samples(rng):
            signed = np.less(np.real(sample.operands[0]), 0).any()
            kinds = "bifc" if signed else "biufc"
            for dtype in dtypes_of(kinds if sample.operands[0].shape == (7,) else "f"):
                yield Sample(sample.operands, {"dtype": dtype})

    @classmethod
    def push(cls, number: int, tangent: Term, *values: Term) -> Term | None:
        return _converted(tangent, values[1])

    @classmethod
    def pull(cls, number: int, cotangent: Term, *values: Term) -> Term | None:
        return _converted(cotangent, values[0])


def _converted(factor: Term, like: Term) -> Term | None:
    """In the element type of another term: the real part for a real one, none for integers and bools."""
    return factor.apply("convert", dtype=like.type.dtype) if like.type.dtype.kind in "fc" else None


@register
class BitcastConvert(Unary):
    """The same bits as another element type of the same size. Attributes: dtype."""

    name = "bitcast_convert"
    differentiable = False
    cheap = True
    kinds = "iuf"

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        (type,) = super().infer(types, attrs)
        target = type.with_dtype(attrs["dtype"])
        check_kind("bitcast_convert", "result", target, cls.kinds)
        if target.dtype.itemsize != type.dtype.itemsize:
            raise DTypeError(f"bitcast_convert: sizes of elements differ, operand is {type} and result {target}")
        return (target,)

    @staticmethod
    def reference(x: Any, dtype: np.dtype) -> Any:
        return x.view(dtype)

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        return f"{args[0]}.view(np.{op.result.type.dtype.name})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        return [mlir.hlo.bitcast_convert(ctx.type(op.result.type), *args)]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for sample in super().samples(rng):
            for dtype in dtypes_of("iuf"):
                if dtype.itemsize == sample.operands[0].dtype.itemsize:
                    yield Sample(sample.operands, {"dtype": dtype})


@register
class Barrier(OpDef):
    """The operands, unchanged; XLA moves no computation across. StableHLO `optimization_barrier`."""

    name = "barrier"

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        return tuple(types)

    @staticmethod
    def reference(*operands: Any) -> Any:
        return operands

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        return ", ".join(args)

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        return build.values(mlir.hlo.optimization_barrier(list(args)))

    @classmethod
    def batch(cls, b: Any, op: Op, operands: Sequence[Any], batched: Sequence[bool], size: int) -> Sequence[Any]:
        results = b.emit_many(cls, *operands, **op.attrs)
        return [spread(b, x, has, size) for x, has in zip(results, batched, strict=True)]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for dtype in dtypes_of("biufc"):
            for shape in SHAPES:
                yield Sample((Domain().draw(rng, shape, dtype), Domain().draw(rng, (2,), dtype)))

    @classmethod
    def jvp(cls, b: Builder, op: Op, tangents: Sequence[Value | None]) -> Sequence[Value | None]:
        return tangents

    @classmethod
    def vjp(
        cls, b: Builder, op: Op, cotangents: Sequence[Value | None], wanted: Sequence[bool]
    ) -> Sequence[Value | None]:
        return cotangents


@register
class Copy(Unary):
    """The operand in a buffer of its own. XLA puts copies in where buffers would be shared, so nothing is emitted."""

    name = "copy"
    cheap = True
    kinds = "biufc"
    reference = np.copy
    text = "np.copy({0})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        return args

    @classmethod
    def push(cls, number: int, tangent: Term, *values: Term) -> Term:
        return tangent
