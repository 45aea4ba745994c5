"""The same arguments give the same bits: at each call, wherever the arguments lie, in each process."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import hloc
from hloc.emit.build import build_options
from hloc.emit.options import EmitOptions
from hloc.ir.core import Module

PROGRAM = "from tests.options.test_deterministic import digest; print(digest())"


def sums(a: Any) -> Any:
    return np.sum(a), np.mean(a, axis=0), np.std(a)


def products(a: Any) -> Any:
    return a @ a.T, a @ a[0], np.sum(a * a)


def scattered(a: Any) -> Any:
    out = np.zeros(50)
    np.add.at(out, (np.abs(a) * 50).astype(np.int64).ravel() % 50, a.ravel())
    return out


def running(a: Any) -> Any:
    return np.cumsum(a.ravel())


FUNCTIONS = [sums, products, scattered, running]


def places(a: Any) -> Iterator[Any]:
    """The array at addresses of all kinds."""
    memory = np.empty(a.nbytes + 256, np.uint8)
    for offset in (0, 8, 16, 40, 64):
        copy = memory[offset : offset + a.nbytes].view(a.dtype).reshape(a.shape)
        copy[...] = a
        yield copy


def bits(result: Any) -> bytes:
    return b"".join(np.asarray(part).tobytes() for part in (result if isinstance(result, tuple) else (result,)))


def argument() -> Any:
    return np.random.default_rng(0).standard_normal((300, 300))


def digest() -> str:
    """Of all results, in this process."""
    found = (bits(hloc.compile(function, deterministic=True)(argument())) for function in FUNCTIONS)
    return hashlib.sha256(b"".join(found)).hexdigest()


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLOC_CACHE", "off")


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("deterministic", [False, True])
def test_repeated_calls_give_the_same_bits(function: Callable[..., Any], deterministic: bool) -> None:
    compiled = hloc.compile(function, deterministic=deterministic)
    a = argument()
    assert len({bits(compiled(copy)) for _ in range(3) for copy in places(a)}) == 1


@pytest.mark.slow
def test_other_processes_give_the_same_bits() -> None:
    command = [sys.executable, "-c", PROGRAM]
    found = {subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() for _ in range(2)}
    assert found == {digest()}


def test_a_gpu_is_asked_for_it() -> None:
    from hloc.ir.parser import parse_module

    module: Module = parse_module("func @main(%x: f64) -> f64 { return %x }")
    asked = build_options(module, EmitOptions(platform="cuda", deterministic=True)).overrides
    assert asked == {"xla_gpu_deterministic_ops": True}
    assert not build_options(module, EmitOptions(platform="cpu", deterministic=True)).overrides
