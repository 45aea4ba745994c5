"""Sorting along one dimension.

XLA's comparison of floats in a sort is slow on the CPU and knows no order with NaN, so floats are compared through
integers with the same order: the bits of a float, those of negative numbers flipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc import mlir
from hloc.diagnostics.errors import ShapeError
from hloc.ir.opdef import OpDef, register
from hloc.ir.types import TensorType
from hloc.mlir import build
from hloc.mlir.build import MlirValue
from hloc.ops import prelude
from hloc.ops.algebra import along, emit, iota, zeros
from hloc.ops.checks import check_dims, check_kind
from hloc.ops.lanes import behind, same, spread, transposed
from hloc.ops.sampling import Domain, Sample, dtypes_of

if TYPE_CHECKING:
    from hloc.ir.core import Op


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

    @staticmethod
    def reference(*operands: Any, dim: int, num_keys: int, stable: bool) -> Any:
        return prelude.op_sort(*operands, dim=dim, num_keys=num_keys)

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        dim, num_keys = op.attrs["dim"], op.attrs["num_keys"]
        if len(args) == 1:
            return f"np.sort({args[0]}, {dim}{', stable=True' if op.attrs['stable'] else ''})"
        return f"op_sort({', '.join(args)}, dim={dim}, num_keys={num_keys})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        types = [operand.type for operand in op.operands]
        dim, num_keys, stable = op.attrs["dim"], op.attrs["num_keys"], op.attrs["stable"]
        if types[0].shape[dim] < 2:
            return args
        if len(args) == 1 and (not stable or types[0].dtype.kind != "f"):
            return [_sort_values(ctx, args[0], types[0], dim)]
        keys = [_sort_key(ctx, x, type) for x, type in zip(args[:num_keys], types, strict=False)]
        carried = [i for i, type in enumerate(types) if i >= num_keys or type.dtype.kind == "f"]
        operands = keys + [(args[i], types[i]) for i in carried]
        results = build.sort(
            ctx,
            [x for x, _ in operands],
            [type for _, type in operands],
            dim,
            stable,
            lambda a, b: _less(a[:num_keys], b[:num_keys]),
        )
        position = {i: num_keys + place for place, i in enumerate(carried)}
        return [results[position.get(i, i)] for i in range(len(types))]

    @classmethod
    def jvp(cls, b: Any, op: Op, tangents: Sequence[Any]) -> Sequence[Any]:
        """The tangents are permuted as the operands."""
        places, dims = cls.places(b, op)
        return [None if dx is None else emit(b, "gather", dx, *places, dims=dims) for dx in tangents]

    @classmethod
    def vjp(cls, b: Any, op: Op, cotangents: Sequence[Any], wanted: Sequence[bool]) -> Sequence[Any]:
        places, dims = cls.places(b, op)

        def back(ct: Any) -> Any:
            return emit(b, "scatter", zeros(b, ct.type), ct, *places, dims=dims, mode="set", unique=True)

        return [back(ct) if ct is not None and want else None for ct, want in zip(cotangents, wanted, strict=True)]

    @classmethod
    def places(cls, b: Any, op: Op) -> tuple[Sequence[Any], tuple[int, ...]]:
        """Where each element comes from: index arrays for all dimensions. Places are sorted along with the operands.

        Equal elements of one operand that stands alone keep their order.
        """
        shape, dim = op.operands[0].type.shape, op.attrs["dim"]
        attrs = {**op.attrs, "stable": op.attrs["stable"] or len(op.operands) == 1}
        source = b.emit_many(cls, *op.operands, iota(b, shape, dim), **attrs)[-1]
        return along(b, source, dim), tuple(range(len(shape)))

    @classmethod
    def batch(cls, b: Any, op: Op, operands: Sequence[Any], batched: Sequence[bool], size: int) -> Sequence[Any]:
        """Keys that lanes share are sorted once, and the other operands follow."""
        dim, shape = op.attrs["dim"], op.operands[0].type.shape
        if any(batched[: op.attrs["num_keys"]]):
            return same(b, op, operands, batched, size, dim=dim + 1)
        pairs = list(zip(operands, batched, strict=True))
        *ordered, source = b.emit_many(cls, *(x for x, has in pairs if not has), iota(b, shape, dim), **op.attrs)
        places, dims = along(b, source, dim), behind(range(len(shape)))

        def follow(x: Any) -> Any:
            return transposed(b, emit(b, "gather", x, *places, dims=dims), (len(shape), *range(len(shape))))

        shared = iter(ordered)
        return [follow(x) if has else spread(b, next(shared), False, size) for x, has in pairs]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for dtype in dtypes_of("biuf"):
            for shape, dim in (((9,), 0), ((1,), 0), ((0,), 0), ((3, 5), 0), ((3, 5), 1), ((2, 0), 1)):
                x = Domain().draw(rng, shape, dtype)
                index = prelude.op_iota(shape, np.int64, dim)
                for stable in (False, True):
                    yield Sample((x,), {"dim": dim, "num_keys": 1, "stable": stable})
                yield Sample((x, index), {"dim": dim, "num_keys": 1, "stable": True})
                sign, two_keys = x if dtype.kind == "b" else np.sign(x), {"dim": dim, "num_keys": 2, "stable": True}
                yield Sample((sign, x, index), two_keys, smooth=False)
                yield Sample((sign.astype(np.int64), x, index), two_keys)


def _sort_values(ctx: Any, x: MlirValue, type: TensorType, dim: int) -> MlirValue:
    """Sort one array where equal elements cannot be told apart (but for the sign of zero)."""
    if type.dtype.kind != "f":
        (result,) = build.sort(ctx, [x], [type], dim, False, lambda a, b: build.compare(a[0], "LT", b[0]))
        return result
    key, bits = _ordered_bits(ctx, x, type)
    (key,) = build.sort(ctx, [key], [bits], dim, False, lambda a, b: build.compare(a[0], "LT", b[0]))
    return mlir.hlo.bitcast_convert(ctx.type(type), _flip_negative(ctx, key, bits))


def _sort_key(ctx: Any, x: MlirValue, type: TensorType) -> tuple[MlirValue, TensorType]:
    """What x is compared by, with its type: x itself, or integers for floats, equal for -0.0 and 0.0."""
    if type.dtype.kind != "f":
        return x, type
    zero = build.full(ctx, type, 0)
    return _ordered_bits(ctx, mlir.hlo.select(build.compare(x, "EQ", zero), zero, x), type)


def _ordered_bits(ctx: Any, x: MlirValue, type: TensorType) -> tuple[MlirValue, TensorType]:
    """Signed integers in the order of the floats: -inf first, -0.0 before 0.0, every NaN last."""
    bits = type.with_dtype(np.dtype(f"i{type.dtype.itemsize}"))
    key = _flip_negative(ctx, mlir.hlo.bitcast_convert(ctx.type(bits), x), bits)
    largest = build.full(ctx, bits, np.iinfo(bits.dtype).max)
    return mlir.hlo.select(build.compare(x, "NE", x), largest, key), bits


def _flip_negative(ctx: Any, x: MlirValue, type: TensorType) -> MlirValue:
    """Flip all bits but the sign of negative integers; its own inverse."""
    width = build.full(ctx, type, type.dtype.itemsize * 8 - 1)
    mask = build.full(ctx, type, np.iinfo(type.dtype).max)
    sign = mlir.hlo.shift_right_arithmetic(x, width)
    return mlir.hlo.xor(x, mlir.hlo.and_(sign, mask))


def _less(a: Sequence[MlirValue], b: Sequence[MlirValue]) -> MlirValue:
    """Lexicographic a < b."""
    less = build.compare(a[0], "LT", b[0])
    if len(a) == 1:
        return less
    equal = build.compare(a[0], "EQ", b[0])
    return mlir.hlo.or_(less, mlir.hlo.and_(equal, _less(a[1:], b[1:])))
