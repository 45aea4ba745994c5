"""Run the clean-up passes in turn until nothing changes, at most `_MOST_ROUNDS` times each.

func @main(%a: f64[10]) {                                             func @main(%a: f64[10]) {
  while (%i = 0, %s = 0.0, %err = 0) {                                  %s = for 10 (%t = 0.0) { ^(%k):
    yield (%i < 10) and (%err == 0) } do { ^(%k):                 →       %v = read %a, %k
    check of %i against 10 into %err1                                     %t1 = add %t, %v
    %v = read %a, %i; …; yield %i1, %s1, %err1 }                          yield %t1 }
  return %s, %err                                                       return %s, 0
}                                                                     }
"""

from __future__ import annotations

from collections.abc import Callable

from hloc.ir.core import Module
from hloc.transform.convert_if_to_select import convert_discrete_if, convert_if_to_select
from hloc.transform.drop_checks import drop_checks
from hloc.transform.drop_repeated_checks import drop_repeated_checks
from hloc.transform.eliminate_common_subexpressions import eliminate_common_subexpressions
from hloc.transform.eliminate_dead_code import eliminate_dead_code
from hloc.transform.fold_calls import fold_calls
from hloc.transform.fold_constants import fold_constants
from hloc.transform.hoist_invariants import hoist_invariants
from hloc.transform.inline_calls import inline_calls
from hloc.transform.merge_carries import merge_carries
from hloc.transform.unrotate_loops import unrotate_loops
from hloc.transform.while_to_for import while_to_for

Pass = Callable[[Module], bool]

_MOST_ROUNDS = 5
_ROUND: tuple[Pass, ...] = (
    fold_calls,
    fold_constants,
    eliminate_common_subexpressions,
    merge_carries,
    eliminate_dead_code,
    drop_checks,
    drop_repeated_checks,
    convert_discrete_if,
    unrotate_loops,
    while_to_for,
    hoist_invariants,
)


def simplify(module: Module, *, select: bool = False) -> bool:
    """Clean up `module` in place; says whether anything changed.

    With `select`, cheap branches become selects; only after differentiation (see convert_if_to_select).
    """
    changed = inline_calls(module) | _repeat(module)
    if select and convert_if_to_select(module):
        _repeat(module)
        changed = True
    return changed


def _repeat(module: Module) -> bool:
    """Run the passes in turn until none of them has found anything to do since its last run."""
    changed, idle = False, 0
    for run in _ROUND * _MOST_ROUNDS:
        idle = 0 if run(module) else idle + 1
        changed |= idle == 0
        if idle == len(_ROUND):
            break
    return changed
