"""Activations of functions: a body run in the current block with its parameters bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hloc.diagnostics.errors import CompileError, UnsupportedError
from hloc.diagnostics.render import display_path
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    ChoiceRef,
    Const,
    DictRef,
    FunctionV,
    ListRef,
    MethodV,
    ObjectRef,
    Tensor,
    TupleV,
)

if TYPE_CHECKING:
    from hloc.frontend.context import Frame
    from hloc.frontend.specializer import Specializer

MAX_DEPTH = 64


def run_frame(sp: Specializer, frame: Frame, bound: dict[str, AbstractValue]) -> AbstractValue:
    """Run a function's body in the current block with its parameters bound; its result."""
    node = frame.source.node
    frame.signature = (node, tuple(_signature(v) for v in bound.values()))
    _refuse_recursion(sp, frame)
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
    if not frame.source.scope.cellvars:
        for name in frame.source.scope.locals:
            sp.state.drop((frame.number, name))
    return result


def _signature(value: AbstractValue) -> object:
    """What tells one activation of a function from another at compile time."""
    match value:
        case Const(obj):
            return ("const", type(obj), repr(obj))
        case Tensor(v, weak):
            return (v.type, weak)
        case ArrayRef() | ChoiceRef():
            return value.type
        case TupleV(items=items):
            return tuple(map(_signature, items))
        case FunctionV(source=source):
            return source
        case MethodV(function, owner):
            return (_signature(function), _signature(owner))
        case ListRef(cell) | DictRef(cell) | ObjectRef(cell=cell):
            return cell.kind
    return type(value)


def _refuse_recursion(sp: Specializer, frame: Frame) -> None:
    active, depth = sp.frame, 0
    while active is not None:
        depth += 1
        if active.signature == frame.signature:
            raise UnsupportedError(
                f"{frame.source.name} calls itself with data: recursion on data is not supported yet",
                help="write it as a loop; recursion on values known at compile time unfolds",
            )
        active = active.caller
    if depth > MAX_DEPTH:
        raise UnsupportedError(f"calls are nested more than {MAX_DEPTH} deep at compile time")
