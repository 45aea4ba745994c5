"""Calls before differentiation: written out, so that the adjoint saves what it needs in one place, or with a rule."""

from __future__ import annotations

from collections.abc import Container

from hloc.diagnostics.errors import UnsupportedError
from hloc.ir.core import Block, Module, Op, Value, clone_block, substitute, walk
from hloc.ops.control import Call
from hloc.transform.call_graph import cycles


def inline_all(module: Module, block: Block) -> None:
    """Write out the calls of functions that do not call themselves, in place; calls that say how they are
    differentiated stay."""
    if not any(op.name == "call" for op in walk(block)):
        return
    mapping: dict[Value, Value] = {}
    _inline(module, block, mapping, cycles(module))
    substitute(block, mapping)


def body_of(module: Module, name: str) -> Block:
    """A copy of the block of a function; of one that calls itself, a call."""
    return call_of(module, name) if name in cycles(module) else clone_block(module.functions[name].block, {})


def call_of(module: Module, name: str) -> Block:
    """A block with the parameters and results of a function, which calls it."""
    function = module.functions[name]
    block = Block([Value(v.type, v.name) for v in function.params])
    block.results = [Value(v.type, v.name) for v in function.results]
    block.ops = [Op(Call, tuple(block.args), {"function": name}, (), tuple(block.results), function.span)]
    return block


def _inline(module: Module, block: Block, mapping: dict[Value, Value], recursive: Container[str]) -> None:
    ops, block.ops = block.ops, []
    for op in ops:
        name = op.attrs.get("function") if op.name == "call" and len(op.attrs) == 1 else None
        if name is None or name in recursive:
            for region in op.regions:
                _inline(module, region, mapping, recursive)
            block.ops.append(op)
            continue
        function = module.functions[name]
        body = clone_block(
            Block([], function.block.ops, function.block.results), dict(zip(function.params, op.operands, strict=True))
        )
        _inline(module, body, mapping, recursive)
        block.ops += body.ops
        mapping.update(zip(op.results, body.results, strict=True))


def refuse_captured(op: Op, active: Container[Value]) -> None:
    """Raise UnsupportedError for a call with a rule that captures what is differentiated: the rule is silent of it."""
    for value in op.operands[op.attrs.get("arguments", len(op.operands)) :]:
        if value in active:
            raise UnsupportedError(
                f"{op.attrs['function']} has a rule of its own and reads {value.name or 'a value'} from outside, "
                "which is differentiated",
                span=op.span,
                help="pass it as an argument, so that the rule can tell its derivative",
            )
