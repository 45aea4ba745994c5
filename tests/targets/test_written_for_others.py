"""What is written for GPUs and TPUs computes what CPython does. Here the CPU runs it; it takes all that is written."""

from __future__ import annotations

import dataclasses

import pytest

import hloc.pipeline
from hloc.emit import prepare
from hloc.emit.options import EmitOptions
from tests.targets.suites import checks

CHECKS = {name: check for name, check in checks().items() if not name.startswith(("operation", "lanes"))}
EVERY = 40
"""One in so many is run by the quick tests; the sweep has the others."""
SAMPLE = [n if j % EVERY == 0 else pytest.param(n, marks=pytest.mark.sweep) for j, n in enumerate(CHECKS)]


@pytest.mark.parametrize("platform", ["cuda", "tpu"])
@pytest.mark.parametrize("name", SAMPLE)
def test_program(name: str, platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    original = prepare.prepare

    def prepared(module, names, options: EmitOptions):
        written.append(options.platform)
        return original(module, names, options)

    monkeypatch.setattr("hloc.emit.module.prepare", prepared)
    monkeypatch.setattr(hloc.pipeline, "platform_of", lambda options: platform)
    CHECKS[name]()
    assert set(written) <= {platform}


def test_a_program_is_written_for_the_platform_of_its_device() -> None:
    options = hloc.options.CompileOptions()
    assert hloc.pipeline.platform_of(options) == "cpu"
    assert hloc.pipeline.platform_of(dataclasses.replace(options, device="cuda:1")) == "cuda"
