"""np.einsum: subscripts known now, contracted pair by pair with `dot_general` in the order that NumPy's planner gives.

ij,jk,kl->il     (ij,jk->ik), then (ik,kl->il)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hloc.diagnostics.errors import ShapeError, UnsupportedError
from hloc.frontend.tables.arguments import FALSE, NONE, array_value, deliver, numpy_function
from hloc.frontend.tables.array_methods import dtype_argument
from hloc.frontend.tables.contraction import product
from hloc.frontend.values import AbstractValue
from hloc.ir.core import Value
from hloc.ops import helpers
from hloc.ops.indexing import Gather
from hloc.ops.reduction import ReduceOr, ReduceSum

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Term:
    """An operand and the label of each of its dimensions."""

    value: Value
    labels: str


@numpy_function(np.einsum)
def einsum_(
    sp: Specializer,
    *operands: AbstractValue,
    out: AbstractValue = NONE,
    dtype: AbstractValue = NONE,
    optimize: AbstractValue = FALSE,
) -> AbstractValue:
    """The subscripts are a string known at compile time."""
    subscripts = sp.static(operands[0], "the subscripts of einsum")
    if not isinstance(subscripts, str):
        raise UnsupportedError("np.einsum with subscript lists is not supported", help="write them as a string")
    values = [array_value(sp, a) for a in operands[1:]]
    element = dtype_argument(sp, dtype) or np.result_type(*(v.type.dtype for v in values))
    inputs, output = parse_subscripts(subscripts, [v.type.rank for v in values])
    terms = [Term(helpers.convert(sp.builder, v, element), labels) for v, labels in zip(values, inputs, strict=True)]
    sizes = _sizes(terms)
    terms = [_broadcast_dropped(sp, _diagonals(sp, t), sizes) for t in terms]
    for pair in _plan(terms, output, sizes):
        chosen = [terms.pop(k) for k in sorted(pair, reverse=True)]
        needed = set(output).union(*(t.labels for t in terms))
        terms.append(_contract(sp, [*reversed(chosen)], needed))
    (last,) = terms
    return deliver(sp, _arranged(sp, _summed(sp, last, set(output)), output, sizes), out)


def parse_subscripts(subscripts: str, ranks: list[int]) -> tuple[list[str], str]:
    """One letter for each dimension of each operand, and those of the result; `...` gets letters of its own."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    inputs = left.split(",")
    if len(inputs) != len(ranks):
        raise ShapeError("more operands provided to einstein sum function than specified in the subscripts string")
    spare = [c for c in LETTERS if c not in text]
    covered = [rank - len(labels.replace("...", "")) for labels, rank in zip(inputs, ranks, strict=True)]
    for labels, extra in zip(inputs, covered, strict=True):
        if extra < 0 or (extra and "..." not in labels):
            raise ShapeError(
                "operand has more dimensions than subscripts given in einstein sum, but no '...' ellipsis provided to "
                "broadcast the extra dimensions."
                if extra > 0
                else "einstein sum subscripts string contains too many subscripts for operand"
            )
    most = max((extra for labels, extra in zip(inputs, covered, strict=True) if "..." in labels), default=0)
    shared = "".join(spare[:most])
    inputs = [labels.replace("...", shared[most - extra :]) for labels, extra in zip(inputs, covered, strict=True)]
    if arrow:
        output = right.replace("...", shared)
    else:
        letters = left.replace("...", "").replace(",", "")
        output = shared + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    for label in output:
        if not any(label in labels for labels in inputs):
            raise ShapeError(
                f"einstein sum subscripts string included output subscript '{label}' which never appeared in an input"
            )
    return inputs, output


def _sizes(terms: list[Term]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for term in terms:
        for label, n in zip(term.labels, term.value.type.shape, strict=True):
            known = sizes.setdefault(label, n)
            if known == 1:
                sizes[label] = n
            elif n not in (1, known):
                raise ShapeError(
                    "operands could not be broadcast together with remapped shapes [original->remapped]: "
                    f"label '{label}' has sizes {known} and {n}"
                )
    return sizes


def _diagonals(sp: Specializer, term: Term) -> Term:
    """A label that stands twice takes the diagonal."""
    for label in dict.fromkeys(term.labels):
        dims = tuple(d for d, c in enumerate(term.labels) if c == label)
        if len(dims) < 2:
            continue
        places = sp.constant(np.arange(term.value.type.shape[dims[0]]), np.int64)
        value = sp.emit(Gather, term.value, *[places] * len(dims), dims=dims)
        term = Term(value, label + "".join(c for c in term.labels if c != label))
    return term


def _broadcast_dropped(sp: Specializer, term: Term, sizes: dict[str, int]) -> Term:
    """Dimensions of size 1 that others repeat are dropped."""
    shape = term.value.type.shape
    kept = [d for d, c in enumerate(term.labels) if not (shape[d] == 1 and sizes[c] > 1)]
    labels = "".join(term.labels[d] for d in kept)
    return Term(helpers.reshape(sp.builder, term.value, tuple(shape[d] for d in kept)), labels)


def _plan(terms: list[Term], output: str, sizes: dict[str, int]) -> list[tuple[int, ...]]:
    """Pairs of operands to contract, one after another."""
    if len(terms) < 2:
        return []
    if len(terms) == 2:
        return [(0, 1)]
    text = ",".join(t.labels for t in terms) + "->" + "".join(c for c in output if any(c in t.labels for t in terms))
    shapes = [np.broadcast_to(np.float64(0), [sizes[c] for c in t.labels]) for t in terms]
    path = np.einsum_path(text, *shapes, optimize=("greedy", 1 << 62))[0][1:]
    pairs: list[tuple[int, ...]] = []
    for step in path:
        first, *rest = sorted(step)
        pairs.extend([(first, rest[0])] if len(rest) == 1 else [])
        if len(rest) != 1:
            return [(0, 1), *[(0, len(terms) - 2 - k) for k in range(len(terms) - 2)]]
    return pairs


def _contract(sp: Specializer, pair: list[Term], needed: set[str]) -> Term:
    x, y = (_summed(sp, term, needed | set(other.labels)) for term, other in zip(pair, reversed(pair), strict=True))
    shared = [c for c in x.labels if c in y.labels]
    batch, contracted = [c for c in shared if c in needed], [c for c in shared if c not in needed]
    value = product(
        sp,
        x.value,
        y.value,
        (_dims(x, contracted), _dims(y, contracted)),
        (_dims(x, batch), _dims(y, batch)),
    )
    free = [c for term in (x, y) for c in term.labels if c not in shared]
    return Term(value, "".join(batch + free))


def _dims(term: Term, labels: list[str]) -> list[int]:
    return [term.labels.index(c) for c in labels]


def _summed(sp: Specializer, term: Term, kept: set[str]) -> Term:
    axes = tuple(d for d, c in enumerate(term.labels) if c not in kept)
    if not axes:
        return term
    record = ReduceOr if term.value.type.dtype == np.bool_ else ReduceSum
    return Term(sp.emit(record, term.value, axes=axes), "".join(c for c in term.labels if c in kept))


def _arranged(sp: Specializer, term: Term, output: str, sizes: dict[str, int]) -> Value:
    present = [c for c in output if c in term.labels]
    x = helpers.transpose(sp.builder, term.value, _dims(term, present))
    x = helpers.reshape(sp.builder, x, tuple(sizes[c] if c in present else 1 for c in output))
    return helpers.broadcast_to(sp.builder, x, tuple(sizes[c] for c in output))
