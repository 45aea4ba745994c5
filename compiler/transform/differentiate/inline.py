"""Calls before differentiation: written out, so that the adjoint saves what it needs in one place, or with a rule."""

from __future__ import annotations

from collections.abc import Container

from hloc.diagnostics.errors import UnsupportedError
from hloc.ir.core import Block, Module, Op, Value, clone_block, substitute


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
