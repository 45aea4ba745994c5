"""Compute equal things once.

    %a = add %x, %y                      %a = add %x, %y
    %b = add %y, %x               →      %c = multiply %a, %a
    %c = multiply %a, %b

Value numbering with scopes: one forward walk keeps a table from (kind, operands, attributes) to results; what a
region adds is forgotten at its end. Operations with regions are not merged, nor are `copy`, `barrier` and `empty`,
which exist to keep values apart. What is made from nothing or from a scalar (constants, `iota`, broadcasts) is merged
within a block only: bringing it into a loop from outside would cost a buffer and save nothing.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from hloc.ir.core import Block, Module, Op
from hloc.transform.identities import FLIPPED
from hloc.transform.rewrite import Replacement, Rewriter, rewrite_functions

COMMUTATIVE = frozenset({"add", "multiply", "and", "or", "xor"})
"""Operations of two operands in either order."""
_DISTINCT = frozenset({"copy", "barrier", "empty"})
_LARGEST_CONSTANT = 4096


def eliminate_common_subexpressions(module: Module) -> bool:
    """Merge equal operations in every function of `module`, in place; says whether anything changed."""
    return rewrite_functions(module, lambda _: _Numbering())


class _Numbering(Rewriter):
    """Rewrites an op to the results of an equal one in scope.

    Fields:
        table: key of an operation → the operation.
        added: keys that the current block has added, the outermost block's first.
    """

    def __init__(self) -> None:
        super().__init__()
        self.table: dict[Hashable, Op] = {}
        self.added: list[list[Hashable]] = []

    def walk(self, block: Block) -> None:
        self.added.append([])
        super().walk(block)
        for key in self.added.pop():
            del self.table[key]

    def rewrite(self, op: Op) -> Replacement:
        if op.regions or not op.kind.pure or op.name in _DISTINCT:
            return None
        if op.name == "constant" and op.attrs["value"].size > _LARGEST_CONSTANT:
            return None
        key = self.key(op)
        known = self.table.get(key)
        if known is not None:
            return known.results
        self.table[key] = op
        self.added[-1].append(key)
        return None

    def key(self, op: Op) -> Hashable:
        """Equal for operations with equal results."""
        operands: tuple[Any, ...] = op.operands
        attrs = op.attrs
        if op.name in COMMUTATIVE:
            operands = tuple(sorted(operands, key=id))
        elif op.name == "compare" and id(operands[0]) > id(operands[1]):
            operands, attrs = operands[::-1], {**attrs, "direction": FLIPPED[attrs["direction"]]}
        scope = len(self.added) if _is_made(op) else 0
        frozen = freeze(attrs) if attrs else ()
        return op.kind, operands, frozen, scope


def _is_made(op: Op) -> bool:
    """Whether an operation makes its result from nothing or a scalar."""
    return not op.operands or (op.name == "broadcast_in_dim" and op.operands[0].type.size <= 1)


def freeze(attr: Any) -> Hashable:
    """A hashable stand-in for an attribute: equal for equal attributes."""
    if isinstance(attr, np.ndarray):
        return attr.shape, attr.dtype.str, attr.tobytes()
    if isinstance(attr, dict):
        return tuple((name, freeze(attr[name])) for name in sorted(attr))
    if isinstance(attr, list | tuple):
        return tuple(map(freeze, attr))
    return type(attr), attr
