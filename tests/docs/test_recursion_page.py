"""The programs in docs/recursion.md give what the page says after `# →`; what it says is refused is, the rest works."""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
import pytest

import hloc
from tests.docs.page import Page
from tests.language.agreement import define

PAGE = Page("recursion.md")
REFUSED = PAGE.rows("`def")


def test_the_programs_give_what_the_page_says(tmp_path: Path) -> None:
    PAGE.check_claims(tmp_path)


def program(cell: str) -> str:
    lines = "\n".join(part.strip("`") for part in cell.split("<br>"))
    return "def program(n, x):\n" + textwrap.indent(lines, "    ") + "\n"


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row[0])
def test_what_is_refused_and_what_works_instead(row: tuple[str, str, str]) -> None:
    with pytest.raises(hloc.CompileError):
        hloc.compile(define(program(row[0])))(4, 2.5)
    function = define(program(row[2]))
    np.testing.assert_allclose(hloc.compile(function)(4, 2.5), function(4, 2.5))


def test_the_page_says_what_is_refused() -> None:
    assert len(REFUSED) > 4
