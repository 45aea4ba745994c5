"""Control operations: they own regions. Their result types are given when they are built (`Builder.emit_op`).

if      (pred: b1)                        regions then() → rs, else() → rs          results rs
switch  (index: i64)                      regions case_j() → rs; the index is clamped results rs
while   (c0s…)   cond(cs) → b1, body(k, cs) → cs     k: i64 counts 0, 1, …          results (n: i64, cs…)
for     (n: i64, c0s…)       body(k, cs) → cs        attr direction: +1 runs k = 0…n-1, -1 runs n-1…0; n < 1: none
                                                      attr lanes: the trips are to be independent (see below)
call    (args…)  attr function: name in the module                                   results of the callee

`lanes` is for what one call does for many arguments: it says how the trips are to be run, "auto", "simd", "lockstep",
"pc" or "serial". Whether they may be run so is seen from what they carry (hloc.transform.lanes); the meaning of the
loop is the same with and without it. Passes that make a loop of another keep it where the trips stay what they were.

A call may say how it is differentiated:

checkpoint = True               the reverse sweep runs the function again instead of saving what it computes
jvp = "g"                       g(args…, tangents of the float args…) → (results…, tangents of the float results…)
forward = "g", backward = "h"   g(args…) → (results…, residuals…);
                                h(residuals…, cotangents of the float results…) → cotangents of the float args, and
                                `needed`, as below, where h asks for derivatives itself
With rules, `arguments` says how many operands the user passes; the others are captured, and have no derivative.
Float means float or complex.

Derivatives that were asked for, until transform/differentiate writes them out (attrs function, wrt, outputs):

linearize    (xs…, captured…)       results of the function, tape: i64, needed: i64
pullback     (tape, cts…)           cotangents of its first `outputs` results → of its first `wrt` operands, needed: i64
pushforward  (tape, ts…)            tangents of its first `wrt` operands → of its first `outputs` results, needed: i64
jvp          (xs…, captured…, ts…)  results of the function, tangents of its first `outputs` results

A tape stands for what the function computed; it is no number. `needed` is 0 when all that a derivative has to
remember had room, else the number of the loop that had not, times 2**40, plus the rows that it wants; all other
results are then meaningless (see hloc.transform.differentiate).
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


@register
class Linearize(Control):
    name = "linearize"


@register
class Pullback(Control):
    name = "pullback"


@register
class Pushforward(Control):
    name = "pushforward"


@register
class Jvp(Control):
    name = "jvp"
