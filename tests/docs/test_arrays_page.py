"""The programs in docs/arrays.md give what the page says after `# →`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.page import Page


def test_the_programs_give_what_the_page_says(tmp_path: Path) -> None:
    pytest.importorskip("jax")  # one of its programs shares memory with it
    Page("arrays.md").check_claims(tmp_path)
