"""Blocks and control operations → StableHLO. Straight operations lower themselves (`OpDef.lower`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hloc import mlir
from hloc.emit.context import LowerContext
from hloc.emit.loops import Loop
from hloc.ir.core import Block, Op, Value
from hloc.ir.types import I32
from hloc.ops.control import Call, If, Switch

NATIVE_CALL = {"xla_cpu_small_call": "true", "inlineable": "false"}
"""Frontend attributes of a call that XLA:CPU compiles as it is, in one piece of native code."""

Scope = dict[Value, Any]


class Writer:
    """Writes blocks at the current insertion point; `symbols` maps function names to MLIR symbols and result types."""

    def __init__(self, ctx: LowerContext, symbols: dict[str, str]) -> None:
        self.ctx = ctx
        self.symbols = symbols

    def write_block(self, block: Block, scope: Scope) -> list[Any]:
        """Write the operations of a block whose arguments are in `scope`; gives the values of its results."""
        for op in block.ops:
            with self.ctx.location(op.span, op.name):
                values = self._write_op(op, scope)
            scope.update(zip(op.results, values, strict=True))
        return [scope[v] for v in block.results]

    def _write_op(self, op: Op, scope: Scope) -> Sequence[Any]:
        args = [scope[v] for v in op.operands]
        control = _CONTROL.get(op.name)
        if control is not None:
            return control(self, op, args, scope)
        return op.kind.lower(self.ctx, op, args)

    def _types(self, values: Sequence[Value]) -> list[Any]:
        return [self.ctx.type(v.type) for v in values]

    def _write_region(self, region: Any, block: Block, scope: Scope, location: Any) -> None:
        """Fill an MLIR region; values of the blocks around are captured."""
        types = self._types(block.args)
        target = region.blocks.append(*types, arg_locs=[location] * len(types))
        inner = dict(scope)
        inner.update(zip(block.args, target.arguments, strict=True))
        with mlir.ir.InsertionPoint(target):
            mlir.hlo.return_(self.write_block(block, inner))

    def _write_branches(self, target: Any, op: Op, scope: Scope) -> Sequence[Any]:
        for region, block in zip(target.regions, op.regions, strict=True):
            self._write_region(region, block, scope, target.location)
        return list(target.results)

    def write_if(self, op: Op, args: Sequence[Any], scope: Scope) -> Sequence[Any]:
        if not op.results:
            return ()
        return self._write_branches(mlir.hlo.IfOp(self._types(op.results), args[0]), op, scope)

    def write_switch(self, op: Op, args: Sequence[Any], scope: Scope) -> Sequence[Any]:
        """`case` takes the last branch for an index out of range; ours is clamped at both ends."""
        if not op.results:
            return ()
        hlo, last = mlir.hlo, np.asarray(len(op.regions) - 1, np.int64)
        index = hlo.clamp(self.ctx.constant(np.zeros_like(last)), args[0], self.ctx.constant(last))
        index = hlo.convert(self.ctx.type(I32), index)
        target = hlo.CaseOp(self._types(op.results), index, len(op.regions))
        return self._write_branches(target, op, scope)

    def write_loop(self, op: Op, args: Sequence[Any], scope: Scope) -> Sequence[Any]:
        target = mlir.hlo.WhileOp(self._types(op.results), list(args))
        outside, self.ctx.in_loop = self.ctx.in_loop, True
        try:
            return self._write_branches(target, op, scope)
        finally:
            self.ctx.in_loop = outside

    def write_call(self, op: Op, args: Sequence[Any], scope: Scope) -> Sequence[Any]:
        symbol = mlir.ir.FlatSymbolRefAttr.get(self.symbols[op.attrs["function"]])
        target = mlir.func.CallOp(self._types(op.results), symbol, list(args))
        if not op.attrs.get("inline", True):
            target.operation.attributes["mhlo.frontend_attributes"] = _string_attrs(NATIVE_CALL)
        return list(target.results)


def _string_attrs(entries: dict[str, str]) -> Any:
    ir = mlir.ir
    return ir.DictAttr.get({key: ir.StringAttr.get(value) for key, value in entries.items()})


_Write = Callable[[Writer, Op, Sequence[Any], Scope], Sequence[Any]]
_CONTROL: dict[str, _Write] = {
    If.name: Writer.write_if,
    Switch.name: Writer.write_switch,
    Loop.name: Writer.write_loop,
    Call.name: Writer.write_call,
}
