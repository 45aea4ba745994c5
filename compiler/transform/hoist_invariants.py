"""Move what does not change out of loops.

    for %n (%s = %x) { ^(%k):             %u = add %a, %b
      %u = add %a, %b               →     %t = sine %u
      %t = sine %u                        for %n (%s = %x) { ^(%k): %s1 = multiply %s, %t; yield %s1 }
      %s1 = multiply %s, %t
      yield %s1
    }

Inner loops first, so that one walk takes an operation out of a whole nest. Moved is what is pure, cannot fail and
reads only values from outside the loop; in the condition of a `while`, which is always computed, and in a `for` of
constant count >= 1 also whole inner loops and branches. A loop that may not run at all gets only work in front that
costs little: `_MOST_WORK` elements, expensive operations counting `_EXPENSIVE` times.

Constants, `empty`, `iota`, broadcasts, reshapes and slices stay where they are, as they cost nothing inside and a
buffer outside; something that moves and needs them takes a copy along. Writes (`upd`, `scatter`), `copy` and `barrier`
stay too. Carries that never change are removed by `fold_constants`.
"""

from __future__ import annotations

from hloc.ir.core import Block, Module, Op, Value, clone_op, free_values, substitute

_MOST_WORK = 65536
_EXPENSIVE = 64
_EXPENSIVE_OPS = frozenset({"dot_general", "sort", "cholesky", "triangular_solve", "lu"})
_FREE = frozenset({"constant", "empty", "iota", "broadcast_in_dim", "reshape", "slice"})
_STAYING = frozenset({"upd", "scatter", "copy", "barrier"})


def hoist_invariants(module: Module) -> bool:
    """Move invariant operations out of the loops of every function, in place; says whether anything changed."""
    changed = False
    for function in module.functions.values():
        hoister = _Hoister()
        hoister.define(function.params, 0)
        hoister.block(function.block, 0)
        changed |= hoister.changed
    return changed


class _Hoister:
    """Walks regions from the inside out.

    Fields:
        depth: how many regions a value is defined inside of; less than that of a loop's body means outside the loop.
        constants: integer constants, for the counts of loops.
    """

    def __init__(self) -> None:
        self.depth: dict[Value, int] = {}
        self.constants: dict[Value, int] = {}
        self.changed = False

    def define(self, values: list[Value] | tuple[Value, ...], depth: int) -> None:
        for value in values:
            self.depth[value] = depth

    def block(self, block: Block, depth: int) -> None:
        ops, block.ops = block.ops, []
        for op in ops:
            if op.name == "constant" and op.result.type.size == 1 and op.result.type.dtype.kind == "i":
                self.constants[op.result] = int(op.attrs["value"].flat[0])
            for region in op.regions:
                self.define(region.args, depth + 1)
                self.block(region, depth + 1)
            if op.name in ("for", "while"):
                for region in op.regions:
                    block.ops += self.take_out(region, depth, always=self.runs(op, region))
            block.ops.append(op)
            self.define(op.results, depth)

    def runs(self, op: Op, region: Block) -> bool:
        """Whether a region of a loop is sure to run at least once."""
        return region is not op.regions[-1] or (op.name == "for" and self.constants.get(op.operands[0], 0) >= 1)

    def take_out(self, region: Block, depth: int, *, always: bool) -> list[Op]:
        """Remove the invariant operations from a region of a loop that stands at `depth`; gives them."""
        taken: list[Op] = []
        kept: list[Op] = []
        staying: dict[Value, Op] = {}
        copies: dict[Value, Value] = {}
        for op in region.ops:
            needs = _needs(op)
            if not all(self.depth[v] <= depth or v in staying for v in needs):
                kept.append(op)
            elif op.name in _FREE:
                kept.append(op)
                staying.update((v, op) for v in op.results)
            elif _may_move(op, always=always):
                self.bring(needs, staying, copies, taken)
                op.operands = tuple(copies.get(v, v) for v in op.operands)
                for inner in op.regions:
                    substitute(inner, {v: copies[v] for v in needs if v in copies})
                taken.append(op)
                self.define(op.results, depth)
            else:
                kept.append(op)
        for op in taken:
            self.define(op.results, depth)
        self.changed |= bool(taken)
        region.ops = kept
        return taken

    def bring(self, values: list[Value], staying: dict[Value, Op], copies: dict[Value, Value], taken: list[Op]) -> None:
        """Copy the operations that define `values` but stay in the loop, with what these need, to the ones taken."""
        pending = [v for v in values if v in staying and v not in copies]
        order: list[Value] = []
        while pending:
            value = pending.pop()
            order.append(value)
            pending += [v for v in staying[value].operands if v in staying and v not in copies]
        taken.extend(clone_op(staying[value], copies) for value in reversed(order) if value not in copies)


def _needs(op: Op) -> list[Value]:
    """All values that an operation and its regions use from outside."""
    needs = list(op.operands)
    for region in op.regions:
        needs += free_values(region)
    return needs


def _may_move(op: Op, *, always: bool) -> bool:
    if not op.kind.pure or op.name in _STAYING:
        return False
    if always:
        return True
    if op.regions or not op.kind.speculatable:
        return False
    elements = max(v.type.size for v in (*op.operands, *op.results))
    return elements * (_EXPENSIVE if op.name in _EXPENSIVE_OPS else 1) <= _MOST_WORK
