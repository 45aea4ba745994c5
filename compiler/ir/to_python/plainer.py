"""IR → IR for printing: the same numbers with fewer and more familiar operations.

constant [2, 2, 2]           broadcast_in_dim 2      (then written 2.0 * x)
add x, x                     multiply 2, x
add x, (negate y)            subtract x, y
add x, (pad y, 0)            upd x, y, … {add}       x[1:] += y
reshape (slice x) to f64     read x, …               x[3]
divide 1, (broadcast x)      broadcast (divide 1, x)
dot_general (transpose x), y     dot_general x, y along the other dimension      x.T @ y
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hloc.ir.core import Block, Op, Value
from hloc.ir.opdef import REGISTRY
from hloc.ir.types import TensorType

Rule = Callable[["Plainer", Op], "Op | None"]


def is_splat(value: np.ndarray) -> bool:
    """Whether all elements (at least one) have the same bits."""
    data = value.tobytes()
    return value.size > 0 and data == data[: value.itemsize] * value.size


class Plainer:
    """Rewrites a block and the blocks inside, in place."""

    def __init__(self, block: Block) -> None:
        self.producers: dict[Value, Op] = {}
        self.before: list[Op] = []
        self.visit(block)

    def visit(self, block: Block) -> None:
        ops: list[Op] = []
        for op in block.ops:
            for region in op.regions:
                self.visit(region)
            rule = RULES.get(op.name)
            self.before = []
            found = (rule(self, op) if rule else None) or op
            ops += [*self.before, found]
            self.producers.update((result, found) for result in found.results)
        block.ops = ops

    def maker(self, value: Value, name: str) -> Op | None:
        """The op of this name that gives a value."""
        op = self.producers.get(value)
        return op if op is not None and op.name == name else None

    def emit(self, name: str, operands: tuple[Value, ...], type: TensorType, **attrs: Any) -> Value:
        """Put an op before the one that is rewritten."""
        op = Op(REGISTRY[name], operands, attrs, (), (Value(type),))
        self.before.append(op)
        self.producers[op.result] = op
        return op.result

    def number(self, value: Any, type: TensorType) -> Value:
        """A constant, repeated."""
        scalar = self.emit("constant", (), type.with_shape(()), value=np.asarray(value, type.dtype))
        return scalar if not type.rank else self.emit("broadcast_in_dim", (scalar,), type, shape=type.shape, dims=())

    def splat(self, value: Value) -> np.ndarray | None:
        """The number that a value repeats or is."""
        repeated = self.maker(value, "broadcast_in_dim")
        op = self.maker(repeated.operands[0] if repeated else value, "constant")
        return op.attrs["value"] if op is not None and not op.attrs["value"].ndim else None

    def is_zero(self, value: Value) -> bool:
        op = self.maker(value, "constant")
        return op is not None and not np.any(op.attrs["value"])


def _instead(op: Op, name: str, *operands: Value, **attrs: Any) -> Op:
    return Op(REGISTRY[name], operands, attrs, (), op.results, op.span)


def _constant(plainer: Plainer, op: Op) -> Op | None:
    value = op.attrs["value"]
    if not value.ndim or not is_splat(value):
        return None
    scalar = plainer.emit("constant", (), op.result.type.with_shape(()), value=value.reshape(-1)[0].reshape(()))
    return _instead(op, "broadcast_in_dim", scalar, shape=value.shape, dims=())


def _add(plainer: Plainer, op: Op) -> Op | None:
    x, y = op.operands
    if op.result.type.dtype.kind != "f":
        return None
    if x is y:
        return _instead(op, "multiply", plainer.number(2, x.type), x)
    for first, second in ((x, y), (y, x)):
        if negated := plainer.maker(second, "negate"):
            return _instead(op, "subtract", first, *negated.operands)
        padded = plainer.maker(second, "pad")
        if padded is not None and (sum_ := _add_padded(plainer, op, first, padded)):
            return sum_
    return None


def _add_padded(plainer: Plainer, op: Op, array: Value, padded: Op) -> Op | None:
    """Zeros around what is added need not be added."""
    inner, zero = padded.operands
    low, high = padded.attrs["low"], padded.attrs["high"]
    if not plainer.is_zero(zero) or min([*low, *high], default=0) < 0 or any(padded.attrs["interior"]):
        return None
    starts = [plainer.emit("constant", (), INDEX, value=np.asarray(n, np.int64)) for n in low]
    return _instead(op, "upd", array, inner, *starts, drop=(), mode="add")


def _subtract(plainer: Plainer, op: Op) -> Op | None:
    negated = plainer.maker(op.operands[1], "negate")
    if negated is None or op.result.type.dtype.kind != "f":
        return None
    return _instead(op, "add", op.operands[0], *negated.operands)


def _reshape(plainer: Plainer, op: Op) -> Op | None:
    """One element of an array."""
    part = plainer.maker(op.operands[0], "slice")
    if part is None or op.result.type.rank or not part.operands[0].type.rank:
        return None
    (array,) = part.operands
    starts = [plainer.emit("constant", (), INDEX, value=np.asarray(n, np.int64)) for n in part.attrs["start"]]
    rank = array.type.rank
    return _instead(op, "read", array, *starts, sizes=(1,) * rank, drop=tuple(range(rank)))


def _multiply(plainer: Plainer, op: Op) -> Op | None:
    """-2.0 * x for 2.0 * -x."""
    for first, second in (op.operands, op.operands[::-1]):
        number, negated = plainer.splat(first), plainer.maker(second, "negate")
        if number is not None and number.dtype.kind == "f" and negated:
            return _instead(op, "multiply", plainer.number(-number, first.type), *negated.operands)
    return _spread(plainer, op)


def _spread(plainer: Plainer, op: Op) -> Op | None:
    """Arithmetic of a number and what is repeated comes before the repetition."""
    x, y = op.operands
    for number, repeated in ((x, y), (y, x)):
        filled, spread = plainer.maker(number, "broadcast_in_dim"), plainer.maker(repeated, "broadcast_in_dim")
        if filled and spread and not filled.operands[0].type.rank and spread.operands[0].type.rank:
            return _spread_later(plainer, op, filled, spread, number is x)
    return None


def _spread_later(plainer: Plainer, op: Op, filled: Op, spread: Op, first: bool) -> Op:
    (small,) = spread.operands
    number = plainer.emit("broadcast_in_dim", filled.operands, small.type, shape=small.type.shape, dims=())
    value = plainer.emit(op.name, (number, small) if first else (small, number), small.type, **op.attrs)
    return _instead(op, "broadcast_in_dim", value, **spread.attrs)


def _broadcast(plainer: Plainer, op: Op) -> Op | None:
    """NumPy repeats dimensions of size one: they need not be taken out before."""
    squeezed = plainer.maker(op.operands[0], "reshape")
    if squeezed is None:
        return None
    rank, sizes = op.result.type.rank, dict(zip(op.attrs["dims"], squeezed.result.type.shape, strict=True))
    before = squeezed.operands[0].type.shape
    dims = tuple(range(rank - len(before), rank))
    if len(before) > rank or before != tuple(sizes.get(d, 1) for d in dims):
        return None
    return _instead(op, "broadcast_in_dim", *squeezed.operands, shape=op.attrs["shape"], dims=dims)


def _transpose(plainer: Plainer, op: Op) -> Op | None:
    product = plainer.maker(op.operands[0], "dot_general")
    if product is None or op.result.type.rank != 2 or product.attrs["lhs_batch"] or op.attrs["permutation"][0] == 0:
        return None
    if any(v.type.rank != 2 for v in product.operands):
        return None
    attrs = product.attrs
    swapped = {"lhs_contract": attrs["rhs_contract"], "rhs_contract": attrs["lhs_contract"]}
    return _dot(plainer, _instead(op, "dot_general", *reversed(product.operands), **{**attrs, **swapped}))


def _dot(plainer: Plainer, op: Op) -> Op:
    """Transposed matrices are contracted along their other dimension."""
    operands, attrs = list(op.operands), dict(op.attrs)
    for i, side in enumerate(("lhs_contract", "rhs_contract")):
        turned = plainer.maker(operands[i], "transpose")
        if turned and tuple(turned.attrs["permutation"]) == (1, 0) and len(attrs[side]) == 1 and not attrs["lhs_batch"]:
            operands[i], attrs[side] = turned.operands[0], (1 - attrs[side][0],)
    return _instead(op, "dot_general", *operands, **attrs)


def _pad(plainer: Plainer, op: Op) -> Op | None:
    """Zeros around an array are what np.pad gives."""
    plain = min([*op.attrs["low"], *op.attrs["high"]], default=-1) >= 0 and not any(op.attrs["interior"])
    return (
        _instead(op, "pad", *op.operands, **op.attrs, zeros=True) if plain and plainer.is_zero(op.operands[1]) else None
    )


INDEX = TensorType((), np.dtype(np.int64))

RULES: dict[str, Rule] = {
    "constant": _constant,
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "divide": _spread,
    "mul0": _spread,
    "broadcast_in_dim": _broadcast,
    "pad": _pad,
    "reshape": _reshape,
    "transpose": _transpose,
    "dot_general": _dot,
}
