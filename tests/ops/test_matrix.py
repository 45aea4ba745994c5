"""Every operation on every element type and many shapes: XLA, the reference and printed Python agree.

The samples come from the records. This misses what samples leave out: values outside the domains, large sizes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hloc.ops  # noqa: F401  (fills the registry)
from hloc.ir.opdef import REGISTRY, OpDef
from hloc.ops import prelude
from hloc.ops.control import Control
from hloc.ops.sampling import Sample
from tests.ops.harness import apply, reference, run

RECORDS = [record for record in REGISTRY.values() if not issubclass(record, Control)]
ROUNDING = {"float16": 1e-2, "float32": 3e-5, "complex64": 3e-5, "float64": 1e-12, "complex128": 1e-12}


def samples_of(kind: type[OpDef]) -> list[Sample]:
    return list(kind.samples(np.random.default_rng(0)))


def assert_agree(found: list[np.ndarray], expected: list[np.ndarray], sample: Sample) -> None:
    assert len(found) == len(expected)
    for x, y in zip(found, expected, strict=True):
        assert (x.dtype, x.shape) == (y.dtype, y.shape), sample
        limit = ROUNDING.get(y.dtype.name, 0.0)
        np.testing.assert_allclose(x, y, rtol=limit, atol=limit, err_msg=str(sample))


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.name)
def test_compiled_agrees_with_reference(kind: type[OpDef]) -> None:
    samples = samples_of(kind)
    for sample, found in zip(samples, run(kind, samples), strict=True):
        assert_agree(found, reference(kind, sample), sample)


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.name)
def test_inferred_types_are_those_of_the_reference(kind: type[OpDef]) -> None:
    samples = samples_of(kind)
    for sample, op in zip(samples, apply(kind, samples), strict=True):
        expected = [(r.shape, r.dtype) for r in reference(kind, sample)]
        assert [(r.type.shape, r.type.dtype) for r in op.results] == expected, sample


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.name)
def test_printed_python_agrees_with_reference(kind: type[OpDef]) -> None:
    samples = samples_of(kind)
    for sample, op in zip(samples, apply(kind, samples), strict=True):
        names = [f"x{i}" for i in range(len(sample.operands))]
        scope: dict[str, Any] = {"np": np, **dict(zip(names, (x[()] for x in sample.operands), strict=True))}
        text = kind.python(names, op)
        exec(prelude.IMPORTS + prelude.source(text), scope)
        with np.errstate(all="ignore"):
            result = eval(text, scope)
        results = result if isinstance(result, tuple) else (result,)
        assert_agree([np.asarray(r) for r in results], reference(kind, sample), sample)
