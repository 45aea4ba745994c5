"""Derivatives of straight blocks by the rules of the op records, and the checks that rules must pass.

`pushforward` and `pullback` turn a block into another one, op by op, so that they apply to their own results again.
Blocks run under NumPy by the references of their ops.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Value, clone_block
from hloc.ir.opdef import OpDef
from hloc.ir.types import TensorType
from hloc.ops.algebra import Into, Term, full
from hloc.ops.sampling import Sample

Arrays = Sequence[np.ndarray]

STEP = 1e-5  # short, so that a sample near a tie stays on its side
TRANSPOSED = 1e-12  # Re<ct, J t> = Re<J^T ct, t> up to rounding


def is_float(x: Value | np.ndarray) -> bool:
    """Real or complex floats: what has a tangent."""
    return (x.type if isinstance(x, Value) else x).dtype.kind in "fc"


def floats(values: Sequence[Any]) -> list[Any]:
    return [v for v in values if is_float(v)]


def is_wide(block: Block) -> bool:
    """Whether all floats are of the types that differences need."""
    values = [*block.args, *(v for op in block.ops for v in op.results)]
    return all(v.type.dtype.itemsize == (16 if v.type.dtype.kind == "c" else 8) for v in floats(values))


def block_of(kind: type[OpDef], sample: Sample) -> Block:
    """One op on parameters of the types of a sample."""
    builder = Builder(Block())
    args = [builder.block.add_arg(TensorType(x.shape, x.dtype)) for x in sample.operands]
    builder.block.results = list(builder.emit_many(kind, *args, **sample.attrs))
    return builder.block


def run(block: Block, arrays: Arrays) -> list[np.ndarray]:
    """The results of a block, each of the type that its value has."""
    values = dict(zip(block.args, arrays, strict=True))
    for op in block.ops:
        with np.errstate(all="ignore"):
            found = op.kind.reference(*(values[v] for v in op.operands), **op.attrs)
        for result, x in zip(op.results, found if isinstance(found, tuple) else (found,), strict=True):
            values[result] = np.asarray(x)
            assert TensorType(np.shape(x), values[result].dtype) == result.type, op
    return [values[v] for v in block.results]


def pushforward(block: Block) -> Block:
    """args (x…) → y… becomes (x…, tangents of the float x…) → (tangents of the float y…)."""
    block = clone_block(block, {})
    tangents: dict[Value, Value] = {v: block.add_arg(v.type) for v in floats(block.args)}
    builder, ops = Builder(block), block.ops
    block.ops = []
    for op in ops:
        block.ops.append(op)
        if op.kind.differentiable and any(v in tangents for v in op.operands):
            found = op.kind.jvp(builder, op, [tangents.get(v) for v in op.operands])
            for result, tangent in zip(op.results, found, strict=True):
                if tangent is not None:
                    assert tangent.type == result.type, (op, tangent)
                    tangents[result] = tangent
    block.results = [_or_zeros(builder, tangents.get(v), v) for v in floats(block.results)]
    return block


def pullback(block: Block) -> Block:
    """args (x…) → y… becomes (x…, cotangents of the float y…) → (cotangents of the float x…)."""
    block = clone_block(block, {})
    args, builder, ops = list(block.args), Builder(block), list(block.ops)
    active = set(floats(args))
    for op in ops:
        if op.kind.differentiable and active.intersection(op.operands):
            active.update(floats(op.results))
    sums = _Sums(builder)
    for value in floats(block.results):
        sums.add(value, block.add_arg(value.type))
    for op in reversed(ops):
        cotangents = [sums.total.get(v) for v in op.results]
        if op.kind.differentiable and active.intersection(op.operands) and any(c is not None for c in cotangents):
            wanted = [v in active for v in op.operands]
            found = op.kind.vjp(builder, op, cotangents, wanted)
            for value, wish, contribution in zip(op.operands, wanted, found, strict=True):
                if wish and contribution is not None:
                    sums.add(value, contribution)
    block.results = [_or_zeros(builder, sums.total.get(v), v) for v in floats(args)]
    return block


class _Sums:
    """Cotangents as they grow."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.total: dict[Value, Value] = {}

    def add(self, value: Value, contribution: Value | Into) -> None:
        before = self.total.get(value)
        if isinstance(contribution, Into):
            after = contribution.update(_or_zeros(self.builder, before, value))
        elif before is None:
            after = contribution
        else:
            after = (Term(self.builder, before) + Term(self.builder, contribution)).value
        assert after.type == value.type, (value, after)
        self.total[value] = after


def _or_zeros(builder: Builder, value: Value | None, like: Value) -> Value:
    return full(builder, like.type, 0) if value is None else value


def draw(rng: np.random.Generator, like: Sequence[Value | np.ndarray]) -> list[np.ndarray]:
    """A random direction for each float among values or arrays."""
    types = [v.type if isinstance(v, Value) else TensorType(v.shape, v.dtype) for v in floats(like)]
    parts = [(rng.normal(size=t.shape), rng.normal(size=t.shape)) for t in types]
    return [
        np.asarray(u + 1j * v if t.dtype.kind == "c" else u, t.dtype) for t, (u, v) in zip(types, parts, strict=True)
    ]


def inner(u: Arrays, v: Arrays) -> tuple[float, float]:
    """Re<u, v>, and the same of the sizes, which limits its rounding."""
    pairs = list(zip(u, v, strict=True))
    return (
        sum(float(np.sum((x.conj() * y).real)) for x, y in pairs),
        sum(float(np.sum(np.abs(x) * np.abs(y))) for x, y in pairs),
    )


def difference(f: Callable[[Arrays], list[np.ndarray]], x: Arrays, direction: Arrays) -> list[np.ndarray]:
    """df(x + h direction)/dh by central differences of fourth order, for the float results."""

    def at(h: float) -> list[np.ndarray]:
        steps = iter(direction)
        return floats(f([v + h * next(steps) if is_float(v) else v for v in x]))

    near = zip(at(STEP), at(-STEP), strict=True)
    far = zip(at(2 * STEP), at(-2 * STEP), strict=True)
    return [(8 * (a - b) - (c - d)) / (12 * STEP) for (a, b), (c, d) in zip(near, far, strict=True)]


def check_pushforward(block: Block, x: Arrays, rng: np.random.Generator, *, tolerance: float = 1e-6) -> None:
    """jvp against differences. Misses what the rounding of differences hides: relative errors below the tolerance."""
    direction = draw(rng, x)
    found = run(pushforward(block), [*x, *direction])
    expected = difference(lambda v: run(block, v), x, direction)
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(f, e, rtol=tolerance, atol=tolerance * (1 + np.abs(e).max(initial=0)))


def check_pullback(block: Block, x: Arrays, rng: np.random.Generator) -> None:
    """vjp against jvp, which is its transpose."""
    direction = draw(rng, x)
    forward = run(pushforward(block), [*x, *direction])
    weights = draw(rng, forward)
    backward = run(pullback(block), [*x, *weights])
    (left, size), (right, other) = inner(weights, forward), inner(backward, direction)
    assert abs(left - right) <= TRANSPOSED * (size + other), (left, right)
