"""Files with executables for devices that are not here. Needs the plugins of their platforms (pip install 'hloc[cuda13,tpu]')."""

from __future__ import annotations

from pathlib import Path

import pytest

import hloc
from hloc.runtime import DeviceError, plugins, xla
from tests.artefacts.outcome import outcome
from tests.artefacts.programs import CALLS, TRANSFORMED


@pytest.mark.parametrize(("target", "device"), [("cuda:h200", "NVIDIA H200"), ("tpu:v5e", "TPU v5 lite")])
@pytest.mark.parametrize("name", ["plain", "printing", "grad"])
def test_a_file_for_an_absent_device(tmp_path: Path, name: str, target: str, device: str) -> None:
    platform = target.partition(":")[0]
    try:
        plugins.choose(platform, xla.jaxlib_version())
    except DeviceError as error:
        pytest.skip(str(error))
    function, make = {**CALLS, **TRANSFORMED}[name]
    compiled = hloc.compile(function)
    compiled.lower(*make()).save(tmp_path / "f.hloc", targets=(target, "cpu"))
    loaded = hloc.load(tmp_path / "f.hloc")
    assert (loaded.targets, loaded.origin) == ((target, "cpu"), "executable for cpu")
    assert outcome(loaded, make) == outcome(compiled, make)
    compiled.lower(*make()).for_target(target).save(tmp_path / "f.hloc")
    elsewhere = hloc.load(tmp_path / "f.hloc")
    assert elsewhere.origin == (
        f"compiled here; the executable for {target} is not used: it needs the platform {platform}, here is cpu"
    )
    assert outcome(elsewhere, make) == outcome(compiled, make)
