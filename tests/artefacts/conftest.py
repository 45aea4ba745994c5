"""Tests of artefacts have a signing key of their own, and no cache unless they ask for one."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's key."""
    folder = tmp_path / "data"
    monkeypatch.setenv("HLOC_DATA_DIR", str(folder))
    monkeypatch.setenv("HLOC_CACHE", "off")
    return folder
