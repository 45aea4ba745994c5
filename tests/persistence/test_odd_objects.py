"""Objects that raise when they are looked at cost the cache, never the call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import hloc
from hloc.persistence.search import Search
from tests.persistence.sources import load
from tests.persistence.test_edits import HEAD


@pytest.mark.parametrize("part", ["__init__", "load", "keep"])
def test_what_fails_in_the_cache_does_not_fail_the_call(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Search, *args: Any) -> None:
        raise OverflowError("odd")

    monkeypatch.setattr(Search, part, fail)
    function = hloc.compile(double)
    assert function(1.5) == 3.0
    assert function.unkept == "OverflowError: odd"


def double(x: float) -> float:
    return x * 2.0


def test_instances_are_not_asked(tmp_path: Path) -> None:
    text = """
    class Loud:
        def __getattr__(self, name): raise OverflowError(name)
    class Quiet:
        def m(self, x): return x + 1
    loud, quiet = Loud(), Quiet()
    def f(x): return quiet.m(x) if x is not None else loud.m(x)
    """
    for _ in range(2):
        function = hloc.compile(load(tmp_path, HEAD + text.replace("\n    ", "\n")).f)
        assert function(1.5) == 2.5
        assert function.unkept is None
