"""jax runs the StableHLO in a file: as a function of its own, exported by somebody else."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hloc
from tests.artefacts.programs import CALLS, TRANSFORMED

pytest.importorskip("jax")


def exported(loaded: hloc.Artefact, inputs: list[Any], results: list[Any]) -> Any:
    """The module as what jax.export.deserialize gives."""
    import jax
    import jax.export
    from jax.core import ShapedArray

    arguments = tuple(ShapedArray(np.shape(x), np.asarray(x).dtype) for x in inputs)
    given = {
        "fun_name": loaded.__name__,
        "in_tree": jax.tree_util.tree_structure((tuple(inputs), {})),
        "in_avals": arguments,
        "out_tree": jax.tree_util.tree_structure(results),
        "out_avals": tuple(ShapedArray(x.shape, x.dtype) for x in results),
        "nr_devices": 1,
        "platforms": ("cpu",),
        "mlir_module_serialized": loaded.portable,
        "calling_convention_version": jax.export.maximum_supported_calling_convention_version,
        "module_kept_var_idx": tuple(range(len(inputs))),
    }
    for field in dataclasses.fields(jax.export.Exported):
        if "sharding" in field.name:
            number = len(inputs if "in_" in field.name else results)
            given[field.name] = False if field.name.startswith("_has") else (None,) * number
        else:
            given.setdefault(field.name, None if field.name == "_get_vjp" else False if field.type == "bool" else ())
    return jax.export.Exported(**given)


@pytest.mark.parametrize(
    "name", ["plain", "failing", "structures", "fibonacci", "newton", "everything", "closing", "grad", "vmap"]
)
def test_jax_computes_the_same(tmp_path: Path, name: str) -> None:
    import jax

    function, make = {**CALLS, **TRANSFORMED}[name]
    hloc.compile(function).lower(*make()).save(tmp_path / "f.hloc")
    loaded = hloc.load(tmp_path / "f.hloc")
    inputs = [np.asarray(x) for x in loaded.inputs(*make())]
    results = [np.asarray(hloc.Array(raw)) for raw in loaded._bound.executable.execute(inputs)]
    with jax.enable_x64(True):
        found = jax.jit(exported(loaded, inputs, results).call)(*inputs)
    assert len(found) == len(results) > 0
    for ours, theirs in zip(results, found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)
