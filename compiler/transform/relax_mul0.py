"""Write plain products where `mul0` computes the same, or where its zero protects nothing. After differentiation.

    %a = mul0 %f, 0.5                              %a = multiply %f, 0.5
    %s_bar = for %n (%g = 1.0) {                   %s_bar = for %n (%g = 1.0) {
      %c = cosine %x                         →       %c = cosine %x
      %g1 = mul0 %g, %c                              %g1 = multiply %g, %c
      yield %g1 }                                    yield %g1 }
    %b = mul0 (select %p, %f, 0.0), %c             kept: %x may be NaN where it was not chosen

mul0(factor, partial) is 0 where factor is 0, also where partial is infinite or NaN. It becomes a product if

- partial is finite whatever the arguments are: made of constants, integers and bools; or
- factor is no zero by choice, and partial is not singular.

A factor is a zero by choice unless it is linear in constants other than zero: what comes out of a select with a zero,
padding, an element set to zero, a weight made of a comparison. Without such a choice, all that partial was computed
from went into the result, so that a NaN in partial was one in the result too.

Partial is singular if it may be infinite for finite arguments: quotients, logarithms, powers, and exponentials, which
overflow. There a factor may be 0 by computation, as in the derivative of 1 / (1 + exp(x)) at large x, and the product
must not be NaN. Sums and products that overflow are not looked at.
"""

from __future__ import annotations

import numpy as np

from hloc.ir.core import Module, Op, Value, walk
from hloc.ir.opdef import REGISTRY
from hloc.transform.call_graph import fixed_signatures
from hloc.transform.spread import spread

_MOVES = frozenset(
    {
        "barrier",
        "broadcast_in_dim",
        "concatenate",
        "conj",
        "convert",
        "copy",
        "empty",
        "gather",
        "negate",
        "pad",
        "read",
        "reshape",
        "reverse",
        "select",
        "slice",
        "transpose",
    }
)
_SUMS = frozenset({"add", "subtract", "reduce_sum", "cumsum"})
_PRODUCTS = frozenset({"multiply", "mul0", "dot_general"})
_WRITES = frozenset({"upd", "scatter"})
_EXTREMES = frozenset({"maximum", "minimum", "reduce_max", "reduce_min", "cummax", "cummin"})
_BOUNDED = frozenset(
    {"asinh", "atan", "cbrt", "complex", "cosine", "erf", "erfc", "imag", "logistic", "real", "sine", "sqrt", "tanh"}
)
_STEPS = frozenset({"abs", "ceil", "floor", "round_nearest_even", "sign", "trunc"})
_FUNCTIONS = frozenset(
    {
        "acos",
        "acosh",
        "asin",
        "atan2",
        "atanh",
        "cosh",
        "divide",
        "exponential",
        "exponential_minus_one",
        "log",
        "log_plus_one",
        "power",
        "rsqrt",
        "sinh",
        "tan",
    }
)

_ARITHMETIC = _MOVES | _SUMS | _PRODUCTS | _WRITES
_TAME = _ARITHMETIC | _EXTREMES | _BOUNDED | _STEPS
"""Finite for finite operands, overflow aside, or NaN."""
_SMOOTH = _ARITHMETIC | _EXTREMES | _BOUNDED | _FUNCTIONS | {"abs"}
"""Zero only where an operand is, or by chance."""


def relax_mul0(module: Module) -> bool:
    """Replace what can be replaced in all functions, in place; says whether anything changed."""
    products = [op for function in module.functions.values() for op in walk(function.block) if op.name == "mul0"]
    if not products:
        return False
    known = _Known(module)
    plain = [op for op in products if known.is_plain(*op.operands)]
    for op in plain:
        op.kind = REGISTRY["multiply"]
    return bool(plain)


class _Known:
    """What is known of the values of a module.

    Fields:
        producers: the operation that defines a value, for values that are no block arguments.
        wild: values that may be infinite or NaN.
        singular: values that may be infinite although the arguments of the program are finite.
        weights: values whose zeros may say, where they are partials, that something was not chosen.
        chosen: values that may be zero by choice.
    """

    def __init__(self, module: Module) -> None:
        functions = module.functions.values()
        self.producers = {value: op for function in functions for op in walk(function.block) for value in op.results}
        unknown = [v for name in fixed_signatures(module) - {module.main} for v in module.functions[name].params]
        given = [*module.entry.params, *unknown]
        self.wild = spread(module, self.is_wild, given)
        self.singular = spread(module, self.is_singular, unknown)
        self.weights = spread(module, self.is_weight, unknown)
        self.chosen = spread(module, self.is_chosen, given)

    def is_plain(self, factor: Value, partial: Value) -> bool:
        """Whether factor * partial may be computed as a product."""
        if partial not in self.wild or self.is_nonzero_constant(factor):
            return True
        return factor not in self.chosen and partial not in self.singular

    def is_wild(self, op: Op, wild: set[Value]) -> bool:
        if op.name == "constant":
            return not np.isfinite(op.attrs["value"]).all()
        if op.name == "convert" and not _is_float(op.operands[0]):
            return False
        return op.name not in _ARITHMETIC or any(v in wild for v in _floats(op)) or _is_narrowing(op)

    def is_singular(self, op: Op, singular: set[Value]) -> bool:
        if op.name == "divide":
            x, y = op.operands
            return x in singular or not self.is_nonzero_constant(y)
        if op.name == "power":
            x, y = op.operands
            return x in singular or not self.is_constant_above_zero(y)
        if op.name == "constant":
            return not np.isfinite(op.attrs["value"]).all()
        return op.name not in _TAME or any(v in singular for v in _floats(op)) or _is_empty(op)

    def is_weight(self, op: Op, weights: set[Value]) -> bool:
        if op.name == "constant":
            return False
        if op.name == "select":
            return any(v in weights or self.has_zero(v) for v in op.operands[1:])
        if op.name == "convert" and not _is_float(op.operands[0]):
            return True
        return op.name not in _SMOOTH or any(v in weights for v in _floats(op))

    def is_chosen(self, op: Op, chosen: set[Value]) -> bool:
        operands = _floats(op)
        if op.name == "constant":
            return self.has_zero(op.result)
        if op.name not in _ARITHMETIC or not operands or _is_empty(op):
            return True
        if op.name in ("add", "subtract"):  # zero only where both are
            return all(v in chosen for v in operands)
        if op.name == "mul0":
            return operands[0] in chosen or operands[1] in self.weights
        if op.name in _WRITES and op.attrs["mode"] == "add":
            return operands[0] in chosen
        return any(v in chosen for v in operands)

    def has_zero(self, value: Value) -> bool:
        """Whether a value is a constant with a zero in it."""
        found = self.constant_of(value)
        return found is not None and not found.all()

    def is_nonzero_constant(self, value: Value) -> bool:
        found = self.constant_of(value)
        return found is not None and bool(found.all() and np.isfinite(found).all())

    def is_constant_above_zero(self, value: Value) -> bool:
        found = self.constant_of(value)
        return found is not None and found.dtype.kind == "f" and bool((found > 0).all())

    def constant_of(self, value: Value) -> np.ndarray | None:
        """The elements that a value is known to be made of; None where they are not known."""
        producer = self.producers.get(value)
        while producer is not None and producer.name in ("broadcast_in_dim", "reshape"):
            producer = self.producers.get(producer.operands[0])
        if producer is None or producer.name != "constant":
            return None
        array: np.ndarray = producer.attrs["value"]
        return array


def _is_float(value: Value) -> bool:
    return value.type.dtype.kind in "fc"


def _floats(op: Op) -> list[Value]:
    """The operands that are floats; indices and predicates are not looked at."""
    return [v for v in op.operands if _is_float(v)]


def _is_narrowing(op: Op) -> bool:
    """Whether a conversion may overflow."""
    return op.name == "convert" and not np.can_cast(op.operands[0].type.dtype, op.result.type.dtype, "safe")


def _is_empty(op: Op) -> bool:
    """Whether an operand has no elements, so that a sum over them is 0, and a maximum infinite."""
    return any(v.type.size == 0 for v in op.operands)
