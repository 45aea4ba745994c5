"""Every op as printed Python, on variables and on expressions, on the samples of its record against its reference.

Floats agree to rounding: NumPy may add in another order in its plain forms.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Module
from hloc.ir.opdef import REGISTRY
from hloc.ir.to_python import run_python, to_python
from hloc.ir.types import TensorType
from hloc.ir.verifier import verify
from hloc.ops.elementwise import Maximum
from hloc.ops.sampling import Sample
from tests.ir.interpreter import run

NAMES = sorted(name for name, record in REGISTRY.items() if record.samples is not None)
MOST_SAMPLES = 30


def sampled(name: str) -> list[Sample]:
    samples = list(REGISTRY[name].samples(np.random.default_rng(0)))
    return samples[:: -(-len(samples) // MOST_SAMPLES)]


def program(name: str, sample: Sample, nested: bool) -> Module:
    """The op on parameters; if `nested`, its operands are expressions written inside of its own."""
    builder = Builder(Block())
    operands = [builder.block.add_arg(TensorType(x.shape, x.dtype)) for x in sample.operands]
    if nested:
        operands = [builder.emit(Maximum, v, v) if v.type.dtype.kind in "biuf" else v for v in operands]
    results = builder.emit_many(REGISTRY[name], *operands, **sample.attrs)
    builder.block.results = list(results)
    module = Module()
    module.add(Function("main", builder.block))
    verify(module)
    return module


@pytest.mark.parametrize("nested", [False, True], ids=["variables", "expressions"])
@pytest.mark.parametrize("name", NAMES)
def test_printed_op(name: str, nested: bool) -> None:
    for sample in sampled(name):
        module = program(name, sample, nested)
        found = run_python(module, sample.operands)
        for result, expected in zip(found, run(module, sample.operands), strict=True):
            same(result, expected, f"{sample}\n{to_python(module)}")


def same(found: Any, expected: Any, message: str) -> None:
    assert found.dtype == expected.dtype, message
    tolerance = {2: 4e-3, 4: 1e-5}.get(found.real.dtype.itemsize, 1e-12) if found.dtype.kind in "fc" else 0
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance, err_msg=message)
