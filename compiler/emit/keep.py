"""Barriers as calls, for versions of XLA that drop barriers before they fuse operations (jaxlib 0.10).

    %x2, %a2 = barrier %x, %a     →     %x2, %a2 = call @keep(%x, %a)      func @keep(%x, %a) { return %x, %a }

The call carries attributes that keep XLA from inlining it; LLVM does. Only barriers in loops that protect an array
become calls.
"""

from __future__ import annotations

from hloc.emit.loops import Loop
from hloc.ir.core import Block, Function, Module, Op, Value
from hloc.ir.types import TensorType
from hloc.ops.control import Call
from hloc.ops.elementwise import Barrier


def call_barriers(module: Module) -> None:
    """Turn the barriers over arrays in loops into calls; the functions they call are added to the module."""
    made: dict[tuple[TensorType, ...], Function] = {}
    for function in list(module.functions.values()):
        _rewrite(module, function.block, made, in_loop=function.name != module.main)


def _rewrite(module: Module, block: Block, made: dict[tuple[TensorType, ...], Function], in_loop: bool) -> None:
    for position, op in enumerate(block.ops):
        for region in op.regions:
            _rewrite(module, region, made, in_loop or op.kind is Loop)
        if in_loop and op.kind is Barrier and any(v.type.rank for v in op.operands):
            types = tuple(v.type for v in op.operands)
            if types not in made:
                made[types] = module.add(_identity(types))
            attrs = {"function": made[types].name, "inline": False}
            block.ops[position] = Op(Call, op.operands, attrs, (), op.results, op.span)


def _identity(types: tuple[TensorType, ...]) -> Function:
    block = Block([Value(t) for t in types])
    block.results = list(block.args)
    return Function("keep", block)
