"""Damage to any of the files that a hit reads: one warning, and the right results."""

import random
import warnings
from pathlib import Path

import numpy as np
import pytest

import hloc
from hloc.runtime import Cache, CacheWarning
from hloc.runtime.cache import _opened
from tests.runtime.test_cache_damage import damaged


def weighted(x: np.ndarray, n: int, weights: dict[str, np.ndarray]) -> tuple:
    total = 0.0
    for i in range(n):
        if x[i] > 0.5:
            total += np.sin(x[i])
        x[i] = total
    return total, {"all": weights["w"] * x}


def call() -> tuple[list, list[str]]:
    """What a new process would see: results, changed arguments, warnings."""
    x = np.linspace(0.0, 1.0, 7)
    _opened.clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        total, parts = hloc.compile(weighted)(x, 5, {"w": np.ones(7)})
    assert all(issubclass(warning.category, CacheWarning) for warning in caught)
    return [float(total), np.asarray(parts["all"]).tolist(), x.tolist()], [str(w.message) for w in caught]


@pytest.mark.parametrize("kind", ["questions", "record", "signature"])
def test_accidents_to_each_file(cache: Path, kind: str) -> None:
    expected, said = call()
    assert said == []
    files = {path: path.read_bytes() for path in cache.iterdir()}
    found = {path: Cache(cache).load(path.stem) for path in files}
    (path,) = [path for path, entry in found.items() if entry is not None and kind in entry.metadata]
    chance = random.Random(1)
    for _ in range(12):
        broken = damaged(files[path], chance)
        if broken == files[path]:
            continue
        path.write_bytes(broken)
        results, (message,) = call()
        assert results == expected
        assert f"{path} is damaged and will be made anew" in message
        assert call() == (expected, [])  # made anew


@pytest.mark.parametrize("missing", ["questions", "record", "signature"])
def test_files_that_were_evicted(cache: Path, missing: str) -> None:
    expected, _ = call()
    count = len(list(cache.iterdir()))
    for path in cache.iterdir():
        entry = Cache(cache).load(path.stem)
        if entry is not None and missing in entry.metadata:
            path.unlink()
    assert call() == (expected, [])
    assert len(list(cache.iterdir())) == count
