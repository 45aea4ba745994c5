"""Plainer Python than the record's for some ops, where the printer knows that it is enough.

Windows and broadcasts may be views, because writes are preceded by copies where it matters; reductions and divisions
are NumPy's own where types and shapes leave no special case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hloc.ir.core import Op

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
    shape, rank = op.result.type.shape, op.operands[0].type.rank
    trailing = tuple(range(len(shape) - rank, len(shape)))
    return f"np.broadcast_to({args[0]}, {shape})" if tuple(op.attrs["dims"]) == trailing else ""


def _reduction(op: Op, args: Sequence[str]) -> str:
    function, kinds = _REDUCTIONS[op.name]
    type_, axes = op.operands[0].type, tuple(op.attrs["axes"])
    if not type_.size or not axes or type_.dtype.kind not in kinds:
        return ""
    if len(axes) == type_.rank:
        return f"np.{function}({args[0]})"
    return f"np.{function}({args[0]}, axis={axes[0] if len(axes) == 1 else axes})"


_FORMS: dict[str, Callable[[Op, Sequence[str]], str]] = {
    "divide": _divide,
    "slice": _slice,
    "broadcast_in_dim": _broadcast,
    **dict.fromkeys(_REDUCTIONS, _reduction),
}
