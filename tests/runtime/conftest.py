from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def private_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test has a cache folder of its own."""
    folder = tmp_path / "programs"
    monkeypatch.setenv("HLOC_CACHE_DIR", str(folder))
    monkeypatch.delenv("HLOC_CACHE", raising=False)
    return folder
