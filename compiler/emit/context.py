"""What op records see while they are lowered: types, constants, the target."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from hloc import mlir
from hloc.diagnostics.span import Span
from hloc.emit.options import EmitOptions
from hloc.ir.types import TensorType
from hloc.runtime import xla

_INTEGERS = {"i": "get_signless", "u": "get_unsigned"}


def jaxlib_version() -> tuple[int, ...]:
    """The version of jaxlib as numbers: (0, 12, 0, 1)."""
    return tuple(int(part) for part in re.findall(r"\d+", xla.jaxlib_version()))


class LowerContext:
    """The `ctx` of `OpDef.lower`. An MLIR context, insertion point and location are active while it is used."""

    def __init__(self, options: EmitOptions) -> None:
        self.platform = options.platform
        self.jaxlib = jaxlib_version()
        self.precision = options.precision or (None if options.platform == "cpu" else "highest")
        self.fast_math = options.fast_math
        self.in_loop = False
        self._fills = 0
        self._element_types: dict[np.dtype, Any] = {}

    def element_type(self, dtype: np.dtype) -> Any:
        """MLIR's element type; signed integers are signless there."""
        if dtype not in self._element_types:
            self._element_types[dtype] = _element_type(np.dtype(dtype))
        return self._element_types[dtype]

    def type(self, type: TensorType) -> Any:
        """MLIR's ranked tensor type."""
        return mlir.ir.RankedTensorType.get(type.shape, self.element_type(type.dtype))

    def constant(self, value: np.ndarray) -> Any:
        """A constant with the shape and element type of `value`."""
        array = np.asarray(value)
        return mlir.hlo.constant(self._elements(array))

    def _elements(self, array: np.ndarray) -> Any:
        """Dense elements; one element given for a larger shape is repeated."""
        one = array.size == 1 or (array.size > 1 and _all_same(array))
        data = np.ascontiguousarray(array.reshape(-1)[0] if one else array)
        return mlir.ir.DenseElementsAttr.get(data, type=self.element_type(array.dtype), shape=array.shape)

    def fill(self) -> int:
        """A number for all elements of an array that nobody reads: another one for each array, as far as they go."""
        self._fills = self._fills % 127 + 1
        return self._fills

    @staticmethod
    def location(span: Span, op_name: str) -> Any:
        """Where an operation comes from; XLA keeps it as the metadata of its instructions."""
        ir = mlir.ir
        if not span.line:
            return ir.Location.unknown()
        place = ir.Location.file(span.file, span.line, span.column + 1)
        return ir.Location.name(f"{span.function}/{op_name}" if span.function else op_name, place)


def _element_type(dtype: np.dtype) -> Any:
    ir = mlir.ir
    bits = dtype.itemsize * 8
    if dtype.kind == "b":
        return ir.IntegerType.get_signless(1)
    if dtype.kind in _INTEGERS:
        return getattr(ir.IntegerType, _INTEGERS[dtype.kind])(bits)
    floats = {2: ir.F16Type, 4: ir.F32Type, 8: ir.F64Type}
    if dtype.kind == "c":
        return ir.ComplexType.get(floats[dtype.itemsize // 2].get())
    return floats[dtype.itemsize].get()


def _all_same(array: np.ndarray) -> bool:
    """All elements have the same bits (so that -0.0 and NaN keep theirs)."""
    data = np.ascontiguousarray(array).reshape(-1).view(np.dtype((np.void, array.dtype.itemsize)))
    return bool((data == data[0]).all())
