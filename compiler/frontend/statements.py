"""Statements: core gast → changes of the state.

`run_block` gives `FALLS` when control reaches the end, the value of a return, or `NeverV` after a raise.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import gast

from hloc.diagnostics.errors import DTypeError, UnsupportedError
from hloc.frontend import operators
from hloc.frontend.arrays import list_items, resolve_list
from hloc.frontend.attributes import get_attribute, set_attribute
from hloc.frontend.branches import branch
from hloc.frontend.effects import fail
from hloc.frontend.expressions import evaluate_index, make_function, matmul, operand
from hloc.frontend.loops import run_for, run_while
from hloc.frontend.names import own_slot, read_name, slot_of
from hloc.frontend.python_arithmetic import constant_power
from hloc.frontend.state import Slot
from hloc.frontend.structure import cells_in, kind_of
from hloc.frontend.subscripts import get_item, set_item
from hloc.frontend.values import (
    FALLS,
    NONE,
    UNDEFINED,
    AbstractValue,
    ArrayRef,
    ChoiceRef,
    Const,
    ListRef,
    NeverV,
    Tensor,
    Unreachable,
)
from hloc.ops.elementwise import Not

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer
    from hloc.ir.core import Value


def run_block(sp: Specializer, stmts: Sequence[gast.stmt]) -> AbstractValue:
    """Run statements in order until one leaves the block."""
    for stmt in stmts:
        with sp.at(stmt), sp.letting_go():
            try:
                result = run(sp, stmt)
            except Unreachable:
                return NeverV()
        if result is not FALLS:
            return result
    return FALLS


def run(sp: Specializer, stmt: gast.stmt) -> AbstractValue:
    match stmt:
        case gast.Assign(targets=targets, value=value):
            computed = operand(sp, value)
            for target in targets:
                assign(sp, target, computed)
        case gast.AugAssign():
            _augmented(sp, stmt)
        case gast.Expr(value=value):
            operand(sp, value)
        case gast.If():
            return _if(sp, stmt)
        case gast.While():
            return run_while(sp, stmt)
        case gast.For():
            return run_for(sp, stmt)
        case gast.Return(value=value):
            if stmt.never:
                return NeverV()
            return operand(sp, value) if value is not None else NONE
        case gast.Raise():
            return _raise(sp, stmt)
        case gast.FunctionDef(name=name):
            sp.state[slot_of(sp, name)] = make_function(sp, stmt)
        case gast.Import() | gast.ImportFrom():
            _import(sp, stmt)
        case gast.Delete(targets=targets):
            for target in targets:
                sp.state[slot_of(sp, target.id)] = UNDEFINED
        case gast.Pass() | gast.Nonlocal() | gast.Global():
            pass
        case _:
            raise UnsupportedError(f"{type(stmt).__name__} statements are not supported yet")
    return FALLS


# --- assignment


def assign(sp: Specializer, target: gast.expr, value: AbstractValue) -> None:
    """Bind a target: a name, an element, an attribute, or a pattern of them."""
    match target:
        case gast.Name(id=name):
            sp.state[slot_of(sp, name)] = value
            _suggest_name(sp, value, name)
        case gast.Subscript(value=base, slice=index):
            with sp.at(target):
                set_item(sp, operand(sp, base), evaluate_index(sp, index), value)
        case gast.Attribute(value=base, attr=attr):
            with sp.at(target):
                set_attribute(sp, operand(sp, base), attr, value)
        case gast.Tuple(elts=elts) | gast.List(elts=elts):
            with sp.at(target):
                _unpack(sp, elts, value)
        case gast.Starred(value=inner):
            assign(sp, inner, value)
        case _:
            raise UnsupportedError(f"cannot assign to {type(target).__name__}")


def _suggest_name(sp: Specializer, value: AbstractValue, name: str) -> None:
    """SSA values get the name of the first variable that holds them."""
    if isinstance(value, ArrayRef):
        value.cell.label = value.cell.label or name
        value = sp.state[value.cell] if not value.view else value
    if isinstance(value, Tensor) and not value.value.name:
        value.value.name = name.replace("$", "")


def _unpack(sp: Specializer, targets: Sequence[gast.expr], value: AbstractValue) -> None:
    items = list_items(sp, value)
    starred = [j for j, t in enumerate(targets) if isinstance(t, gast.Starred)]
    if starred:
        before, after = starred[0], len(targets) - starred[0] - 1
        if len(items) < before + after:
            message = f"not enough values to unpack (expected at least {before + after}, got {len(items)})"
            fail(sp, None, ValueError, [Const(message)])
            return
        middle = sp.new_list(items[before : len(items) - after])
        items = [*items[:before], middle, *items[len(items) - after :]]
    if len(items) != len(targets):
        many = len(items) > len(targets)
        message = (
            f"too many values to unpack (expected {len(targets)})"
            if many
            else (f"not enough values to unpack (expected {len(targets)}, got {len(items)})")
        )
        raise DTypeError(message)
    for target, item in zip(targets, items, strict=True):
        assign(sp, target, item)


def _augmented(sp: Specializer, stmt: gast.AugAssign) -> None:
    """`x op= v`: in place for arrays and lists, a new binding for everything else."""
    name = type(stmt.op).__name__
    match stmt.target:
        case gast.Name(id=id):
            old = read_name(sp, id)
            new = _in_place(sp, name, old, operand(sp, stmt.value))
            sp.state[slot_of(sp, id)] = new
            _suggest_name(sp, new, id)
        case gast.Subscript(value=base, slice=index):
            owner, key = operand(sp, base), evaluate_index(sp, index)
            old = get_item(sp, owner, key)
            new = _in_place(sp, name, old, operand(sp, stmt.value))
            if new is not old or not _shares_object(old, owner):
                set_item(sp, owner, key, new)
        case gast.Attribute(value=base, attr=attr):
            owner = operand(sp, base)
            old = get_attribute(sp, owner, attr)
            new = _in_place(sp, name, old, operand(sp, stmt.value))
            set_attribute(sp, owner, attr, new)


def _shares_object(part: AbstractValue, owner: AbstractValue) -> bool:
    """Whether writing `part` in place has written its owner: a view of it, or an object that it holds."""
    if isinstance(owner, ArrayRef | ChoiceRef):
        return not set(cells_in(part)).isdisjoint(cells_in(owner))
    return isinstance(part, ArrayRef | ChoiceRef | ListRef)


def _in_place(sp: Specializer, name: str, old: AbstractValue, value: AbstractValue) -> AbstractValue:
    """The object after `old op= value`."""
    old = resolve_list(sp, old)
    if isinstance(old, ListRef) and name == "Add":
        sp.set_items(old, [*sp.items(old), *list_items(sp, value)])
        return old
    if isinstance(old, ArrayRef | ChoiceRef) and not old.is_list:
        if name == "MatMult":
            raise UnsupportedError("@= is not supported yet", help="write a = a @ b")
        if name == "Pow":
            short = constant_power(sp, old, value)
            if short is not None:
                return operators.write_into(sp, short, old)
        return operators.binary_into(sp, name, old, value)
    if name == "MatMult":
        return matmul(sp, old, value)
    return operators.binary(sp, name, old, value)


# --- control


def _if(sp: Specializer, stmt: gast.If) -> AbstractValue:
    with sp.letting_go():
        condition = operand(sp, stmt.test)
        with sp.at(stmt.test):
            known = operators.truth(sp, condition)
    if isinstance(known, bool):
        return run_block(sp, stmt.body if known else stmt.orelse)
    dead = dead_slots(sp, stmt.assigned, stmt.live_after)
    if always_raises(stmt.body):
        return _guarded(sp, known, stmt.body, stmt.orelse)
    if always_raises(stmt.orelse):
        return _guarded(sp, sp.emit(Not, known), stmt.orelse, stmt.body)
    return branch(sp, known, lambda: run_block(sp, stmt.body), lambda: run_block(sp, stmt.orelse), dead)


def _guarded(sp: Specializer, fails: Value, raising: list[gast.stmt], rest: list[gast.stmt]) -> AbstractValue:
    """`if fails: raise …` only sets the status; the rest runs on, and nobody sees it after an error."""
    branch(sp, fails, lambda: _without_result(run_block(sp, raising)), lambda: FALLS)
    return run_block(sp, rest)


def _without_result(result: AbstractValue) -> AbstractValue:
    return FALLS if isinstance(result, NeverV) else result


def always_raises(stmts: Sequence[gast.stmt]) -> bool:
    """A block that does nothing but raise."""
    if not stmts:
        return False
    last = stmts[-1]
    if isinstance(last, gast.If):
        return len(stmts) == 1 and always_raises(last.body) and always_raises(last.orelse)
    return len(stmts) == 1 and isinstance(last, gast.Raise)


def dead_slots(sp: Specializer, names: Iterable[str], live: Iterable[str]) -> list[Slot]:
    """Slots of local names that nothing reads any more."""
    gone = set(names) - set(live)
    return [slot for name in gone if (slot := own_slot(sp, name)) is not None]


def _raise(sp: Specializer, stmt: gast.Raise) -> AbstractValue:
    if stmt.exc is None:
        raise UnsupportedError("`raise` without an exception is not supported yet")
    exception: Any
    args: list[AbstractValue] = []
    if isinstance(stmt.exc, gast.Call):
        exception = operand(sp, stmt.exc.func)
        if stmt.exc.keywords:
            raise UnsupportedError("keyword arguments of an exception are not supported yet")
        args = [operand(sp, a) for a in stmt.exc.args]
    else:
        exception = operand(sp, stmt.exc)
    if isinstance(exception, Const) and isinstance(exception.obj, BaseException):
        args, exception = [Const(a) for a in exception.obj.args], Const(type(exception.obj))
    if not (
        isinstance(exception, Const) and isinstance(exception.obj, type) and issubclass(exception.obj, BaseException)
    ):
        raise DTypeError(f"exceptions must derive from BaseException, found {kind_of(exception)}")
    fail(sp, None, exception.obj, args)
    return NeverV()


def _import(sp: Specializer, stmt: Any) -> None:
    for alias in stmt.names:
        if isinstance(stmt, gast.Import):
            module = importlib.import_module(alias.name)
            top = module if alias.asname else importlib.import_module(alias.name.split(".")[0])
            sp.state[slot_of(sp, alias.asname or alias.name.split(".")[0])] = Const(top)
        else:
            assert sp.frame is not None
            package = sp.frame.globals.get("__package__")
            module = importlib.import_module("." * (stmt.level or 0) + (stmt.module or ""), package)
            sp.state[slot_of(sp, alias.asname or alias.name)] = Const(getattr(module, alias.name))
