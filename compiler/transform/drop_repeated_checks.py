"""Drop checks that were made already: what was checked holds as long as no error has happened.

    %bad = compare GE %i, 10                              %bad = compare GE %i, 10
    %err1 = select (and %bad, %err == 0), 7, %err         %err1 = select (and %bad, %err == 0), 7, %err
    %v = read %a, %i; …                              →    %v = read %a, %i; …
    %err2 = select (and %bad, %err1 == 0), 8, %err1       %b = upd %a, %w, %i
    %b = upd %a, %w, %i

Errors are numbers that stay what they are once they are not 0. If %err1 is 0, so is %err, and %bad was false. So each
error has facts that hold where it is 0: those of the error before, and what its own check says. They go through
branches (what holds on both sides, or on the side that must have been taken), through calls that are made only while
there is no error, and into and out of loops. Conditions are compared by how they are computed.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager

import numpy as np

from hloc.ir.core import Function, Module, Op, Value, walk
from hloc.transform.eliminate_common_subexpressions import COMMUTATIVE, freeze
from hloc.transform.identities import NEGATED
from hloc.transform.regions import carries_of
from hloc.transform.rewrite import Replacement, Rewriter, rewrite_functions

Fact = tuple[Hashable, bool]
"""How a b1 is computed, and what it is."""
_MOST = 48
"""Steps back from an error to those before it."""
_DEPTH = 8
"""Operations that the description of a value goes through."""


def drop_repeated_checks(module: Module) -> bool:
    """Replace conditions of checks that were made before by false, in place; says whether anything changed."""
    return rewrite_functions(module, lambda _: _Dropper())


class _Dropper(Rewriter):
    """Fields:
    known: what conditions are in the current region.
    owner: argument of a loop's body → the loop, and the number of the carry.
    keys: value → how it is computed.
    found: error → what holds where it is 0, in the current region.
    staying: pairs of numbers → whether the second must be 0 where the first is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[Value, bool] = {}
        self.owner: dict[Value, tuple[Op, int]] = {}
        self.keys: dict[Value, Hashable] = {}
        self.found: dict[Value, set[Fact]] = {}
        self.staying: dict[tuple[Value, Value], bool] = {}

    def run(self, function: Function) -> bool:
        for op in walk(function.block):
            if op.name in ("for", "while"):
                for region in op.regions:
                    args = region.args[region is op.regions[-1] :]
                    self.owner.update((arg, (op, j)) for j, arg in enumerate(args))
        return super().run(function)

    def walk_region(self, op: Op, index: int) -> None:
        if op.name != "if":
            super().walk_region(op, index)
            return
        with self.assumed(op.operands[0], index == 0):
            super().walk_region(op, index)

    @contextmanager
    def assumed(self, condition: Value, truth: bool) -> Iterator[None]:
        before = self.known, self.found
        self.known, self.found = {**self.known, **dict(self.implied(condition, truth))}, {}
        try:
            yield
        finally:
            self.known, self.found = before

    def implied(self, value: Value, truth: bool) -> Iterator[tuple[Value, bool]]:
        """What else must be so where a condition is `truth`."""
        yield value, truth
        op = self.producers.get(value)
        if op is None:
            return
        if op.name == "not":
            yield from self.implied(op.operands[0], not truth)
        elif op.name == ("and" if truth else "or"):
            for operand in op.operands:
                yield from self.implied(operand, truth)
        elif op.name == "if":
            number = op.results.index(value)
            sides = [region.results[number] for region in op.regions]
            taken = [j for j, side in enumerate(sides) if self.boolean(side) is not (not truth)]
            if len(taken) == 1:
                yield from self.implied(op.operands[0], taken[0] == 0)
                yield from self.implied(sides[taken[0]], truth)

    def boolean(self, value: Value) -> bool | None:
        constant = self.constant_of(value)
        return None if constant is None or constant.shape else bool(constant)

    # --- the rule

    def rewrite(self, op: Op) -> Replacement:
        if op.name != "and" or op.result.type.rank:
            return None
        for x, y in (op.operands, op.operands[::-1]):
            if self.fact(x, True) == self.fact(y, False):
                return [self.constant(np.array(False), op.result.type)]
            error = self.error_of(y)
            if error is not None and self.fact(x, False) in self.facts(error, _MOST):
                return [self.constant(np.array(False), op.result.type)]
        return None

    def error_of(self, value: Value) -> Value | None:
        """The error that a condition says is 0."""
        op = self.producers.get(value)
        if op is None or op.name != "compare" or op.attrs["direction"] != "EQ":
            return None
        zero = self.constant_of(self.resolve(op.operands[1]))
        known = zero is not None and not zero.shape and zero.dtype.kind == "i" and zero == 0
        return self.resolve(op.operands[0]) if known else None

    # --- what holds where an error is 0

    def facts(self, error: Value, steps: int) -> set[Fact]:
        """What holds where an integer is 0."""
        error = self.resolve(error)
        if error not in self.found and steps:
            self.found[error] = self.look_back(error, steps)
        return self.found.get(error, set())

    def look_back(self, error: Value, steps: int) -> set[Fact]:
        op = self.producers.get(error)
        if op is None:
            loop, number = self.owner.get(error, (None, 0))
            return self.before_loop(loop, number, steps) if loop is not None else set()
        if op.name == "select" and not op.result.type.rank:
            return self.selected(op, steps)
        if op.name == "if":
            return self.branched(op, op.results.index(error), steps)
        if op.name in ("for", "while"):
            number = op.results.index(error) - (op.name == "while")
            return self.before_loop(op, number, steps) if number >= 0 else set()
        return set()

    def selected(self, op: Op, steps: int) -> set[Fact]:
        condition, *sides = op.operands
        if self.resolve(condition) in self.known:
            return self.facts(sides[not self.known[self.resolve(condition)]], steps - 1)
        for side, other, truth in ((sides[0], sides[1], False), (sides[1], sides[0], True)):
            if self.is_error(side):
                before = self.facts(other, steps - 1)
                return before | self.check(condition, truth, other, before)
        return self.facts(sides[0], steps - 1) & self.facts(sides[1], steps - 1)

    def check(self, condition: Value, truth: bool, error: Value, before: set[Fact]) -> set[Fact]:
        """What a check says that has not failed, and neither those before it."""
        found = {self.fact(condition, truth)}
        op = self.producers.get(self.resolve(condition))
        if op is not None and op.name == "and" and not truth:
            given = [self.error_of(v) is self.resolve(error) or self.fact(v, True) in before for v in op.operands]
            parts = [v for v, known in zip(op.operands, given, strict=True) if not known]
            found |= {self.fact(v, False) for v in parts} if len(parts) == 1 else set()
        return found

    def branched(self, op: Op, number: int, steps: int) -> set[Fact]:
        condition = self.resolve(op.operands[0])
        sides = [region.results[number] for region in op.regions]
        if condition in self.known:
            return self.facts(sides[not self.known[condition]], steps - 1)
        found = []
        before = self.error_of(condition)
        for j, side in enumerate(sides):
            if not self.is_error(side):
                first = self.facts(before, steps - 1) if before is not None and j == 0 else set()
                found.append(first | self.facts(side, steps - 1))
        return set.intersection(*found) if found else set()

    def before_loop(self, loop: Op, number: int, steps: int) -> set[Fact]:
        """What held before a loop, if its carry stays an error once it is one."""
        body = loop.regions[-1]
        if not self.stays(body.results[number], body.args[number + 1], steps):
            return set()
        return self.facts(loop.operands[carries_of(loop)][number], steps - 1)

    def stays(self, error: Value, earlier: Value, steps: int) -> bool:
        """Whether an earlier number must be 0 where this one is."""
        error = self.resolve(error)
        if (error, earlier) not in self.staying:
            self.staying[error, earlier] = error is earlier or (steps > 0 and self.look_for(error, earlier, steps))
        return self.staying[error, earlier]

    def look_for(self, error: Value, earlier: Value, steps: int) -> bool:
        op = self.producers.get(error)
        if op is None:
            return False
        sides: list[Value] = []
        if op.name == "select":
            sides = list(op.operands[1:])
        elif op.name == "if":
            before = self.error_of(self.resolve(op.operands[0]))
            guarded = before is not None and self.stays(before, earlier, steps - 1)
            sides = [region.results[op.results.index(error)] for region in op.regions[guarded:]]
        elif op.name in ("for", "while"):
            number, body = op.results.index(error) - (op.name == "while"), op.regions[-1]
            if number >= 0 and self.stays(body.results[number], body.args[number + 1], steps - 1):
                sides = [op.operands[carries_of(op)][number]]
        return bool(sides) and all(self.is_error(side) or self.stays(side, earlier, steps - 1) for side in sides)

    def is_error(self, value: Value) -> bool:
        constant = self.constant_of(self.resolve(value))
        return constant is not None and not constant.shape and constant != 0

    # --- how values are computed

    def fact(self, condition: Value, truth: bool) -> Fact:
        """A condition in a form that its opposite has too, with the other truth."""
        condition = self.resolve(condition)
        op = self.producers.get(condition)
        while op is not None and op.name == "not":
            condition, truth = self.resolve(op.operands[0]), not truth
            op = self.producers.get(condition)
        if op is not None and op.name == "compare" and op.operands[0].type.dtype.kind in "iub":
            direction = op.attrs["direction"]
            if direction in ("GE", "GT", "NE"):
                direction, truth = NEGATED[direction], not truth
            operands = tuple(self.key(v, _DEPTH) for v in op.operands)
            return (("compare", direction, operands), truth)
        return (self.key(condition, _DEPTH), truth)

    def key(self, value: Value, depth: int) -> Hashable:
        """Equal for values that are computed alike."""
        value = self.resolve(value)
        if value in self.keys:
            return self.keys[value]
        op = self.producers.get(value)
        alike = op is not None and op.kind.cheap and op.kind.pure and op.name != "empty" and len(op.results) == 1
        if op is None or not alike or op.regions or depth == 0:
            return value
        operands = tuple(self.key(v, depth - 1) for v in op.operands)
        if op.name in COMMUTATIVE:
            operands = tuple(sorted(operands, key=hash))
        found: Hashable = (op.name, operands, freeze(op.attrs))
        if depth == _DEPTH:
            self.keys[value] = found
        return found
