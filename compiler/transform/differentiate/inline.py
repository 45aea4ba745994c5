"""Calls written out before differentiation: the adjoint of a program without calls saves what it needs in one place."""

from __future__ import annotations

from hloc.ir.core import Block, Module, Value, clone_block, substitute


def inline_all(module: Module, block: Block) -> None:
    """Write out the calls of functions that do not call themselves, in place; calls that say how they are
    differentiated stay."""
    mapping: dict[Value, Value] = {}
    _inline(module, block, mapping, ())
    substitute(block, mapping)


def _inline(module: Module, block: Block, mapping: dict[Value, Value], active: tuple[str, ...]) -> None:
    ops, block.ops = block.ops, []
    for op in ops:
        name = op.attrs.get("function") if op.name == "call" and len(op.attrs) == 1 else None
        if name is None or name in active:
            for region in op.regions:
                _inline(module, region, mapping, active)
            block.ops.append(op)
            continue
        function = module.functions[name]
        body = clone_block(
            Block([], function.block.ops, function.block.results), dict(zip(function.params, op.operands, strict=True))
        )
        _inline(module, body, mapping, (*active, name))
        block.ops += body.ops
        mapping.update(zip(op.results, body.results, strict=True))
