"""The programs in docs/artefacts.md give what the page says after `# →`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.page import Page


def test_the_programs_give_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLOC_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    Page("artefacts.md").check_claims(tmp_path)
