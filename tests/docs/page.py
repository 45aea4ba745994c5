"""Pages whose programs say after `# →` what they give, and whose tables say what is refused."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

CLAIM = re.compile(r"^(\S.*?) +# → (.*)$", re.MULTILINE)


class Page:
    """A page of docs/."""

    def __init__(self, name: str) -> None:
        self.text = (Path(__file__).parents[2] / "docs" / name).read_text(encoding="utf-8")

    def rows(self, begin: str) -> list[tuple[str, ...]]:
        """The cells of the rows of its tables whose first cell begins so."""
        rows = (re.split(r" \| ", line[2:-2]) for line in self.text.splitlines())
        return [tuple(cells) for cells in rows if cells[0].startswith(begin)]

    def check_claims(self, folder: Path) -> None:
        """Run its programs as one, and compare what they give with what the page says; lines are joined."""
        blocks = re.findall(r"```python\n(.*?)```", self.text, re.DOTALL)
        text = "claims = []\n" + CLAIM.sub(r"claims.append((str((\1)), '''\2'''))", "\n".join(blocks))
        path = folder / "page.py"
        path.write_text(text, encoding="utf-8")
        claims = runpy.run_path(str(path))["claims"]
        assert len(claims) > 10
        assert [found.replace("\n", " ") for found, _ in claims] == [said for _, said in claims]
