"""Lowers op records straight to StableHLO and runs them: many applications in one module, so that tests stay quick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hloc import mlir
from hloc.emit.context import LowerContext
from hloc.emit.options import EmitOptions
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Op
from hloc.ir.opdef import OpDef
from hloc.ir.types import TensorType
from hloc.ops.sampling import Sample
from hloc.runtime import xla
from hloc.runtime.executable import Executable
from hloc.runtime.options import BuildOptions


def apply(kind: type[OpDef], samples: Sequence[Sample]) -> list[Op]:
    """One operation for each sample, on parameters of its own."""
    builder = Builder(Block())
    for sample in samples:
        types = [TensorType(x.shape, x.dtype) for x in sample.operands]
        builder.emit_many(kind, *(builder.block.add_arg(type) for type in types), **sample.attrs)
    return builder.block.ops


def write(ops: Sequence[Op], *, platform: str = "cpu", in_loop: bool = False) -> str:
    """A StableHLO module whose parameters are the operands of all ops and whose results are all their results."""
    with mlir.create_context(), mlir.ir.Location.unknown():
        ctx = LowerContext(EmitOptions(platform=platform))
        ctx.in_loop = in_loop
        module = mlir.ir.Module.create()
        with mlir.ir.InsertionPoint(module.body):
            function = mlir.func.FuncOp("main", ([ctx.type(v.type) for op in ops for v in op.operands], []))
            entry = function.add_entry_block()
            with mlir.ir.InsertionPoint(entry):
                results = _lower_all(ctx, ops, list(entry.arguments))
                mlir.func.ReturnOp(results)
            types = mlir.ir.FunctionType.get([a.type for a in entry.arguments], [r.type for r in results])
            function.attributes["function_type"] = mlir.ir.TypeAttr.get(types)
        module.operation.verify()
        return str(module)


def _lower_all(ctx: LowerContext, ops: Sequence[Op], arguments: list[Any]) -> list[Any]:
    results = []
    for op in ops:
        operands = [arguments.pop(0) for _ in op.operands]
        values = list(op.kind.lower(ctx, op, operands))
        assert [v.type for v in values] == [ctx.type(r.type) for r in op.results], op
        results += values
    return results


def compile_text(text: str) -> Executable:
    device = xla.backend("cpu")
    return Executable(xla.compile_program(text, BuildOptions(), device), device)


def run(kind: type[OpDef], samples: Sequence[Sample], **target: Any) -> list[list[np.ndarray]]:
    """The results of each application, computed by XLA."""
    ops = apply(kind, samples)
    program = compile_text(write(ops, **target))
    flat = [np.asarray(x) for x in program.execute([x for sample in samples for x in sample.operands])]
    results = []
    for op in ops:
        results.append(flat[: len(op.results)])
        flat = flat[len(op.results) :]
    return results


def reference(kind: type[OpDef], sample: Sample) -> list[np.ndarray]:
    """The results that the record's reference gives."""
    with np.errstate(all="ignore"):
        result = kind.reference(*sample.operands, **sample.attrs)
    return [np.asarray(r) for r in (result if isinstance(result, tuple) else (result,))]
