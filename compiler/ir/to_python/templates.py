"""The Python expression of an op as a tree with holes for its operands, made from the text in the op's record.

multiply %x, %y      "{0} * {1}"  →  BinOp(Name("_0_"), Mult, Name("_1_"))
"""

from __future__ import annotations

import ast
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import gast
import numpy as np

from hloc.ir.core import Op, Value
from hloc.ir.to_python.forms import python_text
from hloc.ir.to_python.prepare import window_sizes

VIEWS = frozenset(
    ["read", "slice", "reshape", "transpose", "reverse", "broadcast_in_dim", "real", "imag", "conj", "bitcast_convert"]
)
_REDUCTIONS = ("sum", "prod", "max", "min", "any", "all", "argmax", "argmin")
_FRESH_CALLS = frozenset(
    [*_REDUCTIONS, "where", "concatenate", "stack", "array", "pad", "copy", "tensordot", "outer", "einsum"]
)
_FRESH_METHODS = frozenset(["astype", "copy", "sum", "prod", "max", "min"])


@dataclass(frozen=True)
class Template:
    """An expression with holes.

    holes: how often each operand occurs.
    mixing: operands that NumPy combines by its rules for promotion and broadcasting: a Python number or a smaller
    array may
        stand for one of them as long as another has the full type.
    fresh: the value is a new array, never a view of an operand.
    length: characters of the text without its holes.
    """

    tree: Any
    holes: Counter[int]
    mixing: tuple[int, ...]
    fresh: bool
    length: int

    def fill(self, arguments: list[Any]) -> Any:
        """The expression with gast trees in its holes."""
        return _Fill(arguments).visit(deepcopy(self.tree))


def hole(index: int) -> str:
    """The name that stands for operand `index`."""
    return f"_{index}_"


def template_of(op: Op) -> Template:
    """The template of an op that its record prints."""
    return template(python_text(op, [hole(i) for i in range(len(op.operands))]))


@lru_cache(maxsize=4096)
def template(text: str) -> Template:
    """The template of a Python expression."""
    tree = gast.ast_to_gast(ast.parse(text, mode="eval")).body
    holes = Counter(i for node in gast.walk(tree) if (i := _index(node)) is not None)
    length = len(text) - sum(len(hole(i)) * count for i, count in holes.items())
    return Template(tree, holes, _mixing(tree), _is_fresh(tree), length)


def text_shape(op: Op) -> tuple[int, Counter[int]]:
    """How long the text of an op is without its operands, and how often each operand occurs in it."""
    if op.name == "constant":
        value = op.attrs["value"]
        return (len(str(value)) if value.size < 2 else 10 + 6 * value.size), Counter()
    if op.name in ("read", "upd"):
        first = 1 if op.name == "read" else 2
        uses = Counter(range(first))
        for d, size in enumerate(window_sizes(op)):
            uses[first + d] = 0 if size == op.operands[0].type.shape[d] else 1 if d in op.attrs["drop"] else 2
        return 2 * len(op.operands), uses
    if op.regions or op.name == "call":
        return 10, Counter(range(len(op.operands)))
    if op.name == "broadcast_in_dim":
        return (9 if op.operands[0].type.rank else 2), Counter([0])  # as NumPy repeats it, mostly
    found = template_of(op)
    return found.length, found.holes


def may_alias(op: Op, result: Value) -> bool:
    """Whether a result of an op without regions may share memory with its operands."""
    if op.name in VIEWS:
        return result.type.rank > 0
    if op.name in ("constant", "empty", "iota", "clamp_index", "copy") or result.type.rank == 0:
        return False
    return not template_of(op).fresh


class _Fill(gast.NodeTransformer):  # type: ignore[misc]  # gast is untyped
    """Puts arguments into the holes."""

    def __init__(self, arguments: list[Any]) -> None:
        self.arguments = arguments

    def visit_Name(self, node: Any) -> Any:
        index = _index(node)
        return node if index is None else self.arguments[index]


def _index(node: Any) -> int | None:
    if isinstance(node, gast.Name) and node.id.startswith("_") and node.id[1:-1].isdigit():
        return int(node.id[1:-1])
    return None


def _mixing(tree: Any) -> tuple[int, ...]:
    parts: list[Any] = []
    if isinstance(tree, gast.BinOp) and not isinstance(tree.op, gast.MatMult):
        parts = [tree.left, tree.right]
    elif isinstance(tree, gast.Call) and isinstance(tree.func, gast.Name) and tree.func.id == "op_mul0":
        parts = tree.args
    elif isinstance(tree, gast.Compare) and len(tree.comparators) == 1:
        parts = [tree.left, *tree.comparators]
    elif _numpy_function(tree) == "where" and len(tree.args) == 3:
        parts = tree.args[1:]
    elif isinstance(getattr(np, _numpy_function(tree), None), np.ufunc) and len(tree.args) == 2 and not tree.keywords:
        parts = tree.args
    indices = [_index(part) for part in parts]
    return tuple(i for i in indices if i is not None) if None not in indices else ()


def _is_fresh(tree: Any) -> bool:
    if isinstance(tree, gast.BinOp | gast.UnaryOp | gast.Compare):
        return True
    if isinstance(tree, gast.Call) and isinstance(tree.func, gast.Attribute) and tree.func.attr in _FRESH_METHODS:
        return True
    if isinstance(tree, gast.Call) and isinstance(tree.func, gast.Name) and tree.func.id.startswith("op_"):
        return True  # a helper of the prelude: all of them make new arrays
    name = _numpy_function(tree)
    return name in _FRESH_CALLS or isinstance(getattr(np, name, None), np.ufunc)


def _numpy_function(tree: Any) -> str:
    """`sin` for a call of `np.sin`, else ""."""
    if isinstance(tree, gast.Call) and isinstance(tree.func, gast.Attribute):
        owner = tree.func.value
        return str(tree.func.attr) if isinstance(owner, gast.Name) and owner.id == "np" else ""
    return ""
