"""NumPy views as index maps: how a view reads from its base array, and how a write through it updates the base.

b = a[1:-1]; b[i] = v        view of b: (IndexView(window 1:n-1),); the write goes to a at i + 1
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from hloc.diagnostics.errors import ShapeError
from hloc.ir.builder import Builder
from hloc.ir.core import Value
from hloc.ir.types import TensorType
from hloc.ops import helpers
from hloc.ops.elementwise import Add, Complex, Imag, Multiply, Real, Select
from hloc.ops.indexing import Read, Upd
from hloc.ops.shape import Pad, Reshape, Reverse, Slice, Transpose

Index = int | Value
"""An index known now, or an i64 scalar."""


def index_value(b: Builder, index: Index) -> Value:
    return helpers.constant(b, index, np.int64) if isinstance(index, int) else index


def add_index(b: Builder, x: Index, y: Index) -> Index:
    if isinstance(x, int) and isinstance(y, int):
        return x + y
    if x == 0:
        return y
    if y == 0:
        return x
    return b.emit(Add, index_value(b, x), index_value(b, y))


def scale_index(b: Builder, x: Index, factor: int) -> Index:
    if isinstance(x, int):
        return x * factor
    return x if factor == 1 else b.emit(Multiply, x, index_value(b, factor))


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """What an index takes of one dimension: `size` elements from `start` by `step`.

    `size is None`: one element, and the dimension is dropped.
    """

    start: Index
    size: int | None
    step: int = 1

    @property
    def extent(self) -> int:
        """Elements between the first and last taken one, both included."""
        if self.size is None:
            return 1
        return (self.size - 1) * abs(self.step) + 1 if self.size else 0

    def lowest(self, b: Builder) -> Index:
        """The smallest index taken."""
        if self.step > 0 or not self.size:
            return self.start
        return add_index(b, self.start, (self.size - 1) * self.step)


class View:
    """One step of a path from a base array to a view."""

    __slots__ = ()

    def type(self, base: TensorType) -> TensorType:
        raise NotImplementedError

    def read(self, b: Builder, base: Value) -> Value:
        raise NotImplementedError

    def write(self, b: Builder, base: Value, new: Value) -> Value:
        """The base after this view of it was set to `new`."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, eq=False)
class IndexView(View):
    """A basic index: one window per dimension of the base."""

    windows: tuple[Window, ...]

    def type(self, base: TensorType) -> TensorType:
        return base.with_shape(tuple(w.size for w in self.windows if w.size is not None))

    @property
    def dropped(self) -> tuple[int, ...]:
        return tuple(d for d, w in enumerate(self.windows) if w.size is None)

    def _is_whole(self, base: TensorType) -> bool:
        return all(w.start == 0 and w.size == n and w.step == 1 for w, n in zip(self.windows, base.shape, strict=True))

    def read(self, b: Builder, base: Value) -> Value:
        if self._is_whole(base.type):
            return base
        extents = tuple(w.extent for w in self.windows)
        x = self._contiguous(b, base, extents)
        if any(abs(w.step) != 1 for w in self.windows):
            strides = tuple(abs(w.step) if w.size else 1 for w in self.windows)
            x = b.emit(Slice, x, start=(0,) * len(extents), limit=extents, stride=strides)
        x = self._drop(b, x)
        backwards = self._backwards()
        return b.emit(Reverse, x, dims=backwards) if backwards else x

    def _contiguous(self, b: Builder, base: Value, extents: tuple[int, ...]) -> Value:
        lows = [w.lowest(b) for w in self.windows]
        known = tuple(low for low in lows if isinstance(low, int))
        if len(known) == len(lows) and (not self.dropped or 0 in extents):
            limits = tuple(low + e for low, e in zip(known, extents, strict=True))
            if limits == base.type.shape and not any(known):
                return base
            return b.emit(Slice, base, start=known, limit=limits, stride=(1,) * len(known))
        starts = [index_value(b, low) for low in lows]
        simple = all(abs(w.step) == 1 for w in self.windows)
        return b.emit(Read, base, *starts, sizes=extents, drop=self.dropped if simple else ())

    def _drop(self, b: Builder, x: Value) -> Value:
        shape = self.type(TensorType(tuple(w.extent for w in self.windows), x.type.dtype)).shape
        return x if x.type.shape == shape else b.emit(Reshape, x, shape=shape)

    def _backwards(self) -> tuple[int, ...]:
        kept = [w for w in self.windows if w.size is not None]
        return tuple(d for d, w in enumerate(kept) if w.step < 0 and (w.size or 0) > 1)

    def write(self, b: Builder, base: Value, new: Value) -> Value:
        if self._is_whole(base.type):
            return new
        if new.type.size == 0:
            return base
        backwards = self._backwards()
        if backwards:
            new = b.emit(Reverse, new, dims=backwards)
        starts = [index_value(b, w.lowest(b)) for w in self.windows]
        if all(abs(w.step) == 1 for w in self.windows):
            return b.emit(Upd, base, new, *starts, drop=self.dropped, mode="set")
        return self._write_strided(b, base, new, starts)

    def _write_strided(self, b: Builder, base: Value, new: Value, starts: Sequence[Value]) -> Value:
        extents = tuple(w.extent for w in self.windows)
        counts = tuple(1 if w.size is None else w.size for w in self.windows)
        zeros = (0,) * len(counts)
        interior = tuple(abs(w.step) - 1 if w.size else 0 for w in self.windows)
        spread = b.emit(
            Pad,
            b.emit(Reshape, new, shape=counts),
            helpers.full(b, (), 0, new.type.dtype),
            low=zeros,
            high=zeros,
            interior=interior,
        )
        mask = np.zeros(extents, np.bool_)
        mask[tuple(slice(None, None, i + 1) for i in interior)] = True
        old = b.emit(Read, base, *starts, sizes=extents, drop=())
        merged = b.emit(Select, helpers.constant(b, mask, np.bool_), spread, old)
        return b.emit(Upd, base, merged, *starts, drop=(), mode="set")

    def then(self, b: Builder, inner: IndexView) -> IndexView:
        """The view that takes `inner` of this view."""
        following = iter(inner.windows)
        windows = []
        for outer in self.windows:
            if outer.size is None:
                windows.append(outer)
                continue
            w = next(following)
            start = add_index(b, outer.start, scale_index(b, w.start, outer.step))
            windows.append(Window(start, w.size, 1 if w.size is None else w.step * outer.step))
        return IndexView(tuple(windows))


@dataclass(frozen=True, slots=True, eq=False)
class TransposeView(View):
    """Dimensions permuted: dimension d of the view is `permutation[d]` of the base."""

    permutation: tuple[int, ...]

    def type(self, base: TensorType) -> TensorType:
        return base.with_shape(tuple(base.shape[p] for p in self.permutation))

    def read(self, b: Builder, base: Value) -> Value:
        return b.emit(Transpose, base, permutation=self.permutation)

    def write(self, b: Builder, base: Value, new: Value) -> Value:
        inverse = tuple(int(i) for i in np.argsort(self.permutation))
        return b.emit(Transpose, new, permutation=inverse)

    def swap(self, inner: IndexView) -> tuple[View, ...]:
        """Index after transposition as transposition after index."""
        windows: list[Window] = [inner.windows[0]] * len(self.permutation)
        for d, p in enumerate(self.permutation):
            windows[p] = inner.windows[d]
        kept = [p for d, p in enumerate(self.permutation) if inner.windows[d].size is not None]
        permutation = tuple(sorted(kept).index(p) for p in kept)
        index = IndexView(tuple(windows))
        return (index, TransposeView(permutation)) if permutation != tuple(range(len(kept))) else (index,)


@dataclass(frozen=True, slots=True, eq=False)
class ReshapeView(View):
    """The same elements in row-major order under another shape."""

    shape: tuple[int, ...]

    def type(self, base: TensorType) -> TensorType:
        return base.with_shape(self.shape)

    def read(self, b: Builder, base: Value) -> Value:
        return b.emit(Reshape, base, shape=self.shape)

    def write(self, b: Builder, base: Value, new: Value) -> Value:
        return b.emit(Reshape, new, shape=base.type.shape)


READ_ONLY = "assignment destination is read-only"


@dataclass(frozen=True, slots=True, eq=False)
class BroadcastView(View):
    """`np.broadcast_to`: elements repeated to a shape; not to be written."""

    shape: tuple[int, ...]

    def type(self, base: TensorType) -> TensorType:
        return base.with_shape(self.shape)

    def read(self, b: Builder, base: Value) -> Value:
        return helpers.broadcast_to(b, base, self.shape)

    def write(self, b: Builder, base: Value, new: Value) -> Value:
        raise ShapeError(READ_ONLY, help="take a copy first: x = np.broadcast_to(a, shape).copy()")


class ReadOnlyView(View):
    """All of the base, not to be written: what `np.diagonal` gives."""

    __slots__ = ()

    def type(self, base: TensorType) -> TensorType:
        return base

    def read(self, b: Builder, base: Value) -> Value:
        return base

    def write(self, b: Builder, base: Value, new: Value) -> Value:
        raise ShapeError(READ_ONLY, help="take a copy first, or use np.fill_diagonal")


@dataclass(frozen=True, slots=True, eq=False)
class PartView(View):
    """The real or imaginary parts of a complex array."""

    imaginary: bool

    def type(self, base: TensorType) -> TensorType:
        return base.with_dtype(base.dtype.type(0).real.dtype)

    def read(self, b: Builder, base: Value) -> Value:
        return b.emit(Imag if self.imaginary else Real, base)

    def write(self, b: Builder, base: Value, new: Value) -> Value:
        if self.imaginary:
            return b.emit(Complex, b.emit(Real, base), new)
        return b.emit(Complex, new, b.emit(Imag, base))


def extend(b: Builder, path: tuple[View, ...], step: View) -> tuple[View, ...]:
    """The path followed by one more step, merged with the last ones where that keeps reads and writes small."""
    if path and isinstance(step, IndexView):
        last = path[-1]
        if isinstance(last, IndexView):
            return (*path[:-1], last.then(b, step))
        if isinstance(last, TransposeView):
            first, *rest = last.swap(step)
            return (*extend(b, path[:-1], first), *rest)
        if isinstance(last, PartView):
            return (*extend(b, path[:-1], step), last)
    return (*path, step)


def read_path(b: Builder, base: Value, path: Sequence[View]) -> Value:
    for step in path:
        base = step.read(b, base)
    return base


def write_path(b: Builder, base: Value, path: Sequence[View], new: Value) -> Value:
    """The base after the view at the end of `path` was set to `new`."""
    if not path:
        return new
    step, *rest = path
    inner = new if not rest else write_path(b, step.read(b, base), rest, new)
    return step.write(b, base, inner)


def is_contiguous(path: Sequence[View], base: TensorType) -> bool:
    """Whether the elements of a view lie one after another in row-major order, so that NumPy's reshape is a view."""
    shape = base.shape
    for step in path:
        if isinstance(step, BroadcastView | ReadOnlyView | PartView):
            return False
        if isinstance(step, TransposeView):
            moved = [p for p in step.permutation if shape[p] != 1]
            if moved != sorted(moved):
                return False
        if isinstance(step, IndexView) and not _index_is_contiguous(step, shape):
            return False
        shape = step.type(TensorType(shape, base.dtype)).shape
    return True


def _index_is_contiguous(step: IndexView, shape: tuple[int, ...]) -> bool:
    """Windows may be short only where all dimensions before take one element."""
    for d, w in enumerate(step.windows):
        whole = w.size == shape[d] and w.step == 1
        single_before = all((v.size or 1) == 1 for v in step.windows[:d])
        if not whole and not (single_before and (w.size in (None, 0, 1) or w.step == 1)):
            return prod(v.size if v.size is not None else 1 for v in step.windows) <= 1
    return True
