"""Running cotangents: for each value of the program, the SSA value that holds its cotangent at this point of the sweep.

A cotangent begins with the first contribution, which moves in, and grows in place. Each region of the backward sweep
has a scope. A value from outside of a loop gets its cotangent carried through the backward loop, from the moment the
body first adds to it; in a branch it is one more result of the branch.
"""

from __future__ import annotations

from collections.abc import Iterable

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Value
from hloc.ops.algebra import Into, full
from hloc.ops.elementwise import Add

Contribution = Value | Into | None


def zeros(b: Builder, value: Value) -> Value:
    """Zeros of the type of `value`, as its cotangent."""
    return named(full(b, value.type, 0), value)


def named(cotangent: Value, value: Value) -> Value:
    """Call a cotangent after what it belongs to."""
    if not cotangent.name and value.name:
        cotangent.name = value.name if value.name.endswith("_bar_bar") else f"{value.name}_bar"
    return cotangent


class Scope:
    """The cotangents in one region of the backward sweep; this one is the outermost, whose values are all its own."""

    def __init__(self, active: set[Value], parent: Scope | None = None, own: Iterable[Value] = ()) -> None:
        self.active = active
        self.parent = parent
        self.own = set(own)
        self.running: dict[Value, Value] = {}
        self.changed: dict[Value, None] = {}

    def is_own(self, value: Value) -> bool:
        """Whether `value` is defined in the region that this scope sweeps."""
        return self.parent is None or value in self.own

    def get(self, value: Value) -> Value | None:
        """The cotangent of a value; None stands for zero."""
        found = self.running.get(value)
        return found if found is not None or self.is_own(value) else self.from_outside(value)

    def from_outside(self, value: Value) -> Value | None:
        assert self.parent is not None
        return self.parent.get(value)

    def set(self, value: Value, cotangent: Value) -> None:
        self.running[value] = named(cotangent, value)
        if not self.is_own(value):
            self.changed[value] = None

    def take(self, value: Value) -> Value | None:
        """The final cotangent of a value that the sweep has come to; it has none afterwards."""
        return self.running.pop(value, None)

    def add(self, b: Builder, value: Value, contribution: Contribution) -> None:
        """Add to the cotangent of a value; nothing happens for one that has none by nature."""
        if contribution is None or value not in self.active:
            return
        running = self.get(value)
        if isinstance(contribution, Into):
            self.set(value, contribution.update(zeros(b, value) if running is None else running))
        else:
            self.set(value, contribution if running is None else b.emit(Add, running, contribution))

    def value(self, b: Builder, value: Value) -> Value:
        """The cotangent of a value as an SSA value."""
        running = self.get(value)
        return zeros(b, value) if running is None else running


class LoopScope(Scope):
    """The body of a backward loop: cotangents from outside become carries, arguments of `block`."""

    def __init__(self, active: set[Value], parent: Scope, own: Iterable[Value], block: Block) -> None:
        super().__init__(active, parent, own)
        self.block = block

    def from_outside(self, value: Value) -> Value:
        carry = named(self.block.add_arg(value.type), value)
        self.running[value] = carry
        self.changed[value] = None
        return carry
