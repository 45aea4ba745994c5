"""Loops repeated with known values: the body is run trip by trip, because something inside must be known now."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import gast

from hloc.diagnostics.errors import StaticValueError
from hloc.frontend import operators
from hloc.frontend.branches import branch
from hloc.frontend.expressions import operand
from hloc.frontend.iteration import Iteration
from hloc.frontend.names import own_slot
from hloc.frontend.values import (
    FALLS,
    AbstractValue,
    Const,
    NeverV,
)
from hloc.ir.core import Value
from hloc.ops.elementwise import Not
from hloc.program import StaticUse

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


def repeat_for(sp: Specializer, stmt: gast.For, iteration: Iteration) -> AbstractValue:
    with sp.at(stmt.iter):
        length = iteration.static_length(sp)
        use = sp.decisions.repeated.get(stmt)
        limit = sp.options.max_repeat
        if length > limit:
            reason = f" ({use.reason} must be known)" if use else ""
            raise StaticValueError(
                f"this loop would be repeated {length} times at compile time{reason}; the limit is {limit}",
                help="let the sizes of arrays not depend on the loop variable, or iterate over an array",
            )
    sp.report_repeated(
        StaticUse(f"loop repeated {length} times", use.reason if use else "its items are unlike", sp.span)
    )
    return _trips(sp, stmt, iteration, 0, length)


def _trips(sp: Specializer, stmt: gast.For, iteration: Iteration, first: int, length: int) -> AbstractValue:
    for j in range(first, length):
        with sp.at(stmt.target):
            sp.assign(stmt.target, iteration.item(sp, Const(j)))
        if isinstance(sp.run_block(stmt.body), NeverV):
            return NeverV()
        stop = _stopped(sp, stmt)
        if stop is True:
            return FALLS
        if isinstance(stop, Value):
            rest = partial(_trips, sp, stmt, iteration, j + 1, length)
            return branch(sp, sp.emit(Not, stop), rest, lambda: FALLS)
    return FALLS


def _stopped(sp: Specializer, stmt: gast.AST) -> bool | Value:
    """Whether an exit flag is set."""
    result: AbstractValue = Const(False)
    for name in stmt.exit_flags:
        slot = own_slot(sp, name)
        assert slot is not None
        result = operators.logical_or(sp, result, sp.state[slot])
    return operators.truth(sp, result)


def repeat_while(sp: Specializer, stmt: gast.While, trips: int) -> AbstractValue:
    """A `while` whose variables must be known: its test decides now, trip by trip."""
    while True:
        condition = operators.truth(sp, operand(sp, stmt.test))
        if condition is False:
            return FALLS
        trips += 1
        if trips > sp.options.max_repeat:
            raise StaticValueError(
                f"this loop would be repeated more than {sp.options.max_repeat} times at compile time"
            )
        if isinstance(condition, Value):
            _know_test(sp, stmt, condition)
        if isinstance(sp.run_block(stmt.body), NeverV):
            return NeverV()
        stop = _stopped(sp, stmt)
        if stop is True:
            return FALLS
        if isinstance(stop, Value):
            return branch(sp, sp.emit(Not, stop), partial(repeat_while, sp, stmt, trips), lambda: FALLS)


def _know_test(sp: Specializer, stmt: gast.While, condition: Value) -> None:
    """Demand the test; a refusal says what the loop was to be repeated for."""
    try:
        sp.demand(condition, "the test of a loop that is repeated")
    except StaticValueError:
        use = sp.decisions.repeated.get(stmt)
        if use is None:
            raise
        raise StaticValueError(
            f"{use.reason} must be known at compile time, but the test of the loop around it depends on data",
            help="loop over a range of known length, or use one array with a dimension more",
        ) from None
