"""State that goes through a program in its order: a token, a pointer, an array that is filled.

    %a = call @f %x                        %a, %s1 = call @f %x, %s0
    %b = if %p { yield %a } else {   →     %b, %s3 = if %p { yield %a, %s1 } else {
      %c = call @f %a                        %c, %s2 = call @f %a, %s1
      yield %c }                             yield %c, %s2 }

The caller says which operations change which items of the state, and how; here branches and loops are made to hand on
what changes inside of them. What is only read inside is seen from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from typing import Generic, TypeVar

from hloc.diagnostics.errors import InternalError
from hloc.ir.core import Block, Op, Value

Item = TypeVar("Item", bound=Hashable)


class Thread(Generic[Item]):
    """How one kind of state goes through blocks.

    Fields:
        changes: operation → the items that it changes, its regions apart.
        step: is called with each operation that is no branch or loop, and the state before it; changes the state, and
            gives the operations that stand for this one.
    """

    def __init__(
        self,
        changes: Callable[[Op], Collection[Item]],
        step: Callable[[Op, dict[Item, Value]], Sequence[Op]],
    ) -> None:
        self.changes = changes
        self.step = step

    def block(self, block: Block, state: dict[Item, Value]) -> None:
        """Thread the state through a block in place; `state` becomes what it is at the end."""
        ops, block.ops = block.ops, []
        for op in ops:
            block.ops += self.regions(op, state) if op.regions else self.step(op, state)

    def changed(self, block: Block) -> dict[Item, None]:
        """The items that a block changes, with the regions inside, in order."""
        found: dict[Item, None] = {}
        for op in block.ops:
            found.update((item, None) for item in self.changes(op))
            for region in op.regions:
                found |= self.changed(region)
        return found

    def regions(self, op: Op, state: dict[Item, Value]) -> Sequence[Op]:
        """Thread the state through the regions of an operation, which hands on what changes.

        Gives the operations that stand for it."""
        items = list(dict.fromkeys(item for region in op.regions for item in self.changed(region)))
        if op.name in ("for", "while"):
            self.carry(op, items, state)
        for region in op.regions if op.name not in ("for", "while") else ():
            inner = dict(state)
            self.block(region, inner)
            region.results += [inner[item] for item in items]
        results = [Value(state[item].type, state[item].name) for item in items]
        op.results = (*op.results, *results)
        state.update(zip(items, results, strict=True))
        return [op]

    def carry(self, op: Op, items: Sequence[Item], state: dict[Item, Value]) -> None:
        *conditions, body = op.regions
        inner = dict(state)
        for condition in conditions:
            if self.changed(condition):
                raise InternalError(f"the condition of a {op.name} changes what goes through the program")
            for item in items:
                condition.add_arg(state[item].type, state[item].name)
        op.operands = (*op.operands, *(state[item] for item in items))
        inner.update((item, body.add_arg(state[item].type, state[item].name)) for item in items)
        self.block(body, inner)
        body.results += [inner[item] for item in items]
