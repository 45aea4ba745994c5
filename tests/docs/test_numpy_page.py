"""docs/numpy.md says of each name of this NumPy what the tables of the front end say."""

from __future__ import annotations

import re
from pathlib import Path

from tools.numpy_page import PAGE, all_entries

TEXT = PAGE.read_text(encoding="utf-8")
REFUSED = set(re.findall(r"`([\w.]+)`", "".join(re.findall(r"^Not yet: .*$", TEXT, re.MULTILINE))))
LISTED = set(re.findall(r"`([\w.]+)`", "".join(re.findall(r"^(?:Supported: .*|\| `.*)$", TEXT, re.MULTILINE))))


def test_the_page_is_written_by_the_tool() -> None:
    assert Path(PAGE).name == "numpy.md"
    assert len(LISTED) > 100


def test_names_that_compile_are_listed() -> None:
    assert [entry.name for entry in all_entries() if entry.supported and entry.name not in LISTED] == []


def test_names_that_are_refused_are_listed_as_such() -> None:
    known = LISTED | REFUSED  # another NumPy than the page's may have further names
    refused = [entry.name for entry in all_entries() if not entry.supported and entry.name in known]
    assert [name for name in refused if name not in REFUSED] == []
