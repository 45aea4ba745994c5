"""docs/numpy.md says what the tables hold."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

TOOL = Path(__file__).parents[2] / "tools" / "numpy_page.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("numpy_page", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["numpy_page"] = module
    spec.loader.exec_module(module)
    return module


def test_page_is_up_to_date(tool: ModuleType) -> None:
    written = tool.PAGE.read_text(encoding="utf-8")
    if tool.VERSIONS not in written:
        pytest.skip(f"the page lists the names of other versions than {tool.VERSIONS}")
    assert written == tool.page(), "run python tools/numpy_page.py"


def test_entries_tell_whole_partial_and_missing_support(tool: ModuleType) -> None:
    entries = {e.name: e for e in tool.module_entries(np, "np.")}
    assert entries["np.sum"].supported
    assert not entries["np.sum"].missing
    assert "sample" not in entries["np.trapezoid"].missing
    assert entries["np.histogram"].supported
    assert "fweights" in entries["np.cov"].missing
    assert entries["np.bincount"].note
    assert not entries["np.unique"].supported
    assert not entries["np.save"].supported
