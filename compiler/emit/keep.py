"""Barriers as calls, for versions of XLA that drop barriers before they fuse operations (jaxlib 0.10).

    %x2, %a2 = barrier %x, %a     →     %x2, %a2 = call @keep(%x, %a)      func @keep(%x, %a) { return %x, %a }

The call carries attributes that keep XLA from inlining it; LLVM does. Only barriers marked `keep` in loops become
calls: those around reads and writes.
"""

from __future__ import annotations

from hloc.emit.loops import Loop
from hloc.ir.core import Block, Function, Module, Op, Value
from hloc.ir.types import TensorType
from hloc.ops.control import Call
from hloc.ops.elementwise import Barrier


def call_barriers(module: Module, function: Function) -> None:
    """Turn the barriers to keep in a function into calls; the functions they call are added to the module."""
    _rewrite(module, function.block, in_loop=function.name != module.main)


def _rewrite(module: Module, block: Block, in_loop: bool) -> None:
    for position, op in enumerate(block.ops):
        for region in op.regions:
            _rewrite(module, region, in_loop or op.kind is Loop)
        keep = op.attrs.get("keep") if op.kind is Barrier else None
        if keep and in_loop:
            attrs = {"function": _keeper(module, tuple(v.type for v in op.operands)), "inline": False}
            block.ops[position] = Op(Call, op.operands, attrs, (), op.results, op.span)


def _keeper(module: Module, types: tuple[TensorType, ...]) -> str:
    """The name of the function that gives back values of these types."""
    name = "keep " + " ".join(map(str, types))
    if name not in module.functions:
        module.add(_identity(name, types))
    return name


def _identity(name: str, types: tuple[TensorType, ...]) -> Function:
    block = Block([Value(t) for t in types])
    block.results = list(block.args)
    return Function(name, block)
