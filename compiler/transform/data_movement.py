"""Rules of `fold_constants` for operations that only move elements.

%b = reshape %a [6]; %c = reshape %b [2,3]      → %c = reshape %a [2,3]
%b = upd %a, %v, %i; %w = read %b, %i           → %v             (the same window)
%v = read %a, %i;    %b = upd %a, %v, %i        → %a             (the same window)
%b = upd %a, %v, %i; %c = upd %b, %w, %i        → %c = upd %a, %w, %i
%b = transpose %a;   %c = %b @ %v               → %c = %v @ %a   (a matrix and a vector)
"""

from __future__ import annotations

from hloc.ir.core import Op, Value
from hloc.ir.types import Shape
from hloc.transform.identities import Rule, producer_of
from hloc.transform.rewrite import Replacement, Rewriter


def reshape(rw: Rewriter, op: Op) -> Replacement:
    (x,), type = op.operands, op.result.type
    if x.type == type:
        return [x]
    inner = producer_of(rw, x, "reshape")
    return [rw.emit("reshape", inner.operands, type, shape=type.shape)] if inner is not None else None


def transpose(rw: Rewriter, op: Op) -> Replacement:
    (x,), permutation = op.operands, op.attrs["permutation"]
    if tuple(permutation) == tuple(range(len(permutation))):
        return [x]
    inner = producer_of(rw, x, "transpose")
    if inner is None:
        return None
    composed = tuple(inner.attrs["permutation"][d] for d in permutation)
    return [rw.emit("transpose", inner.operands, op.result.type, permutation=composed)]


def broadcast_in_dim(rw: Rewriter, op: Op) -> Replacement:
    (x,), type, dims = op.operands, op.result.type, op.attrs["dims"]
    if x.type == type:
        return [x]
    inner = producer_of(rw, x, "broadcast_in_dim")
    if inner is None:
        return None
    composed = tuple(dims[d] for d in inner.attrs["dims"])
    return [rw.emit("broadcast_in_dim", inner.operands, type, shape=type.shape, dims=composed)]


def reverse(rw: Rewriter, op: Op) -> Replacement:
    (x,), dims = op.operands, tuple(op.attrs["dims"])
    if all(x.type.shape[d] <= 1 for d in dims):
        return [x]
    inner = producer_of(rw, x, "reverse")
    return [inner.operands[0]] if inner is not None and tuple(inner.attrs["dims"]) == dims else None


def whole(rw: Rewriter, op: Op) -> Replacement:
    """`slice`, `pad`, `concatenate`, reductions over no axis: the operand unchanged."""
    x = op.operands[0]
    if op.name == "concatenate":
        parts = [v for v in op.operands if v.type.size]
        return parts if len(parts) == 1 else None
    if op.name == "pad":
        return [x] if not any(map(any, (op.attrs["low"], op.attrs["high"], op.attrs["interior"]))) else None
    if op.name == "slice":
        return [x] if x.type == op.result.type else None
    return [x] if not op.attrs["axes"] else None


def window_of(op: Op) -> tuple[Shape, Shape, tuple[Value, ...]]:
    """Window sizes, dropped dimensions and start indices of a `read` or an `upd`."""
    drop = tuple(sorted(op.attrs["drop"]))
    if op.name == "read":
        return tuple(op.attrs["sizes"]), drop, op.operands[1:]
    sizes = list(op.operands[1].type.shape)
    for d in drop:
        sizes.insert(d, 1)
    return tuple(sizes), drop, op.operands[2:]


def same_window(rw: Rewriter, one: Op, other: Op) -> bool:
    """Whether two accesses to arrays of one shape surely meet the same elements in the same arrangement."""
    (sizes, drop, starts), (other_sizes, other_drop, other_starts) = window_of(one), window_of(other)
    return (sizes, drop) == (other_sizes, other_drop) and all(
        a is b or _equal_constants(rw, a, b) for a, b in zip(starts, other_starts, strict=True)
    )


def disjoint_windows(rw: Rewriter, one: Op, other: Op) -> bool:
    """Whether two accesses to arrays of one shape surely meet no common element: constant starts, inside the array."""
    (sizes, _, starts), (other_sizes, _, other_starts) = window_of(one), window_of(other)
    for d, size in enumerate(one.operands[0].type.shape):
        a, b = rw.constant_of(starts[d]), rw.constant_of(other_starts[d])
        if a is None or b is None:
            continue
        begin, other_begin = (max(0, min(int(s), size - n)) for s, n in ((a, sizes[d]), (b, other_sizes[d])))
        if begin + sizes[d] <= other_begin or other_begin + other_sizes[d] <= begin:
            return True
    return False


def _equal_constants(rw: Rewriter, one: Value, other: Value) -> bool:
    a, b = rw.constant_of(one), rw.constant_of(other)
    return a is not None and b is not None and bool(a == b)


def read(rw: Rewriter, op: Op) -> Replacement:
    a, type = op.operands[0], op.result.type
    if tuple(op.attrs["sizes"]) == a.type.shape:
        return [rw.emit("reshape", (a,), type, shape=type.shape)]
    write = producer_of(rw, a, "upd")
    if write is None:
        return None
    if write.attrs["mode"] == "set" and same_window(rw, write, op):
        return [write.operands[1]]
    if disjoint_windows(rw, write, op):
        return [rw.emit("read", (write.operands[0], *op.operands[1:]), type, **op.attrs)]
    return None


def upd(rw: Rewriter, op: Op) -> Replacement:
    a, v = op.operands[:2]
    if op.attrs["mode"] != "set":
        return None
    if window_of(op)[0] == a.type.shape:
        return [rw.emit("reshape", (v,), a.type, shape=a.type.shape)]
    source = producer_of(rw, v, "read")
    if source is not None and source.operands[0] is a and same_window(rw, source, op):
        return [a]
    before = producer_of(rw, a, "upd")
    if before is not None and same_window(rw, before, op):
        return [rw.emit("upd", (before.operands[0], *op.operands[1:]), a.type, **op.attrs)]
    return None


def dot_general(rw: Rewriter, op: Op) -> Replacement:
    """A product with a number; a transposed matrix times a vector is the vector times the matrix, not moved then."""
    if min(v.type.rank for v in op.operands) == 0:
        shape, type = op.result.type.shape, op.result.type
        x, y = (
            v if v.type.rank else rw.emit("broadcast_in_dim", (v,), type, shape=shape, dims=()) for v in op.operands
        )
        return [rw.emit("multiply", (x, y), type)]
    names = ("lhs_contract", "rhs_contract")
    for matrix, vector, name in zip(op.operands, op.operands[::-1], names, strict=True):
        moved = producer_of(rw, matrix, "transpose")
        if moved is None or matrix.type.rank != 2 or vector.type.rank != 1 or len(op.attrs[name]) != 1:
            continue
        (x,), contracted = moved.operands, moved.attrs["permutation"][op.attrs[name][0]]
        operands, dims = ((vector, x), (0, contracted)) if contracted == 0 else ((x, vector), (contracted, 0))
        attrs = {"lhs_batch": (), "rhs_batch": ()} | {n: (d,) for n, d in zip(names, dims, strict=True)}
        return [rw.emit("dot_general", operands, op.result.type, **attrs)]
    return None


RULES: dict[str, Rule] = {
    "reshape": reshape,
    "transpose": transpose,
    "broadcast_in_dim": broadcast_in_dim,
    "reverse": reverse,
    "slice": whole,
    "pad": whole,
    "concatenate": whole,
    "reduce_sum": whole,
    "reduce_prod": whole,
    "reduce_max": whole,
    "reduce_min": whole,
    "reduce_and": whole,
    "reduce_or": whole,
    "dot_general": dot_general,
    "read": read,
    "upd": upd,
}
