"""The programs in docs/batching.md give what the page says after `# →`; what it says is refused is, the rest works."""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
import pytest

import hloc
from tests.docs.page import Page
from tests.language.agreement import define

PAGE = Page("batching.md")
REFUSED = PAGE.rows("`return")


def test_the_programs_give_what_the_page_says(tmp_path: Path) -> None:
    PAGE.check_claims(tmp_path)


def program(cell: str) -> str:
    return "def program(x, n):\n" + textwrap.indent(cell.strip("`"), "    ") + "\n"


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row[0])
def test_what_is_refused_and_what_works_instead(row: tuple[str, str, str]) -> None:
    x = np.array([0.5, 1.5, 2.5, 3.5])
    with pytest.raises(hloc.CompileError, match=r"vmap|strings"):
        hloc.compile(define(program(row[0]), hloc=hloc))(x, 3)
    function = define(program(row[2]), hloc=hloc)
    assert len(hloc.compile(function)(x, 3)) in (2, 3, 4)


def test_the_page_says_what_is_refused() -> None:
    assert len(REFUSED) > 5
