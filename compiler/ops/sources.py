"""Arrays that come from nothing: constants, counts, empty ones. They are the same for all lanes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.ir.opdef import OpDef, register
from hloc.ir.types import TensorType
from hloc.mlir import build
from hloc.ops import prelude
from hloc.ops.checks import check_count, check_dims, check_kind
from hloc.ops.literal import literal, type_name
from hloc.ops.sampling import Domain, Sample, dtypes_of

if TYPE_CHECKING:
    from hloc.ir.core import Op


@register
class Constant(OpDef):
    """A literal array. Attributes: value (np.ndarray)."""

    name = "constant"
    cheap = True
    differentiable = False

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("constant", types, 0)
        return (TensorType(attrs["value"].shape, attrs["value"].dtype),)

    @staticmethod
    def reference(value: np.ndarray) -> np.ndarray:
        return value

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        return literal(op.attrs["value"])

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        return [ctx.constant(op.attrs["value"])]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for dtype in dtypes_of("biufc"):
            for shape in ((), (1,), (5,), (0,), (2, 3)):
                yield Sample((), {"value": Domain().draw(rng, shape, dtype)})
            yield Sample((), {"value": np.ones((2, 2), dtype)})
        yield Sample((), {"value": np.array([np.nan, -0.0, np.inf, -np.inf, 1e-300])})


@register
class Iota(OpDef):
    """0, 1, 2, … along one dimension, repeated along the others. Attributes: shape, dtype, dim."""

    name = "iota"
    cheap = True
    differentiable = False
    reference = staticmethod(prelude.op_iota)

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("iota", types, 0)
        type = TensorType(tuple(attrs["shape"]), np.dtype(attrs["dtype"]))
        check_kind("iota", "result", type, "iufc")
        check_dims("iota", "dim", (attrs["dim"],), type)
        return (type,)

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        type = op.result.type
        if type.rank == 1:
            return f"np.arange({type.size}, dtype=np.{type.dtype.name})"
        return f"op_iota({type.shape}, np.{type.dtype.name}, {op.attrs['dim']})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        return [build.iota(ctx, op.result.type, op.attrs["dim"])]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for dtype in dtypes_of("iufc"):
            for shape, dim in (((5,), 0), ((0,), 0), ((2, 3), 0), ((2, 3), 1), ((3, 1, 2), 1)):
                yield Sample((), {"shape": shape, "dtype": dtype, "dim": dim})


@register
class Empty(OpDef):
    """An array whose elements nobody reads before they are written. Attributes: shape, dtype.

    Two of them are two arrays. XLA would share equal ones and copy them for each use, so each is filled with a number
    of its own.
    """

    name = "empty"
    cheap = True
    differentiable = False

    @classmethod
    def infer(cls, types: Sequence[TensorType], attrs: dict[str, Any]) -> tuple[TensorType, ...]:
        check_count("empty", types, 0)
        return (TensorType(tuple(attrs["shape"]), np.dtype(attrs["dtype"])),)

    @staticmethod
    def reference(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        return np.zeros(shape, dtype)

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        type = op.result.type
        shape = type.size if type.rank == 1 else type.shape
        return f"np.empty({shape})" if type.dtype == np.float64 else f"np.empty({shape}, np.{type_name(type.dtype)})"

    @classmethod
    def lower(cls, ctx: Any, op: Op, args: Sequence[Any]) -> Sequence[Any]:
        return [build.full(ctx, op.result.type, ctx.fill())]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Iterator[Sample]:
        for dtype in dtypes_of("biufc"):
            for shape in ((0,), (2, 0)):
                yield Sample((), {"shape": shape, "dtype": dtype})
