"""Plainer Python than the record's for some ops, where the printer knows that it is enough.

Windows and broadcasts may be views, because writes are preceded by copies where it matters; reductions and divisions
are NumPy's own where types and shapes leave no special case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hloc.ir.core import Op
from hloc.ir.to_python.contractions import product

_REDUCTIONS = {
    "reduce_sum": ("sum", "fc"),
    "reduce_prod": ("prod", "fc"),
    "reduce_max": ("max", "biuf"),
    "reduce_min": ("min", "biuf"),
    "reduce_and": ("all", "b"),
    "reduce_or": ("any", "b"),
}


def python_text(op: Op, args: Sequence[str]) -> str:
    """The right-hand side of an op whose operands are written as `args`."""
    form = _FORMS.get(op.name)
    return (form(op, args) if form else "") or op.kind.python(args, op)


def _divide(op: Op, args: Sequence[str]) -> str:
    return f"{args[0]} / {args[1]}" if op.result.type.dtype.kind in "fc" else ""


def _slice(op: Op, args: Sequence[str]) -> str:
    bounds = zip(op.attrs["start"], op.attrs["limit"], op.attrs["stride"], op.operands[0].type.shape, strict=True)
    parts = [_part(*bound) for bound in bounds]
    while len(parts) > 1 and parts[-1] == ":":
        parts.pop()
    return f"{args[0]}[{', '.join(parts)}]" if parts else ""


def _part(start: int, limit: int, stride: int, size: int) -> str:
    """One slice; ends that are those of the dimension are left out."""
    low = str(start) if start else ""
    high = str(limit) if limit != size else ""
    return f"{low}:{high}" + (f":{stride}" if stride != 1 else "")


def _broadcast(op: Op, args: Sequence[str]) -> str:
    return f"np.broadcast_to({args[0]}{new_axes(op.attrs['dims'], op.result.type.rank)}, {op.result.type.shape})"


def new_axes(dims: Sequence[int], rank: int) -> str:
    """The index that makes an array's dimensions stand at `dims` of `rank` ones: `[:, None]`; "" where they do."""
    return _index([":" if d in dims else "None" for d in range(min(dims, default=rank), rank)])


def _reshape(op: Op, args: Sequence[str]) -> str:
    """`x[:, None]` where dimensions of size one are put in."""
    old, new = op.operands[0].type.shape, op.result.type.shape
    if not old or tuple(n for n in new if n != 1) != old:
        return ""
    return f"{args[0]}{_index(['None' if n == 1 else ':' for n in new])}"


def _index(parts: list[str]) -> str:
    """An index without the colons at its end; "" when nothing is left."""
    while parts and parts[-1] == ":":
        parts.pop()
    return f"[{', '.join(parts)}]" if parts else ""


def _pad(op: Op, args: Sequence[str]) -> str:
    pairs = tuple(zip(op.attrs["low"], op.attrs["high"], strict=True))
    return f"np.pad({args[0]}, {pairs[0] if len(pairs) == 1 else pairs})" if op.attrs.get("zeros") else ""


def _gather(op: Op, args: Sequence[str]) -> str:
    """`a[i, j]` where the indices lie in the array and belong to its first dimensions."""
    count = len(op.attrs["dims"])
    plain = op.attrs.get("inside") and tuple(op.attrs["dims"]) == tuple(range(count))
    return f"{args[0]}[{', '.join(args[1:])}]" if plain else ""


def _reduction(op: Op, args: Sequence[str]) -> str:
    function, kinds = _REDUCTIONS[op.name]
    type_, axes = op.operands[0].type, tuple(op.attrs["axes"])
    if not type_.size or not axes or type_.dtype.kind not in kinds:
        return ""
    if len(axes) == type_.rank:
        return f"np.{function}({args[0]})"
    return f"np.{function}({args[0]}, axis={axes[0] if len(axes) == 1 else axes})"


def is_keepdims(op: Op, inner: Op) -> bool:
    """Whether `op` gives the result of the reduction `inner` back the reduced dimensions, with size one."""
    if op.name != "reshape" or inner.name not in _REDUCTIONS or not _reduction(inner, [""]):
        return False
    shape, axes = inner.operands[0].type.shape, inner.attrs["axes"]
    return op.result.type.shape == tuple(1 if d in axes else n for d, n in enumerate(shape))


_FORMS: dict[str, Callable[[Op, Sequence[str]], str]] = {
    "divide": _divide,
    "slice": _slice,
    "broadcast_in_dim": _broadcast,
    "dot_general": product,
    "gather": _gather,
    "pad": _pad,
    "reshape": _reshape,
    **dict.fromkeys(_REDUCTIONS, _reduction),
}
