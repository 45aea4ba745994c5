"""The versions of what a loop over lanes carries: the values that it is handed on as, and what is done to them.

    for %B, %o {lanes = "auto"} body(%k, %o0) {
      %o2 = if %p { %o1 = upd %o0, %x, %k …; yield %o1 } else { yield %o0 }       versions of %o: %o0, %o1, %o2
      yield %o2 }

A version goes through branches, loops, selects and writes. It must come from versions only, so that each of them is
the carry at some point of a lane's way through the body.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from hloc.ir.core import Block, Op, Value
from hloc.transform.regions import carries_of


@dataclass(frozen=True)
class Use:
    """A place where a value is used: operand number `index` of `op`, or result number `index` of a region of `op`.

    region: the number of the region; None for an operand. op is None for results of the body.
    """

    op: Op | None
    index: int
    region: int | None = None


Uses = dict[Value, list[Use]]


def uses_of(body: Block) -> Uses:
    """All uses of values in a block and those inside."""
    uses: Uses = {}

    def enter(block: Block, owner: Op | None, number: int | None) -> None:
        for op in block.ops:
            for index, value in enumerate(op.operands):
                uses.setdefault(value, []).append(Use(op, index))
            for region_number, region in enumerate(op.regions):
                enter(region, op, region_number)
        for index, value in enumerate(block.results):
            uses.setdefault(value, []).append(Use(owner, index, number))

    enter(body, None, 0)
    return uses


@dataclass
class Versions:
    """What a carry goes through.

    Fields:
        values: its versions.
        accesses: the operations that read or change them.
        reason: why they are not versions of one carry only; "" when they are.
        culprit: the operation because of which.
    """

    values: dict[Value, None] = field(default_factory=dict)
    accesses: list[Op] = field(default_factory=list)
    reason: str = ""
    culprit: Op | None = None


class Tracer:
    """Finds the versions of carry `number` of a loop body.

    allowed: whether an operation may have a version as the operand with this number. Its result, if it is no `read`,
    is then a version too.   passing: operations through which versions go as they are.
    """

    def __init__(
        self,
        body: Block,
        number: int,
        uses: Uses,
        allowed: Callable[[Op, int], bool],
        passing: Collection[str] = ("copy", "barrier", "select"),
    ) -> None:
        self.body, self.number, self.uses, self.allowed, self.passing = body, number, uses, allowed, passing
        self.found = Versions()
        self.owed: list[Value] = [body.results[number]]
        """Values that have to be versions."""

    def run(self) -> Versions:
        found, pending = self.found, [self.body.args[self.number + 1]]
        while pending:
            value = pending.pop()
            if value in found.values:
                continue
            found.values[value] = None
            for use in self.uses.get(value, ()):
                more = self.follow(use)
                if more is None:
                    found.reason, found.culprit = _refusal(use), use.op
                    return found
                pending += more
        if not all(v in found.values for v in self.owed):
            found.reason = "another value may take its place"
        elif len(set(found.accesses)) < len(found.accesses):
            found.reason = "it is combined with itself"
        return found

    def follow(self, use: Use) -> list[Value] | None:
        """The versions that a use makes of one; None for a use that a version must not have."""
        op = use.op
        if op is None:
            return [] if use.index == self.number else None
        if use.region is not None:
            return self.leave(op, use.index, use.region)
        if op.name in ("for", "while"):
            return self.enter(op, use.index - carries_of(op).start)
        if op.name in self.passing:
            return self.passed(op, use.index)
        if self.allowed(op, use.index):
            self.found.accesses.append(op)
            return [] if op.name == "read" else [op.result]
        return None

    def passed(self, op: Op, index: int) -> list[Value] | None:
        """A version that stays as it is, or one of two that a condition chooses."""
        if op.name != "select":
            return [op.results[index]]
        self.owed += op.operands[1:]
        return [op.result] if index and not op.operands[0].type.shape else None

    def leave(self, op: Op, index: int, region: int) -> list[Value] | None:
        """What a region yields: a result of a branch, or the next value of the same carry of a loop."""
        if op.name in ("if", "switch"):
            self.owed += [region.results[index] for region in op.regions]
            return [op.results[index]]
        if op.name == "while" and region == 0:
            return None
        self.owed.append(op.operands[carries_of(op)][index])
        return []

    def enter(self, op: Op, index: int) -> list[Value] | None:
        """The initial value of a carry of a loop."""
        if index < 0:
            return None
        self.owed.append(op.regions[-1].results[index])
        return places(op, index)


def places(op: Op, number: int) -> list[Value]:
    """The values that stand for a carry of a loop: its result, and its argument in each region."""
    result, arg = op.results[number + (op.name == "while")], op.regions[-1].args[number + 1]
    return [result, arg, *(region.args[number] for region in op.regions[:-1])]


def _refusal(use: Use) -> str:
    if use.op is None or use.region is not None:
        return "it is handed on as something else"
    return f"all of it goes into {use.op.name}"
