"""Freed memory is kept for the next call: page faults are counted, in processes of their own."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

from hloc.runtime.heap import keep_freed_memory
from tests.runtime.programs import double

GLIBC = hasattr(ctypes.CDLL(None), "gnu_get_libc_version")
CODE = f"""
import resource
import numpy as np
from hloc.runtime import compile_stablehlo
from hloc.runtime.array import array
executable = compile_stablehlo({double("524288xf64")!r})
x = array(np.ones(524288))
def faults(calls):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(calls):
        executable.execute([x])
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) // calls
faults(5)
print(faults(20))
"""
PAGES = 524288 * 8 // 4096


def faults_of_a_call(**settings: str) -> int:
    """For a result of PAGES pages, which is freed before the next call."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    environment |= {"HLOC_CACHE": "off", **settings}
    found = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, env=environment, timeout=120, check=True
    )
    return int(found.stdout)


@pytest.mark.skipif(not GLIBC, reason="not glibc")
def test_results_are_mapped_once() -> None:
    assert faults_of_a_call() < PAGES // 10


@pytest.mark.skipif(not GLIBC, reason="not glibc")
def test_thresholds_of_the_user_stay() -> None:
    own = "glibc.malloc.mmap_threshold=1000000:glibc.malloc.trim_threshold=1000000"
    assert faults_of_a_call(GLIBC_TUNABLES=own) > PAGES // 2


@pytest.mark.skipif(not GLIBC, reason="not glibc")
@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("HLOC_KEEP_MEMORY", "off", False),
        ("HLOC_KEEP_MEMORY", "on", True),
        ("MALLOC_TRIM_THRESHOLD_", "131072", False),
        ("GLIBC_TUNABLES", "glibc.malloc.trim_threshold=131072", False),
        ("GLIBC_TUNABLES", "glibc.cpu.x86_shstk=off", True),
    ],
)
def test_environment(name: str, value: str, kept: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for other in ("HLOC_KEEP_MEMORY", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, value)
    assert keep_freed_memory() is kept
