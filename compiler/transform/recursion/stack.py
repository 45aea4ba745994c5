"""The arrays of a stack: one row for each activation that waits for a call.

The scalars of one element type stand side by side in one array, as the columns of a matrix: a loop that carries fewer
arrays is faster. Arrays have a stack each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Value
from hloc.ir.types import TensorType
from hloc.ops.helpers import constant
from hloc.ops.indexing import Read, Upd
from hloc.ops.shape import Empty
from hloc.transform.recursion.storage import Place

Arrays = dict[Place, Value]
"""What the arrays of a stack hold at present."""


class Stack:
    """Where columns are. `arrays`: places of the arrays; their types are those of a row."""

    def __init__(self, columns: Sequence[Place]) -> None:
        self.columns = list(columns)
        self.arrays: list[Place] = []
        self.where: dict[Place, tuple[Place, int | None]] = {}
        by_dtype: dict[np.dtype, list[Place]] = {}
        for column in columns:
            if column.type.rank:
                self._add([column], column.type)
            else:
                by_dtype.setdefault(column.type.dtype, []).append(column)
        for dtype, scalars in by_dtype.items():
            self._add(scalars, TensorType((len(scalars),) if len(scalars) > 1 else (), dtype))

    def _add(self, columns: Sequence[Place], row: TensorType) -> None:
        array = Place(row, name=columns[0].name if len(columns) == 1 else "stack")
        self.arrays.append(array)
        for number, column in enumerate(columns):
            self.where[column] = array, number if len(columns) > 1 else None

    def empty(self, b: Builder, rows: int) -> Arrays:
        """Arrays of this many rows."""
        return {a: b.emit(Empty, shape=(rows, *a.type.shape), dtype=a.type.dtype) for a in self.arrays}

    def read(self, b: Builder, arrays: Arrays, column: Place, row: Value) -> Value:
        """What a row holds in a column."""
        array, starts, drop = self._window(b, column, row)
        sizes = (1,) if len(drop) == 1 else (1, 1)
        return b.emit(Read, arrays[array], *starts, sizes=(*sizes, *column.type.shape), drop=drop)

    def store(self, b: Builder, arrays: Arrays, column: Place, row: Value, value: Value) -> None:
        """Put a value into a column of a row; `arrays` changes."""
        array, starts, drop = self._window(b, column, row)
        arrays[array] = b.emit(Upd, arrays[array], value, *starts, drop=drop, mode="set")

    def _window(self, b: Builder, column: Place, row: Value) -> tuple[Place, list[Value], tuple[int, ...]]:
        """The array of a column, where its element of a row starts, and the dimensions that the element lacks."""
        array, number = self.where[column]
        if number is not None:
            return array, [row, constant(b, number, np.int64)], (0, 1)
        return array, [row, *[constant(b, 0, np.int64)] * column.type.rank], (0,)
