"""Activations of functions: a body run in the current block with its parameters bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hloc.diagnostics.errors import CompileError
from hloc.diagnostics.render import display_path
from hloc.frontend.recursion.signatures import look_for_recursion, signature
from hloc.frontend.values import AbstractValue

if TYPE_CHECKING:
    from hloc.frontend.context import Frame
    from hloc.frontend.specializer import Specializer


def run_frame(sp: Specializer, frame: Frame, bound: dict[str, AbstractValue]) -> AbstractValue:
    """Run a function's body in the current block with its parameters bound; its result."""
    node = frame.source.node
    frame.signature, frame.control = signature(sp, frame, bound), sp.control
    if node not in sp.decisions.recursive:
        look_for_recursion(sp, frame)
    caller, call_span = sp.frame, sp.builder.span
    for name, value in bound.items():
        sp.state[(frame.number, name)] = value
    sp.frame = frame
    try:
        lambda_ = not isinstance(node.body, list)
        result = sp.evaluate(node.body) if lambda_ else sp.run_block(node.body)
    except CompileError as error:
        if caller is not None and error.report.span is not None and len(error.report.notes) < 8:
            error.note(f"called from {display_path(call_span.file)}:{call_span.line}, in {caller.source.name}")
        raise
    finally:
        sp.frame = caller
        sp.builder.span = call_span
    sp.hold(result)
    if not frame.source.scope.cellvars:
        for name in frame.source.scope.locals:
            sp.state.drop((frame.number, name))
    return result
