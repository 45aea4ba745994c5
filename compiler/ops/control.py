"""Control operations: they own regions. Their result types are given when they are built (`Builder.emit_op`).

if      (pred: b1)                        regions then() → rs, else() → rs          results rs
switch  (index: i64)                      regions case_j() → rs; the index is clamped results rs
while   (c0s…)   cond(cs) → b1, body(k, cs) → cs     k: i64 counts 0, 1, …          results (n: i64, cs…)
for     (n: i64, c0s…)       body(k, cs) → cs        attr direction: +1 runs k = 0…n-1, -1 runs n-1…0; n < 1: none
call    (args…)  attr function: name in the module                                   results of the callee
"""

from __future__ import annotations

from hloc.ir.opdef import OpDef, register


class Control(OpDef):
    """An operation with regions; pure, as all effects are values, but it may run long."""

    speculatable = False


@register
class If(Control):
    name = "if"


@register
class Switch(Control):
    name = "switch"


@register
class While(Control):
    name = "while"


@register
class For(Control):
    name = "for"


@register
class Call(Control):
    name = "call"
