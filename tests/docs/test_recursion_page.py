"""The programs in docs/recursion.md give what the page says after `# →`; what it says is refused is, the rest works."""

from __future__ import annotations

import re
import runpy
import textwrap
from pathlib import Path

import numpy as np
import pytest

import hloc
from tests.language.agreement import define

PAGE = (Path(__file__).parents[2] / "docs" / "recursion.md").read_text(encoding="utf-8")
CLAIM = re.compile(r"^(\S.*?) +# → (.*)$", re.MULTILINE)
REFUSED = [
    tuple(cells)
    for cells in (re.split(r" \| ", line[2:-2]) for line in PAGE.splitlines())
    if cells[0].startswith("`def")
]


def test_the_programs_give_what_the_page_says(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    text = "claims = []\n" + CLAIM.sub(r"claims.append((str((\1)), '''\2'''))", "\n".join(blocks))
    path = tmp_path / "page.py"
    path.write_text(text, encoding="utf-8")
    claims = runpy.run_path(str(path))["claims"]
    assert len(claims) > 10
    assert [found for found, _ in claims] == [said for _, said in claims]


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
