"""What is said about hits and misses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hloc
from tests.persistence.sources import load
from tests.persistence.test_edits import HEAD, changed

TEXT = """
N = 2
OP = np.sin
def inner(x): return x + 1
def helper(x): return inner(x)
class A:
    def m(self, x): return x
a = A()
@hloc.compile
def f(x): return OP(helper(x)) * np.ones(N) + a.m(x)
"""


def cache_of(folder: Path, text: str, *args: Any, run: bool = False) -> tuple[str, ...]:
    module = load(folder, HEAD + text)
    if run:
        module.f(*args)
    found: tuple[str, ...] = module.f.explain(*args).cache
    return found


def test_a_hit_is_said(tmp_path: Path) -> None:
    assert cache_of(tmp_path, TEXT, 1.5) == ("miss: the cache has no program of this function",)
    assert cache_of(tmp_path, TEXT, 1.5, run=True) == ("hit",)
    assert cache_of(tmp_path, TEXT, "f64") == ("hit",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("N = 2", "N = 3", ["miss: N: was 2, is 3"]),
        ("np.sin", "np.cos", ["miss: OP: was numpy.sin, is numpy.cos", "miss: OP itself: was sin, is cos"]),
        ("x + 1", "x + 2", ["miss: helper.inner: its code has changed"]),
        ("N = 2", "N = 2.0", ["miss: N: was int, is float"]),
        ("return x\n", "return -x\n", ["miss: a.class.m: its code has changed"]),
    ],
)
def test_what_differs_is_said(old: str, new: str, said: list[str], tmp_path: Path) -> None:
    text = TEXT.replace("np.ones(N)", "N") if new == "N = 2.0" else TEXT
    cache_of(tmp_path, text, 1.5, run=True)
    assert list(cache_of(tmp_path, str(changed(text, old, new)), 1.5)) == said


def test_other_arguments_are_said(tmp_path: Path) -> None:
    text = "@hloc.compile\ndef f(x): return np.sum(x)"
    cache_of(tmp_path, text, np.ones(100), run=True)
    assert cache_of(tmp_path, text, np.ones(200)) == ("miss: x: was f64[100], is f64[200]",)
    assert cache_of(tmp_path, text, "f32[100]") == ("miss: x: was f64[100], is f32[100]",)


def test_other_options_are_said(tmp_path: Path) -> None:
    text = "@hloc.compile(strict=True)\ndef f(x): return x * 2.0"
    cache_of(tmp_path, text, 1.5, run=True)
    said = cache_of(tmp_path, text.replace("True", "False"), 1.5)
    assert said == ("miss: option strict: was True, is False",)


def test_what_cannot_be_kept_is_said(tmp_path: Path) -> None:
    text = "K = bytearray(b'a')\n@hloc.compile\ndef f(x): return x + K[0]"
    assert cache_of(tmp_path, text, 1.5, run=True) == ("not kept: K is a bytearray, whose content may change",)


def test_the_cache_may_be_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLOC_CACHE", "off")
    assert hloc.compile(np_double).explain(1.5).cache == ("off",)


def np_double(x: float) -> float:
    return x * 2.0
