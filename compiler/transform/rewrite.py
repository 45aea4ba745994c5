"""The forward walk that rewriting passes share: each op is kept or replaced once, and later uses follow.

    %a = add %x, %zero        a rule answers [%x]        (nothing)
    %b = sine %a              →                          %b = sine %x

A pass derives from `Rewriter` and gives `rewrite`, called with resolved operands before the regions of the op are
walked, and `rewrite_after`, called once they are. Every definition stands before its uses, so one walk is enough for
all chains, however long; recursion follows nested regions only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import hloc.ops  # noqa: F401  (fills the registry)
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module, Op, Value, walk
from hloc.ir.opdef import REGISTRY
from hloc.ir.types import TensorType

Replacement = Sequence[Value] | None


class Rewriter:
    """Walks one function; subclasses say what becomes of each op.

    Fields:
        producers: the op that defines a value, for values that are no block arguments.
        mapping: replaced value → its replacement (always resolved).
        builder: appends to the block that is being rebuilt.
        changed: whether any op was replaced.
    """

    def __init__(self) -> None:
        self.producers: dict[Value, Op] = {}
        self.mapping: dict[Value, Value] = {}
        self.builder = Builder(Block())
        self.changed = False

    def rewrite(self, op: Op) -> Replacement:
        """Values for the results of `op`, or None to keep it; its regions are not walked yet."""
        return None

    def rewrite_after(self, op: Op) -> Replacement:
        """The same for an op with regions, after they were walked."""
        return None

    def run(self, function: Function) -> bool:
        """Rewrite a function in place; says whether anything changed."""
        for op in walk(function.block):
            self.producers.update((v, op) for v in op.results)
        self.walk(function.block)
        return self.changed

    def walk(self, block: Block) -> None:
        """Rebuild a block in place."""
        ops, block.ops = block.ops, []
        with self.builder.at(block):
            for op in ops:
                self.visit(op)
            block.results = [self.resolve(v) for v in block.results]

    def visit(self, op: Op) -> None:
        """Rewrite one op and append what remains of it to the current block."""
        op.operands = tuple(map(self.resolve, op.operands))
        self.builder.span = op.span
        replacement = self.rewrite(op)
        if replacement is None and op.regions:
            for index in range(len(op.regions)):
                self.walk_region(op, index)
            self.builder.span = op.span
            replacement = self.rewrite_after(op)
        if replacement is None:
            self.builder.block.ops.append(op)
        else:
            self.replace(op.results, replacement)

    def walk_region(self, op: Op, index: int) -> None:
        """Walk a region of an op."""
        self.walk(op.regions[index])

    def resolve(self, value: Value) -> Value:
        """The value that stands for `value` at this point."""
        return self.mapping.get(value, value)

    def replace(self, olds: Sequence[Value], news: Sequence[Value]) -> None:
        """Let `news` stand for `olds` from here on; the user's names are kept."""
        self.changed = True
        for old, new in zip(olds, news, strict=True):
            if old is not new:
                self.mapping[old] = new
                new.name = new.name or old.name

    def emit(self, name: str, operands: Sequence[Value], type: TensorType, **attrs: Any) -> Value:
        """Add an op with one result and rewrite it at once; gives the value that stands for its result."""
        result = Value(type)
        op = Op(REGISTRY[name], tuple(operands), attrs, (), (result,), self.builder.span)
        self.producers[result] = op
        self.visit(op)
        return self.mapping.get(result, result)

    def constant(self, array: np.ndarray, type: TensorType) -> Value:
        """A constant of this type in the current block, filled with `array` (a scalar or of the type's shape)."""
        value = np.array(np.broadcast_to(np.asarray(array), type.shape), dtype=type.dtype)
        return self.emit("constant", (), type, value=value)

    def constant_of(self, value: Value) -> np.ndarray | None:
        """The array that a value is known to be, or None."""
        producer = self.producers.get(value)
        if producer is None or producer.name != "constant":
            return None
        array: np.ndarray = producer.attrs["value"]
        return array

    def splat_of(self, value: Value) -> Any:
        """The one number that fills the constant `value`, as a NumPy scalar; None when there is none."""
        producer = self.producers.get(value)
        while producer is not None and producer.name in ("broadcast_in_dim", "reshape"):
            value = producer.operands[0]
            producer = self.producers.get(value)
        array = self.constant_of(value)
        if array is None or not 0 < array.size <= 64:
            return None
        first = array.flat[0]
        same = array.tobytes() == first.tobytes() * array.size
        return first if same else None

    def inline(self, block: Block, args: Sequence[Value]) -> list[Value]:
        """Put the ops of a block here, `args` in place of its arguments; gives its results. The block is used up."""
        self.replace(block.args, args)
        for op in block.ops:
            self.visit(op)
        return [self.resolve(v) for v in block.results]


def rewrite_functions(module: Module, rewriter: Callable[[Function], Rewriter]) -> bool:
    """Run a fresh rewriter over each function; says whether anything changed."""
    changed = False
    for function in module.functions.values():
        changed |= rewriter(function).run(function)
    return changed
