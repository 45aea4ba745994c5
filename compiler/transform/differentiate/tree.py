"""Where values of a nested program are defined, and how to carry new ones through its regions."""

from __future__ import annotations

from collections.abc import Sequence

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Op, Value
from hloc.ops.algebra import full
from hloc.transform.differentiate.sites import AT_MOST

Place = tuple[Op, Block]


class Tree:
    """The blocks of a program while it is being changed.

    Fields:
        home: value → the block that defines it.
        owner: block → the operation that it is a region of, and the block where that stands.
        producer: value → the operation that gives it; block arguments have none.
        order: value → its number in the order of definition, of values that were there at first.
        builder: makes new operations; `tree.insert` puts them somewhere.
    """

    def __init__(self, root: Block) -> None:
        self.root = root
        self.home: dict[Value, Block] = {}
        self.owner: dict[Block, tuple[Op, Block]] = {}
        self.inside: dict[Block, Block] = {}
        self.producer: dict[Value, Op] = {}
        self.order: dict[Value, int] = {}
        self.builder = Builder(Block())
        self.enter(root)

    def enter(self, block: Block, parent: Block | None = None) -> None:
        """Note a block and all in it; `parent` is around it without an operation between them."""
        if parent is not None:
            self.inside[block] = parent
        for arg in block.args:
            self.define(arg, block)
        for op in block.ops:
            self.enter_op(op, block)

    def enter_op(self, op: Op, block: Block) -> None:
        for region in op.regions:
            self.owner[region] = (op, block)
            self.enter(region)
        for value in op.results:
            self.define(value, block)
            self.producer[value] = op

    def define(self, value: Value, block: Block) -> None:
        self.home[value] = block
        self.order.setdefault(value, len(self.order))

    def up(self, block: Block) -> Block | None:
        """The block around a block."""
        return self.owner[block][1] if block in self.owner else self.inside.get(block)

    def chain(self, block: Block) -> list[Block]:
        """From a block to the outermost."""
        found = [block]
        while (above := self.up(found[-1])) is not None:
            found.append(above)
        return found

    def common(self, a: Block, b: Block) -> Block:
        """The innermost block around both."""
        around = set(self.chain(b))
        return next(block for block in self.chain(a) if block in around)

    def block_of(self, place: Place) -> Block:
        """The block where the operation of a place stands."""
        return self.owner[place[1]][1]

    def trips(self, op: Op) -> int | None:
        """How many trips a loop makes, or a number that it does not exceed."""
        if AT_MOST in op.attrs:
            return max(int(op.attrs[AT_MOST]), 0)
        producer = self.producer.get(op.operands[0]) if op.name == "for" else None
        return max(int(producer.attrs["value"]), 0) if producer is not None and producer.name == "constant" else None

    def lanes(self, op: Op) -> int | None:
        """How many lanes a loop runs over, so that its trips must not learn of each other; None of another loop."""
        return self.trips(op) if "lanes" in op.attrs else None

    def path(self, top: Block, block: Block) -> list[Place]:
        """The operations, with their regions, that lead from `top` down to `block`."""
        found: list[Place] = []
        while block is not top:
            if block in self.owner:
                found.append((self.owner[block][0], block))
            above = self.up(block)
            assert above is not None
            block = above
        return found[::-1]

    def last_of(self, values: Sequence[Value], block: Block) -> Op | None:
        """The operation of a block after which these values are there; None where that is so from the beginning."""
        makers = [self.producer[v] for v in values if v in self.producer and self.home[v] is block]
        return max(makers, key=block.ops.index, default=None)

    def insert(self, ops: Sequence[Op], block: Block, *, after: Op | None = None, before: Op | None = None) -> None:
        """Put operations into a block: after or before one of its own, else at its beginning."""
        index = 0
        if after is not None:
            index = block.ops.index(after) + 1
        elif before is not None:
            index = block.ops.index(before)
        block.ops[index:index] = ops
        for op in ops:
            self.enter_op(op, block)

    # --- carrying values

    def open(self, initial: Value, path: Sequence[Place], name: str) -> list[Value]:
        """Carry a new value into the regions along a path: what it is in each of them, the value outside first."""
        values = [initial]
        for op, region in path:
            current = values[-1]
            if op.name in ("for", "while"):
                op.operands = (*op.operands, current)
                current = region.add_arg(initial.type, name)
                for other in op.regions[:-1]:
                    self.define(other.add_arg(initial.type, name), other)
                self.define(current, region)
            values.append(current)
        return values

    def close(self, values: Sequence[Value], final: Value, path: Sequence[Place], name: str) -> Value:
        """Carry what became of it in the innermost region out again; `values` are from `open`."""
        for (op, region), outside in zip(reversed(path), reversed(values[:-1]), strict=True):
            if op.name in ("for", "while"):
                region.results.append(final)
            else:
                for other in op.regions:
                    other.results.append(final if other is region else outside)
            final = self.add_result(op, Value(final.type, name))
        return final

    def add_result(self, op: Op, result: Value) -> Value:
        op.results = (*op.results, result)
        self.producer[result] = op
        self.define(result, self.owner[op.regions[0]][1])
        return result

    def lift(self, value: Value, top: Block) -> Value:
        """A value of a branch inside `top` as a value of `top`: one more result of the branches, 0 on other sides."""
        while (home := self.home[value]) is not top:
            op, _ = self.owner[home]
            known = [result for v, result in zip(home.results, op.results, strict=True) if v is value]
            value = known[0] if known else self._yield(value, op, home)
        return value

    def _yield(self, value: Value, op: Op, region: Block) -> Value:
        for other in op.regions:
            if other is region:
                other.results.append(value)
                continue
            block = Block()
            with self.builder.at(block), self.builder.spanned(op.span):
                other.results.append(full(self.builder, value.type, 0))
            other.ops += block.ops
            for made in block.ops:
                self.enter_op(made, other)
        return self.add_result(op, Value(value.type, value.name))
