"""Replace what the ranges of integers decide: checks of indices that cannot fail, above all.

    for 10 (%err = 0) { ^(%k):                                   for 10 { ^(%k):
      %neg = compare LT %k, 0                                      %v = read %a, %k
      %i = select %neg, (add %k, 10), %k                           …
      %ok = and (compare GE %i, 0), (compare LT %i, 10)     →
      %err1 = select (and (compare EQ %err, 0), not %ok), 7, %err
      %v = read %a, %i; …

Bool and integer results, and scalar parameters, that `analyze_module` pins to one number become constants, loop carries
that keep one number are removed, results that equal an operand (a modulo in range, a decided minimum) become that
operand, and divisions of nonnegative integers get `nonnegative = True`. The rest of the check goes with
`fold_constants` and `eliminate_dead_code`.
"""

from __future__ import annotations

import numpy as np

from hloc.ir.core import Block, Function, Module, Op, Value, used_values
from hloc.transform.analyze_module import analyze_module
from hloc.transform.fold_control import pass_by
from hloc.transform.ranges import Ranges
from hloc.transform.regions import carries_of, keep_results
from hloc.transform.rewrite import Replacement, Rewriter

_LARGEST = 64


def drop_checks(module: Module) -> bool:
    """Use the ranges of integers in every function of `module`, in place; says whether anything changed."""
    found = analyze_module(module)
    reachable = [function for name, function in module.functions.items() if name in found]
    changed = False
    for function in reachable:
        changed |= _Dropper(found[function.name]).run(function)
    return changed


class _Dropper(Rewriter):
    def __init__(self, ranges: Ranges) -> None:
        super().__init__()
        self.ranges = ranges

    def run(self, function: Function) -> bool:
        """Put constants in place of parameters too."""
        made, used = Block(), used_values(function.block)
        with self.builder.at(made):
            for param in function.params:
                if param in used and not param.type.rank and self.is_pinned(param):
                    self.replace([param], [self.number(param)])
        function.block.ops[:0] = made.ops
        return super().run(function)

    def rewrite(self, op: Op) -> Replacement:
        if op.name in ("for", "while"):
            places = zip(op.regions[-1].args[1:], op.results[op.name == "while" :], strict=True)
            keep = [not self.keeps_number(arg, result) for arg, result in places]
            self.begin_with_numbers(op, keep)
            pass_by(self, op, keep)
        elif op.name in ("if", "switch"):
            self.pin_results(op)
        elif len(op.results) == 1 and not self.is_constant(op):
            return self.pinned(op)
        return None

    def is_constant(self, op: Op) -> bool:
        """Whether an op is the form of a constant already: replacing it would never come to an end."""
        filled = op.name == "broadcast_in_dim" and op.result.type.size > _LARGEST
        return op.name in ("constant", "empty") or (filled and self.constant_of(op.operands[0]) is not None)

    def is_pinned(self, value: Value) -> bool:
        interval = self.ranges.interval.get(value)
        return interval is not None and interval.single

    def keeps_number(self, arg: Value, result: Value) -> bool:
        """Whether a carry is the same number in all trips, and after the last."""
        return self.is_pinned(arg) and self.ranges.interval[arg] == self.ranges.interval[result]

    def begin_with_numbers(self, op: Op, keep: list[bool]) -> None:
        """Arrays that are one number all the time begin as that; an `empty` one holds anything before it is written."""
        args, inits = op.regions[-1].args[1:], op.operands[carries_of(op)]
        carries = zip(args, inits, keep, strict=True)
        known = [v if kept or not v.type.rank else self.number(arg) for arg, v, kept in carries]
        op.operands = (*op.operands[: len(op.operands) - len(inits)], *known)

    def pinned(self, op: Op) -> Replacement:
        """The constant or the operand that the only result of an op equals."""
        if self.is_pinned(op.result):
            return [self.number(op.result)]
        if op.result in self.ranges.same:
            return [self.resolve(self.ranges.same[op.result])]
        if op in self.ranges.nonnegative and not op.attrs.get("nonnegative", False):
            op.attrs["nonnegative"] = True
            self.changed = True
        return None

    def pin_results(self, op: Op) -> None:
        """Replace the results of branches that are always the same number."""
        keep = [not self.is_pinned(result) for result in op.results]
        for result, kept in zip(op.results, keep, strict=True):
            if not kept:
                self.replace([result], [self.number(result)])
        keep_results(op, keep)

    def number(self, value: Value) -> Value:
        """The constant that a pinned value equals."""
        scalar = value.type.with_shape(())
        number = np.array(self.ranges.interval[value].lo, value.type.dtype)
        if value.type.size <= _LARGEST:
            return self.constant(number, value.type)
        filling = self.constant(number, scalar)
        return self.emit("broadcast_in_dim", (filling,), value.type, shape=value.type.shape, dims=())
