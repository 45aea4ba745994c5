"""What the backward sweep reads of the forward one: saved, or computed again.

The sweep of `reverse` names forward values from anywhere. A value of a loop's body is there in the adjoint body only
if it was saved in a log or is computed again from values that are; one of a branch, if it becomes a result of the
branch or is computed again. For each loop body, with the branches in it, the values to save are a minimum cut
between what is needed and what is at hand, in bytes a trip; only operations of a few instructions an element are
computed again. The body of a recursive function is treated as that of a loop, an activation as a trip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from hloc.ir.core import Block, Op, Value, clone_op, free_values, substitute, walk
from hloc.ops.algebra import emit
from hloc.ops.control import Control
from hloc.ops.helpers import constant, convert
from hloc.transform.differentiate.greatest import greatest
from hloc.transform.differentiate.logs import LoopLog
from hloc.transform.differentiate.mincut import minimum_vertex_cut
from hloc.transform.differentiate.reverse import Pair
from hloc.transform.differentiate.rows import Rows
from hloc.transform.differentiate.rows_of_trips import Counts
from hloc.transform.differentiate.sites import Sites
from hloc.transform.differentiate.tree import Tree

Save = Callable[[Block, Block, Sequence[Value], dict[Value, str]], dict[Value, Value]]
"""(body, its adjoint, values of the body, what for) → what they are in the adjoint."""


def settle(
    forward: Block,
    backward: Block,
    pairs: Sequence[Pair],
    missing: Sequence[tuple[Block, Value]],
    sites: Sites,
    *,
    keep_all: bool = False,
) -> tuple[list[Value], list[Value]]:
    """Make the names of forward values in the backward sweep legal, changing both in place.

    backward: stands after `forward` and sees its values.
    missing: values `needed` in blocks of the backward sweep.
    keep_all: whatever can be computed again is (of a linear program, only what does not depend on the direction is
    named).
    Gives these, and those of the logs that may be too small (see `Counts`): of the forward and of the backward block.
    """
    tree = Tree(forward)
    tree.enter(backward, parent=forward)
    further = [greatest(tree, v, block, backward) for block, v in missing]
    counts = Counts(tree, sites)

    def save(body: Block, adjoint: Block, values: Sequence[Value], reasons: dict[Value, str]) -> dict[Value, Value]:
        start = len(counts.needed)
        loaded = LoopLog(tree, counts, body, adjoint).save(values, reasons)
        further.extend(greatest(tree, v, top, backward) for top, v in counts.needed[start:] if top is not forward)
        return loaded

    _settle_groups(tree, _partners(pairs), save, {}, keep_all)
    return [v for top, v in counts.needed if top is forward], further


def settle_activation(
    forward: Block, backward: Block, pairs: Sequence[Pair], rows: Rows, given: dict[Value, Value]
) -> None:
    """The same for the body of a recursive function and its adjoint, where each activation saves a row.

    given: parameters of the function → what they are in the adjoint.
    """
    tree = Tree(forward)
    tree.enter(backward, parent=forward)
    _settle_groups(tree, {**_partners(pairs), forward: backward}, partial(rows.save, tree), given, False)


def _settle_groups(
    tree: Tree, partner: dict[Block, Block], save: Save, given: dict[Value, Value], keep_all: bool
) -> None:
    """Loop bodies, from the inside out."""
    groups: dict[Block, list[Block]] = {}
    for region in partner:
        groups.setdefault(_root(tree, region, partner), []).append(region)
    for root in sorted(groups, key=lambda block: -len(tree.chain(block))):
        blocks = sorted(groups[root], key=lambda block: len(tree.chain(block)))
        _Group(tree, root, blocks, partner, given if root is tree.root else {}).settle(save, keep_all)


def _regions(pair: Pair) -> Iterable[tuple[Block, Block]]:
    if pair.forward.name in ("for", "while"):
        return [(pair.forward.regions[-1], pair.backward.regions[-1])]
    return zip(pair.forward.regions, pair.backward.regions, strict=True)


def _partners(pairs: Sequence[Pair]) -> dict[Block, Block]:
    return {forward: backward for pair in pairs for forward, backward in _regions(pair)}


def _root(tree: Tree, region: Block, partner: dict[Block, Block]) -> Block:
    """The loop body that a region belongs to, itself or around its branches; else the block that they stand in."""
    while region in partner and region in tree.owner and tree.owner[region][0].name in ("if", "switch"):
        region = tree.owner[region][1]
    return region


class _Group:
    """A loop body, the body of a function, or a straight piece of program, with the branches in it: what is saved here
    is decided together.

    Fields:
        saves: whether something is saved: not where the adjoint stands behind, in the same block.
        given: values that are there in the adjoint anyway, with what they are.
    """

    def __init__(
        self, tree: Tree, root: Block, blocks: list[Block], partner: dict[Block, Block], given: dict[Value, Value]
    ) -> None:
        self.tree = tree
        self.root = root
        self.blocks = blocks
        self.partner = partner
        self.saves = root in partner
        self.members = set(blocks)
        self.given = dict(given)
        self.counters: dict[Value, tuple[Value, Value]] = {}
        if self.saves and root in tree.owner:
            self.given[root.args[0]] = partner[root].args[0]
            self.counters = dict(_counters(tree, root))

    def settle(self, save: Save, keep_all: bool) -> None:
        needed = self.needed()
        if not needed:
            return
        saved = self.cut(needed, keep_all=keep_all)
        at_hand = dict(self.given)
        lifted = {v: self.tree.lift(v, self.root) for v in saved}
        if self.saves:
            rows = sorted(set(lifted.values()), key=self.tree.order.__getitem__)
            if rows:
                reasons = {lifted[v]: needed.get(v, "") for v in saved}
                loaded = save(self.root, self.partner[self.root], rows, reasons)
                at_hand.update((v, loaded[lifted[v]]) for v in saved)
        else:
            at_hand.update(lifted)
        self.compute_again(needed, at_hand)
        for block in [self.root] if self.saves else self.blocks:
            substitute(self.partner[block], at_hand)

    def needed(self) -> dict[Value, str]:
        """Values of the group that the adjoint names, each with what for."""
        found: dict[Value, str] = {}
        for block in self.blocks:
            names = [v for v in free_values(self.partner[block]) if self.tree.home.get(v) is block]
            readers = {v: op for op in walk(self.partner[block]) for v in op.operands} if names else {}
            found.update((v, _purpose(readers.get(v))) for v in names)
        return found

    # --- the choice

    def cut(self, needed: Iterable[Value], *, keep_all: bool) -> list[Value]:
        """What is saved."""
        cost: dict[Value, int] = {}
        edges: list[tuple[Value, Value]] = []
        sources: list[Value] = []
        sinks = [v for v in needed if not self.is_at_hand(v)]
        pending = list(sinks)
        while pending:
            value = pending.pop()
            if value in cost:
                continue
            cost[value] = max(value.type.nbytes, 1)
            op = self.tree.producer.get(value)
            if op is None or not _may_repeat(op, anything=keep_all):
                sources.append(value)
                continue
            operands = {v for v in _all_operands(op) if not self.is_at_hand(v)}
            edges += [(v, value) for v in operands]
            pending += operands
        found = minimum_vertex_cut(cost, edges, sources, sinks)
        return sorted(found, key=self.tree.order.__getitem__)

    def is_at_hand(self, value: Value) -> bool:
        """Whether a value is there in the adjoint without being saved here."""
        return value in self.given or value in self.counters or self.tree.home.get(value) not in self.members

    def compute_again(self, needed: Iterable[Value], at_hand: dict[Value, Value]) -> None:
        """Copy to the beginning of each adjoint region the operations that give what is needed there."""
        chosen: dict[Op, None] = {}
        pending = [v for v in needed if v not in at_hand]
        while pending:
            value = pending.pop()
            if value in self.counters and value not in at_hand:
                at_hand[value] = self.count(*self.counters[value])
            if value in at_hand or self.is_at_hand(value) or (op := self.tree.producer[value]) in chosen:
                continue
            chosen[op] = None
            pending += _all_operands(op)
        ops = sorted(chosen, key=lambda op: self.tree.order[op.results[0]])
        for block in self.blocks:
            copies = []
            for op in ops:
                if self.tree.home[op.results[0]] is block:
                    results = [v for v in op.results if v in at_hand]
                    kept = {v: at_hand[v] for v in results}
                    copies.append(clone_op(op, at_hand))
                    at_hand.update(kept)
            adjoint = self.partner[block]
            last = self._last_read(adjoint, at_hand)
            self.tree.insert(copies, adjoint, after=last)

    def count(self, start: Value, step: Value) -> Value:
        """What a counter is, in the adjoint body: start + k step."""
        b, made = self.tree.builder, Block()
        adjoint = self.partner[self.root]
        with b.at(made):
            maker = self.tree.producer.get(step)
            if maker is not None and maker.name == "constant":
                step = constant(b, maker.attrs["value"])
            steps = emit(b, "multiply", convert(b, adjoint.args[0], step.type.dtype), step)
            value = emit(b, "add", start, steps)
        self.tree.insert(made.ops, adjoint)
        return value

    def _last_read(self, adjoint: Block, at_hand: dict[Value, Value]) -> Op | None:
        """The last operation at the beginning of an adjoint body that loads from a log."""
        loaded = {self.tree.producer.get(v) for v in at_hand.values() if self.tree.home.get(v) is adjoint}
        return next((op for op in reversed(adjoint.ops) if op in loaded), None)


def _counters(tree: Tree, body: Block) -> Iterator[tuple[Value, tuple[Value, Value]]]:
    """Integer carries that grow by the same number each trip, with their first value and that number."""
    loop, _ = tree.owner[body]
    if loop.attrs.get("direction", 1) < 0:
        return
    inits = loop.operands[loop.name == "for" :]
    for arg, result, start in zip(body.args[1:], body.results, inits, strict=True):
        op = tree.producer.get(result)
        if op is None or op.name != "add" or arg not in op.operands or arg.type.dtype.kind != "i" or arg.type.shape:
            continue
        step = op.operands[op.operands[0] is arg]
        maker = tree.producer.get(step)
        if (maker is not None and maker.name == "constant") or body not in tree.chain(tree.home[step]):
            yield arg, (start, step)


def _may_repeat(op: Op, *, anything: bool) -> bool:
    if anything:
        return op.kind.pure and not any(inner.name == "call" for inner in walk(Block(ops=[op])))
    return op.kind.pure and op.kind.cheap and not issubclass(op.kind, Control)


def _all_operands(op: Op) -> list[Value]:
    """All that an operation and its regions use from outside."""
    return [*op.operands, *(v for region in op.regions for v in free_values(region))]


def _purpose(op: Op | None) -> str:
    if op is not None and op.name == "barrier":
        return "a part that is run again begins with it"
    if op is None:
        return "a result of the adjoint"
    return f"read by {op.name} in the adjoint" + (f", line {op.span.line}" if op.span.line else "")
