"""SSA values → gast expressions, with nested values written in place.

multiply (broadcast 2.0), x      np.full(3, 2.0) * x  is written  2.0 * x
add %k, 1   for a counter k      k + 1      np.int64(k) + 1 where an int64 must come out
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gast
import numpy as np

from hloc.ir.core import Op, Value
from hloc.ir.to_python import trees
from hloc.ir.to_python.forms import is_keepdims, new_axes
from hloc.ir.to_python.prepare import window_sizes
from hloc.ir.to_python.templates import VIEWS, Template, hole, template, template_of


class Expressions:
    """Builds the expressions of one function: `names` are its variables, `nested` what is written in place."""

    def __init__(self, names: Mapping[Value, str], nested: Mapping[Value, Op], weak: set[Value]) -> None:
        self.names, self.nested, self.weak = names, nested, weak

    def strong(self, value: Value) -> Any:
        """An expression whose value has the exact type: a NumPy array or scalar."""
        op = self.nested.get(value)
        if op is not None and op.name == "constant" and not value.type.rank:
            return trees.scalar(op.attrs["value"][()])
        tree = self.loose(value)
        return gast.Call(trees.dtype(value.type.dtype), [tree], []) if value in self.weak else tree

    def loose(self, value: Value) -> Any:
        """An expression that may be a Python number where `strong` is a NumPy scalar."""
        op = self.nested.get(value)
        if op is None:
            return trees.name(self.names[value])
        if op.name == "constant" and not value.type.rank:
            return trees.number(op.attrs["value"][()])
        return self.operation(op)

    def operation(self, op: Op) -> Any:
        """The right-hand side for an op without regions."""
        if op.name == "constant":
            value = op.attrs["value"]
            return trees.array(value) if value.ndim else trees.scalar(value[()])
        if op.name == "read":
            return self._read(op)
        if op.name == "call":
            return trees.call(op.attrs["function"], *(self.strong(v) for v in op.operands))
        if op.name == "clamp_index":
            return template_of(op).fill([self.loose(op.operands[0])])
        if op.name == "broadcast_in_dim" and not op.operands[0].type.rank:
            return self._full(op)
        return self._plain(op)

    def _plain(self, op: Op) -> Any:
        """An op that is written as its record says."""
        form, inner = template_of(op), self.nested.get(op.operands[0]) if op.operands else None
        if inner is not None and is_keepdims(op, inner):
            tree = self.operation(inner)
            tree.keywords.append(gast.keyword("keepdims", trees.literal(True)))
            return tree
        if op.name == "concatenate" and (parts := self._stacked(op)):
            return parts
        arguments = [self.strong(v) for v in op.operands]
        if op.name == "select":
            arguments[0] = self.loose(op.operands[0])
        for i in self._loose_operands(op, form):
            arguments[i] = self.small(op.operands[i])
        tree = form.fill(arguments)
        if op.name in VIEWS and not op.result.type.rank:
            return gast.Subscript(tree, trees.literal(()), gast.Load())
        return tree

    def _loose_operands(self, op: Op, form: Template) -> list[int]:
        """Operands that may be Python numbers or smaller arrays, as another operand gives type and shape."""
        soft = [i for i in form.mixing if self._is_soft(op.operands[i])]
        full = [i for i in form.mixing if i not in soft]
        if op.name == "select" and op.operands[0].type.rank and not full and self._has_type(op, soft):
            return soft
        if full or (op.results[0] in self.weak and all(self._is_number(op.operands[i]) for i in soft)):
            return soft
        return [i for i in soft[1:] if self._is_number(op.operands[i])]

    def _has_type(self, op: Op, soft: list[int]) -> bool:
        """Whether one of these operands, written softly, has the type of the result."""
        natural = op.result.type.dtype in trees.NATURAL_TYPES
        return natural or any(not self._is_number(self._inner(op.operands[i])) for i in soft)

    def _is_soft(self, value: Value) -> bool:
        return self._is_number(value) or self._inner(value) is not value

    def _is_number(self, value: Value) -> bool:
        """Whether `loose` gives a Python number."""
        op = self.nested.get(value)
        return value in self.weak or (op is not None and op.name == "constant" and not value.type.rank)

    def _inner(self, value: Value) -> Value:
        """What a nested broadcast repeats, as NumPy repeats it."""
        op = self.nested.get(value)
        return op.operands[0] if op is not None and op.name == "broadcast_in_dim" else value

    def small(self, value: Value) -> Any:
        """`loose`, or what a nested broadcast repeats, where NumPy repeats it."""
        inner, op = self._inner(value), self.nested.get(value)
        axes = new_axes(op.attrs["dims"], value.type.rank) if op is not None and inner is not value else ""
        return template(f"{hole(0)}{axes}").fill([self.loose(inner)]) if axes else self.loose(inner)

    def _stacked(self, op: Op) -> Any:
        """np.array or np.stack of what is put together, where each part is given a dimension of size one for it."""
        parts = [self.nested.get(v) for v in op.operands]
        d = op.attrs["dim"]
        for part in parts:
            if part is None or part.name != "reshape":
                return None
            shape = part.result.type.shape
            if shape[d] != 1 or part.operands[0].type.shape != (*shape[:d], *shape[d + 1 :]):
                return None
        items = gast.List([self.strong(part.operands[0]) for part in parts if part is not None], gast.Load())
        if op.result.type.rank == 1:
            return trees.call("np.array", items)
        return trees.call("np.stack", items, *([trees.literal(d)] if d else []))

    def _full(self, op: Op) -> Any:
        """A scalar repeated."""
        inner, type_ = op.operands[0], op.result.type
        if not type_.rank:
            return self.strong(inner)
        source = self.nested.get(inner)
        if source is not None and source.name == "constant":
            return trees.full(type_.shape, trees.number(source.attrs["value"][()]), type_.dtype)
        return trees.call("np.full", trees.shape(type_.shape), self.strong(inner))

    # ---- windows

    def _read(self, op: Op) -> Any:
        array = self.loose(op.operands[0])
        return self.window(op, array, list(op.operands[1:])) if op.operands[0].type.rank else array

    def window(self, op: Op, array: Any, starts: list[Value], store: bool = False) -> Any:
        """`a[i, j:j + 3]` for a read or upd of an array of rank one or more."""
        sizes, drop = window_sizes(op), op.attrs["drop"]
        extents = op.operands[0].type.shape
        parts = [
            self.loose(start) if d in drop else self._interval(start, size, extent)
            for d, (start, size, extent) in enumerate(zip(starts, sizes, extents, strict=True))
        ]
        while len(parts) > 1 and _is_everything(parts[-1]):
            parts.pop()
        index = parts[0] if len(parts) == 1 else gast.Tuple(parts, gast.Load())
        return gast.Subscript(array, index, gast.Store() if store else gast.Load())

    def _interval(self, start: Value, size: int, extent: int) -> Any:
        """`:`, `2:5` or `i:i + 3`."""
        if size == extent:
            return gast.Slice(None, None, None)
        op = self.nested.get(start)
        if op is not None and op.name == "constant":
            low = int(np.clip(op.attrs["value"], 0, extent - size))
            return gast.Slice(trees.literal(low), trees.literal(low + size), None)
        end = gast.BinOp(self.loose(start), gast.Add(), trees.literal(size))
        return gast.Slice(self.loose(start), end, None)


def _is_everything(part: Any) -> bool:
    return isinstance(part, gast.Slice) and part.lower is None and part.upper is None
