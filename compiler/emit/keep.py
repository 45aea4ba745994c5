"""Barriers as calls, for versions of XLA that drop barriers before they fuse operations (jaxlib 0.10).

    %x2, %a2 = barrier %x, %a     →     %x2, %a2 = call @keep(%x, %a)      func @keep(%x, %a) { return %x, %a }

The call carries attributes that keep XLA from inlining it; LLVM does. Only barriers marked `keep` in loops become
calls, those around reads and writes, and those marked `once`. Constants pass beside them: XLA moves constants into the
called function, and then may not find the buffer of a parameter that is left without use, on which it ends the process
(ir_emitter.cc: "All or none of the slices should have an explicit index").
"""

from __future__ import annotations

from hloc.emit.loops import Loop
from hloc.ir.core import Block, Function, Module, Op, Value, substitute, walk
from hloc.ir.types import TensorType
from hloc.ops.control import Call
from hloc.ops.elementwise import Barrier


def call_barriers(module: Module, function: Function) -> None:
    """Turn the barriers to keep in a function into calls; the functions they call are added to the module."""
    constants = _constants(function.block)
    mapping: dict[Value, Value] = {}
    _rewrite(module, function.block, constants, mapping, in_loop=function.name != module.main)
    substitute(function.block, mapping)


def _rewrite(
    module: Module, block: Block, constants: set[Value], mapping: dict[Value, Value], *, in_loop: bool
) -> None:
    ops, block.ops = block.ops, []
    for op in ops:
        for region in op.regions:
            _rewrite(module, region, constants, mapping, in_loop=in_loop or op.kind is Loop)
        if op.kind is not Barrier or not (op.attrs.get("once") or (in_loop and op.attrs.get("keep"))):
            block.ops.append(op)
            continue
        pairs = [(mapping.get(v, v), result) for v, result in zip(op.operands, op.results, strict=True)]
        mapping.update((result, v) for v, result in pairs if v in constants)
        kept = [(v, result) for v, result in pairs if v not in constants]
        if kept:
            operands, results = zip(*kept, strict=True)
            attrs = {"function": _keeper(module, tuple(v.type for v in operands)), "inline": False}
            block.ops.append(Op(Call, operands, attrs, (), results, op.span))


def _constants(block: Block) -> set[Value]:
    """Constants, also in another shape."""
    found: set[Value] = set()
    for op in walk(block):
        if op.name == "constant" or (op.name in ("broadcast_in_dim", "reshape") and op.operands[0] in found):
            found.update(op.results)
    return found


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
