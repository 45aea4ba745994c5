"""XLA's code generators for GPUs and TPUs take every operation on every element type."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hloc.ir.opdef import REGISTRY, OpDef
from hloc.runtime import targets
from tests.ops.harness import apply, write
from tests.ops.test_matrix import RECORDS, samples_of

QUICK = ("add", "dot_general", "cholesky", "lu", "triangular_solve", "sort", "scatter")


@pytest.mark.parametrize("target", ["cuda:h200", "tpu:v5e"])
@pytest.mark.parametrize(
    "kind",
    [REGISTRY[name] for name in QUICK]
    + [pytest.param(kind, marks=pytest.mark.sweep) for kind in RECORDS if kind.name not in QUICK],
    ids=lambda kind: kind.name,
)
def test_operation(kind: type[OpDef], target: str, needs: Callable[[str], None]) -> None:
    """The samples of the records: for each element type the first and the one in the middle, together in one module."""
    needs(target)
    found = targets.target(target)
    kinds: dict[tuple[str, ...], list] = {}
    for sample in samples_of(kind):
        kinds.setdefault((*(x.dtype.name for x in sample.operands), str(sample.attrs.get("dtype"))), []).append(sample)
    chosen = [samples[j] for samples in kinds.values() for j in sorted({0, len(samples) // 2})]
    compiled = targets.compile_for(found, write(apply(kind, chosen), platform=found.platform))
    assert compiled.signature.outputs
