"""Names for values that have none of the user's: from the operation that makes them and the variables that it reads.

exponential (negate z)      exp_z
read a, i, j                a_ij
read y_log, k               y
"""

from __future__ import annotations

from collections.abc import Mapping

from hloc.ir.core import Op, Value
from hloc.ir.names import base_name

LONGEST = 14
_FUNCTIONS = {
    "abs": "abs",
    "cosine": "cos",
    "cosh": "cosh",
    "erf": "erf",
    "exponential": "exp",
    "exponential_minus_one": "expm1",
    "log": "log",
    "log_plus_one": "log1p",
    "logistic": "logistic",
    "reduce_max": "max",
    "reduce_min": "min",
    "reduce_prod": "prod",
    "reduce_sum": "sum",
    "rsqrt": "rsqrt",
    "sign": "sign",
    "sine": "sin",
    "sinh": "sinh",
    "sqrt": "sqrt",
    "tan": "tan",
    "tanh": "tanh",
}
_THROUGH = ("negate", "convert", "slice", "reshape", "broadcast_in_dim", "transpose", "copy", "barrier")


_RESULTS = {"add": "total", "subtract": "difference", "multiply": "product", "divide": "ratio"}


def kind_of(value: Value, producers: Mapping[Value, Op]) -> str:
    """A name for a value that has no good one: what was done last."""
    op = producers.get(value)
    if op is None:
        return "value"
    if op.name in ("if", "switch"):
        inner = [region.results[op.results.index(value)] for region in op.regions]
        names = [v.name or hint(v, producers) or kind_of(v, producers) for v in inner]
        return next((name for name in names if name != "value"), "value")
    return _FUNCTIONS.get(op.name) or _RESULTS.get(op.name, "value")


def hint(value: Value, producers: Mapping[Value, Op]) -> str:
    """A name for a value; "" when nothing better than a number is known."""
    op = producers.get(value)
    if op is None:
        return ""
    if op.name == "read":
        return _element(op, producers)
    if op.name in _FUNCTIONS:
        name = _variable(op.operands[0], producers)
        return f"{_FUNCTIONS[op.name]}_{name}" if name else ""
    return "mask" if op.name == "compare" and value.type.rank else ""


def _variable(value: Value, producers: Mapping[Value, Op]) -> str:
    """The short name of what a value is, but for its sign, type and shape."""
    op = producers.get(value)
    while not value.name and op is not None and op.name in _THROUGH:
        value = op.operands[0]
        op = producers.get(value)
    if op is not None and op.name == "multiply" and not value.name:
        factors = [v.name for v in op.operands]
        return "".join(factors) if {len(name) for name in factors} == {1} else ""
    name = base_name(value.name)
    return name if len(name) <= LONGEST else ""


def _element(op: Op, producers: Mapping[Value, Op]) -> str:
    """`a_ij`; what was saved, for an element of a log."""
    array, *starts = op.operands
    name = base_name(array.name)
    if name.endswith("_log"):
        return name.removesuffix("_log")
    indices = [_index(starts[d], producers) for d in op.attrs["drop"]]
    if not name or len(name) > LONGEST or not indices or not all(indices):
        return ""
    return name + ("" if all(map(str.isdigit, indices)) else "_") + "".join(indices)


def _index(start: Value, producers: Mapping[Value, Op]) -> str:
    op = producers.get(start)
    if op is not None and op.name == "constant":
        return str(max(int(op.attrs["value"]), 0))
    return start.name if len(start.name) == 1 else ""
