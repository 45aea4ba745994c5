"""The derivative rules of every record: jvp against differences, vjp against jvp, and both once more on themselves.

The samples of the records keep away from kinks and singular points; those have tests/ops/test_kinks.py.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import hloc.ops  # noqa: F401  (fills the registry)
from hloc.ir.core import Block, Function, Module
from hloc.ir.opdef import REGISTRY, OpDef
from hloc.ops.control import Control
from hloc.ops.derivative import Mul0
from hloc.ops.families import Elementwise
from hloc.ops.sampling import Sample
from tests.emit import building
from tests.ops.derivatives import (
    block_of,
    check_pullback,
    check_pushforward,
    draw,
    floats,
    is_wide,
    pullback,
    pushforward,
    run,
)

ORDINARY = [record for record in REGISTRY.values() if not issubclass(record, Control)]
DIFFERENTIABLE = [record for record in ORDINARY if record.differentiable]
SMOOTH = [r for r in DIFFERENTIABLE if issubclass(r, Elementwise)]
HOLOMORPHIC = [r for r in SMOOTH if r.partials and "c" in r.kinds]
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, -2.0, np.inf, -np.inf, np.nan)


def has_rules(record: type[OpDef]) -> bool:
    """Both rules are its own or its family's; an elementwise family asks for partials or a map."""
    rules = all(getattr(record, rule).__func__ is not getattr(OpDef, rule).__func__ for rule in ("jvp", "vjp"))
    if not issubclass(record, Elementwise) or record.jvp.__func__ is not Elementwise.jvp.__func__:  # type: ignore[attr-defined]
        return rules
    return bool(record.partials) or record.push.__func__ is not Elementwise.push.__func__  # type: ignore[attr-defined]


def samples_of(record: type[OpDef]) -> list[Sample]:
    """Samples where differences say something: floats, of the widest types, results too, all finite."""
    samples = [s for s in record.samples(np.random.default_rng(0)) if s.smooth and floats(s.operands)]
    blocks = [block_of(record, sample) for sample in samples]
    return [s for s, block in zip(samples, blocks, strict=True) if is_wide(block) and is_finite(run(block, s.operands))]


def is_finite(arrays: list[np.ndarray]) -> bool:
    return all(np.isfinite(x).all() for x in arrays)


def test_every_record_has_rules_or_says_that_it_has_no_derivative() -> None:
    assert [record.name for record in DIFFERENTIABLE if not has_rules(record)] == []


@pytest.mark.parametrize("record", DIFFERENTIABLE, ids=lambda record: record.name)
def test_derivatives_have_the_types_of_their_values(record: type[OpDef]) -> None:
    built = 0
    for sample in record.samples(np.random.default_rng(0)):
        if floats(sample.operands):
            block = block_of(record, sample)
            pushforward(block)
            pullback(block)
            built += 1
    assert built


@pytest.mark.parametrize("record", DIFFERENTIABLE, ids=lambda record: record.name)
def test_first_order(record: type[OpDef]) -> None:
    rng = np.random.default_rng(1)
    samples = samples_of(record)
    assert samples
    for sample in samples:
        block = block_of(record, sample)
        check_pushforward(block, sample.operands, rng)
        check_pullback(block, sample.operands, rng)


@pytest.mark.parametrize("record", DIFFERENTIABLE, ids=lambda record: record.name)
def test_second_order(record: type[OpDef]) -> None:
    """The rules of the ops that a rule is made of, in the four combinations of forward and reverse."""
    rng = np.random.default_rng(2)
    for sample in samples_of(record):
        block = block_of(record, sample)
        for program in (pushforward(block), pullback(block)):
            operands = [*sample.operands, *draw(rng, program.args[len(sample.operands) :])]
            check_pushforward(program, operands, rng)
            check_pullback(program, operands, rng)


@pytest.mark.parametrize("record", HOLOMORPHIC, ids=lambda record: record.name)
def test_jvp_against_complex_step(record: type[OpDef]) -> None:
    """Im f(x + i h t) / h has no cancellation: the formulas lose no digits inside the domains."""
    rng, h = np.random.default_rng(3), 1e-30
    for sample in samples_of(record):
        if any(x.dtype.kind == "c" for x in sample.operands):
            continue
        direction = [np.asarray(rng.normal(size=x.shape)) for x in sample.operands]
        (found,) = run(pushforward(block_of(record, sample)), [*sample.operands, *direction])
        moved = [x + 1j * h * t for x, t in zip(sample.operands, direction, strict=True)]
        expected = np.imag(record.reference(*moved)) / h
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def points(record: type[Elementwise], dtype: str) -> list[np.ndarray]:
    """All combinations of special values, one array for each operand."""
    values = [complex(re, im) for re in SPECIAL for im in SPECIAL[::2]] if dtype == "complex128" else SPECIAL
    pairs = itertools.product(values, repeat=len(record.operand_names))
    return [np.array(column, dtype) for column in zip(*pairs, strict=True)]


@pytest.mark.parametrize("record", SMOOTH, ids=lambda record: record.name)
def test_zero_gives_zero(record: type[Elementwise]) -> None:
    """Whatever a partial is: an operation that is computed and not chosen gets the cotangent 0 and passes on 0.

    An infinite factor of mul0 is exempt: its own zero, not that of its cotangent, clears the contribution to the partial.
    """
    attrs = next(iter(record.samples(np.random.default_rng(0)))).attrs
    for dtype in ("float64", "complex128"):
        if np.dtype(dtype).kind not in record.kinds:
            continue
        operands = points(record, dtype)
        block = block_of(record, Sample(tuple(operands), attrs))
        if not floats(block.results):
            continue
        for program in (pushforward(block), pullback(block)):
            zeros = [np.zeros(v.type.shape, v.type.dtype) for v in program.args[len(operands) :]]
            judged = np.isfinite(operands[0]) | (record is not Mul0)
            assert all((x[judged] == 0).all() for x in run(program, [*operands, *zeros]))


@pytest.mark.sweep
@pytest.mark.parametrize("record", DIFFERENTIABLE, ids=lambda record: record.name)
def test_compiled_derivatives(record: type[OpDef]) -> None:
    """XLA regroups arithmetic, and has its own functions; all derivatives of a record are one program."""
    rng, whole = np.random.default_rng(4), Block()
    inputs, expected = [], []
    for sample in record.samples(np.random.default_rng(0)):
        wide_enough = all(x.dtype != np.float16 for x in sample.operands)
        if not (sample.smooth and wide_enough and floats(sample.operands)):
            continue
        block = block_of(record, sample)
        for program in (pushforward(block), pullback(block)):
            operands = [*sample.operands, *draw(rng, program.args[len(sample.operands) :])]
            whole.args += program.args
            whole.ops += program.ops
            whole.results += program.results
            inputs += operands
            expected += run(program, operands)
    module = Module()
    module.add(Function("main", whole))
    for found, value in zip(building.run(module, *inputs), expected, strict=True):
        limit = 1e-10 if value.dtype.itemsize >= (16 if value.dtype.kind == "c" else 8) else 2e-4
        np.testing.assert_allclose(found, value, rtol=limit, atol=limit)


def test_mul0_decides_by_its_factor() -> None:
    """The partial of what was not chosen gets 0 from an infinite cotangent too, and passes 0 on for any partial."""
    factor, partial = np.array([0.0, 0.0, 2.0]), np.array([np.inf, np.nan, 3.0])
    block = block_of(Mul0, Sample((factor, partial)))
    to_factor, to_partial = run(pullback(block), [factor, partial, np.array([0.0, np.inf, 5.0])])
    np.testing.assert_array_equal(to_factor, [0.0, np.nan, 15.0])
    np.testing.assert_array_equal(to_partial, [0.0, 0.0, 10.0])
