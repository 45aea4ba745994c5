"""Builds operations at the end of a block, inferring result types from the op records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hloc.diagnostics.span import NOWHERE, Span
from hloc.ir.core import Block, Op, Value
from hloc.ir.opdef import OpDef
from hloc.ir.types import TensorType


class Builder:
    """Appends ops to `block`; each gets the current `span`. `producers` tells which op defines a value."""

    def __init__(self, block: Block, span: Span = NOWHERE) -> None:
        self.block = block
        self.span = span
        self.producers: dict[Value, Op] = {}

    def emit(self, kind: type[OpDef], *operands: Value, **attrs: Any) -> Value:
        """Append an op with one result and give that result."""
        (result,) = self.emit_many(kind, *operands, **attrs)
        return result

    def emit_many(self, kind: type[OpDef], *operands: Value, **attrs: Any) -> tuple[Value, ...]:
        """Append an op and give all its results."""
        types = kind.infer([v.type for v in operands], attrs)
        return self.emit_op(kind, operands, types, attrs)

    def emit_op(
        self,
        kind: type[OpDef],
        operands: Sequence[Value],
        types: Sequence[TensorType],
        attrs: dict[str, Any] | None = None,
        regions: Sequence[Block] = (),
    ) -> tuple[Value, ...]:
        """Append an op whose result types are given: control operations and calls."""
        results = tuple(Value(t) for t in types)
        op = Op(kind, tuple(operands), dict(attrs or {}), tuple(regions), results, self.span)
        self.block.ops.append(op)
        for result in results:
            self.producers[result] = op
        return results

    @contextmanager
    def at(self, block: Block) -> Iterator[Block]:
        """Build into another block for a while."""
        before, self.block = self.block, block
        try:
            yield block
        finally:
            self.block = before

    @contextmanager
    def spanned(self, span: Span) -> Iterator[None]:
        """Give ops another source span for a while."""
        before, self.span = self.span, span
        try:
            yield
        finally:
            self.span = before
