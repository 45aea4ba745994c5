"""IR → IR for printing as Python: a copy of the program in the form that the printer expects.

- `while` has one set of loop variables, the arguments of its body; its cond region uses them.
- Barriers and dead code are gone, dead loop-carried values too; `plainer` has found shorter forms.
- Starts of windows lie in the array: `clamp_index` stands where that is not known. The start of a full dimension is 0.
- Small constants and broadcasts stand right before their use and are used once, so that they can be written in place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from hloc.ir.core import Block, Function, Module, Op, Value, clone_block, substitute, walk
from hloc.ir.opdef import REGISTRY, OpDef
from hloc.ir.to_python.plainer import Plainer
from hloc.ir.to_python.ranges import Ranges
from hloc.ir.types import I64, Shape

SMALL = 8


class ClampIndex(OpDef):
    """The nearest index in [0, high]. Attributes: high. Exists in programs prepared for printing only."""

    name = "clamp_index"

    @classmethod
    def python(cls, args: Sequence[str], op: Op) -> str:
        low, high = op.attrs["needs_low"], op.attrs["high"]
        inner = f"max({args[0]}, 0)" if low else args[0]
        return f"min({inner}, {high})" if op.attrs["needs_high"] else inner


def prepare(module: Module, clamp: bool) -> Module:
    """A prepared copy of the module; `clamp` says whether indices are clamped."""
    copy = Module(main=module.main)
    for name, function in module.functions.items():
        block = clone_block(function.block, {})
        _merge_while_arguments(block)
        _remove_barriers(block)
        _remove_dead_code(block)
        Plainer(block)
        _remove_dead_code(block)
        _clamp_starts(block, clamp)
        _place_constants(block, {})
        _remove_dead_code(block)
        copy.functions[name] = Function(name, block, function.span)
    return copy


def use_counts(block: Block) -> Counter[Value]:
    """How often each value is used in a block and the blocks inside."""
    counts: Counter[Value] = Counter(block.results)
    for op in walk(block):
        counts.update(op.operands)
        for region in op.regions:
            counts.update(region.results)
    return counts


def constant_of(value: np.ndarray) -> Op:
    """A constant op."""
    return _op("constant", (), {"value": value})


def _op(name: str, operands: tuple[Value, ...], attrs: dict[str, Any]) -> Op:
    kind = REGISTRY[name]
    types = kind.infer([v.type for v in operands], attrs)
    return Op(kind, operands, attrs, (), tuple(Value(t) for t in types))


def _merge_while_arguments(block: Block) -> None:
    for op in walk(block):
        if op.name == "while":
            cond, body = op.regions
            substitute(cond, dict(zip(cond.args, body.args[1:], strict=True)))
            cond.args = []


def _remove_barriers(block: Block) -> None:
    mapping: dict[Value, Value] = {}
    for b in blocks(block):
        for op in b.ops:
            if op.name == "barrier":
                mapping |= dict(zip(op.results, op.operands, strict=True))
        b.ops = [op for op in b.ops if op.name != "barrier"]
    substitute(block, mapping)


def blocks(block: Block) -> list[Block]:
    """The block and all blocks inside."""
    return [block, *(region for op in walk(block) for region in op.regions)]


def _remove_dead_code(block: Block) -> None:
    """Remove ops without used results, and loop-carried values that nothing reads, until nothing changes."""
    while _sweep(block, use_counts(block)):
        pass


def _sweep(block: Block, counts: Counter[Value]) -> bool:
    """One pass from the end to the beginning; `counts` is kept up to date for what is removed as a whole."""
    kept: list[Op] = []
    changed = False
    for op in reversed(block.ops):
        if not any(counts[v] for v in op.results):
            counts.subtract(use_counts(Block(ops=[op])))
            continue
        kept.append(op)
        if op.regions:
            changed |= _prune(op, counts)
            for region in reversed(op.regions):
                changed |= _sweep(region, counts)
    changed |= len(kept) < len(block.ops)
    block.ops = kept[::-1]
    return changed


def _prune(op: Op, counts: Counter[Value]) -> bool:
    """Drop results of a control op that nobody reads."""
    loop = op.name in ("for", "while")
    first = 1 if op.name == "while" else 0
    args = op.regions[-1].args if loop else []
    dead = [
        i
        for i in range(len(op.results) - first)
        if not counts[op.results[first + i]] and not (loop and counts[args[1 + i]])
    ]
    if not dead:
        return False
    op.results = _without(op.results, dead, first)
    if loop:
        op.operands = _without(op.operands, dead, 1 - first)
        op.regions[-1].args = list(_without(args, dead, 1))
    for region in op.regions[-1:] if loop else op.regions:
        region.results = list(_without(region.results, dead, 0))
    return True


def _without(values: Sequence[Value], dead: list[int], offset: int) -> tuple[Value, ...]:
    return tuple(v for i, v in enumerate(values) if i - offset not in dead)


def window_sizes(op: Op) -> Shape:
    """The window of a read or upd, one size for each dimension of the array."""
    if op.name == "read":
        return tuple(op.attrs["sizes"])
    sizes = list(op.operands[1].type.shape)
    for d in sorted(op.attrs["drop"]):
        sizes.insert(d, 1)
    return tuple(sizes)


def _clamp_starts(block: Block, clamp: bool) -> None:
    ranges = Ranges(block)
    for b in blocks(block):
        ops = []
        for op in b.ops:
            if op.name in ("read", "upd"):
                ops += _clamp_window(op, ranges, clamp)
            elif op.name == "gather" and op.operands[0].type.size:
                op.attrs = {**op.attrs, "inside": not clamp}
            ops.append(op)
        b.ops = ops


def _clamp_window(op: Op, ranges: Ranges, clamp: bool) -> list[Op]:
    """The ops to put before a read or upd so that its window lies in the array."""
    first = 1 if op.name == "read" else 2
    operands, new = list(op.operands), []
    for d, (size, extent) in enumerate(zip(window_sizes(op), op.operands[0].type.shape, strict=True)):
        start = operands[first + d]
        low, high = ranges.of(start)
        if size == extent:
            step = constant_of(np.asarray(0, np.int64))
        elif clamp and (low < 0 or high > extent - size):
            attrs = {"high": extent - size, "needs_low": low < 0, "needs_high": high > extent - size}
            step = Op(ClampIndex, (start,), attrs, (), (Value(I64, start.name),), op.span)
        else:
            continue
        operands[first + d] = step.result
        new.append(step)
    op.operands = tuple(operands)
    return new


def is_small_constant(op: Op) -> bool:
    """Whether an op is a constant that is written out wherever it is used."""
    return op.name == "constant" and op.attrs["value"].size <= SMALL


def _place_constants(block: Block, small: dict[Value, Op]) -> None:
    """Put a copy of each small constant or broadcast before each use; `small` holds those met so far."""
    ops: list[Op] = []

    def place(value: Value) -> Value:
        if value not in small:
            return value
        original = small[value]
        operands = tuple(place(v) for v in original.operands)
        copy = Op(original.kind, operands, original.attrs, (), (Value(value.type),), original.span)
        ops.append(copy)
        return copy.result

    for op in block.ops:
        if op.name == "broadcast_in_dim" or is_small_constant(op):
            small[op.result] = op
            continue
        op.operands = tuple(place(v) for v in op.operands)
        for region in op.regions:
            _place_constants(region, small)
        ops.append(op)
    block.results = [place(v) for v in block.results]
    block.ops = ops
