"""The programs in docs/batching.md give what the page says after `# →`; what it says is refused is, the rest works."""

from __future__ import annotations

import re
import runpy
import textwrap
from pathlib import Path

import numpy as np
import pytest

import hloc
from tests.language.agreement import define

PAGE = (Path(__file__).parents[2] / "docs" / "batching.md").read_text(encoding="utf-8")
CLAIM = re.compile(r"^(\S.*?) +# → (.*)$", re.MULTILINE)
REFUSED = [
    tuple(cells)
    for cells in (re.split(r" \| ", line[2:-2]) for line in PAGE.splitlines())
    if cells[0].startswith("`return")
]


def test_the_programs_give_what_the_page_says(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    text = "claims = []\n" + CLAIM.sub(r"claims.append((str((\1)), '''\2'''))", "\n".join(blocks))
    path = tmp_path / "page.py"
    path.write_text(text, encoding="utf-8")
    claims = runpy.run_path(str(path))["claims"]
    assert len(claims) > 10
    assert [found.replace("\n", " ") for found, _ in claims] == [said for _, said in claims]


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
