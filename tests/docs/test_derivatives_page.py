"""The programs in docs/derivatives.md give what the page says after `# →`."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "derivatives.md"
CLAIM = re.compile(r"^(\S.*?) +# → (.*)$", re.MULTILINE)


def test_the_programs_give_what_the_page_says(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    text = "claims = []\n" + CLAIM.sub(r"claims.append((str(\1), '''\2'''))", "\n".join(blocks))
    path = tmp_path / "page.py"
    path.write_text(text, encoding="utf-8")
    claims = runpy.run_path(str(path))["claims"]
    assert len(claims) > 10
    assert [found for found, _ in claims] == [said for _, said in claims]
